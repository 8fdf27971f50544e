"""Order queues: one per series, side and tick (OrderBook.sol; docs/spec/book.md).

An order stands at an index of its level's queue, head <= index < tail. A filled order is retired by moving
the head; a cancelled one is trimmed at either end of its queue or stays as a tombstone. A level that
empties starts again at index 1, and each use of an index has a generation of its own, so that an order id
never comes twice (BOOK-14).

    order id = series 16 | side 8 | tick 24 | index 32 | generation 16

The best price of a side is that of its best level. It may be a ghost: mass cancels kill orders in O(1) by
raising the epoch of the position, and those stay in their queues until somebody meets them (BOOK-12,
BOOK-20).
"""

from __future__ import annotations

from bisect import bisect_left, insort

from olivepress.events.model import MassCancelled
from olivepress.events.records import Placed
from olivepress.model.context import Context
from olivepress.model.errors import refuse
from olivepress.model.state import (
    BUYS,
    MAX_OPEN_ORDERS,
    NO_ASK,
    Account,
    Level,
    Order,
    Position,
    Series,
    Side,
    State,
)
from olivepress.reverts import LevelFull, TooManyOrders

MAX_TRIM = 16
"""Tombstones that one cancel may trim."""

_LAST_INDEX = (1 << 32) - 1


def best(side: Side) -> int:
    """Tick of the best level, ghosts included; of an empty side 0 for buys, NO_ASK for sells."""
    if side.side == BUYS:
        return side.ticks[-1] if side.ticks else 0
    return side.ticks[0] if side.ticks else NO_ASK


def rest(c: Context, side: Side, tick: int, lots: int, flags: int, expiry: int, client_id: int) -> int:
    """Puts an order at the end of its queue and reserves its lots (BOOK-8)."""
    journal, position = c.state.journal, c.position
    level = side.levels.get(tick)
    if level is None:
        level = Level(side.id << 72 | tick << 48)
        journal.put(side.levels, tick, level)
    index = level.tail
    if index == _LAST_INDEX:
        refuse(LevelFull, tick)
    if position.open_count == MAX_OPEN_ORDERS:
        refuse(TooManyOrders, c.series.id, MAX_OPEN_ORDERS)
    if level.head == index:
        insort(side.ticks, tick)
    used = level.generations
    if index > len(used):
        generation = 1
        used.append(1)
    else:
        generation = used[index - 1] = (used[index - 1] + 1) & 0xFFFF
    level.orders[index] = Order(c.account.id, lots, position.epoch, expiry, flags, generation, client_id)
    level.tail = index + 1
    journal.on_undo((_take_back, side, tick, level))
    position.open_count += 1
    if side.side == BUYS:
        position.open_buy += lots
    else:
        position.open_sell += lots
    order_id = level.id | index << 16 | generation
    c.records.append((Placed, order_id, flags, tick, lots, expiry, client_id))
    return order_id


def _take_back(side: Side, tick: int, level: Level) -> None:
    """Undoes `rest` while its order is the last of the level."""
    level.tail -= 1
    index = level.tail
    del level.orders[index]
    if level.head == index:
        side.ticks.remove(tick)
    used = level.generations
    if index == len(used) and used[-1] == 1:
        used.pop()
    else:
        used[index - 1] = (used[index - 1] - 1) & 0xFFFF


def release(position: Position, side: int, lots: int, whole: bool) -> None:
    """Gives back what a resting order reserved."""
    if side == BUYS:
        position.open_buy -= lots
    else:
        position.open_sell -= lots
    if whole:
        position.open_count -= 1


def remove(
    state: State, account: Account, position: Position, side: Side, tick: int, index: int, generation: int
) -> Order | None:
    """Takes one live order of the account out of its queue; None, and nothing changed, when there is none."""
    level = side.levels.get(tick)
    order = level.orders.get(index) if level else None
    if (
        level is None
        or order is None
        or order.account != account.id
        or order.generation != generation
        or order.epoch != position.epoch
    ):
        return None
    state.journal.on_undo((_put_back, level, index, order, level.head, level.tail))
    release(position, side.side, order.lots, True)
    orders = level.orders
    del orders[index]
    if index + 1 == level.tail:
        level.tail = _trim(orders, index, level.head, -1)
    elif index == level.head:
        level.head = _trim(orders, index + 1, level.tail, 1)
    if level.head == level.tail:
        drop(state, side, tick, level)
    return order


def _put_back(level: Level, index: int, order: Order, head: int, tail: int) -> None:
    level.orders[index] = order
    level.head, level.tail = head, tail


def _trim(orders: dict[int, Order], start: int, end: int, step: int) -> int:
    """Past the tombstones from `start` towards `end`, at most MAX_TRIM of them."""
    at = start
    behind = 0 if step > 0 else -1
    for _ in range(MAX_TRIM):
        if at == end or at + behind in orders:
            break
        at += step
    return at


def drop(state: State, side: Side, tick: int, level: Level) -> None:
    """A level emptied: it starts again at index 1."""
    level.head = level.tail = 1
    ticks = side.ticks
    del ticks[bisect_left(ticks, tick)]
    state.journal.on_undo((insort, ticks, tick))


def kill_orders(state: State, account: int, series: Series | None) -> None:
    """A newer epoch kills every order of an older one in O(1); their lots are free at once (BOOK-12)."""
    position = series.positions.get(account) if series else None
    if series is None or position is None or position.open_count == 0:
        return
    state.journal.keep(position)
    position.epoch += 1
    position.open_buy = position.open_sell = position.open_count = 0
    state.log.add(MassCancelled, series.id, account, position.epoch)
