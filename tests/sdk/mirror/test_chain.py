"""The mirror against the contracts: random trading, then the whole way to the last unit of money."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from chain_compare import assert_same
from market_kit import DAY, SYMBOL, Market, open_market
from olivepress.errors import Reverted
from olivepress.events import EventStream
from olivepress.exchange import Cancel, ExchangeClient, Place
from olivepress.mirror import Mirror
from olivepress.types import Side, TimeInForce

TICK = Decimal("0.001")


class Crowd:
    """Traders who do something at random, legal or not."""

    def __init__(self, market: Market, mirror: Mirror, seed: int) -> None:
        self.market = market
        self.mirror = mirror
        self.random = random.Random(seed)
        self.value = Decimal("3.5")
        self.done: Counter[str] = Counter()

    def order(self) -> Place:
        rng = self.random
        now = self.mirror.timestamp
        tif = rng.choice([TimeInForce.GTC] * 8 + [TimeInForce.GTT, TimeInForce.IOC, TimeInForce.FOK])
        return Place(
            side=rng.choice(list(Side)),
            price=self.value + rng.randint(-8, 8) * TICK,
            lots=rng.randint(1, 6),
            tif=tif,
            post_only=tif is TimeInForce.GTC and rng.random() < 0.3,
            reduce_only=rng.random() < 0.05,
            cancel_taking=rng.random() < 0.5,
            expiry=now + rng.choice([5, 600]) if tif is TimeInForce.GTT else 0,
            client_id=rng.randrange(2**64),
        )

    async def act(self) -> None:
        client = self.random.choice(self.market.traders)
        account = await client.account_id()
        own = [order.id for order in self.mirror.orders(account, SYMBOL)]
        action = self.random.choices(
            ["place", "batch", "cancel", "mass", "prune", "index", "realise", "time", "replace"],
            [50, 25, 8, 3, 3, 5, 3, 5, 5],
        )[0]
        try:
            await self.carry_out(action, client, account, own)
        except Reverted as error:
            self.done[type(error).__name__] += 1
        else:
            self.done[action] += 1

    async def carry_out(self, action: str, client: ExchangeClient, account: int, own: list[int]) -> None:
        rng = self.random
        match action:
            case "place":
                await client.run(client.calls.place(SYMBOL, self.order()))
            case "batch":
                cancels = [Cancel(one) for one in rng.sample(own, min(len(own), 2))]
                cancels += cancels[:1]
                operations = cancels + [self.order() for _ in range(rng.randint(1, 4))]
                rng.shuffle(operations)
                await client.batch(SYMBOL, operations)
            case "cancel" if own:
                await client.cancel(rng.choice(own))
            case "mass":
                await client.mass_cancel(SYMBOL)
            case "prune":
                await client.prune(SYMBOL, rng.choice(list(Side)))
            case "index":
                self.value += rng.randint(-20, 20) * TICK
                await self.market.chain.mine()
                await self.market.report(self.value)
                await client.refresh_mark(SYMBOL)
            case "realise":
                await client.realise(account, SYMBOL)
            case "time":
                now = await self.market.chain.timestamp()
                await self.market.chain.mine(timestamp=now + rng.choice([3, 60, 700]))
            case "replace" if own:
                await client.replace(rng.choice(own), self.order())


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
    async with open_market(4, Decimal(30_000)) as market:
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
