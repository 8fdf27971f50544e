"""Orders against the real contracts: what comes back, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market_kit import SYMBOL, Market
from olivepress import reverts
from olivepress.errors import UnknownSymbol
from olivepress.exchange import Cancel, CancelResult, OrderResult, Place
from olivepress.types import OrderId, Phase, Side, TimeInForce

D = Decimal


async def test_a_resting_order(market: Market) -> None:
    maker, taker, _ = market.traders
    rested = await maker.place(SYMBOL, Side.BUY, D("3.49"), 5, client_id=2**64 - 1)
    assert (rested.filled, rested.resting, rested.end, rested.average_price) == (0, 5, "rests", None)
    assert rested.order_id == OrderId.pack(1, Side.BUY, 3490, 1, 1)
    assert rested.client_id == 2**64 - 1
    (order,) = (await maker.account(1)).orders
    assert (order.order_id, order.price, order.lots, order.client_id) == (
        rested.order_id,
        D("3.49"),
        5,
        2**64 - 1,
    )
    book = await taker.book(SYMBOL)
    assert [(level.price, level.lots, level.orders) for level in book.bids] == [(D("3.49"), 5, 1)]
    assert (book.bid, book.ask, book.asks) == (D("3.49"), None, ())


async def test_a_taking_order_sweeps_and_rests(market: Market) -> None:
    maker, taker, _ = market.traders
    for price, lots in ((D("3.49"), 2), (D("3.495"), 3)):
        await maker.place(SYMBOL, Side.BUY, price, lots, post_only=True)
    taken = await taker.place(SYMBOL, Side.SELL, D("3.485"), 9, client_id=7)
    assert [(fill.price, fill.lots, fill.maker) for fill in taken.fills] == [
        (D("3.495"), 3, 1),
        (D("3.49"), 2, 1),
    ]
    assert (taken.filled, taken.resting, taken.end, taken.client_id) == (5, 4, "rests", 7)
    assert taken.average_price == (3 * D("3.495") + 2 * D("3.49")) / 5
    assert taken.fee == sum(fill.fee for fill in taken.fills) == D("8.7325")
    assert await taker.phase(SYMBOL) is Phase.TRADING
    status = await taker.status(SYMBOL)
    assert (status.open_interest, status.bid, status.ask, status.members) == (5, None, D("3.485"), 2)
    assert status.fees == D("6.986")
    long, short = await taker.account(1), await taker.account(2)
    assert long.positions[0].lots == -short.positions[0].lots == 5
    assert long.equity + short.equity + status.fees == long.cash + short.cash
    assert short.positions[0].open_sell == 4
    assert short.withdrawable < short.cash


async def test_times_in_force(market: Market) -> None:
    maker, taker, _ = market.traders
    now = await market.chain.timestamp()
    await maker.place(SYMBOL, Side.SELL, D("3.51"), 3, tif=TimeInForce.GTT, expiry=now + 500)
    immediate = await taker.place(SYMBOL, Side.BUY, D("3.51"), 5, tif=TimeInForce.IOC)
    assert (immediate.filled, immediate.resting, immediate.order_id, immediate.end) == (
        3,
        0,
        None,
        "immediate or cancel",
    )
    nothing = await taker.place(SYMBOL, Side.BUY, D("3.51"), 5, tif=TimeInForce.IOC)
    assert (nothing.filled, nothing.fills) == (0, ())
    with pytest.raises(reverts.FillOrKill) as killed:
        await taker.place(SYMBOL, Side.BUY, D("3.51"), 5, tif=TimeInForce.FOK)
    assert (killed.value.filled, killed.value.lots) == (0, 5)
    with pytest.raises(reverts.OrderExpired) as expired:
        await taker.place(SYMBOL, Side.BUY, D("3.4"), 5, tif=TimeInForce.GTT, expiry=now - 1)
    assert expired.value.expiry == now - 1
    await maker.place(SYMBOL, Side.SELL, D("3.51"), 3, tif=TimeInForce.GTT, expiry=now + 60)
    await market.chain.mine(timestamp=now + 61)
    assert (await maker.book(SYMBOL)).asks == ()


async def test_post_only_and_self_trade(market: Market) -> None:
    maker, taker, _ = market.traders
    resting = await maker.place(SYMBOL, Side.SELL, D("3.51"), 3)
    with pytest.raises(reverts.PostOnlyWouldCross) as crossed:
        await taker.place(SYMBOL, Side.BUY, D("3.52"), 1, post_only=True)
    assert (crossed.value.tick, crossed.value.opposite) == (3520, 3510)
    kept = await maker.place(SYMBOL, Side.BUY, D("3.51"), 2, cancel_taking=True)
    assert (kept.filled, kept.resting, kept.end) == (0, 0, "self-trade")
    swapped = await maker.place(SYMBOL, Side.BUY, D("3.51"), 2)
    assert (swapped.filled, swapped.resting) == (0, 2)
    with pytest.raises(reverts.OrderNotLive) as gone:
        await maker.cancel(resting.order_id or 0)
    assert gone.value.order_id == resting.order_id


async def test_reduce_only(market: Market) -> None:
    maker, taker, _ = market.traders
    with pytest.raises(reverts.NothingToReduce):
        await taker.place(SYMBOL, Side.SELL, D("3.5"), 1, reduce_only=True)
    await maker.place(SYMBOL, Side.SELL, D("3.5"), 2)
    await taker.place(SYMBOL, Side.BUY, D("3.5"), 2)
    await maker.place(SYMBOL, Side.BUY, D("3.5"), 9)
    reduced = await taker.place(SYMBOL, Side.SELL, D("3.5"), 5, reduce_only=True)
    assert (reduced.filled, reduced.resting, reduced.end) == (2, 0, "nothing left to reduce")


async def test_cancels(market: Market) -> None:
    maker, taker, _ = market.traders
    first = await maker.place(SYMBOL, Side.BUY, D("3.4"), 3)
    assert first.order_id is not None
    with pytest.raises(reverts.OrderNotLive):
        await taker.cancel(first.order_id)
    assert (await maker.cancel(first.order_id)).lots == 3
    for _ in range(3):
        await maker.place(SYMBOL, Side.BUY, D("3.4"), 3)
    await maker.mass_cancel(SYMBOL)
    assert (await maker.account(1)).orders == ()
    await maker.place(SYMBOL, Side.SELL, D("3.6"), 3)
    await maker.mass_cancel_all()
    assert (await maker.book(SYMBOL)).asks == ()
    assert (await taker.prune(SYMBOL, Side.SELL)).block > 0
    with pytest.raises(UnknownSymbol):
        await maker.cancel(OrderId.pack(77, Side.BUY, 1, 1, 1))
    with pytest.raises(UnknownSymbol, match=r"order_id: 0 .*series 1"):
        await maker.cancel(0)


async def test_a_batch_tells_what_became_of_each_operation(market: Market) -> None:
    maker, taker, _ = market.traders
    old = await maker.place(SYMBOL, Side.BUY, D("3.4"), 3)
    ask = await taker.place(SYMBOL, Side.SELL, D("3.52"), 4)
    assert old.order_id is not None
    operations = [
        Cancel(old.order_id),
        Place(Side.BUY, D("3.45"), 2, client_id=1),
        Cancel(old.order_id),
        Place(Side.BUY, D("3.53"), 1, post_only=True, client_id=2),
        Place(Side.BUY, D("3.52"), 3, client_id=3),
        Place(Side.BUY, D("3.51"), 5, TimeInForce.IOC, client_id=4),
    ]
    done = await maker.batch(SYMBOL, operations)
    kinds = [type(result) for result in done.results]
    assert kinds == [CancelResult, OrderResult, CancelResult, OrderResult, OrderResult, OrderResult]
    assert [(one.lots, one.missed) for one in done.cancels] == [(3, False), (0, True)]
    assert [(one.client_id, one.filled, one.resting, one.end) for one in done.orders] == [
        (1, 0, 2, "rests"),
        (2, 0, 0, "rejected"),
        (3, 3, 0, "filled"),
        (4, 0, 0, "immediate or cancel"),
    ]
    assert done.orders[2].fills[0].order_id == ask.order_id
    with pytest.raises(reverts.PostOnlyWouldCross):
        await maker.batch(SYMBOL, operations[3:4], strict=True)
    with pytest.raises(reverts.OrderNotLive):
        await maker.batch(SYMBOL, operations[:1], strict=True)


async def test_replace_is_all_or_nothing(market: Market) -> None:
    maker, taker, _ = market.traders
    first = await maker.place(SYMBOL, Side.BUY, D("3.4"), 3)
    assert first.order_id is not None
    swapped = await maker.replace(first.order_id, Place(Side.BUY, D("3.41"), 4))
    assert (swapped.cancels[0].lots, swapped.orders[0].resting) == (3, 4)
    with pytest.raises(reverts.OrderNotLive):
        await maker.replace(first.order_id, Place(Side.BUY, D("3.42"), 4))
    assert [level.price for level in (await taker.book(SYMBOL)).bids] == [D("3.41")]


async def test_margin_band_and_limits(market: Market) -> None:
    trader = market.traders[0]
    with pytest.raises(reverts.InsufficientMargin) as short:
        await trader.place(SYMBOL, Side.BUY, D("3.5"), 1_000)
    assert short.value.account == 1
    assert short.value.im_equity < short.value.initial_margin
    assert "InsufficientMargin(account=1, imEquity=100000000000" in str(short.value)
    with pytest.raises(reverts.PriceOutsideBand) as outside:
        await trader.place(SYMBOL, Side.BUY, D("4"), 1)
    assert (outside.value.tick, outside.value.lowest, outside.value.highest) == (4000, 3325, 3675)


async def test_sending_now_and_mining_later(market: Market) -> None:
    maker = market.traders[0]
    await maker.series_list()
    before = await market.chain.block_number()
    pending = [
        await maker.submit(maker.calls.place(SYMBOL, Place(Side.BUY, D("3.4"), 1, client_id=number)))
        for number in range(3)
    ]
    assert await market.chain.block_number() == before
    await market.chain.mine()
    results = [await one for one in pending]
    assert [one.client_id for one in results] == [0, 1, 2]
    assert {one.block for one in results} == {before + 1}
    assert pending[0].hash == results[0].tx_hash
