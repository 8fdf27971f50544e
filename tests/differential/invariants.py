"""The invariants of docs/spec, checked on the model: the contracts are the same word for word.

Numbers are those of the page. 6 (order and split of settlement) is checked on the state, as far as it shows
there, and like 9 (everybody can always leave) by whole lives: they end with every series closed and drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from differential.actions import Action
from differential.outcome import Outcome
from olivepress.errors import Reverted
from olivepress.model import Exchange, IndexOracle
from olivepress.model.margin import AccountMargin
from olivepress.model.state import BUYS, SELLS, Position, Series

Broken = tuple[str, str] | None
_TRADING = {"place", "batch", "spread", "wrap", "unwrap", "withdraw"}
_LIQUIDATING = {"liquidate", "auction"}


class Before(NamedTuple):
    """What is remembered from before an action."""

    margin: AccountMargin | None  # of the account that acts or is acted on
    account: int
    positions: dict[int, tuple[Any, ...]]
    bases: dict[int, int]
    flat_cash: dict[int, int]
    marks: tuple[int, ...]
    rounds: dict[int, tuple[int, int]]


class Invariants:
    """The promises of one exchange and its oracle."""

    def __init__(self, exchange: Exchange, oracle: IndexOracle) -> None:
        self._exchange = exchange
        self._oracle = oracle

    # --- around an action ---

    def before(self, action: Action) -> Before:
        state = self._exchange.state
        account = 0
        if action.target == "exchange" and action.function in _TRADING:
            principal = state.principals.get(action.sender)
            account = principal.account if principal else 0
        elif action.target == "exchange" and action.function in _LIQUIDATING:
            account = action.args[0]
        flat = {one.id: one.cash for one in state.accounts.values() if not any(one.series)}
        rounds = {}
        if action.target == "oracle":
            for number in range(1, self._oracle.feed_count + 1):
                feed = self._oracle.feed_status(number)
                rounds[number] = (feed.time, feed.round)
        margin = self._margin(account, action.at) if account else None
        positions = self._positions(account)
        bases = {number: series.hot.basis for number, series in self._exchange.state.series.items()}
        marks = self._marks(margin, account, action.at)
        return Before(margin, account, positions, bases, flat, marks, rounds)

    def _positions(self, account: int) -> dict[int, tuple[Any, ...]]:
        held = {}
        for number, series in self._exchange.state.series.items():
            if account in series.positions:
                position = series.positions[account]
                held[number] = position.VALUES(position)
        return held

    def _margin(self, account: int, time: int) -> AccountMargin | None:
        try:
            return self._exchange.account_margin(account, time)
        except Reverted:
            return None

    def _marks(self, margin: AccountMargin | None, account: int, time: int) -> tuple[int, ...]:
        if margin is None:
            return ()
        series = self._exchange.state.accounts[account].series
        return tuple(self._exchange.mark_of(one, time).mark for one in series if one)

    def after(self, action: Action, outcome: Outcome, before: Before) -> Broken:
        """What the action broke: number and words."""
        if outcome.error:
            return None
        return (
            self._own_margin(action, before)
            or self._liquidated(action, before)
            or self._flat_cash(action, before)
            or self._times(before)
        )

    def _own_margin(self, action: Action, before: Before) -> Broken:
        """4: after its own action IM-equity covers IM, or equity - IM was not lowered and equity >= 0.

        At the marks that the action saw: a trade moves the basis only afterwards. Orders that did not trade
        are left out, as placing may rely on marks that are a little old. It does not matter which series was
        traded, nor whether anything is left in it.
        """
        if action.function not in _TRADING or before.margin is None or not self._acted(action, before):
            return None
        with self._bases(before.bases):
            m = self._margin(before.account, action.at)
            if m is None or m.im_equity >= m.initial_margin:
                return None
            # What it was, but at the open interest of now, by which margin grows with size.
            with self._held(before):
                was = self._margin(before.account, action.at)
        if was is None or (m.equity - m.initial_margin >= was.equity - was.initial_margin and m.equity >= 0):
            return None
        return "4", f"account {before.account}: {was} became {m}"

    def _acted(self, action: Action, before: Before) -> bool:
        """Lots or money moved; all of its orders' marks were fresh then."""
        if action.function in ("wrap", "unwrap", "withdraw"):
            return True
        after = self._positions(before.account)
        return any(values[:2] != before.positions.get(number, (0, 0))[:2] for number, values in after.items())

    @contextmanager
    def _bases(self, bases: dict[int, int]) -> Iterator[None]:
        """The marks from before the action."""
        series = self._exchange.state.series
        now = {number: series[number].hot.basis for number in bases}
        try:
            for number, basis in bases.items():
                series[number].hot.basis = basis
            yield
        finally:
            for number, basis in now.items():
                series[number].hot.basis = basis

    @contextmanager
    def _held(self, before: Before) -> Iterator[None]:
        """The positions from before the action; nothing else of it is undone."""
        series = self._exchange.state.series
        now = {number: series[number].positions[before.account] for number in self._positions(before.account)}
        cash = self._exchange.state.accounts[before.account].cash
        try:
            for number in now:
                series[number].positions[before.account] = Position(*before.positions.get(number, ()))
            if before.margin is not None:
                self._exchange.state.accounts[before.account].cash = before.margin.cash
            yield
        finally:
            self._exchange.state.accounts[before.account].cash = cash
            for number, position in now.items():
                series[number].positions[before.account] = position

    def _liquidated(self, action: Action, before: Before) -> Broken:
        """5: equity - MM of a liquidated account is not lowered. A trade that moves a mark is left out."""
        if action.function not in _LIQUIDATING or before.margin is None:
            return None
        m = self._margin(before.account, action.at)
        if m is None or self._marks(m, before.account, action.at) != before.marks:
            return None
        was = before.margin
        if m.equity - m.maintenance_margin >= was.equity - was.maintenance_margin:
            return None
        return "5", f"account {before.account}: {was} became {m}"

    def _flat_cash(self, action: Action, before: Before) -> Broken:
        """7: cash of an account that lists no series is lowered by its own withdrawal only."""
        accounts = self._exchange.state.accounts
        for account, cash in before.flat_cash.items():
            if accounts[account].cash >= cash:
                continue
            if action.verb != "exchange.withdraw" or accounts[account].owner != action.sender:
                return "7", f"account {account} had {cash}, now {accounts[account].cash}"
        return None

    def _times(self, before: Before) -> Broken:
        """8: time and round of a feed never go back."""
        for number, (time, round_) in before.rounds.items():
            feed = self._oracle.feed_status(number)
            if feed.time < time or feed.round < round_:
                return "8", f"feed {number} went back from {time}/{round_} to {feed.time}/{feed.round}"
        return None

    # --- at any time ---

    def always(self, time: int) -> Broken:
        """The first promise that the state breaks."""
        for series in self._exchange.state.series.values():
            broken = self._series(series, time)
            if broken is not None:
                return broken
        return self._money() or self._cash()

    def _series(self, series: Series, time: int) -> Broken:
        return (
            self._lots(series)
            or self._pool(series)
            or self._crossing(series, time)
            or self._open_lots(series)
            or self._claims(series)
        )

    def _lots(self, series: Series) -> Broken:
        """1: long and short open interest are equal; so is the figure that the series keeps."""
        if series.hot.settled:
            return None
        lots = [position.lots for position in series.positions.values()]
        longs, shorts = sum(max(one, 0) for one in lots), sum(max(-one, 0) for one in lots)
        if longs != shorts or longs != series.hot.open_interest:
            return "1", f"series {series.id}: long {longs}, short {shorts}, kept {series.hot.open_interest}"
        return None

    def _pool(self, series: Series) -> Broken:
        """2, per series: sum of quote + fees + advance = pool, while settled with what lots are worth."""
        money, hot = series.money, series.hot
        total = money.fees + money.advance
        for position in series.positions.values():
            total += position.quote
            if hot.settled and not position.settled:
                total += position.lots * hot.mark * series.spec.tick_value
        if total != money.pool:
            return "2", f"series {series.id}: quotes, fees and advance {total}, pool {money.pool}"
        return None

    def _money(self) -> Broken:
        """2: tokens held = cash + pools + insurance + bonds + treasury."""
        state = self._exchange.state
        owed = sum(one.cash for one in state.accounts.values()) + sum(state.insurance.values())
        owed += sum(one.money.pool for one in state.series.values())
        owed += state.office.bonds + state.office.treasury
        held = state.collateral.balances.get(state.address, 0)
        return None if held == owed else ("2", f"tokens held {held}, owed {owed}")

    def _crossing(self, series: Series, time: int) -> Broken:
        """3: no live order crosses another."""
        bid = self._exchange.best(series.id, False, time)
        ask = self._exchange.best(series.id, True, time)
        if bid and ask and bid >= ask:
            return "3", f"series {series.id}: live bid {bid}, live ask {ask}"
        return None

    def _open_lots(self, series: Series) -> Broken:
        """3: open lots of an account are those of its orders of the current epoch."""
        if series.hot.settled:
            return None
        open_lots: dict[tuple[int, int], int] = {}
        count: dict[int, int] = {}
        for side in series.sides:
            for level in side.levels.values():
                for order in level.orders.values():
                    if order.epoch == series.positions[order.account].epoch:
                        key = order.account, side.side
                        open_lots[key] = open_lots.get(key, 0) + order.lots
                        count[order.account] = count.get(order.account, 0) + 1
        for account, p in series.positions.items():
            found = tuple(open_lots.get((account, side), 0) for side in (BUYS, SELLS))
            found += (count.get(account, 0),)
            if found != (p.open_buy, p.open_sell, p.open_count):
                return "3", f"account {account} in {series.id}: orders {found}, kept {p}"
        return None

    def _claims(self, series: Series) -> Broken:
        """6: drawn <= collected <= claims, and scaled only once insurance is used up."""
        money = series.money
        if not series.hot.closed:
            return None
        if not money.drawn <= money.collected <= money.claims:
            return "6", f"series {series.id}: {money}"
        return None

    def _cash(self) -> Broken:
        """10: nothing is below zero."""
        state: Any = self._exchange.state
        for account in state.accounts.values():
            if account.cash < 0:
                return "10", f"account {account.id} has cash {account.cash}"
        for series in state.series.values():
            if min(series.money.VALUES(series.money)) < 0:
                return "10", f"series {series.id}: {series.money}"
        return None
