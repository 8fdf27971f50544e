"""The order queues: priority, tombstones, trimming, generations, ghosts, and why resting orders are
retired."""

from __future__ import annotations

import pytest

from model_kit import CANCEL_TAKING, FOK, IOC, POST_ONLY, REDUCE_ONLY, Market
from olivepress.events import Book, Cancelled, CancelReason, Filled, MassCancelled, Placed, TakeEnd, Taken
from olivepress.events.records import Missed, Rejected
from olivepress.model.state import BUYS, SELLS
from olivepress.reverts import (
    FillOrKill,
    InsufficientMargin,
    InvalidBatch,
    InvalidFlags,
    NothingToReduce,
    OrderExpired,
    OrderNotLive,
    PositionLimit,
    PostOnlyWouldCross,
    PriceOutsideBand,
    SeriesExpired,
    SizeTooSmall,
    TickOutOfRange,
    TooManyOrders,
    UnknownSeries,
)
from olivepress.types import OrderId


@pytest.fixture
def market() -> Market:
    market = Market()
    market.fund("ann", "bob", "eve")
    market.exchange.log.drain()
    return market


def records(market: Market) -> list[object]:
    return [one for event in market.exchange.log.drain() if isinstance(event, Book) for one in event.records]


def place_of(order: int) -> tuple[int, int]:
    return OrderId(order).index, OrderId(order).generation


def level(market: Market, tick: int, side: int = SELLS) -> tuple[int, int]:
    found = market.exchange.state.series[market.series].sides[side].levels[tick]
    return found.head, found.tail


def test_price_then_time(market: Market) -> None:
    """[BOOK-15]"""
    second, _ = market.sell("ann", 1_002, 5)
    first, _ = market.sell("bob", 1_001, 5)
    third, _ = market.sell("bob", 1_002, 5)
    records(market)
    assert market.buy("eve", 1_010, 12) == (0, 12)
    fills = [one for one in records(market) if isinstance(one, Filled)]
    assert [(one.order_id, one.lots, one.left) for one in fills] == [
        (first, 5, 0),
        (second, 5, 0),
        (third, 2, 3),
    ]
    assert market.depth(sells=True) == [(1_002, 3, 1)]


def test_what_does_not_trade_rests_and_says_so(market: Market) -> None:
    """[BOOK-1]"""
    market.sell("ann", 1_001, 5, client_id=7)
    records(market)
    order, filled = market.buy("bob", 1_002, 8, client_id=9)
    assert filled == 5
    fill, taken, placed = records(market)
    assert isinstance(fill, Filled)
    assert (fill.maker, fill.client_id, fill.left) == (1, 7, 0)
    assert taken == Taken(0, 1_002, 5, 3, 1_000, 9, TakeEnd.RESTS)
    assert placed == Placed(order, 0, 1_002, 3, 0, 9)


def test_a_middle_order_leaves_a_tombstone_and_an_end_is_trimmed(market: Market) -> None:
    """[BOOK-14]"""
    orders = [market.sell("ann", 1_001, 1)[0] for _ in range(4)]
    cancel = market.exchange.cancel
    cancel(market.by("ann"), orders[1])
    cancel(market.by("ann"), orders[2])
    assert level(market, 1_001) == (1, 5)
    cancel(market.by("ann"), orders[3])
    assert level(market, 1_001) == (1, 2), "the tail went past both tombstones"
    again = [market.sell("ann", 1_001, 1)[0] for _ in range(3)]
    assert [place_of(one) for one in again] == [(2, 2), (3, 2), (4, 2)]
    cancel(market.by("ann"), again[0])
    cancel(market.by("ann"), orders[0])
    assert level(market, 1_001) == (3, 5), "so did the head"


def test_one_cancel_trims_at_most_sixteen(market: Market) -> None:
    """[BOOK-14]"""
    orders = [market.sell("ann", 1_001, 1)[0] for _ in range(20)]
    for order in orders[1:19]:
        market.exchange.cancel(market.by("ann"), order)
    market.exchange.cancel(market.by("ann"), orders[19])
    assert level(market, 1_001) == (1, 4), "20 itself, then 16 tombstones: 19 to 4"
    market.exchange.cancel(market.by("ann"), orders[0])
    assert level(market, 1_001) == (1, 1)
    assert market.exchange.state.series[1].sides[SELLS].ticks == []


def test_a_level_that_empties_starts_again_with_the_next_generation(market: Market) -> None:
    """[BOOK-14]"""
    ids = set()
    for generation in range(1, 4):
        order, _ = market.buy("ann", 999, 1)
        assert place_of(order) == (1, generation)
        ids.add(order)
        market.sell("bob", 999, 1)
    assert len(ids) == 3


def test_an_id_of_an_earlier_generation_is_not_live(market: Market) -> None:
    """[BOOK-14]"""
    old, _ = market.buy("ann", 999, 1)
    market.exchange.cancel(market.by("ann"), old)
    new, _ = market.buy("ann", 999, 1)
    with pytest.raises(OrderNotLive) as caught:
        market.exchange.cancel(market.by("ann"), old)
    assert caught.value.values == {"orderId": old}
    market.exchange.cancel(market.by("ann"), new)


def test_nobody_cancels_anothers_order(market: Market) -> None:
    """[BOOK-11]"""
    order, _ = market.buy("ann", 999, 1)
    with pytest.raises(OrderNotLive):
        market.exchange.cancel(market.by("bob"), order)
    assert market.depth(sells=False) == [(999, 1, 1)]


def test_mass_cancel_leaves_ghosts_that_a_take_removes(market: Market) -> None:
    """[BOOK-12] [BOOK-20]"""
    for tick in (1_001, 1_002):
        market.sell("ann", tick, 2)
    market.sell("bob", 1_003, 2)
    records(market)
    market.exchange.mass_cancel(market.by("ann"), market.series)
    (event,) = market.exchange.log.drain()
    assert isinstance(event, MassCancelled)
    assert (event.series, event.account, event.epoch) == (1, 1, 1)
    assert market.position("ann").open_sell == market.position("ann").open_count == 0
    assert market.exchange.state.series[1].sides[SELLS].ticks[0] == 1_001, "the best level is a ghost"
    assert market.exchange.best(1, True, market.now) == 1_003
    assert market.buy("eve", 1_010, 1) == (0, 1)
    gone = [one for one in records(market) if isinstance(one, Cancelled)]
    assert [(one.tick, one.reason) for one in gone] == [
        (1_001, CancelReason.OLDER_EPOCH),
        (1_002, CancelReason.OLDER_EPOCH),
    ]
    assert market.position("ann").open_sell == 0


def test_the_step_bound_stops_cleanly_with_progress_kept(market: Market) -> None:
    """[BOOK-3] [BOOK-19]"""
    for _ in range(5):
        market.sell("ann", 1_001, 1)
    assert market.buy("bob", 1_001, 5, IOC, max_steps=3) == (0, 3)
    taken = records(market)[-1]
    assert isinstance(taken, Taken)
    assert (taken.filled, taken.unfilled, taken.end) == (3, 2, TakeEnd.STEP_BOUND)
    with pytest.raises(FillOrKill) as caught:
        market.buy("bob", 1_001, 2, FOK, max_steps=1)
    assert caught.value.values == {"filled": 1, "lots": 2}
    assert market.depth(sells=True) == [(1_001, 2, 2)]


def test_prune_removes_the_dead_in_front_of_the_living(market: Market) -> None:
    """[BOOK-1] [BOOK-20]"""
    market.sell("ann", 1_001, 1, expiry=market.now + 10)
    market.sell("bob", 1_001, 1)
    market.now += 10
    assert market.exchange.prune(market.by("stranger"), 1, True) == 2
    assert level(market, 1_001) == (2, 3)
    assert market.position("ann").open_count == 0
    assert market.exchange.prune(market.by("stranger"), 1, False) == 0


def test_post_only_prunes_ghosts_and_refuses_to_cross(market: Market) -> None:
    """[BOOK-4]"""
    market.sell("ann", 1_001, 1)
    market.exchange.mass_cancel(market.by("ann"), 1)
    order, filled = market.buy("bob", 1_001, 1, POST_ONLY)
    assert order
    assert filled == 0
    with pytest.raises(PostOnlyWouldCross) as caught:
        market.sell("eve", 1_000, 1, POST_ONLY)
    assert caught.value.values == {"tick": 1_000, "opposite": 1_001}


def test_a_limit_beyond_the_band_takes_inside_it_only(market: Market) -> None:
    """[BOOK-2]"""
    market.sell("ann", 1_040, 1)
    market.sell("ann", 1_020, 1)
    market.index.price = 990  # the band ends at 1,029
    market.now += 61
    assert market.buy("bob", 5_000, 2, IOC) == (0, 1)
    assert market.depth(sells=True) == [(1_040, 1, 1)]


def packed(flags: int, tick: int, lots: int) -> bytes:
    """A place of a batch."""
    return bytes((1, flags)) + tick.to_bytes(3) + lots.to_bytes(4) + bytes(12)


def test_a_batch_skips_what_missed_and_undoes_what_is_wrong(market: Market) -> None:
    """[BOOK-13]"""
    old, _ = market.buy("ann", 999, 5_000)  # IM 1,000,000: all she has
    market.sell("bob", 1_010, 1)
    records(market)
    cancel = b"\x02" + (old & (1 << 80) - 1).to_bytes(10)
    cross = packed(POST_ONLY, 1_010, 1)
    requote = packed(0, 998, 5_000) + cancel + cancel + cross
    for operations, error in (
        (requote + packed(0, 900, 1), PriceOutsideBand),
        (packed(0, 998, 1), InsufficientMargin),
        (cancel + b"\x03", InvalidBatch),
    ):
        with pytest.raises(error):
            market.exchange.batch(market.by("ann"), 1, operations, False, 0)
    for operations, error in ((cancel + cancel, OrderNotLive), (cancel + cross, PostOnlyWouldCross)):
        with pytest.raises(error):
            market.exchange.batch(market.by("ann"), 1, operations, True, 0)
    assert market.depth(sells=False) == [(999, 5_000, 1)]
    market.exchange.batch(market.by("ann"), 1, requote, False, 0)
    assert [type(one) for one in records(market)] == [Placed, Cancelled, Missed, Rejected]
    assert market.depth(sells=False) == [(998, 5_000, 1)], "margin was checked at the end"


def test_self_trade_cancels_the_resting_or_the_taking_order(market: Market) -> None:
    """[BOOK-18]"""
    market.sell("ann", 1_001, 2)
    market.sell("bob", 1_001, 2)
    assert market.buy("ann", 1_001, 3, IOC | CANCEL_TAKING) == (0, 0)
    taken = records(market)[-1]
    assert isinstance(taken, Taken)
    assert taken.end == TakeEnd.SELF_TRADE
    assert market.buy("ann", 1_001, 3, IOC) == (0, 2)
    assert [one.reason for one in records(market) if isinstance(one, Cancelled)] == [CancelReason.SELF_TRADE]
    assert market.position("ann").lots == 2
    assert market.position("ann").open_count == 0


def test_a_reduce_only_order_is_clipped_at_its_fill(market: Market) -> None:
    """[BOOK-5]"""
    market.sell("bob", 1_000, 5)
    market.buy("ann", 1_000, 5)
    order, _ = market.sell("ann", 1_001, 8, REDUCE_ONLY)
    records(market)
    market.buy("bob", 1_001, 6)
    fill, clip = records(market)[:2]
    assert fill == Filled(order, SELLS, 1_001, 5, 1, 0, 3)
    assert clip == Cancelled(order, CancelReason.NOTHING_TO_REDUCE, 1_001, 3, 1, 0)
    assert market.position("ann").lots == market.position("ann").open_sell == 0
    with pytest.raises(NothingToReduce) as caught:
        market.sell("ann", 1_001, 1, REDUCE_ONLY)
    assert caught.value.values == {"series": 1, "lots": 0}


@pytest.mark.parametrize(("side", "moved", "reason"), [
    (SELLS, 1_021, CancelReason.MARK_MOVED),  # 2% of 1,000 is 20
    (SELLS, 1_060, CancelReason.OUTSIDE_BAND),
    (BUYS, 979, CancelReason.MARK_MOVED),
    (BUYS, 940, CancelReason.OUTSIDE_BAND),
])  # fmt: skip
def test_a_maker_whose_mark_moved_against_it_is_spared(
    market: Market, side: int, moved: int, reason: CancelReason
) -> None:
    """[BOOK-16] [BOOK-17]"""
    place, take = (market.sell, market.buy) if side == SELLS else (market.buy, market.sell)
    place("ann", 1_000, 1)
    market.index.price = moved
    assert take("bob", 1_000, 1, IOC) == (0, 0)
    gone = next(one for one in records(market) if isinstance(one, Cancelled))
    assert gone.reason == reason
    assert market.position("ann").open_count == 0


def test_a_move_of_exactly_the_gap_still_fills(market: Market) -> None:
    """[BOOK-17]"""
    market.sell("ann", 1_000, 1)
    market.index.price = 1_020
    assert market.buy("bob", 1_020, 1) == (0, 1)


def test_an_own_order_is_not_retired_for_the_gap(market: Market) -> None:
    market.sell("ann", 1_000, 1)
    market.index.price = 1_030
    market.buy("ann", 1_030, 1, IOC)
    gone = next(one for one in records(market) if isinstance(one, Cancelled))
    assert gone.reason == CancelReason.SELF_TRADE


def test_refusals_carry_what_is_allowed(market: Market) -> None:
    """[BOOK-6] [BOOK-7] [BOOK-8]"""

    def refused(
        error: type[Exception], *, tick: int = 1_000, lots: int = 1, flags: int = 0, **more: int
    ) -> object:
        with pytest.raises(error) as caught:
            market.buy("ann", tick, lots, flags, **more)
        return caught.value.values  # type: ignore[attr-defined]

    assert refused(UnknownSeries, series=9) == {"series": 9}
    assert refused(InvalidFlags, flags=3) == {"flags": 3}
    assert refused(InvalidFlags, flags=IOC | POST_ONLY) == {"flags": 5}
    assert refused(InvalidFlags, flags=32) == {"flags": 32}
    assert refused(TickOutOfRange, tick=0) == {"tick": 0, "lowest": 1, "highest": 10_000}
    assert refused(SizeTooSmall, lots=0) == {"lots": 0, "minimum": 1}
    assert refused(OrderExpired, expiry=5) == {"expiry": 5, "now_": market.now}
    assert refused(PriceOutsideBand, tick=959) == {"tick": 959, "lowest": 960, "highest": 1_040}
    assert refused(PositionLimit, lots=100_001) == {"series": 1, "lots": 100_001, "limit": 100_000}
    assert refused(FillOrKill, flags=FOK) == {"filled": 0, "lots": 1}
    market.now = market.exchange.state.series[1].expiry
    assert refused(SeriesExpired) == {"series": 1, "expiry": market.now}


def test_two_hundred_and_fifty_orders_are_the_most(market: Market) -> None:
    """[BOOK-8]"""
    for _ in range(250):
        market.buy("ann", 999, 1)
    with pytest.raises(TooManyOrders):
        market.buy("ann", 998, 1)
    assert market.depth(sells=False) == [(999, 250, 250)]
