"""The mirror against the contracts: random trading, then the whole way to the last unit of money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from chain_compare import Follower, assert_same
from crowd_kit import SYMBOL, TICK, Crowd, Distress
from market_kit import DAY, Market, open_market
from olivepress import reverts
from olivepress.events import EventStream
from olivepress.exchange import TokenSide
from olivepress.mirror import Mirror


async def settle_and_pay_out(market: Market, mirror: Mirror, stream: EventStream) -> None:
    """Days pass with a report each; then all are settled, draw what is due, and leave with their cash."""
    chain, owner = market.chain, market.owner
    first = date(2026, 12, 24).toordinal() - date(1970, 1, 1).toordinal()
    now = await chain.timestamp()
    for day in range(now // DAY + 1, first + 8):
        await chain.mine(timestamp=day * DAY)
        await market.report(Decimal("3.5") + (day % 7) * TICK)
    await mirror.sync(stream)
    await assert_same(mirror, market)
    await chain.mine(timestamp=(first + 7) * DAY + 3700)
    for day in (first, first + 7):
        await market.oracle.fix_checkpoint(1, day)
    price = await owner.settle(SYMBOL)
    window = await market.oracle.window(1, first, first + 7)
    assert window.average is not None
    assert abs(price - window.average) <= TICK / 2
    await mirror.sync(stream)
    await assert_same(mirror, market)
    for trader in market.traders:
        await owner.settle_accounts([await trader.account_id()])
        await mirror.sync(stream)
        await assert_same(mirror, market)
    series = mirror.series(SYMBOL)
    assert series.closed
    for account, position in series.positions.items():
        if position.claim:
            result = await owner.draw(account, SYMBOL)
            assert result.amount > 0
            await mirror.sync(stream)
            await assert_same(mirror, market)
    await owner.collect_fees(SYMBOL)
    for trader in market.traders:
        view = await trader.account(await trader.account_id())
        if view.cash:
            await trader.withdraw(view.cash)
            assert await trader.balance(trader.address) == view.cash
    await owner.withdraw_treasury(owner.address, await owner.treasury())
    await mirror.sync(stream)
    await assert_same(mirror, market)
    debts = sum(position.quote for position in series.positions.values())
    assert mirror.state.tokens() == series.pool == debts + series.fees + series.advance


SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(2, 8))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_trading_then_settlement(seed: int) -> None:
    async with open_market(4, Decimal(30_000), symbol=SYMBOL) as market:
        mirror = market.mirror()
        stream = EventStream(market.chain.transport, [market.deployment.exchange], market.deployment.block)
        crowd = Crowd(market, mirror, seed)
        await mirror.sync(stream)
        for trader in market.traders:
            await trader.series_list()
        for step in range(200):
            await crowd.act()
            await mirror.sync(stream)
            if step % 10 == 0:
                await assert_same(mirror, market)
        await assert_same(mirror, market)
        assert len(mirror.trades) > 30, "too little happened for the comparison to mean much"
        assert {"place", "batch", "index"} <= set(crowd.done)
        await settle_and_pay_out(market, mirror, stream)


async def close_with_debts(market: Market, follower: Follower) -> None:
    """Expiry, tokens included: claims may be covered in part only."""
    await market.expire()
    await market.owner.settle(SYMBOL)
    await market.owner.settle_accounts(list(follower.mirror.state.accounts))
    await follower.check()
    series = follower.mirror.series(SYMBOL)
    assert series.closed
    for trader in market.traders:
        for side in TokenSide:
            token = await trader.position_token(SYMBOL, side)
            if lots := await token.balance():
                try:
                    await trader.redeem(SYMBOL, side, lots)
                except reverts.OwesSeries:
                    heir = next(
                        one for at, one in enumerate(market.traders, 1) if series.position(at).quote >= 0
                    )
                    await token.transfer(heir.address, lots)
                    await heir.redeem(SYMBOL, side, lots)
        await follower.check()
    for number, position in list(series.positions.items()):
        if position.quote > 0:
            await market.owner.draw(number, SYMBOL)
            await follower.check()
    assert all(series.positions[holder].claim == 0 for holder in series.token_accounts)
    assert series.drawn <= series.collected <= series.claims


LEVERED = {
    "initial_margin": Decimal(8),
    "maintenance_margin": Decimal(4),
    "spread_margin": Decimal(1),
    "band": Decimal(1),
    "gap": Decimal(1),
    "concentration": Decimal(0),
    "price_cap": Decimal(8),
}
DISTRESS = [1, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(2, 8))]


@pytest.mark.parametrize("seed", DISTRESS)
async def test_random_liquidations_and_tokens(seed: int) -> None:
    async with open_market(4, Decimal(4_000), symbol=SYMBOL, **LEVERED) as market:
        follower = Follower.of(market)
        for rich in market.traders[2:]:  # a wrapped lot is paid for in full
            await market.fund(rich, Decimal(60_000))
        await follower.check()
        await market.owner.create_tokens(SYMBOL)
        crowd = Distress(market, follower.mirror, seed, step=300, lots=14)
        for trader in market.traders:
            await trader.series_list()
        steps = 0
        while steps < 150 or crowd.kept() < 6:
            await crowd.act()
            await follower.mirror.sync(follower.stream)
            steps += 1
            if steps % 5 == 0:
                await follower.check()
            assert steps < 1_500, f"too little happened for the comparison to mean much: {crowd.done}"
        await follower.check()
        while abs(crowd.value - Decimal("3.5")) > Decimal("0.3"):  # each round within the deviation bound
            crowd.value += Decimal("0.3") if crowd.value < Decimal("3.5") else -Decimal("0.3")
            await market.chain.mine(timestamp=await market.chain.timestamp() + 1)
            await market.report(crowd.value)
        await close_with_debts(market, follower)
