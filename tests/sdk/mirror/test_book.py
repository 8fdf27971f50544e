"""One book: price-time order, partial fills, ghosts, expiry, checksum; against a plain list of orders."""

from __future__ import annotations

import zlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from olivepress.mirror import OrderBook, checksum
from olivepress.types import Order, OrderId, Side


def order(side: Side, tick: int, index: int, lots: int = 5, account: int = 1, expiry: int = 0) -> Order:
    return Order(OrderId.pack(1, side, tick, index, 1), account, lots, expiry=expiry)


def book_of(*orders: Order) -> OrderBook:
    book = OrderBook()
    for one in orders:
        book.add(one)
    return book


def test_levels_are_best_first_and_queues_oldest_first() -> None:
    late, early = order(Side.BUY, 100, 2, 3), order(Side.BUY, 100, 9, 4)
    book = book_of(order(Side.BUY, 99, 1), early, late, order(Side.SELL, 103, 1), order(Side.SELL, 102, 1))
    assert [(level.tick, level.lots, level.orders) for level in book.levels(Side.BUY)] == [
        (100, 7, 2),
        (99, 5, 1),
    ]
    assert [level.tick for level in book.levels(Side.SELL)] == [102, 103]
    assert book.queue(Side.BUY, 100) == [early, late]
    assert (book.best(Side.BUY), book.best(Side.SELL)) == (100, 102)
    assert [level.tick for level in book.levels(Side.SELL, depth=1)] == [102]


def test_a_partial_fill_keeps_its_place() -> None:
    first, second = order(Side.SELL, 50, 1), order(Side.SELL, 50, 2)
    book = book_of(first, second)
    book.reduce(first.id, 2)
    assert book.queue(Side.SELL, 50) == [replace(first, lots=3), second]
    book.reduce(first.id, 3)
    assert book.queue(Side.SELL, 50) == [second]
    assert first.id not in book.orders


def test_records_of_orders_that_are_gone_change_nothing() -> None:
    book = book_of(order(Side.BUY, 10, 1))
    book.reduce(OrderId.pack(1, Side.BUY, 10, 7, 1), 5)
    assert book.remove(OrderId.pack(1, Side.SELL, 10, 1, 1)) is None
    assert len(book.orders) == 1


def test_a_mass_cancel_takes_one_accounts_orders() -> None:
    other = order(Side.SELL, 60, 1, account=2)
    book = book_of(order(Side.BUY, 10, 1), order(Side.BUY, 11, 1), other)
    book.remove_account(1)
    assert list(book.orders.values()) == [other]
    assert book.best(Side.BUY) is None
    book.remove_account(3)
    assert book.of_account(2) == [other]


def test_expired_orders_are_left_out_for_whoever_gives_the_time() -> None:
    book = book_of(order(Side.BUY, 10, 1, expiry=100), order(Side.BUY, 9, 1))
    assert book.best(Side.BUY, now=99) == 10
    assert book.best(Side.BUY, now=100) == 9
    assert book.best(Side.BUY) == 10
    assert [one.tick for one in book.of_account(1, now=100)] == [9]
    assert book.checksum(now=99) != book.checksum(now=100)


def test_checksum_is_the_crc_of_the_levels() -> None:
    book = book_of(order(Side.BUY, 10, 1, 3), order(Side.SELL, 12, 1, 4), order(Side.SELL, 13, 1, 4))
    raw = bytes([0]) + (10).to_bytes(4) + (3).to_bytes(4) + bytes([1]) + (12).to_bytes(4) + (4).to_bytes(4)
    assert book.checksum(depth=1) == zlib.crc32(raw)
    assert checksum([(Side.BUY, 10, 3), (Side.SELL, 12, 4)]) == zlib.crc32(raw)
    assert book.checksum() != book.checksum(depth=1)
    assert OrderBook().checksum() == 0


def test_a_copy_is_independent() -> None:
    book = book_of(order(Side.BUY, 10, 1), order(Side.SELL, 12, 1))
    twin = book.copy()
    book.remove(order(Side.BUY, 10, 1).id)
    book.add(order(Side.SELL, 11, 1))
    assert twin.best(Side.BUY) == 10
    assert twin.best(Side.SELL) == 12
    assert twin.of_account(1) == [order(Side.BUY, 10, 1), order(Side.SELL, 12, 1)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from("arx"), st.integers(0, 1), st.integers(1, 4), st.integers(1, 6), st.integers(1, 3)
    ),
    max_size=60,
)


@given(STEPS)
def test_any_history_gives_the_book_of_a_plain_list(
    steps: list[tuple[str, int, int, int, int]],
) -> None:
    book, plain = OrderBook(), list[Order]()
    for index, (action, side, tick, lots, account) in enumerate(steps, start=1):
        if action == "a":
            new = order(Side(side), tick, index, lots, account)
            book.add(new)
            plain.append(new)
        elif action == "r" and plain:
            at = lots % len(plain)
            book.reduce(plain[at].id, lots)
            plain[at] = replace(plain[at], lots=plain[at].lots - lots)
            plain = [one for one in plain if one.lots > 0]
        elif action == "x":
            book.remove_account(account)
            plain = [one for one in plain if one.account != account]
    for one_side in Side:
        wanted = sorted(
            (one for one in plain if one.side is one_side), key=lambda one: -one_side.sign * one.tick
        )
        found = [one for tick in book.ticks(one_side) for one in book.queue(one_side, tick)]
        assert found == wanted
        assert book.best(one_side) == (wanted[0].tick if wanted else None)
    for account in (1, 2, 3):
        assert set(book.of_account(account)) == {one for one in plain if one.account == account}
