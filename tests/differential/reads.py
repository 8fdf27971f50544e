"""What readers see: the figures of the lens against those of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from differential.actions import Action
from differential.evm import Contracts, interface_of
from differential.outcome import Outcome, named_error, plain
from differential.view import View
from olivepress.errors import Reverted
from olivepress.events.model import event_classes
from olivepress.model import Exchange

Pairs = Iterator[tuple[str, Any, Any]]
_ACCOUNTS = ("account", "keeper", "bidder", "from_", "to")
LEVELS, ORDERS = 20, 40
_FULL = 2**256 - 1


@cache
def _places(event: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where an event's values name accounts, and where series."""
    names = [one.name for one in fields(event_classes()[event])][4:] if event in event_classes() else []
    accounts = tuple(n for n, name in enumerate(names, 1) if name in _ACCOUNTS)
    return accounts, tuple(n for n, name in enumerate(names, 1) if "series" in name)


class Reads:
    """Both sides read at the time of an action."""

    def __init__(self, contracts: Contracts, exchange: Exchange) -> None:
        self.view = View(contracts)
        self._contracts = contracts
        self._exchange = exchange

    def touched(self, action: Action, outcome: Outcome) -> tuple[set[int], set[int]]:
        """The accounts and the series that an action names or told of."""
        state = self._exchange.state
        named = [one for one in action.args if type(one) is int]
        for several in action.args:
            if isinstance(several, tuple):
                named += [one for one in several if type(one) is int]
        accounts, series = set(named), set(named)
        for event in outcome.events:
            where, months = _places(event[0])
            accounts |= {event[n] for n in where if isinstance(event[n], int)}
            series |= {event[n] for n in months}
            if event[0] == "Book":
                accounts |= {one[5] for one in event[3] if one[0] == "Filled"}
        principal = state.principals.get(action.sender)
        if principal is not None:
            accounts.add(principal.account)
        return accounts & state.accounts.keys(), series & state.series.keys()

    def figures(self, time: int, accounts: set[int], series: set[int]) -> Pairs:
        """Margins and marks."""
        for account in sorted(accounts):
            yield self._margin(account, time)
        for number in sorted(series):
            yield self._mark(number, time)

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

    def _pair(self, what: str, model: Callable[[], bytes], function: str, *args: Any) -> tuple[str, Any, Any]:
        """Both answers as the ABI packs them, or as errors; unpacked only when they differ."""
        calldata = _calldata(function, args)
        expected = _result(model)
        found = _result(lambda: self._contracts.raw("lens", calldata))
        if expected == found:
            return what, None, None
        return what, _unpacked(function, expected), _unpacked(function, found)

    def _margin(self, account: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return _words(*plain(self._exchange.account_margin(account, time)))

        return self._pair(f"margin of account {account}", model, "marginOf", account)

    def _mark(self, series: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            q = self._exchange.mark_of(series, time)
            return _words(q.mark, q.delta_mark, q.stale)

        return self._pair(f"mark of series {series}", model, "markOf", series)

    def _series(self, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            exchange, series = self._exchange, self._exchange.state.series[number]
            q, m, hot = exchange.mark_of(number, time), series.money, series.hot
            money = (m.pool, m.advance, m.members, m.uncranked, m.claims, m.collected, m.reduce_only_until)
            head = (number, 0, int(exchange.phase_of(number, time)), *money, m.drawn, m.fees, m.credited)
            tail = (
                m.bounty,
                exchange.best(number, False, time),
                exchange.best(number, True, time),
                q.mark,
                q.delta_mark,
                q.stale,
                exchange.reduce_only(number, time),
                hot.open_interest,
                hot.basis,
            )
            words = [*head, *tail]
            words[1] = 32 * len(words)
            spec = plain(series.spec)
            symbol = spec[0].encode()
            text = symbol.ljust(-(-len(symbol) // 32) * 32, b"\0")
            return _words(32, *words, 32 * len(spec), *spec[1:], len(symbol)) + text

        return self._pair(f"view of series {number}", model, "seriesInfo", number)

    def _depth(self, number: int, sells: bool, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            levels = self._exchange.depth(number, sells, LEVELS, time)
            fields = [field for one in levels for field in (one.tick, one.lots, one.orders)]
            return _words(32, len(levels), *fields)

        return self._pair(f"depth of series {number}", model, "depth", number, sells, LEVELS)

    def _orders(self, number: int, sells: bool, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return _order_words(self._exchange.orders(number, sells, ORDERS, time))

        return self._pair(f"orders of series {number}", model, "orders", number, sells, ORDERS)

    def _open_orders(self, account: int, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return _order_words(self._exchange.open_orders(account, number, time))

        what = f"open orders of account {account} in {number}"
        return self._pair(what, model, "openOrders", account, number)


def _words(*values: int) -> bytes:
    """Values as the ABI packs them."""
    return b"".join([(value & _FULL).to_bytes(32) for value in values])


def _order_words(found: list[tuple[int, Any]]) -> bytes:
    values = [
        value
        for order_id, one in found
        for value in (order_id, one.account, one.lots, one.expiry, one.flags, one.client_id)
    ]
    return _words(32, len(found), *values)


@cache
def _calldata(function: str, args: tuple[Any, ...]) -> bytes:
    return interface_of("lens").encode(function, *args)


def _unpacked(function: str, answer: Any) -> Any:
    if not isinstance(answer, bytes):
        return answer
    return interface_of("lens").functions[function].named_output(answer)


def _result(read: Callable[[], Any]) -> Any:
    """The answer, or the error by name."""
    try:
        return read()
    except Reverted as refused:
        return named_error(refused)
