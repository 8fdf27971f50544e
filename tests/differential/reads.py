"""What readers see: the figures of the lens against those of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from differential.evm import Contracts
from differential.interfaces import interface_of
from differential.outcome import named_error, plain
from differential.view import View
from olivepress.contracts.abi import Entry
from olivepress.errors import Reverted
from olivepress.model import Exchange
from olivepress.model.margin import AccountMargin

_MARGIN = attrgetter(*(one.name for one in fields(AccountMargin)))
Pairs = Iterator[tuple[str, Any, Any]]
LEVELS, ORDERS = 20, 40
_FULL = 2**256 - 1


class Reads:
    """Both sides read at the time of an action."""

    def __init__(self, contracts: Contracts, exchange: Exchange) -> None:
        self.view = View(contracts)
        self._contracts = contracts
        self._exchange = exchange
        self.compared: set[tuple[str, str]] = set()
        """Views by kind of contract and name, as far as they were asked."""

    def figures(self, time: int) -> Pairs:
        """Margins of all accounts, and marks of all series that move. The contracts are at that time."""
        for account in self._exchange.state.accounts:
            yield self._margin(account, time)
        for number, series in self._exchange.state.series.items():
            if not series.hot.settled:  # later the hot word has it
                yield self._mark(number, time)

    def books(self, time: int) -> Pairs:
        """Every series, every book."""
        for number in self._exchange.state.series:
            yield self._series(number, time)
            for sells in (False, True):
                yield self.depth(number, sells, LEVELS, time)
                yield self.orders(number, sells, ORDERS, time)
        for account, number in self._holdings():
            yield self.open_orders(account, number, time)

    def unknown(self, account: int, series: int, time: int) -> Pairs:
        """An account and a series that there are not."""
        yield self._margin(account, time)
        yield self._mark(series, time)
        yield self._series(series, time)

    def _holdings(self) -> Iterator[tuple[int, int]]:
        for number, series in self._exchange.state.series.items():
            for account, position in series.positions.items():
                if position.open_count:
                    yield account, number

    def pair(
        self, what: str, model: Callable[[], bytes], target: str, function: str, *args: Any
    ) -> tuple[str, Any, Any]:
        """Both answers as the ABI packs them, or as errors; unpacked only when they differ.

        :param target: 'lens', 'exchange', 'oracle' or 'usdc', or the address of a position token
        """
        kind = target if target in self._contracts.addresses else "token"
        self.compared.add((kind, function))
        entry = interface_of(kind).functions[function]
        calldata = entry.selector + words(*map(_number, args))
        expected = _result(model)
        found = _result(lambda: self._contracts.raw(target, calldata))
        if expected == found:
            return what, None, None
        told = _unpacked(entry, expected), _unpacked(entry, found)
        # Other bytes are another answer, whatever a decoder makes of them.
        return what, *(told if told[0] != told[1] else (expected, found))

    def _margin(self, account: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return words(*_MARGIN(self._exchange.account_margin(account, time)))

        return self.pair(f"margin of account {account}", model, "lens", "marginOf", account)

    def _mark(self, series: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            q = self._exchange.mark_of(series, time)
            return words(q.mark, q.delta_mark, q.stale)

        return self.pair(f"mark of series {series}", model, "lens", "markOf", series)

    def _series(self, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return words(32) + self.series_view(number, time)

        return self.pair(f"view of series {number}", model, "lens", "seriesInfo", number)

    def series_view(self, number: int, time: int) -> bytes:
        """The struct SeriesView of the model."""
        exchange = self._exchange
        q, spec = exchange.mark_of(number, time), plain(exchange.spec_of(number))
        series = exchange.state.series[number]
        m, hot = series.money, series.hot
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
        values = [*head, *tail]
        values[1] = 32 * len(values)
        symbol = spec[0].encode()
        text = symbol.ljust(-(-len(symbol) // 32) * 32, b"\0")
        return words(*values, 32 * len(spec), *spec[1:], len(symbol)) + text

    def depth(self, number: int, sells: bool, most: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            levels = self._exchange.depth(number, sells, most, time)
            fields = [field for one in levels for field in (one.tick, one.lots, one.orders)]
            return words(32, len(levels), *fields)

        return self.pair(f"depth of series {number}", model, "lens", "depth", number, sells, most)

    def orders(self, number: int, sells: bool, most: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return _order_words(self._exchange.orders(number, sells, most, time))

        return self.pair(f"orders of series {number}", model, "lens", "orders", number, sells, most)

    def open_orders(self, account: int, number: int, time: int) -> tuple[str, Any, Any]:
        def model() -> bytes:
            return _order_words(self._exchange.open_orders(account, number, time))

        what = f"open orders of account {account} in {number}"
        return self.pair(what, model, "lens", "openOrders", account, number)


def words(*values: int) -> bytes:
    """Values as the ABI packs them."""
    return b"".join([(value & _FULL).to_bytes(32) for value in values])


def _order_words(found: list[tuple[int, Any]]) -> bytes:
    values = [
        value
        for order_id, one in found
        for value in (order_id, one.account, one.lots, one.expiry, one.flags, one.client_id)
    ]
    return words(32, len(found), *values)


def _number(argument: int | str) -> int:
    """Views take numbers, flags and addresses only."""
    return int(argument, 16) if isinstance(argument, str) else argument


def _unpacked(entry: Entry, answer: Any) -> Any:
    return entry.named_output(answer) if isinstance(answer, bytes) else answer


def _result(read: Callable[[], Any]) -> Any:
    """The answer, or the error by name."""
    try:
        return read()
    except Reverted as refused:
        return named_error(refused)
