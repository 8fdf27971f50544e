"""What can be read of the exchange: the figures that ILens gives, as of a time `now`."""

from __future__ import annotations

from collections.abc import Iterator

from olivepress.model import margin, mark
from olivepress.model.errors import refuse
from olivepress.model.margin import AccountMargin
from olivepress.model.state import BUYS, SELLS, Account, Order, Position, Series, State
from olivepress.reverts import UnknownAccount, UnknownSeries
from olivepress.types import BookLevel, Phase, SeriesSpec
from olivepress.types import Side as OrderSide

MOST = 4096
"""Most levels or orders of one answer."""


class Reads:
    """Reads of unknown series and accounts raise UnknownSeries and UnknownAccount.

    A book is made of its live orders. Left out are orders of an older epoch, expired ones, and all of them
    from the expiry of the series on.
    """

    state: State

    # --- series ---

    def spec_of(self, series: int) -> SeriesSpec:
        """The terms, frozen at listing."""
        return self._series(series).spec

    def mark_of(self, series: int, now: int) -> mark.Quote:
        """As a taking order would see it; the settlement price once there is one."""
        found = self._series(series)
        if not found.hot.settled:
            return mark.quote(self.state.oracle, found, now)
        return mark.Quote(found.hot.mark, 0, False, 0)

    def phase_of(self, series: int, now: int) -> Phase:
        """SETTLE-1."""
        found = self.state.series.get(series)
        if found is None:
            return Phase.NONE
        if found.hot.closed:
            return Phase.CLOSED
        if found.hot.settled:
            return Phase.SETTLED
        if now >= found.expiry:
            return Phase.EXPIRED
        if now >= found.fixing:
            return Phase.FIXING
        return Phase.TRADING if found.hot.traded else Phase.LISTED

    def reduce_only(self, series: int, now: int) -> bool:
        """As a taking order would find it."""
        found = self._series(series)
        guarded = found.hot.guarded and now < found.money.reduce_only_until
        return self.mark_of(series, now).stale or guarded or found.hot.deficit

    # --- accounts ---

    def account_margin(self, account: int, now: int) -> AccountMargin:
        """The figures that the exchange checks when the account takes or withdraws."""
        return margin.assess(self.state, self._account(account), now)

    def withdrawable(self, account: int, now: int) -> int:
        return margin.withdrawable(self.account_margin(account, now))

    def series_of(self, account: int) -> list[int]:
        """The series that the account lists, as they stand in its places."""
        return [number for number in self._account(account).series if number]

    def position(self, account: int, series: int) -> Position:
        """The position; an empty one where there is none. Not to be changed."""
        return self._series(series).positions.get(account) or Position()

    # --- books: orders are the book's own records, not to be changed ---

    def depth(self, series: int, sells: bool, max_levels: int, now: int) -> list[BookLevel]:
        """Levels with a live order, best first."""
        found: list[BookLevel] = []
        side = OrderSide(SELLS if sells else BUYS)
        for order_id, order in self._live(series, side, now):
            tick = order_id >> 48 & 0xFFFFFF
            if found and found[-1].tick == tick:
                found[-1] = BookLevel(side, tick, found[-1].lots + order.lots, found[-1].orders + 1)
            elif len(found) == min(max_levels, MOST):
                break
            else:
                found.append(BookLevel(side, tick, order.lots, 1))
        return found

    def orders(self, series: int, sells: bool, max_orders: int, now: int) -> list[tuple[int, Order]]:
        """(order id, order) in priority order."""
        live = self._live(series, SELLS if sells else BUYS, now)
        return [one for one, _ in zip(live, range(min(max_orders, MOST)), strict=False)]

    def open_orders(self, account: int, series: int, now: int) -> list[tuple[int, Order]]:
        """The account's orders in a series, 0 for all that it lists, one after the other: buys, then sells,
        each in priority order."""
        listed = self.series_of(account)
        return [
            one
            for number in ([series] if series else listed)
            for side in (BUYS, SELLS)
            for one in self._live(number, side, now)
            if one[1].account == account
        ]

    def held_orders(self, account: int, series: int) -> list[tuple[int, Order]]:
        """The account's orders by id, those that ran out and still hold margin included."""
        self._account(account)
        held = [one for side in (BUYS, SELLS) for one in self._queued(self._series(series), side)]
        return sorted((one for one in held if one[1].account == account), key=lambda one: one[0])

    def best(self, series: int, sells: bool, now: int) -> int:
        """Tick of the best live order, 0 for none."""
        for order_id, _ in self._live(series, SELLS if sells else BUYS, now):
            return order_id >> 48 & 0xFFFFFF
        return 0

    def _live(self, number: int, side: int, now: int) -> Iterator[tuple[int, Order]]:
        series = self._series(number)
        if now >= series.expiry:
            return
        for order_id, order in self._queued(series, side):
            if not order.expiry or order.expiry > now:
                yield order_id, order

    def _queued(self, series: Series, side: int) -> Iterator[tuple[int, Order]]:
        """Orders that were neither filled nor cancelled, best first."""
        one = series.sides[side]
        for tick in one.ticks if side == SELLS else reversed(one.ticks):
            level = one.levels[tick]
            for index in range(level.head, level.tail):
                order = level.orders.get(index)
                if order is None or order.epoch != series.positions[order.account].epoch:
                    continue
                yield level.id | index << 16 | order.generation, order

    def _series(self, number: int) -> Series:
        found = self.state.series.get(number)
        if found is None:
            refuse(UnknownSeries, number)
        return found

    def _account(self, number: int) -> Account:
        found = self.state.accounts.get(number)
        if found is None:
            refuse(UnknownAccount, number)
        return found
