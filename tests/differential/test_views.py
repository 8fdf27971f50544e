"""Views and events: that all of them are compared, and that what differs in one is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from differential import coverage, model_side
from differential.actions import Action
from differential.arena import DAY, Arena, Disagreement
from differential.interfaces import views_of
from differential.outcome import heard, told
from differential.setting import CHAIN_ID, DEPLOYER, EVERYBODY, FIRST_DAY, STRANGERS
from differential.updates import OPERATORS, sign
from exchange_kit import SPEC
from olivepress.contracts import packing
from olivepress.model import reads
from olivepress.model.journal import Log
from olivepress.model.standard import OwnershipTransferred, OwnershipTransferStarted, Transfer
from olivepress.model.state import Order, Position, Series, Token
from olivepress.oracle.codec import OracleDomain

NOW = FIRST_DAY * DAY + 1
Patch = pytest.MonkeyPatch


def begin(arena: Arena) -> None:
    """One operator, one feed, one series with room for thousands of ticks."""
    operator = OPERATORS[0]
    domain = OracleDomain(CHAIN_ID, arena.contracts.addresses["oracle"])
    update = sign(domain, 1, 1, [operator], NOW, {operator: {1: 20_000 * 10**8}})
    spec = replace(
        SPEC,
        tick_size=10**8,
        initial_mark=20_000,
        tick_value=1,
        window_start=FIRST_DAY + 5,
        expiry_day=FIRST_DAY + 6,
        im_bps=10_000,
        band_bps=4_000,
        concentration_pct=0,
    )
    for verb, *args in (
        ("oracle.addOperatorSet", (operator.address,), 1),
        ("oracle.addFeed", (b"ONE".ljust(32, b"\0"), bytes(32), 1, DAY, 500)),
        ("oracle.update", update),
        ("exchange.listSeries", spec),
    ):
        act(arena, DEPLOYER, verb, *args)


def act(arena: Arena, sender: str, verb: str, *args: Any) -> tuple[Any, ...]:
    """The events of an action that goes through."""
    outcome = arena.step(Action(NOW, sender, verb, args)).outcome
    assert outcome.error == ""
    return outcome.events


@pytest.fixture(scope="module")
def arena() -> Arena:
    """A market with a trade, orders and tokens; the tests change its model and change it back."""
    made = Arena()
    begin(made)
    act(made, STRANGERS[0], "exchange.createTokens", 1)
    for who in EVERYBODY[:2]:
        act(made, who, "usdc.mint", who, 10**9)
        act(made, who, "exchange.deposit", 0, 10**8)
    act(made, EVERYBODY[0], "exchange.place", 1, 0, 20_000, 5, 0, 1, 0)
    act(made, EVERYBODY[1], "exchange.place", 1, 128, 20_000, 2, 0, 2, 0)
    act(made, EVERYBODY[1], "exchange.place", 1, 0, 19_000, 2, 0, 3, 0)
    made.compare_all(Action(NOW, DEPLOYER, "exchange.open"))
    return made


def test_every_view_is_compared(arena: Arena) -> None:
    assert arena.views == coverage.views()
    assert all(name in views_of(kind) for kind, name in coverage.UNCOMPARED)


def different(arena: Arena) -> set[str]:
    """The views in which the sides differ."""
    found = arena._views.everything(NOW)
    return {what.split(" ")[0] for what, model, chain in found if model != chain}


def _order(arena: Arena) -> Order:
    """The best of those that wait to buy."""
    ((_, order),) = arena.exchange.orders(1, False, 1, NOW)
    return order


def _maker(arena: Arena) -> Position:
    return _series(arena).positions[_order(arena).account]


def _series(arena: Arena) -> Series:
    return arena.exchange.state.series[1]


def _token(arena: Arena) -> Token:
    return next(iter(arena.exchange.state.tokens.values()))


def _more(patch: Patch, record: object, name: str) -> None:
    patch.setattr(record, name, getattr(record, name) + 1)


def _list_twice(arena: Arena, patch: Patch) -> None:
    account = arena.exchange.state.accounts[_order(arena).account]
    patch.setattr(account, "series", (*account.series, 0, account.series[0]))


def _feed(**changes: Any) -> Callable[[Arena, Patch], None]:
    def change(arena: Arena, patch: Patch) -> None:
        feeds = arena.oracle._feeds
        patch.setitem(feeds, 1, replace(feeds[1], **changes))

    return change


def _methodology(arena: Arena, patch: Patch) -> None:
    info = arena.oracle.feed_info(1)
    _feed(info=info._replace(methodology=b"\x07" * 32))(arena, patch)


def _quorum(arena: Arena, patch: Patch) -> None:
    sets = arena.oracle._sets
    patch.setitem(sets, 1, sets[1]._replace(quorum=30))


def _symbol(arena: Arena, patch: Patch) -> None:
    number, _ = next(iter(arena.exchange.state.tokens))
    series = arena.exchange.state.series[number]
    patch.setattr(series, "spec", replace(series.spec, symbol="OTHER"))


CHANGES: list[tuple[set[str], Callable[[Arena, Patch], object]]] = [
    ({"exchange.owner"}, lambda a, p: p.setattr(a.exchange.state, "owner", "0x" + "77" * 20)),
    ({"exchange.guardian"}, lambda a, p: p.setattr(a.exchange.state.office, "guardian", "0x" + "77" * 20)),
    ({"exchange.treasury"}, lambda a, p: _more(p, a.exchange.state.office, "treasury")),
    ({"exchange.challengeBond"}, lambda a, p: _more(p, a.exchange.state, "bond")),
    ({"exchange.insurance"}, lambda a, p: p.setitem(a.exchange.state.insurance, 1, 10**15)),
    ({"exchange.deficit"}, lambda a, p: p.setitem(a.exchange.state.deficits, 1, 10**15)),
    ({"exchange.declared"}, lambda a, p: p.setitem(a.exchange.state.declared, (1, 1), 9)),
    (
        {"exchange.flaggedAt", "exchange.negativeSince"},
        lambda a, p: p.setitem(a.exchange.state.clocks, 1, (5, 6, 7)),
    ),
    (
        {"exchange.ownerOf", "lens.accountInfo"},
        lambda a, p: p.setattr(a.exchange.state.accounts[1], "owner", "0x" + "77" * 20),
    ),
    ({"lens.principal"}, lambda a, p: p.delitem(a.exchange.state.principals, EVERYBODY[0])),
    ({"lens.phaseOf", "lens.seriesList"}, lambda a, p: p.setattr(_series(a).hot, "closed", True)),
    ({"lens.seriesList"}, lambda a, p: _more(p, _series(a).money, "pool")),
    ({"lens.accountInfo"}, lambda a, p: _more(p, _maker(a), "checked_mark")),
    ({"lens.seriesOf", "lens.accountInfo"}, _list_twice),
    ({"depth", "orders", "open"}, lambda a, p: _more(p, _order(a), "lots")),
    ({"orders", "open"}, lambda a, p: _more(p, _order(a), "client_id")),
    ({"held_orders", "depth", "orders", "open"}, lambda a, p: _more(p, _order(a), "epoch")),
    ({"oracle.owner"}, lambda a, p: p.setattr(a.oracle, "owner", "0x" + "77" * 20)),
    ({"oracle.maxLag"}, lambda a, p: _more(p, a.oracle, "max_lag")),
    ({"oracle.feedInfo"}, _methodology),
    ({"oracle.feedStatus", "oracle.latest"}, _feed(halted=True)),
    ({"oracle.feedStatus"}, _feed(round=7)),
    ({"oracle.operatorSet"}, _quorum),
    (
        {"token.name", "token.symbol", "exchange.symbolOf", "lens.specOf", "lens.seriesList"},
        _symbol,
    ),
    ({"token.balanceOf", "token.totalSupply"}, lambda a, p: p.setitem(_token(a).balances, EVERYBODY[0], 99)),
    (
        {"token.allowance"},
        lambda a, p: p.setitem(a.model.allowances, (_token(a).address, EVERYBODY[0], STRANGERS[0]), 7),
    ),
    (
        {"usdc.balanceOf"},
        lambda a, p: p.setitem(a.exchange.collateral.balances, EVERYBODY[0], 3),
    ),
]


@pytest.mark.parametrize(("seen", "change"), CHANGES, ids=["-".join(sorted(one)) for one, _ in CHANGES])
def test_what_differs_in_a_view_is_noticed(
    arena: Arena, monkeypatch: Patch, seen: set[str], change: Callable[[Arena, Patch], object]
) -> None:
    """Without the words of storage, which would notice most of it first."""
    assert different(arena) == set()
    change(arena, monkeypatch)
    assert seen <= different(arena)


def test_the_model_refuses_reads_of_what_there_is_not(arena: Arena, monkeypatch: Patch) -> None:
    monkeypatch.setattr(reads, "UnknownSeries", reads.UnknownAccount)
    assert {"mark", "view", "lens.specOf", "depth", "open"} <= different(arena)


# --- books that are longer than an answer ---


def test_a_waiting_round_is_in_the_status_of_its_feed() -> None:
    arena = Arena()
    begin(arena)
    operator = OPERATORS[0]
    domain = OracleDomain(CHAIN_ID, arena.contracts.addresses["oracle"])
    update = sign(domain, 1, 1, [operator], NOW + 9, {operator: {1: 30_000 * 10**8}})
    action = Action(NOW + 9, DEPLOYER, "oracle.update", (update,))
    arena.step(action)
    assert arena.oracle.feed_status(1).pending == (30_000 * 10**8, NOW + 9, 2)
    arena.compare_all(action)


def test_an_answer_ends_after_4096_levels_or_orders() -> None:
    arena = Arena(reads_every=10**9)
    begin(arena)
    for place, who in enumerate(EVERYBODY[:17]):
        ticks = range(12_001 + 250 * place, 12_251 + 250 * place)
        orders = b"".join(packing.place_op(0, tick, 1, 0, tick) for tick in ticks)
        for verb, *args in (
            ("usdc.mint", who, 10**9),
            ("exchange.deposit", 0, 10**9),
            ("exchange.batch", 1, orders, True, 0),
        ):
            act(arena, who, verb, *args)
    assert len(arena.exchange.depth(1, False, 2**16 - 1, NOW)) == reads.MOST
    for most in (reads.MOST - 1, reads.MOST, reads.MOST + 1, 2**16 - 1):
        arena._check(None, [arena._reads.depth(1, False, most, NOW)])
        arena._check(None, [arena._reads.orders(1, False, most, NOW)])


# --- events ---


def test_events_are_told_with_who_logged_them() -> None:
    arena = Arena()
    who, other = EVERYBODY[0], EVERYBODY[1]
    exchange, usdc, oracle = (arena.contracts.addresses[one] for one in ("exchange", "usdc", "oracle"))
    nobody = "0x" + "00" * 20

    assert act(arena, who, "usdc.mint", who, 9) == (("Transfer", nobody, who, 9, usdc),)
    assert act(arena, who, "exchange.deposit", 0, 9) == (
        ("AccountOpened", 1, who, exchange),
        ("Transfer", who, exchange, 9, usdc),
        ("Deposited", 1, who, 9, exchange),
    )
    assert act(arena, who, "exchange.withdraw", 4, other) == (
        ("Withdrawn", 1, other, 4, exchange),
        ("Transfer", exchange, other, 4, usdc),
    )
    assert act(arena, DEPLOYER, "exchange.transferOwnership", who) == (
        ("OwnershipTransferStarted", DEPLOYER, who, exchange),
    )
    assert act(arena, who, "exchange.acceptOwnership") == (("OwnershipTransferred", DEPLOYER, who, exchange),)
    assert act(arena, DEPLOYER, "oracle.renounceOwnership") == (
        ("OwnershipTransferred", DEPLOYER, nobody, oracle),
    )


def test_allowances_of_a_position_token() -> None:
    arena = Arena(reads_every=1)
    begin(arena)
    who, spender = EVERYBODY[0], STRANGERS[0]

    act(arena, who, "exchange.createTokens", 1)
    token = arena.exchange.token_of(1, True)

    def refused(sender: str, verb: str, *args: Any) -> str:
        return arena.step(Action(NOW, sender, verb, (token, *args))).outcome.error

    assert refused(who, "token.approve", "0x" + "00" * 20, 1) == "ERC20InvalidSpender"
    assert act(arena, who, "token.approve", token, spender, 5) == (("Approval", who, spender, 5, token),)
    assert refused(spender, "token.transferFrom", who, spender, 6) == "ERC20InsufficientAllowance"
    assert refused(spender, "token.transferFrom", who, spender, 1) == "ERC20InsufficientBalance"
    moved = act(arena, spender, "token.transferFrom", token, who, spender, 0)
    assert moved == (("Transfer", who, spender, 0, token),)
    arena.compare_all(Action(NOW, who, "token.transfer"))


@pytest.mark.parametrize("event", [Transfer, OwnershipTransferStarted, OwnershipTransferred])
def test_an_event_that_one_side_does_not_tell_is_noticed(monkeypatch: Patch, event: type[Any]) -> None:
    add = Log.add
    monkeypatch.setattr(Log, "add", lambda log, one, *values: one is event or add(log, one, *values))
    with pytest.raises(Disagreement) as found:
        test_events_are_told_with_who_logged_them()
    assert found.value.kind == "events"


def test_another_emitter_is_noticed(monkeypatch: Patch) -> None:
    monkeypatch.setattr(model_side, "told", lambda event, emitter: (*told(event, emitter)[:-1], "0x99"))
    with pytest.raises(Disagreement) as found:
        test_events_are_told_with_who_logged_them()
    assert found.value.kind == "events"


def test_a_log_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        heard({"address": "0x01", "topics": ["0x" + "11" * 32], "data": "0x"})
