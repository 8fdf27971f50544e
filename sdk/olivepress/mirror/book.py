"""One order book, rebuilt from its records."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from struct import Struct

from olivepress.types import BookLevel, Order, Side

_LEVEL = Struct(">BII")


def checksum(levels: Iterable[tuple[Side, int, int]]) -> int:
    """crc32 over (side, tick, lots) of price levels: bids best first, then asks best first.

    Each level is 9 bytes: side u8, tick u32, lots u32, big endian. Two books with the same levels have the
    same sum.
    """
    crc = 0
    for side, tick, lots in levels:
        crc = zlib.crc32(_LEVEL.pack(side, tick, lots), crc)
    return crc


class OrderBook:
    """Live orders of one series by price and time.

    Orders that ran out (`expiry`) stay on the chain until somebody meets them: pass `now`, the unix time of
    the moment you ask about, to leave them out.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self._levels: dict[Side, dict[int, dict[int, None]]] = {Side.BUY: {}, Side.SELL: {}}
        self._by_account: dict[int, dict[int, None]] = {}
        self._sorted: dict[Side, list[int] | None] = {Side.BUY: [], Side.SELL: []}

    def add(self, order: Order) -> None:
        """Puts an order at the end of its level."""
        self.orders[order.id] = order
        levels = self._levels[order.side]
        level = levels.get(order.tick)
        if level is None:
            level = levels[order.tick] = {}
            self._sorted[order.side] = None
        level[order.id] = None
        self._by_account.setdefault(order.account, {})[order.id] = None

    def reduce(self, order_id: int, lots: int) -> None:
        """Takes lots off an order; without lots it is gone. Ids that are not live are ignored: a ghost of a
        mass cancel is retired by its records later."""
        order = self.orders.get(order_id)
        if order is None:
            return
        if lots >= order.lots:
            self.remove(order_id)
        else:
            self.orders[order_id] = replace(order, lots=order.lots - lots)

    def remove(self, order_id: int) -> Order | None:
        """Takes a whole order out; None when it is not live."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return None
        level = self._levels[order.side][order.tick]
        del level[order_id]
        if not level:
            del self._levels[order.side][order.tick]
            self._sorted[order.side] = None
        mine = self._by_account[order.account]
        del mine[order_id]
        if not mine:
            del self._by_account[order.account]
        return order

    def remove_account(self, account: int) -> None:
        """Takes every order of an account out."""
        for order_id in list(self._by_account.get(account, ())):
            self.remove(order_id)

    def clear(self) -> None:
        """Takes every order out."""
        for order_id in list(self.orders):
            self.remove(order_id)

    def ticks(self, side: Side) -> list[int]:
        """Ticks of a side that hold orders, best first."""
        ticks = self._sorted[side]
        if ticks is None:
            ticks = self._sorted[side] = sorted(self._levels[side], reverse=side is Side.BUY)
        return ticks

    def queue(self, side: Side, tick: int, now: int = 0) -> list[Order]:
        """Live orders at a tick, oldest first."""
        ids = self._levels[side].get(tick, ())
        return [order for order_id in ids if _live(order := self.orders[order_id], now)]

    def iter_levels(self, side: Side, now: int = 0) -> Iterator[BookLevel]:
        """Price levels of a side, best first."""
        for tick in self.ticks(side):
            queue = self.queue(side, tick, now)
            if queue:
                yield BookLevel(side, tick, sum(order.lots for order in queue), len(queue))

    def levels(self, side: Side, depth: int | None = None, now: int = 0) -> list[BookLevel]:
        """The first `depth` levels of a side, best first; None for all."""
        found: list[BookLevel] = []
        for level in self.iter_levels(side, now):
            if depth is not None and len(found) == depth:
                break
            found.append(level)
        return found

    def best(self, side: Side, now: int = 0) -> int | None:
        """Best tick of a side; None when it is empty."""
        level = next(self.iter_levels(side, now), None)
        return level.tick if level else None

    def of_account(self, account: int, now: int = 0) -> list[Order]:
        """Live orders of an account, oldest first."""
        ids = self._by_account.get(account, ())
        return [order for order_id in ids if _live(order := self.orders[order_id], now)]

    def checksum(self, depth: int | None = None, now: int = 0) -> int:
        """crc32 of the first `depth` levels of both sides; see `checksum`."""
        both = [*self.levels(Side.BUY, depth, now), *self.levels(Side.SELL, depth, now)]
        return checksum((level.side, level.tick, level.lots) for level in both)

    def copy(self) -> OrderBook:
        twin = OrderBook()
        twin.orders = self.orders.copy()
        twin._levels = {
            side: {tick: level.copy() for tick, level in levels.items()}
            for side, levels in self._levels.items()
        }
        twin._by_account = {account: ids.copy() for account, ids in self._by_account.items()}
        twin._sorted = {Side.BUY: None, Side.SELL: None}
        return twin


def _live(order: Order, now: int) -> bool:
    return not order.expiry or order.expiry > now
