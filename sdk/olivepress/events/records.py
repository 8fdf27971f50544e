"""The records of a `Book` event: 32-byte words, laid out in contracts/interfaces/IExchangeEvents.sol.

Struct-based, because a book's log is read far more often than anything else. Ticks and lots are the
contract's; `order_id` is the 96-bit id. Unknown kinds raise MalformedLog: a newer contract needs a newer SDK.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from olivepress.errors import OlivepressError

WORD = 32
SELL = 128


class MalformedLog(OlivepressError):
    """A log that this version of the SDK cannot read."""


class CancelReason(IntEnum):
    """Why a resting order was retired."""

    OWNER = 0
    EXPIRED = 1
    OUTSIDE_BAND = 2
    MARK_MOVED = 3
    OLDER_EPOCH = 4
    SELF_TRADE = 5
    NOTHING_TO_REDUCE = 6


class TakeEnd(IntEnum):
    """What became of the part of a taking order that did not trade."""

    FILLED = 0
    RESTS = 1
    IOC = 2
    STEP_BOUND = 3
    SELF_TRADE = 4
    NOTHING_TO_REDUCE = 5


class Placed(NamedTuple):
    """An order rests with `lots`, at the end of its level."""

    order_id: int
    flags: int
    tick: int
    lots: int
    expiry: int
    client_id: int


class Cancelled(NamedTuple):
    """A resting order is gone; `lots` were open."""

    order_id: int
    reason: int
    tick: int
    lots: int
    account: int
    client_id: int


class Filled(NamedTuple):
    """`lots` of a resting order traded at its tick; `left` stay in it. `side` is the resting order's."""

    order_id: int
    side: int
    tick: int
    lots: int
    maker: int
    client_id: int
    left: int


class Taken(NamedTuple):
    """Summary of a taking order, after its fills; `end` is a TakeEnd."""

    flags: int
    tick: int
    filled: int
    unfilled: int
    mark: int
    client_id: int
    end: int


class Missed(NamedTuple):
    """A cancel in a batch found nothing live."""

    position: int
    order_id: int


class Rejected(NamedTuple):
    """A post-only order in a batch would have crossed."""

    position: int
    client_id: int
    reason: int


Record = Placed | Cancelled | Filled | Taken | Missed | Rejected

_PLACED = Struct(">xIIHIIQ5x")
_CANCELLED = Struct(">xBIIHIIQ4x")
_FILLED = Struct(">xIIHIIQIx")
_TAKEN = Struct(">xIII3sQB7x")
_MISSED = Struct(">xH12s17x")
_REJECTED = Struct(">xHQB20x")


# Skips the generated constructors, which check what the structs have fixed already.
_new = tuple.__new__


def decode_records(series: int, data: bytes) -> list[Record]:
    """The records of one log in their order. `series` completes the order ids."""
    if len(data) % WORD:
        raise MalformedLog(f"book records are {len(data)} bytes, not a multiple of {WORD}")
    top = series << 80
    records: list[Record] = []
    for at in range(0, len(data), WORD):
        kind = data[at]
        if kind == 3:
            place, index, gen, lots, maker, client, left = _FILLED.unpack_from(data, at)
            order_id = top | place << 48 | index << 16 | gen
            fields = (order_id, place >> 24, place & 0xFFFFFF, lots, maker, client, left)
            records.append(_new(Filled, fields))
        elif kind == 1:
            place, index, gen, lots, expiry, client = _PLACED.unpack_from(data, at)
            tick = place & 0xFFFFFF
            order_id = top | (place >> 31) << 72 | tick << 48 | index << 16 | gen
            records.append(_new(Placed, (order_id, place >> 24, tick, lots, expiry, client)))
        elif kind == 2:
            reason, place, index, gen, lots, account, client = _CANCELLED.unpack_from(data, at)
            order_id = top | place << 48 | index << 16 | gen
            records.append(_new(Cancelled, (order_id, reason, place & 0xFFFFFF, lots, account, client)))
        elif kind == 4:
            place, filled, unfilled, mark, client, end = _TAKEN.unpack_from(data, at)
            summary = (place >> 24, place & 0xFFFFFF, filled, unfilled, int.from_bytes(mark), client, end)
            records.append(_new(Taken, summary))
        elif kind == 5:
            position, raw_id = _MISSED.unpack_from(data, at)
            records.append(Missed(position, int.from_bytes(raw_id)))
        elif kind == 6:
            records.append(Rejected(*_REJECTED.unpack_from(data, at)))
        else:
            raise MalformedLog(f"book record of unknown kind {kind} at byte {at}")
    return records
