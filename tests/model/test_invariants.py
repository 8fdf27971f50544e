"""What must hold after every action (docs/spec/invariants.md); refusals leave no trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from model_kit import GUARDIAN, SELL, TODAY, Market, dump
from olivepress.model.state import BUYS, SELLS, Order, Series
from olivepress.reverts import ContractError

NAMES = ("ann", "bob", "eve", "dan")
CASH = 3_000_000
names = st.sampled_from(NAMES)
distances = st.integers(-45, 45)
lots = st.integers(1, 2_000)
flags = st.sampled_from([0, 0, 0, 1, 2, 4, 8, 16, 17])
picks = st.integers(0, 10_000)


def living(series: Series) -> list[tuple[int, int, Order]]:
    """(side, tick, order) of the orders that no mass cancel killed."""
    return [
        (side.side, tick, order)
        for side in series.sides
        for tick, level in side.levels.items()
        for order in level.orders.values()
        if order.epoch == series.positions[order.account].epoch
    ]


class Trading(RuleBasedStateMachine):
    """Four traders, two months of one feed, an index that jumps, time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.market = Market(taker_fee=500, maker_rebate=200, im_bps=2_005, concentration_pct=30)
        self.market.list(symbol="FAR", window_start=TODAY + 40, expiry_day=TODAY + 45)
        self.market.fund(*NAMES, cash=CASH)
        self.exchange = self.market.exchange
        self.state = self.exchange.state
        self.orders: list[tuple[str, int]] = []

    def attempt(self, verb: Callable[..., Any], name: str, *arguments: Any) -> Any:
        """An action; a refused one must leave everything as it was."""
        before = dump(self.state)
        try:
            return verb(self.market.by(name), *arguments)
        except ContractError as error:
            refused = type(error).__name__
        assert dump(self.state) == before, f"{refused} left a trace"
        return None

    @rule(
        name=names,
        series=st.integers(1, 2),
        sell=st.booleans(),
        distance=distances,
        lots=lots,
        flags=flags,
        dies=st.sampled_from([0, 0, 30]),
        steps=st.sampled_from([0, 0, 1, 3]),
    )
    def place(self, name: str, series: int, sell: bool, distance: int, lots: int, **how: int) -> None:
        tick = max(self.state.series[series].hot.mark + distance, 1)
        flags = how["flags"] | (SELL if sell else 0)
        expiry = self.market.now + how["dies"] if how["dies"] else 0
        terms = (series, flags, tick, lots, expiry, 7, how["steps"])
        placed = self.attempt(self.exchange.place, name, *terms)
        if placed and placed[0]:
            self.orders.append((name, placed[0]))

    @precondition(lambda self: self.orders)
    @rule(pick=picks, thief=st.booleans())
    def cancel(self, pick: int, thief: bool) -> None:
        name, order = self.orders[pick % len(self.orders)]
        self.attempt(self.exchange.cancel, NAMES[pick % 4] if thief else name, order)

    @rule(name=names, pick=st.lists(picks, max_size=4), strict=st.booleans(), distance=distances, lots=lots)
    def batch(self, name: str, pick: list[int], strict: bool, distance: int, lots: int) -> None:
        """Cancels, then a post-only quote on both sides."""
        packed = b""
        for one in pick if self.orders else ():
            order = self.orders[one % len(self.orders)][1]
            packed += b"\x02" + (order & (1 << 80) - 1).to_bytes(10)
        middle = self.state.series[1].hot.mark + distance
        for side, tick in ((0, middle - 1), (SELL, middle + 1)):
            packed += bytes((1, side | 4)) + max(tick, 1).to_bytes(3) + lots.to_bytes(4) + bytes(12)
        self.attempt(self.exchange.batch, name, 1, packed, strict, 0)

    @rule(name=names, everywhere=st.booleans())
    def mass_cancel(self, name: str, everywhere: bool) -> None:
        if everywhere:
            self.attempt(self.exchange.mass_cancel_all, name)
        else:
            self.attempt(self.exchange.mass_cancel, name, 1)

    @rule(sells=st.booleans(), series=st.integers(1, 2), steps=st.integers(0, 3))
    def prune(self, sells: bool, series: int, steps: int) -> None:
        self.attempt(self.exchange.prune, "anybody", series, sells, steps)

    @rule(name=names, lots=lots, limit=st.integers(-40, 90), months=st.sampled_from([(1, 2), (2, 1)]))
    def spread(self, name: str, lots: int, limit: int, months: tuple[int, int]) -> None:
        self.attempt(self.exchange.spread, name, *months, lots, limit)

    @rule(name=names, amount=st.integers(1, CASH), into=st.booleans())
    def move_money(self, name: str, amount: int, into: bool) -> None:
        if into:
            self.attempt(self.exchange.deposit, name, 0, amount)
        else:
            self.attempt(self.exchange.withdraw, name, amount, name)

    @rule(move=st.integers(-60, 60), seconds=st.integers(0, 200), fresh=st.sampled_from([1, 1, 1, 0]))
    def time_passes(self, move: int, seconds: int, fresh: int) -> None:
        index = self.market.index
        self.market.now += seconds
        index.price = max(200, min(index.price + move, 5_000))
        index.fresh = bool(fresh)

    @rule(on=st.booleans())
    def guard(self, on: bool) -> None:
        self.attempt(self.exchange.set_reduce_only, GUARDIAN, 1, on)

    @invariant()
    def lots_sum_to_zero(self) -> None:
        """Invariant 1. [BOOK-9] [SETTLE-20]"""
        for series in self.state.series.values():
            held = [position.lots for position in series.positions.values()]
            assert sum(held) == 0
            assert sum(one for one in held if one > 0) == series.hot.open_interest

    @invariant()
    def money_is_conserved(self) -> None:
        """Invariant 2, and the pool identity of section 4. [BOOK-23] [SETTLE-20]"""
        state = self.state
        cash = sum(account.cash for account in state.accounts.values())
        pools = sum(series.money.pool for series in state.series.values())
        funds = sum(state.insurance.values()) + state.office.bonds + state.office.treasury
        assert state.collateral.balances["exchange"] == cash + pools + funds
        assert sum(state.collateral.balances.values()) == CASH * len(NAMES)
        for series in state.series.values():
            quotes = sum(position.quote for position in series.positions.values())
            assert quotes + series.money.fees + series.money.advance == series.money.pool

    @invariant()
    def books_are_sound(self) -> None:
        """Invariant 3; the best level is that of the best order or better. [BOOK-20]"""
        for series in self.state.series.values():
            orders = living(series)
            bids = [tick for side, tick, _ in orders if side == BUYS]
            asks = [tick for side, tick, _ in orders if side == SELLS]
            assert not bids or not asks or max(bids) < min(asks)
            for side in series.sides:
                used = {tick for tick, level in side.levels.items() if level.head < level.tail}
                assert side.ticks == sorted(used)
                for level in side.levels.values():
                    assert all(level.head <= index < level.tail for index in level.orders)

    @invariant()
    def open_lots_are_those_of_live_orders(self) -> None:
        """[BOOK-8]"""
        for series in self.state.series.values():
            orders = living(series)
            for number, position in series.positions.items():
                mine = [(side, order.lots) for side, _, order in orders if order.account == number]
                assert position.open_count == len(mine) <= 250
                assert position.open_buy == sum(size for side, size in mine if side == BUYS)
                assert position.open_sell == sum(size for side, size in mine if side == SELLS)

    @invariant()
    def cash_is_never_negative(self) -> None:
        """Invariant 10. [ACCOUNT-1]"""
        assert all(account.cash >= 0 for account in self.state.accounts.values())

    @invariant()
    def members_are_the_accounts_that_list(self) -> None:
        for number, series in self.state.series.items():
            listed = sum(number in account.series for account in self.state.accounts.values())
            assert series.money.members == listed

    @invariant()
    def nothing_waits_in_the_journal(self) -> None:
        assert self.state.journal.entries == []


Trading.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTrading = Trading.TestCase
