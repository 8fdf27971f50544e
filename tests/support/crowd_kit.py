"""Traders who act at random against a real exchange, for the mirror to keep up with."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import ClassVar

from market_kit import Market
from olivepress.errors import Reverted
from olivepress.exchange import Cancel, ExchangeClient, Place, TokenSide
from olivepress.mirror import Mirror
from olivepress.types import Side, TimeInForce

SYMBOL = "FLAGSHIP-DEC26"
D = Decimal
TICK = D("0.001")


class Crowd:
    """Traders who do something at random, legal or not.

    :param step: the index moves by up to so many ticks
    :param lots: the largest order
    """

    ACTIONS: ClassVar[dict[str, int]] = {
        "place": 50,
        "batch": 25,
        "cancel": 8,
        "mass": 3,
        "prune": 3,
        "index": 5,
        "realise": 3,
        "time": 5,
        "replace": 5,
    }

    def __init__(self, market: Market, mirror: Mirror, seed: int, step: int = 20, lots: int = 6) -> None:
        self.step = step
        self.lots = lots
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
            lots=rng.randint(1, self.lots),
            tif=tif,
            post_only=tif is TimeInForce.GTC and rng.random() < 0.3,
            reduce_only=rng.random() < 0.05,
            cancel_taking=rng.random() < 0.5,
            expiry=now + rng.choice([5, 600]) if tif is TimeInForce.GTT else 0,
            client_id=rng.randrange(2**64),
        )

    def choose(self, actions: dict[str, int]) -> str:
        return self.random.choices(list(actions), list(actions.values()))[0]

    async def act(self) -> None:
        client = self.random.choice(self.market.traders)
        account = await client.account_id()
        own = [order.id for order in self.mirror.orders(account, SYMBOL)]
        action = self.choose(self.ACTIONS)
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
                moved = self.value + rng.randint(-self.step, self.step) * TICK
                self.value = min(max(moved, D("2")), D("6"))
                await self.market.chain.mine(timestamp=await self.market.chain.timestamp() + 1)
                await self.market.report(self.value)
                await client.refresh_mark(SYMBOL)
            case "realise":
                await client.realise(account, SYMBOL)
            case "time":
                now = await self.market.chain.timestamp()
                await self.market.chain.mine(timestamp=now + rng.choice([3, 60, 700]))
            case "replace" if own:
                await client.replace(rng.choice(own), self.order())


class Distress(Crowd):
    """The same with keepers about, and people who wrap their positions."""

    KEEPING: ClassVar[dict[str, int]] = {
        "cancel_orders": 2,
        "liquidate": 6,
        "auction": 2,
        "flag": 2,
        "declare": 2,
        "time": 2,
        "place": 4,
    }
    ACTIONS: ClassVar[dict[str, int]] = (
        Crowd.ACTIONS
        | KEEPING
        | {"place": 50, "index": 30, "gamble": 25, "insure": 2, "wrap": 15, "hand on": 4, "unwrap": 4}
    )

    async def carry_out(self, action: str, client: ExchangeClient, account: int, own: list[int]) -> None:
        rng = self.random
        victim = self.weakest(account)
        side = rng.choice(list(TokenSide))
        match action:
            case "gamble":
                await self.gamble()
            case "cancel_orders":
                await client.cancel_orders(victim)
            case "liquidate":
                limit = rng.choice([D(0), D(8), self.value])
                await client.liquidate(victim, SYMBOL, rng.randint(1, self.lots), limit)
            case "auction":
                await client.auction(victim, 1, rng.choice([D("0.2"), D("0.3"), D(1)]))
            case "flag":
                await client.flag(victim)
            case "declare":
                await client.declare(victim, 1)
            case "insure":
                await client.withdraw(D(100))
                await client.top_up_insurance(1, D(100))
            case "wrap":
                await client.wrap(SYMBOL, side, rng.randint(1, 2))
            case "hand on":
                token = await client.position_token(SYMBOL, side)
                await token.transfer(rng.choice(self.market.traders).address, 1)
            case "unwrap":
                await client.unwrap(SYMBOL, side, 1)
            case _:
                await super().carry_out(action, client, account, own)

    def kept(self) -> int:
        """How many of the rarer steps succeeded so far; no kind of them counts more than twice."""
        return sum(
            min(self.done[one], 2) for one in ("cancel_orders", "liquidate", "auction", "flag", "wrap")
        )

    async def gamble(self) -> None:
        """One of the first two traders gets money and a position too large for it, from one of the last."""
        rng = self.random
        player, bank = rng.choice(self.market.traders[:2]), rng.choice(self.market.traders[2:])
        side = rng.choice(list(Side))
        if self.mirror.equity(await player.account_id()) < 3_000 * 10**6:
            await self.market.fund(player, D(4_000))
        await bank.place(SYMBOL, Side(1 - side), self.value, 10)
        await player.place(SYMBOL, side, self.value, 10, tif=TimeInForce.IOC)

    def choose(self, actions: dict[str, int]) -> str:
        """Mostly one of the keepers' steps while there is somebody to take them on."""
        weak = self.weakest(0)
        poor = self.mirror.equity(weak) < self.needs(weak)
        return super().choose(self.KEEPING if poor and self.random.random() < 0.7 else actions)

    def weakest(self, keeper: int) -> int:
        """The trader, but for the keeper, whom most is lacking."""
        others = [one for one in range(1, len(self.market.traders) + 1) if one != keeper]
        return min(others, key=lambda one: self.mirror.equity(one) - self.needs(one))

    def needs(self, account: int) -> int:
        """Maintenance margin, roughly."""
        series = self.mirror.series(SYMBOL)
        lots = abs(self.mirror.position(account, SYMBOL).lots)
        return lots * (series.mark or 0) * series.spec.tick_value * series.spec.mm_bps // 10_000
