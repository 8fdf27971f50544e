"""The match loop: walks the opposite side from its best price, fills the living, retires the dead
(Matching.sol; docs/spec/book.md).

Price, then time (BOOK-15). A resting order is retired instead of filled when its account cancelled en masse
since (BOOK-12), when it ran out (BOOK-1), when it lies outside the band on the side that hurts its maker
(BOOK-16), when its maker's mark moved against it by more than `gap` since its margin was checked (BOOK-17),
when it has nothing to reduce (BOOK-5), or when it is the taker's own (BOOK-18).
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.events.records import Cancelled, Filled
from olivepress.model import book
from olivepress.model.context import (
    ALIVE,
    BY_BAND,
    BY_EPOCH,
    BY_EXPIRY,
    BY_GAP,
    BY_REDUCE_ONLY,
    BY_SELF_TRADE,
    END_FILLED,
    END_SELF_TRADE,
    END_STEPS,
    Context,
)
from olivepress.model.errors import refuse
from olivepress.model.state import BUYS, DAY, SELLS, Level, Order, Position, Series, Side
from olivepress.reverts import Overflow

REDUCE_ONLY = 8
STP_TAKING = 16
PRUNE = (1 << 256) - 1
"""`lots` of a walk that only removes dead orders."""

_MOST_QUOTE, _MOST_CLAIM = 1 << 78, 1 << 79


@dataclass(slots=True)
class Walk:
    """`left` are lots still to trade, `flags` those of the taking order, `end` says why the walk stopped
    early. `maker` is the account met last, `met` its position."""

    side: Side
    left: int
    flags: int
    low: int
    high: int
    met: Position
    tick: int = 0
    end: int = END_FILLED
    maker: int = 0


def walk(c: Context, side: Side, limit: int, lots: int, flags: int) -> tuple[int, int]:
    """Trades up to `lots` against resting orders of `side` that are no worse than `limit`.

    Returns the lots that did not trade, and why the walk stopped early; END_FILLED when it did not.
    """
    low, high = band(c.series)
    w = Walk(side, lots, flags, low, high, c.position)
    sells = side.side == SELLS
    ticks = side.ticks
    while ticks:
        w.tick = tick = ticks[0] if sells else ticks[-1]
        if tick > limit if sells else tick < limit:
            break
        if c.steps == 0:
            w.end = END_STEPS
            break
        if not _level(c, w, side.levels[tick]) or w.left == 0:
            break
    return w.left, w.end


def band(series: Series) -> tuple[int, int]:
    """Lowest and highest tick at which orders may be placed and filled (BOOK-6)."""
    spec, mark = series.spec, series.hot.mark
    low = (mark * (10_000 - spec.band_bps) + 9_999) // 10_000
    high = mark * (10_000 + spec.band_bps) // 10_000
    return low or 1, high if high < spec.price_cap else spec.price_cap


def _level(c: Context, w: Walk, level: Level) -> bool:
    """True when every order of the level is gone. Each place looked at is a step (BOOK-19)."""
    journal, orders = c.state.journal, level.orders
    index, tail = level.head, level.tail
    journal.on_undo((_set_ends, level, index, tail))
    while index != tail and w.left:
        if c.steps == 0:
            w.end = END_STEPS
            break
        c.steps -= 1
        order = orders.get(index)
        if order is not None:  # else a tombstone
            if not _order(c, w, order, level.id | index << 16 | order.generation):
                break
            journal.drop(orders, index)
        index += 1
    level.head = index
    if index != tail:
        return False
    book.drop(c.state, w.side, w.tick, level)
    return True


def _set_ends(level: Level, head: int, tail: int) -> None:
    level.head, level.tail = head, tail


def _order(c: Context, w: Walk, order: Order, order_id: int) -> bool:
    """True when the order is filled or retired; False leaves it at the head."""
    if order.account != w.maker:  # another than before
        w.maker, w.met = order.account, c.series.positions[order.account]
        c.state.journal.keep(w.met)
    position, own = w.met, order.account == c.account.id
    reason = _dead(c, w, order, position, own)
    if own and reason == ALIVE:
        if w.left == PRUNE or w.flags & STP_TAKING:
            w.end = END_SELF_TRADE
            return False
        reason = BY_SELF_TRADE
    if reason != ALIVE:
        if reason != BY_EPOCH:
            book.release(position, w.side.side, order.lots, True)
        c.records.append((Cancelled, order_id, reason, w.tick, order.lots, order.account, order.client_id))
        return True
    if w.left == PRUNE:
        return False
    return _fill(c, w, order, position, order_id)


def _dead(c: Context, w: Walk, order: Order, position: Position, own: bool) -> int:
    """Why an order may not be filled; ALIVE when it may."""
    buys = w.side.side == BUYS
    if order.epoch != position.epoch:
        return BY_EPOCH
    if order.expiry and order.expiry <= c.now:
        return BY_EXPIRY
    if w.tick > w.high if buys else w.tick < w.low:
        return BY_BAND
    if not own:
        # A flat maker is hurt by the move that its order would have suffered.
        long = position.lots > 0 or (position.lots == 0 and buys)
        was, mark = position.checked_mark, c.series.hot.mark
        against = was - mark if long else mark - was
        if against * 10_000 > was * c.series.spec.gap_bps:
            return BY_GAP
    if order.flags & REDUCE_ONLY and reducible(position, w.side.side) == 0:
        return BY_REDUCE_ONLY
    return ALIVE


def _fill(c: Context, w: Walk, order: Order, position: Position, order_id: int) -> bool:
    held, side = order.lots, w.side.side
    lots = w.left if w.left < held else held
    left, clipped = held - lots, 0
    if order.flags & REDUCE_ONLY:
        most = reducible(position, side)
        lots = min(lots, most)
        clipped = max(held - most, 0)
        left = held - lots - clipped
    w.left -= lots
    exchange(c, position, side, w.tick, lots)
    fits(position)
    book.release(position, side, lots + clipped, left == 0)
    account, client_id = order.account, order.client_id
    c.records.append((Filled, order_id, side, w.tick, lots, account, client_id, left + clipped))
    if clipped:
        c.records.append((Cancelled, order_id, BY_REDUCE_ONLY, w.tick, clipped, account, client_id))
    if left == 0:
        return True
    c.state.journal.keep_field(order, "lots")
    order.lots = left
    return False


def exchange(c: Context, maker: Position, side: int, tick: int, lots: int) -> None:
    """Moves `lots` at `tick` between the maker, who is on `side`, and the acting account (BOOK-23).

    No division but in fee and rebate (BOOK-24), and those round against whoever acts: quotes and fees sum up
    exactly.
    """
    taker, hot, spec = c.position, c.series.hot, c.series.spec
    amount, fee, rebate = lots * tick * spec.tick_value, 0, 0
    if not c.fees_waived:
        fee = (amount * spec.taker_fee + 999_999) // 1_000_000
        rebate = amount * spec.maker_rebate // 1_000_000
    buyer, seller = (maker, taker) if side == BUYS else (taker, maker)
    # Open interest is the sum of the long positions.
    if buyer.lots + lots > 0:
        hot.open_interest += lots if buyer.lots >= 0 else buyer.lots + lots
    if seller.lots > 0:
        hot.open_interest -= lots if seller.lots >= lots else seller.lots
    buyer.lots += lots
    buyer.quote -= amount
    seller.lots -= lots
    seller.quote += amount
    maker.quote += rebate
    taker.quote -= fee
    maker.last_fill_day = taker.last_fill_day = c.now // DAY
    c.fees += fee - rebate
    c.traded_lots += lots
    c.traded_ticks += lots * tick


def reducible(position: Position, side: int) -> int:
    """Lots that an order of `side` may still take off a position."""
    lots = -position.lots if side == BUYS else position.lots
    return lots if lots > 0 else 0


def fits(position: Position) -> None:
    """Refuses a quote that has grown beyond its storage; lots are bounded by the position limit."""
    # A claim (quote + lots x settlement price) has one bit more than a quote, so it always fits.
    most = _MOST_CLAIM if position.settled else _MOST_QUOTE
    if not -most <= position.quote < most:
        refuse(Overflow, most.bit_length(), position.quote)
