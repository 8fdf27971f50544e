"""The comparison itself: what it would notice, and what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from differential import layout as at
from differential import mutants
from differential.actions import Action
from differential.arena import Arena, Disagreement, replay
from differential.coverage import TOKEN_ERRORS, UNREACHABLE, errors, missing
from differential.generator.life import live
from differential.interfaces import interface_of
from differential.invariants import Invariants
from differential.outcome import Outcome
from differential.run import run
from differential.setting import AGENTS, FIRST_DAY
from differential.shrink import script, shrink
from differential.words import Word, Words
from model_kit import IOC, SELL, TODAY, Market
from olivepress.model import IndexOracle
from olivepress.model.feed import Feed
from olivepress.model.state import Challenge, Clock, Invitation, Level, Position, PositionToken, Principal
from olivepress.types import SeriesSpec

ROOT = Path(__file__).resolve().parents[2]


def played(actions: int = 260, seed: int = 1, life: int = 9) -> tuple[Arena, list[Action]]:
    """An arena in the middle of a life."""
    arena = Arena()
    done = []
    for action in live(seed, life, arena.contracts):
        arena.step(action)
        done.append(action)
        if len(done) == actions:
            break
    return arena, done


@pytest.fixture(scope="module")
def arena() -> Arena:
    return played()[0]


def _level(arena: Arena) -> Level:
    """The first that has an order."""
    series = arena.exchange.state.series.values()
    levels = (level for each in series for side in each.sides for level in side.levels.values())
    return next(level for level in levels if level.orders)


def _order(arena: Arena) -> None:
    next(iter(_level(arena).orders.values())).client_id += 1


def _other_spec(arena: Arena) -> SeriesSpec:
    return replace(arena.exchange.state.series[1].spec, gap_bps=7)


def _other_document(feed: Feed) -> Feed:
    return replace(feed, info=feed.info._replace(methodology=bytes(32)))


def _positions(arena: Arena) -> dict[int, Position]:
    """Of the first series that has any."""
    return next(one.positions for one in arena.exchange.state.series.values() if one.positions)


def _position(arena: Arena) -> Position:
    series = arena.exchange.state.series.values()
    return next(one for each in series for one in each.positions.values() if not one.settled)


def _tick(arena: Arena) -> None:
    arena.exchange.state.series[1].sides[0].ticks.insert(0, 1)


def _generation(arena: Arena) -> None:
    series = arena.exchange.state.series.values()
    level = next(one for each in series for side in each.sides for one in side.levels.values())
    level.generations[0] += 1


CHANGES: list[tuple[str, Callable[[Arena], object]]] = [
    ("cash", lambda a: setattr(a.exchange.state.accounts[1], "cash", a.exchange.state.accounts[1].cash + 1)),
    ("epoch", lambda a: setattr(_position(a), "epoch", 999)),
    ("basis", lambda a: setattr(a.exchange.state.series[1].hot, "basis", 12_345)),
    ("members", lambda a: setattr(a.exchange.state.series[1].money, "members", 77)),
    ("fees", lambda a: setattr(a.exchange.state.series[1].money, "fees", 10**15)),
    ("clock", lambda a: a.exchange.state.clocks.__setitem__(1, Clock(5, 6, 7))),
    ("insurance", lambda a: a.exchange.state.insurance.__setitem__(1, 10**15)),
    ("bonds", lambda a: setattr(a.exchange.state.office, "bonds", 1)),
    ("guardian", lambda a: setattr(a.exchange.state.office, "guardian", "0x" + "77" * 20)),
    ("owner", lambda a: setattr(a.exchange.state, "owner", "0x" + "77" * 20)),
    ("declared", lambda a: a.exchange.state.declared.__setitem__((1, 1), 9)),
    ("cranks", lambda a: a.exchange.state.cranks.__setitem__((1, 1), 9)),
    ("balance", lambda a: a.exchange.collateral.balances.__setitem__(a.exchange.state.accounts[1].owner, 3)),
    ("checkpoint", lambda a: a.oracle._checkpoints.pop(max(a.oracle._checkpoints))),
    ("principal", lambda a: a.exchange.state.principals.__setitem__(AGENTS[0], Principal(1, 3, 9))),
    ("invitation", lambda a: a.exchange.state.invitations.__setitem__((1, AGENTS[0]), Invitation(3, 9))),
    ("deficits", lambda a: a.exchange.state.deficits.__setitem__(1, 10**15)),
    ("live series", lambda a: a.exchange.state.feed_series.__setitem__(1, ())),
    ("tick size", lambda a: a.exchange.state.feed_tick_size.__setitem__(1, 7)),
    ("range", lambda a: a.oracle._ranges.__setitem__((1, FIRST_DAY), (1, 2))),
    ("operators", lambda a: a.oracle._sets.__setitem__(1, a.oracle._sets[1]._replace(version=77))),
    ("feed", lambda a: a.oracle._feeds.__setitem__(1, a.oracle._feeds[1].next_round())),
    ("order", _order),
    ("tick", _tick),
    ("generation", _generation),
    ("tail", lambda a: setattr(_level(a), "tail", _level(a).tail + 1)),
    ("no order", lambda a: _level(a).orders.popitem()),
    ("terms", lambda a: setattr(a.exchange.state.series[1], "spec", _other_spec(a))),
    ("challenge", lambda a: a.exchange.state.challenges.__setitem__(1, Challenge(1, 2, 3))),
    ("no position", lambda a: _positions(a).popitem()),
    ("owner of an account", lambda a: setattr(a.exchange.state.accounts[2], "owner", AGENTS[1])),
    ("token", lambda a: a.exchange.state.tokens.__setitem__((1, True), PositionToken("0x" + "77" * 20))),
    ("pending owner", lambda a: setattr(a.exchange.state, "pending_owner", AGENTS[1])),
    ("treasury", lambda a: setattr(a.exchange.state.office, "treasury", 10**15)),
    ("owner of the oracle", lambda a: setattr(a.oracle, "owner", AGENTS[1])),
    ("methodology", lambda a: a.oracle._feeds.__setitem__(1, _other_document(a.oracle._feeds[1]))),
]


def every_word(arena: Arena) -> list[Word]:
    groups = arena._words.everything(arena._people, range(FIRST_DAY - 1, FIRST_DAY + 2))
    return [word for group in groups for word in group.words]


def elsewhere(last: Action) -> Action:
    """An action that has nothing to do with the exchange."""
    return Action(last.at, AGENTS[0], "usdc.mint", (AGENTS[0], 1))


@pytest.mark.parametrize("change", [one for _, one in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_change_of_the_model_is_noticed_at_the_next_action(change: Callable[[Arena], object]) -> None:
    arena, actions = played(100, life=4)
    arena.compare_all(actions[-1])
    change(arena)
    with pytest.raises(Disagreement) as found:
        arena.step(elsewhere(actions[-1]))
    assert found.value.kind.startswith(("word of ", "collateral", "fees", "series"))


def test_words_that_are_kept_are_those_that_would_be_made_anew() -> None:
    arena, days, done = Arena(reads_every=10**9), range(FIRST_DAY - 1, FIRST_DAY + 9), 0
    for action in live(1, 7, arena.contracts):
        arena.step(action)
        fresh = Words(arena.exchange, arena.oracle, arena.contracts.addresses)
        both = [
            [one.words for one in words.everything(arena._people, days)] for words in (arena._words, fresh)
        ]
        assert both[0] == both[1]
        done += 1
        if done == 300:
            break
    assert done == 300


def test_any_word_that_changes_in_storage_is_noticed_at_the_next_action() -> None:
    arena, actions = played()
    insert, storage = arena.contracts._evm.insert_account_storage, arena.contracts.raw_storage
    words = every_word(arena)
    for _, address, slot, _, mask in words:
        insert(address, slot, storage(address, slot) ^ (mask & -mask))
        with pytest.raises(Disagreement) as found:
            arena.step(elsewhere(actions[-1]))
        insert(address, slot, storage(address, slot) ^ (mask & -mask))
        at_slot = [word.what for word in words if word[1:3] == (address, slot)]
        assert found.value.text.partition(": model")[0] in at_slot
    arena.step(elsewhere(actions[-1]))


def test_most_of_the_state_has_words(arena: Arena) -> None:
    """A market in the middle of its life has hundreds of words that are not zero."""
    words = every_word(arena)
    assert len(words) > 400
    assert sum(word.expected != 0 for word in words) > 150


def test_lost_money_breaks_a_promise() -> None:
    arena, actions = played()
    assert arena._invariants.always(actions[-1].at) is None
    arena.exchange.state.series[1].money.pool += 1
    broken = arena._invariants.always(actions[-1].at)
    assert broken is not None
    assert broken[0] == "2"


def test_a_leg_closed_at_no_cost_without_margin_breaks_a_promise() -> None:
    """Nothing is left of the series that was traded: the other one is looked at all the same."""
    market = Market()
    far = market.list(symbol="FAR", window_start=TODAY + 20, expiry_day=TODAY + 22)
    market.fund("bob", "eve")
    market.fund("pat", cash=2_500)
    market.sell("bob", 1_000, 100, series=far)
    market.buy("eve", 1_000, 100)
    market.exchange.spread(market.by("pat"), far, 1, 100, 0)
    market.buy("bob", 1_000, 100, series=far)
    promises = Invariants(market.exchange, IndexOracle("owner", 3_600))
    order = (far, SELL | IOC, 1_000, 100, 0, 0, 0)
    action = Action(market.now, "pat", "exchange.place", order)
    before = promises.before(action)
    with mutants.MODEL["nothing-left-unmargined"]:
        market.exchange.place(market.by("pat"), *order)
    broken = promises.after(action, Outcome("", (), ()), before)
    assert broken is not None
    assert broken[0] == "4"


def test_a_model_that_crashes_is_a_disagreement() -> None:
    crashing = mutants.Mutant("", "trading._validate", "flags not in VALID_FLAGS", "VALID_FLAGS[flags]")
    with crashing:
        report = run(300, seed=1)
    assert report.disagreement is not None
    assert report.disagreement.kind == "crash TypeError"


@pytest.mark.parametrize(
    "name", ["taker-fee-rounded-down", "mark-rounded-down", "maintenance-margin-rounded-down"]
)
def test_a_changed_rule_is_noticed(name: str) -> None:
    with mutants.MODEL[name]:
        report = run(2_000, seed=1)
    assert report.disagreement is not None
    assert run(report.actions + 1, seed=1).disagreement is None  # and in force again


@pytest.mark.deep
@pytest.mark.parametrize("name", mutants.MODEL)
def test_every_changed_rule_is_noticed_within_the_budget(name: str) -> None:
    with mutants.MODEL[name]:
        assert run(20_000, seed=1).disagreement is not None


@pytest.mark.parametrize("name", mutants.MODEL)
def test_every_changed_rule_fits_the_model(name: str) -> None:
    """The line that it changes is still there, and comes back."""
    mutant = mutants.MODEL[name]
    before = mutant._function().__code__
    with mutant:
        assert mutant._function().__code__ is not before
    assert mutant._function().__code__ is before


def test_a_disagreement_is_shrunk_to_a_script_that_replays_it(tmp_path: Path) -> None:
    mutant = mutants.MODEL["taker-fee-rounded-down"]
    with mutant:
        report = run(2_000, seed=1)
        found = report.disagreement
        assert found is not None
        shrunk = shrink(report.history)
        again = replay(shrunk)
    assert again is not None
    assert again.kind == found.kind
    assert len(shrunk) < min(25, len(report.history))  # of them some fifteen set a market up
    assert replay(shrunk) is None  # without the changed rule
    assert printed(tmp_path, script(shrunk, found)) == "no disagreement\n"
    assert printed(tmp_path, script(shrunk, found, mutant="taker-fee-rounded-down")) == f"{again}\n"
    # Another build of the contracts is named in the script; this one is the shipped one.
    elsewhere = script(shrunk, found, contracts=ROOT / "sdk" / "olivepress" / "abi", coinbase=3)
    assert printed(tmp_path, elsewhere) == "no disagreement\n"


def printed(folder: Path, text: str) -> str:
    """What a script prints when it is run as docs/differential.md says."""
    path = folder / "replay.py"
    path.write_text(text)
    places = os.pathsep.join(str(ROOT / one) for one in ("tests", "sdk"))
    answer = subprocess.run(
        [sys.executable, path],
        env=os.environ | {"PYTHONPATH": places},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout


def test_shrinking_follows_the_kind_that_it_sees_itself() -> None:
    """A run sees a fault in a view, late; a replay that reads more sees it sooner, as another kind."""
    actions = [Action(at, "0x01", "exchange.open") for at in range(1, 9)]

    def test(kept: Sequence[Action]) -> Disagreement | None:
        at = next((one for one in kept if one.at == 6), None)
        return Disagreement(at, "word of account", "") if at and kept[0].at <= 2 else None

    assert [one.at for one in shrink(actions, test)] == [1, 6]


def test_an_error_that_was_not_met_is_named() -> None:
    assert UNREACHABLE.keys() <= {*interface_of("exchange").errors, *interface_of("oracle").errors}
    assert interface_of("token").errors.keys() >= TOKEN_ERRORS
    everything = {("exchange.place", name) for name in errors()}
    lacks = missing(everything - {("exchange.place", "NotFlat")})
    assert "NotFlat was not met" in lacks
    assert "exchange.place never went through" in lacks
    assert "exchange.settle was not called" in lacks
    assert "token.burn was not called" in lacks
    assert "InsufficientMargin was not met" not in lacks


def test_words_are_packed_as_they_are_unpacked() -> None:
    values = {"lots": -5, "open_buy": 1, "open_sell": 2, "quote": -(2**79), "epoch": 2**32 - 1}
    values |= {"open_count": 250, "checked_mark": 2**24 - 1, "last_fill_day": 65_535}
    assert at.POSITION.unpack(at.POSITION.pack(values)) == values
    with pytest.raises(ValueError, match="quote"):
        at.POSITION.pack(values | {"quote": 2**79})
    with pytest.raises(ValueError, match="do not fit"):
        at.Layout([("one", 200), ("two", 57)])


def test_other_bytes_that_decode_alike_are_another_answer(arena: Arena) -> None:
    right = arena.contracts.raw("lens", interface_of("lens").encode("marginOf", 1))
    _, model, chain = arena._reads.pair("margin", lambda: right + bytes(32), "lens", "marginOf", 1)
    assert model != chain
