"""Calendar spreads through the client: both legs or nothing, margined together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from chain_compare import Follower
from market_kit import SYMBOL, Market, terms
from olivepress import reverts
from olivepress.errors import OutOfRange, UnknownSymbol, ValidationError, WrongLots, WrongTick
from olivepress.events import BlockEvents, EventStream, SpreadTraded
from olivepress.types import Side

D = Decimal
FAR = "LLM-FLAGSHIP-JAN27"


async def two_months(market: Market) -> Follower:
    """The second trader offers the far month at 3.510 and bids 3.490 for the near one, twenty lots each."""
    far = terms(symbol=FAR, window_start=date(2027, 1, 24), expiry=date(2027, 1, 31))
    await market.owner.list_series(far)
    maker = market.traders[1]
    await maker.place(FAR, Side.SELL, D("3.51"), 20)
    await maker.place(SYMBOL, Side.BUY, D("3.49"), 20)
    follower = Follower.of(market)
    await follower.check()
    return follower


async def spreads(market: Market) -> SpreadTraded:
    """The only one there was."""
    items = await EventStream(
        market.chain.transport, [market.deployment.exchange], market.deployment.block
    ).catch_up()
    events = [event for item in items if isinstance(item, BlockEvents) for event in item.events]
    (told,) = [event for event in events if isinstance(event, SpreadTraded)]
    return told


async def test_a_roll_from_one_month_to_the_next(market: Market) -> None:
    follower = await two_months(market)
    trader, maker, _ = market.traders
    await maker.place(SYMBOL, Side.SELL, D("3.5"), 10)
    await trader.place(SYMBOL, Side.BUY, D("3.5"), 10)
    rolled = await trader.spread(FAR, SYMBOL, 10, D("0.02"), client_id=9)
    assert (rolled.buy_symbol, rolled.sell_symbol, rolled.lots, rolled.client_id) == (FAR, SYMBOL, 10, 9)
    assert [(fill.price, fill.lots) for fill in rolled.bought] == [(D("3.51"), 10)]
    assert [(fill.price, fill.lots) for fill in rolled.sold] == [(D("3.49"), 10)]
    assert rolled.difference == D("0.02")
    assert rolled.fee == D("35")  # 0.05% of 35,100 and of 34,900
    account = await market.reader.account(1)
    assert {one.symbol: one.lots for one in account.positions} == {SYMBOL: 0, FAR: 10}
    told = await spreads(market)
    await follower.check()
    assert (told.account, told.lots, told.bought, told.sold) == (1, 10, 35_100, 34_900)


async def test_refused_whole(market: Market) -> None:
    follower = await two_months(market)
    trader = market.traders[0]
    with pytest.raises(reverts.SpreadWorse) as worse:
        await trader.spread(FAR, SYMBOL, 10, D("0.019"))
    assert (worse.value.cost, worse.value.most) == (200, 190)
    with pytest.raises(reverts.FillOrKill) as thin:
        await trader.spread(FAR, SYMBOL, 21, D("0.02"))
    assert (thin.value.filled, thin.value.lots) == (20, 21)
    with pytest.raises(reverts.FillOrKill):
        await trader.spread(SYMBOL, FAR, 1, D("1"))  # nobody offers the near month
    await follower.check()
    assert (await market.reader.account(1)).positions == ()


async def test_bad_arguments_are_refused_before_anything_is_sent(market: Market) -> None:
    await two_months(market)
    await market.owner.list_series(terms(symbol="LLM-BIG", tick_value=D(2)))
    trader = market.traders[0]
    nonce = await trader.sender.transport.request("eth_getTransactionCount", [trader.address, "pending"])
    with pytest.raises(ValidationError, match=r"sell.*another month"):
        await trader.spread(FAR, FAR, 1, D(0))
    with pytest.raises(ValidationError, match=r"sell.*tick value"):
        await trader.spread(FAR, "LLM-BIG", 1, D(0))
    with pytest.raises(UnknownSymbol):
        await trader.spread(FAR, "NO-SUCH", 1, D(0))
    with pytest.raises(WrongTick, match="limit"):
        await trader.spread(FAR, SYMBOL, 1, D("0.0005"))
    with pytest.raises(WrongLots, match="lots"):
        await trader.spread(FAR, SYMBOL, 0, D(0))
    with pytest.raises(OutOfRange, match="client_id"):
        await trader.spread(FAR, SYMBOL, 1, D(0), client_id=2**64)
    after = await trader.sender.transport.request("eth_getTransactionCount", [trader.address, "pending"])
    assert after == nonce
