"""What a feed published, folded from events: against the plain integral, and case by case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from olivepress import events as ev
from olivepress.oracle import IndexPoint, Past, RoundStatus
from olivepress.oracle.past import changes, fold
from olivepress.units import price_to_oracle
from olivepress_bots.demo.recompute import Published, integrate

D = Decimal
HOUR = 3600
E8 = 10**8


def at(cls: type[ev.Event], block: int, **fields: Any) -> ev.Event:
    return cls(block=block, log_index=0, tx_hash=b"", block_hash=b"", **fields)


def accepted(number: int, time: int, price: int, feed: int = 1) -> ev.Event:
    return at(ev.RoundAccepted, number, feed=feed, round=number, time=time, price=price, signers=0b11111)


def pending(number: int, time: int, price: int) -> ev.Event:
    return at(ev.RoundPending, number, feed=1, round=number, time=time, price=price, signers=0b1111100)


def confirmed(number: int, time: int, price: int) -> ev.Event:
    return at(ev.RoundConfirmed, number + 1, feed=1, round=number, time=time, price=price)


def dropped(number: int) -> ev.Event:
    return at(ev.RoundDropped, number + 1, feed=1, round=number)


def statuses(points: list[IndexPoint]) -> list[tuple[int, str]]:
    return [(point.round, point.status.name) for point in points]


def test_a_round_is_what_the_last_event_says_of_it() -> None:
    events = [
        accepted(1, 100, 4 * E8),
        accepted(1, 100, 9 * E8, feed=2),
        pending(2, 200, 2 * E8),
        confirmed(2, 200, 2 * E8),
        accepted(3, 300, 2 * E8),
        pending(4, 400, 8 * E8),
        dropped(4),
        accepted(5, 500, 2 * E8),
        pending(6, 600, 5 * E8),
    ]
    points = fold(events, 1)
    assert statuses(points) == [
        (1, "ACCEPTED"),
        (2, "CONFIRMED"),
        (3, "ACCEPTED"),
        (4, "DROPPED"),
        (5, "ACCEPTED"),
        (6, "PENDING"),
    ]
    assert (points[1].signers, points[1].block) == (0b1111100, 3)
    assert [point.value for point in fold(events, 2)] == [9]
    assert changes(points) == {2: D("-0.5"), 3: 0, 4: 3, 5: 0, 6: D("1.5")}
    past = Past(tuple(points), HOUR, 700)
    assert [step.point.round for step in past.steps()] == [1, 2, 3, 5]


def test_events_that_begin_between_a_round_and_its_confirmation() -> None:
    (point,) = fold([confirmed(7, 200, 2 * E8), dropped(6)], 1)
    assert (point.round, point.time, point.value, point.status) == (7, 200, 2, RoundStatus.CONFIRMED)


def test_a_value_is_fresh_for_a_heartbeat_and_stale_until_the_next() -> None:
    points = fold([accepted(1, 0, E8), accepted(2, HOUR, E8), accepted(3, 3 * HOUR + 1, E8)], 1)
    past = Past(tuple(points), HOUR, 3 * HOUR + 61)
    assert [(step.fresh, step.stale) for step in past.steps()] == [(HOUR, 0), (HOUR, HOUR + 1), (60, 0)]
    assert past.stale_spans() == [(2 * HOUR, 3 * HOUR + 1)]
    late = Past(tuple(points), HOUR, 5 * HOUR)
    assert late.stale_spans()[-1] == (4 * HOUR + 1, 5 * HOUR)
    assert Past((), HOUR, 5).stale_spans() == []


def test_a_cut_keeps_the_value_in_force_at_its_start() -> None:
    points = fold([accepted(n, n * HOUR, n * E8) for n in range(1, 7)], 1)
    past = Past(tuple(points), HOUR, 7 * HOUR)
    cut = past.between(2 * HOUR + 1, 4 * HOUR)
    assert [point.round for point in cut.rounds] == [2, 3]
    assert cut.until == 4 * HOUR
    assert [point.round for point in past.between(3 * HOUR, None).rounds] == [3, 4, 5, 6]
    assert past.between(None, 99 * HOUR).until == 7 * HOUR
    assert past.between(0, 2 * HOUR).average(0, 2 * HOUR) == (D(1), D("0.5"))


rounds = st.lists(st.tuples(st.integers(1, 5 * HOUR), st.integers(1, 2**52 - 1)), min_size=1, max_size=30)


@given(rounds=rounds, start=st.integers(0, 20 * HOUR), length=st.integers(1, 40 * HOUR))
def test_the_average_is_the_plain_integral(rounds: list[tuple[int, int]], start: int, length: int) -> None:
    time = 0
    told = []
    for gap, price in rounds:
        time += gap
        told.append(Published(time, price))
    end = min(start + length, time + 2 * HOUR)
    points = fold([accepted(n, one.time, one.value) for n, one in enumerate(told)], 1)
    average, share = Past(tuple(points), HOUR, time + 2 * HOUR).average(start, end)
    if end <= start:
        return
    plain = integrate(told, HOUR, start, end)
    assert abs(share * plain.elapsed - plain.fresh_seconds) < D("1e-15")
    if not plain.fresh_seconds:
        assert average is None
    else:
        assert average is not None
        assert price_to_oracle(round(average, 8)) == round(plain.value_seconds / D(plain.fresh_seconds))
