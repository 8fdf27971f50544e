"""Book records, against words written bit by bit from the interface's layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import exchange_kit as kit
from olivepress.events import (
    Book,
    Cancelled,
    Filled,
    MalformedLog,
    Missed,
    Placed,
    Rejected,
    Taken,
    decode_book,
    decode_records,
)
from olivepress.types import OrderId, Side


def uint(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


@given(uint(16), uint(8), uint(24), uint(32), uint(16), uint(32), uint(32), uint(64))
def test_placed(
    series: int, flags: int, tick: int, index: int, gen: int, lots: int, expiry: int, client: int
) -> None:
    data = kit.placed(flags, tick, index, gen, lots, expiry, client)
    side = Side.SELL if flags & 128 else Side.BUY
    wanted = OrderId.pack(series, side, tick, index, gen)
    assert decode_records(series, data) == [Placed(wanted, flags, tick, lots, expiry, client)]


@given(uint(8), st.integers(0, 1), uint(24), uint(32), uint(16), uint(32), uint(32), uint(64))
def test_cancelled(
    reason: int, side: int, tick: int, index: int, gen: int, lots: int, account: int, client: int
) -> None:
    data = kit.cancelled(reason, side, tick, index, gen, lots, account, client)
    wanted = OrderId.pack(9, Side(side), tick, index, gen)
    assert decode_records(9, data) == [Cancelled(wanted, reason, tick, lots, account, client)]


@given(st.integers(0, 1), uint(24), uint(32), uint(16), uint(32), uint(32), uint(64), uint(32))
def test_filled(
    side: int, tick: int, index: int, gen: int, lots: int, maker: int, client: int, left: int
) -> None:
    data = kit.filled(side, tick, index, gen, lots, maker, client, left)
    wanted = OrderId.pack(2, Side(side), tick, index, gen)
    assert decode_records(2, data) == [Filled(wanted, side, tick, lots, maker, client, left)]


@given(uint(8), uint(24), uint(32), uint(32), uint(24), uint(64), uint(8))
def test_taken(flags: int, limit: int, done: int, left: int, mark: int, client: int, end: int) -> None:
    data = kit.taken(flags, limit, done, left, mark, client, end)
    assert decode_records(1, data) == [Taken(flags, limit, done, left, mark, client, end)]


@given(uint(16), uint(96), uint(64), uint(8))
def test_missed_and_rejected(position: int, order_id: int, client: int, reason: int) -> None:
    data = kit.missed(position, order_id) + kit.rejected(position, client, reason)
    assert decode_records(1, data) == [Missed(position, order_id), Rejected(position, client, reason)]


def test_a_log_keeps_the_order_of_its_records() -> None:
    records = [kit.filled(1, 100, 1, 1, 5, maker=2), kit.taken(0, 100, 5, 3, 99), kit.placed(0, 100, 1, 1, 3)]
    event = decode_book(kit.book_log(records, series=4, account=7, block=21, index=3))
    assert (event.series, event.account, event.block, event.log_index) == (4, 7, 21, 3)
    assert [type(record) for record in event.records] == [Filled, Taken, Placed]
    assert isinstance(event, Book)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x03" + bytes(30), "31 bytes, not a multiple of 32"),
        (kit.placed(0, 1, 1, 1, 1) + b"\x09" + bytes(31), "unknown kind 9 at byte 32"),
        (bytes(32), "unknown kind 0"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, message: str) -> None:
    with pytest.raises(MalformedLog, match=message):
        decode_records(1, data)


def test_a_log_that_is_cut_off_is_refused() -> None:
    log = kit.book_log([kit.placed(0, 1, 1, 1, 1)])
    log["data"] = log["data"][:-10]
    with pytest.raises(MalformedLog, match="announces 32 bytes"):
        decode_book(log)
