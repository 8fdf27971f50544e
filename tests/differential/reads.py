"""What readers see: the figures of the lens against those of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from differential.actions import Action
from differential.evm import Contracts
from differential.outcome import Outcome, named_error, plain
from differential.view import View
from olivepress.errors import Reverted
from olivepress.events.model import event_classes
from olivepress.model import Exchange

Pairs = Iterator[tuple[str, Any, Any]]
_ACCOUNTS = ("account", "keeper", "bidder", "from_", "to")
LEVELS, ORDERS = 20, 40


@cache
def _places(event: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where an event's values name accounts, and where series."""
    names = [one.name for one in fields(event_classes()[event])][4:]
    accounts = tuple(n for n, name in enumerate(names, 1) if name in _ACCOUNTS)
    return accounts, tuple(n for n, name in enumerate(names, 1) if "series" in name)


class Reads:
    """Both sides read at the time of an action."""

    def __init__(self, contracts: Contracts, exchange: Exchange) -> None:
        self.view = View(contracts)
        self._contracts = contracts
        self._exchange = exchange

    def touched(self, action: Action, outcome: Outcome) -> Pairs:
        """Margins of the accounts and marks of the series that an action touched."""
        state = self._exchange.state
        accounts, series = set(), set()
        for event in outcome.events:
            where, months = _places(event[0])
            accounts |= {event[n] for n in where if isinstance(event[n], int)}
            series |= {event[n] for n in months}
            if event[0] == "Book":
                accounts |= {one[5] for one in event[3] if one[0] == "Filled"}
        principal = state.principals.get(action.sender)
        if principal is not None:
            accounts.add(principal.account)
        for account in sorted(accounts & state.accounts.keys()):
            yield self._margin(account, action.at)
        for number in sorted(series & state.series.keys()):
            yield self._mark(number, action.at)

    def everything(self, time: int) -> Pairs:
        """Every account, every series, every book."""
        self._contracts.set_time(time)
        for account in self._exchange.state.accounts:
            yield self._margin(account, time)
        for number in self._exchange.state.series:
            yield self._mark(number, time)
            yield self._series(number, time)
            for sells in (False, True):
                yield self._depth(number, sells, time)
                yield self._orders(number, sells, time)
        for account, number in self._holdings():
            yield self._open_orders(account, number, time)

    def _holdings(self) -> Iterator[tuple[int, int]]:
        for number, series in self._exchange.state.series.items():
            for account, position in series.positions.items():
                if position.open_count:
                    yield account, number

    def _pair(self, what: str, model: Callable[[], Any], function: str, *args: Any) -> tuple[str, Any, Any]:
        return what, _result(model), _result(lambda: self._contracts.read("lens", function, *args))

    def _margin(self, account: int, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            m = self._exchange.account_margin(account, time)
            return (plain(m),)

        return self._pair(f"margin of account {account}", model, "marginOf", account)

    def _mark(self, series: int, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            q = self._exchange.mark_of(series, time)
            return q.mark, q.delta_mark, q.stale

        return self._pair(f"mark of series {series}", model, "markOf", series)

    def _series(self, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            exchange, series = self._exchange, self._exchange.state.series[number]
            q, m, hot = exchange.mark_of(number, time), series.money, series.hot
            money = (m.pool, m.advance, m.members, m.uncranked, m.claims, m.collected, m.reduce_only_until)
            view = (
                number,
                plain(series.spec),
                int(exchange.phase_of(number, time)),
                (*money, m.drawn, m.fees, m.credited, m.bounty),
                exchange.best(number, False, time),
                exchange.best(number, True, time),
                q.mark,
                q.delta_mark,
                q.stale,
                exchange.reduce_only(number, time),
                hot.open_interest,
                hot.basis,
            )
            return (view,)

        return self._pair(f"view of series {number}", model, "seriesInfo", number)

    def _depth(self, number: int, sells: bool, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            levels = self._exchange.depth(number, sells, LEVELS, time)
            return (tuple((one.tick, one.lots, one.orders) for one in levels),)

        return self._pair(f"depth of series {number}", model, "depth", number, sells, LEVELS)

    def _orders(self, number: int, sells: bool, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            found = self._exchange.orders(number, sells, ORDERS, time)
            return (tuple(_order(*one) for one in found),)

        return self._pair(f"orders of series {number}", model, "orders", number, sells, ORDERS)

    def _open_orders(self, account: int, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> Any:
            found = self._exchange.open_orders(account, number, time)
            return (tuple(_order(*one) for one in found),)

        what = f"open orders of account {account} in {number}"
        return self._pair(what, model, "openOrders", account, number)


def _order(order_id: int, order: Any) -> tuple[int, ...]:
    return order_id, order.account, order.lots, order.expiry, order.flags, order.client_id


def _result(read: Callable[[], Any]) -> Any:
    """Values, or the error by name."""
    try:
        return plain(read())
    except Reverted as refused:
        return named_error(refused)
