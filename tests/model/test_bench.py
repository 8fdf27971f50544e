"""The benchmark of the model does what it says: the same seed, the same market."""

from __future__ import annotations

import pytest

from bench import model
from model_kit import dump


def test_a_seed_gives_one_market() -> None:
    runs = []
    for _ in range(2):
        venue = model.Venue(accounts=20, series=2, seed=7)
        venue.fill_book()
        measured = venue.run(500, model.FLOWS["mixed"])
        assert measured.actions == 500
        runs.append((dump(venue.exchange.state), measured.refused))
    assert runs[0] == runs[1]


def test_every_flow_does_its_actions() -> None:
    speeds = model.speeds(accounts=10, series=1, actions=150, seed=1, repeat=2)
    wanted = dict.fromkeys(model.FLOWS, 150) | {"take": 50}  # a quarter of the orders that rest
    assert {name: one.actions for name, one in speeds.items()} == wanted
    assert all(one.a_second > 0 for one in speeds.values())


def test_memory_stays_with_the_live_orders() -> None:
    found = model.memory(accounts=50, series=1, actions=8_000, seed=1)
    _, orders, held = found[0]
    _, orders_later, held_later = found[-1]
    assert held_later < held * 2
    assert orders_later < orders * 2


def test_the_least_of_two_runs_counts_second_by_second() -> None:
    first, second = model.Measured(200, 1, (30, 10)), model.Measured(200, 1, (20, 40))
    assert first.least(second) == model.Measured(200, 1, (20, 10))
    with pytest.raises(ValueError, match="not the same actions"):
        first.least(model.Measured(200, 2, (20, 40)))
