"""One call on one book: act, then check margin and limits (Trading.sol; docs/spec/book.md)."""

from __future__ import annotations

from typing import NoReturn

from olivepress.events.records import Cancelled, Missed, Rejected, Taken
from olivepress.model import book, ledger, margin, mark, matching
from olivepress.model.context import (
    BY_OWNER,
    DEFAULT_STEPS,
    END_FILLED,
    END_IMMEDIATE,
    END_REDUCED,
    END_RESTS,
    Context,
)
from olivepress.model.errors import refuse
from olivepress.model.state import BUYS, SELLS, Account, Position, Side, State
from olivepress.reverts import (
    FillOrKill,
    InvalidBatch,
    InvalidFlags,
    NothingToReduce,
    OpenInterestCap,
    OrderExpired,
    OrderNotLive,
    PositionLimit,
    PostOnlyWouldCross,
    PriceOutsideBand,
    ReduceOnlySeries,
    SeriesExpired,
    SizeTooSmall,
    TickOutOfRange,
    UnknownSeries,
)

IMMEDIATE = 1
FILL_OR_KILL = 2
POST_ONLY = 4
REDUCE_ONLY = matching.REDUCE_ONLY
SELL = 128
UNKNOWN_FLAGS = 96
"""Bits 32 and 64 are refused in an order."""
VALID_FLAGS = frozenset(
    flags
    for flags in range(256)
    if flags & 3 != 3 and not flags & UNKNOWN_FLAGS and not (flags & 3 and flags & POST_ONLY)
)

_NOBODY = Account(0, "")


def load(state: State, now: int, number: int, account: Account | None, max_steps: int = 0) -> Context:
    """A context for an account in a series. The mark is refreshed when the cached one is too old.

    `account` None: anybody, who only looks after the book. `max_steps` 0: the default.
    """
    series = state.series.get(number)
    if series is None:
        refuse(UnknownSeries, number)
    if now >= series.expiry:
        refuse(SeriesExpired, number, series.expiry)
    if account is None:
        account, position = _NOBODY, Position()
    else:
        position = series.positions.get(account.id) or state.position(series, account.id)
    before = state.journal.keep(position)
    steps = max_steps or DEFAULT_STEPS
    c = Context(state, now, account, series, position, before, series.hot.open_interest, steps, [])
    if mark.expired(series, now):
        refresh(c)
    return c


def refresh(c: Context) -> None:
    """The mark of this second into the hot figures, once a call."""
    if c.quote:
        return
    hot = c.series.hot
    c.state.journal.keep(hot)
    q = c.quote = mark.quote(c.state.oracle, c.series, c.now)
    hot.mark, hot.mark_time, hot.stale = q.mark, c.now, q.stale


def place(c: Context, flags: int, tick: int, lots: int, expiry: int, client_id: int) -> tuple[int, int, bool]:
    """Places one order, as in ITrading.place; margin is checked by `finish`.

    Returns the order id, 0 when nothing rests; lots traded; and whether a post-only order would have
    crossed, in which case nothing was placed.
    """
    _validate(c, flags, tick, lots, expiry)
    side = SELLS if flags & SELL else BUYS
    opposite = c.series.sides[1 - side]
    crossing = _crosses(tick, opposite)
    if crossing:
        refresh(c)
        if flags & POST_ONLY:  # BOOK-4
            matching.walk(c, opposite, tick, matching.PRUNE, flags)
            if _crosses(tick, opposite):
                return 0, 0, True
            crossing = False
    position, series, hot = c.position, c.series, c.series.hot
    guarded = hot.guarded and c.now < series.money.reduce_only_until
    if hot.stale or hot.deficit or guarded:  # MARK-7, BOOK-10
        if matching.reducible(position, side) == 0:
            refuse(ReduceOnlySeries, series.id)
        flags |= REDUCE_ONLY
    # BOOK-5. What rests is clipped when it is filled.
    if flags & REDUCE_ONLY and matching.reducible(position, side) == 0:
        refuse(NothingToReduce, series.id, position.lots)
    most = (position.lots + position.open_buy if side == BUYS else position.open_sell - position.lots) + lots
    if most > series.spec.position_limit:  # BOOK-8
        refuse(PositionLimit, series.id, most, series.spec.position_limit)
    if flags & 3 == 0:
        low, high = matching.band(series)
        if not low <= tick <= high:
            refuse(PriceOutsideBand, tick, low, high)
    c.margined = True
    filled = 0
    if crossing:
        lots, filled = _take(c, opposite, flags, tick, lots, client_id)
    elif flags & 3:
        if flags & FILL_OR_KILL:
            refuse(FillOrKill, 0, lots)
        c.records.append((Taken, flags, tick, 0, lots, hot.mark, client_id, END_IMMEDIATE))
        lots = 0
    if not lots:
        return 0, filled, False
    return book.rest(c, series.sides[side], tick, lots, flags, expiry, client_id), filled, False


def _crosses(tick: int, opposite: Side) -> bool:
    ticks = opposite.ticks
    if not ticks:
        return False
    return tick >= ticks[0] if opposite.side == SELLS else tick <= ticks[-1]


def _validate(c: Context, flags: int, tick: int, lots: int, expiry: int) -> None:
    """BOOK-7, but for what `load` has refused."""
    spec = c.series.spec
    if flags not in VALID_FLAGS:
        refuse(InvalidFlags, flags)
    if not 1 <= tick <= spec.price_cap:
        refuse(TickOutOfRange, tick, 1, spec.price_cap)
    if lots < spec.min_lots:
        refuse(SizeTooSmall, lots, spec.min_lots)
    if expiry and expiry <= c.now:
        refuse(OrderExpired, expiry, c.now)


def _take(c: Context, opposite: Side, flags: int, tick: int, lots: int, client_id: int) -> tuple[int, int]:
    """Trades. Returns the lots that shall rest, and those traded."""
    taking = lots
    if flags & REDUCE_ONLY:
        taking = min(lots, matching.reducible(c.position, 1 - opposite.side))
    low, high = matching.band(c.series)
    limit = max(tick, low) if flags & SELL else min(tick, high)
    left, end = matching.walk(c, opposite, limit, taking, flags)
    filled = taking - left
    if flags & FILL_OR_KILL and filled != lots:  # BOOK-3
        refuse(FillOrKill, filled, lots)
    unfilled = lots - filled
    # BOOK-1 rests, BOOK-2 does not.
    if unfilled == 0:
        end = END_FILLED
    elif end == END_FILLED:
        if flags & REDUCE_ONLY and filled and left == 0:
            end = END_REDUCED
        else:
            end = END_IMMEDIATE if flags & IMMEDIATE else END_RESTS
    c.records.append((Taken, flags, tick, filled, unfilled, c.series.hot.mark, client_id, end))
    return unfilled if end == END_RESTS else 0, filled


def finish(c: Context) -> None:
    """Checks margin (MARGIN-10) and open interest (BOOK-9); logs what was done to the book."""
    p, series = c.position, c.series
    # An IOC that found nothing, for one, needs not join. What ends idle may have left others without offset.
    if c.margined and (p.lots or p.open_count or p.quote or not Position(*c.before).idle):
        if series.id not in c.account.series:
            ledger.join(c.state, c.account, series)
        if margin.check(c):
            p.checked_mark = series.hot.mark
    if c.traded_lots:
        assert c.quote, "nothing trades without the mark of now"
        hot, cap = series.hot, series.spec.open_interest_cap
        if hot.open_interest > cap and hot.open_interest > c.open_before:
            refuse(OpenInterestCap, series.id, hot.open_interest, cap)
        hot.traded = True
        mark.follow(series, c.quote.index, c.traded_lots, c.traded_ticks, c.now)
        c.state.journal.keep_field(series.money, "fees")
        series.money.fees += c.fees
        matching.fits(p)
    if c.records:
        c.state.log.add_book(series.id, c.account.id, c.records)


def cancel(state: State, account: Account, order_id: int) -> None:
    """Cancels one resting order; needs no mark and no margin (BOOK-11)."""
    series = state.series.get(order_id >> 80)
    position = series.positions.get(account.id) if series else None
    side = order_id >> 72 & 0xFF
    if series is None or position is None or position.settled or side > SELLS:
        refuse(OrderNotLive, order_id)
    # The position needs no keeping: once the order is out, nothing is refused.
    tick = order_id >> 48 & 0xFFFFFF
    index, generation = order_id >> 16 & 0xFFFFFFFF, order_id & 0xFFFF
    order = book.remove(state, account, position, series.sides[side], tick, index, generation)
    if order is None:
        refuse(OrderNotLive, order_id)
    gone = (Cancelled, order_id, BY_OWNER, tick, order.lots, account.id, order.client_id)
    state.log.add_book(series.id, account.id, (gone,))


def run(c: Context, operations: bytes, strict: bool) -> None:
    """Packed operations, as in ITrading.batch (BOOK-13)."""
    cursor = position = 0
    while cursor < len(operations):
        kind = operations[cursor]
        if kind == 1 and cursor + 21 <= len(operations):
            _run_place(c, operations[cursor + 1 : cursor + 21], position, strict)
            cursor += 21
        elif kind == 2 and cursor + 11 <= len(operations):
            _run_cancel(c, operations[cursor + 1 : cursor + 11], position, strict)
            cursor += 11
        else:
            refuse(InvalidBatch, cursor)
        position += 1


def _run_place(c: Context, packed: bytes, position: int, strict: bool) -> None:
    """flags 1 | tick 3 | lots 4 | expiry 4 | clientId 8"""
    number = int.from_bytes
    flags, tick, lots = packed[0], number(packed[1:4]), number(packed[4:8])
    expiry, client_id = number(packed[8:12]), number(packed[12:20])
    if place(c, flags, tick, lots, expiry, client_id)[2]:
        if strict:
            would_cross(c, flags, tick)
        c.records.append((Rejected, position, client_id, 1))


def _run_cancel(c: Context, packed: bytes, position: int, strict: bool) -> None:
    """side 1 | tick 3 | index 4 | generation 2"""
    order_id = c.series.id << 80 | int.from_bytes(packed)
    side, tick = packed[0], int.from_bytes(packed[1:4])
    order = None
    if side <= SELLS:
        where = tick, int.from_bytes(packed[4:8]), int.from_bytes(packed[8:10])
        order = book.remove(c.state, c.account, c.position, c.series.sides[side], *where)
    if order is not None:
        c.records.append((Cancelled, order_id, BY_OWNER, tick, order.lots, c.account.id, order.client_id))
    elif strict:
        refuse(OrderNotLive, order_id)
    else:
        c.records.append((Missed, position, order_id))


def would_cross(c: Context, flags: int, tick: int) -> NoReturn:
    refuse(PostOnlyWouldCross, tick, book.best(c.series.sides[BUYS if flags & SELL else SELLS]))
