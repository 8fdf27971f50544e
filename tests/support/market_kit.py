"""A whole exchange on a local chain for tests: contracts, operators, one feed, one series, funded traders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from olivepress import devchain
from olivepress.contracts.artifacts import load
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.exchange import ExchangeClient, ExchangeReader, SeriesTerms
from olivepress.manifest import Deployment
from olivepress.mirror import Mirror
from olivepress.oracle import OracleClient, Report, sign_report
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender
from olivepress.units import day_of, price_to_oracle

DAY = 86_400
START = 20_780 * DAY  # 2026-11-23 00:00 UTC
SYMBOL = "LLM-FLAGSHIP-DEC26"
HEARTBEAT = 86_400


def terms(**changes: Any) -> SeriesTerms:
    """One month of the flagship index; a lot is worth $1 a tick of $0.001."""
    fields: dict[str, Any] = {
        "symbol": SYMBOL,
        "feed": 1,
        "window_start": date(2026, 12, 24),
        "expiry": date(2026, 12, 31),
        "tick_size": Decimal("0.001"),
        "tick_value": Decimal(1),
        "price_cap": Decimal(30),
        "initial_mark": Decimal("3.5"),
        "max_basis": Decimal(1),
        "max_mark_age": 3600,
    }
    return SeriesTerms(**(fields | changes))


@dataclass
class Market:
    """`traders` are clients with an account and money; blocks come on demand, when a receipt is awaited."""

    chain: DevChain
    deployment: Deployment
    owner: ExchangeClient
    oracle: OracleClient
    operators: list[LocalSigner]
    traders: list[ExchangeClient] = field(default_factory=list)

    @property
    def reader(self) -> ExchangeReader:
        return self.owner

    def sender(self, key: str) -> TransactionSender:
        return TransactionSender(
            self.chain.transport, LocalSigner(key), self.chain.chain_id, before_wait=self.chain.mine_pending
        )

    async def report(self, value: Decimal | str, feed: int = 1) -> None:
        """A round of all operators at the time of the latest block."""
        await self.report_values({feed: Decimal(value)})

    async def report_values(self, values: Mapping[int, Decimal]) -> None:
        raw = {feed: price_to_oracle(value) for feed, value in values.items()}
        version = await self.oracle.version(1)
        told = Report(await self.chain.timestamp(), version, raw)
        signed = [sign_report(told, operator, self.oracle.domain) for operator in self.operators[:5]]
        await self.oracle.submit_reports(1, signed)

    async def fund(self, client: ExchangeClient, amount: Decimal) -> None:
        """Mints collateral for a key and deposits it."""
        token = load("MockUSDC").interface
        units = int(amount * 10**6)
        await client.sender.execute(self.deployment.collateral, token.encode("mint", client.address, units))
        await client.deposit(amount)

    async def expire(self, silent: Collection[int] = ()) -> None:
        """Days pass with a report each, but for the silent ones (counted from the window's first), until the
        window's last checkpoint is fixed."""
        first, last = (day_of(day) for day in (terms().window_start, terms().expiry))
        for day in range(await self.chain.timestamp() // DAY + 1, last + 1):
            await self.chain.mine(timestamp=day * DAY)
            if day - first not in silent:
                await self.report(Decimal("3.5") + (day % 7) * Decimal("0.001"))
        await self.chain.mine(timestamp=last * DAY + 3700)
        for day in range(first, last + 1):
            await self.oracle.fix_checkpoint(1, day)

    def mirror(self) -> Mirror:
        return Mirror(decimals=self.deployment.collateral_decimals)


@asynccontextmanager
async def open_market(
    traders: int = 3, money: Decimal = Decimal(100_000), **changes: Any
) -> AsyncIterator[Market]:
    """The first key owns everything; keys 1 to 7 are operators, those after them traders."""
    async with devchain.launch(accounts=8 + traders, timestamp=START) as chain:
        signer = LocalSigner(chain.keys[0])
        sender = TransactionSender(chain.transport, signer, chain.chain_id, before_wait=chain.mine_pending)
        deployment = await deploy_all(sender)
        oracle = OracleClient(chain.transport, deployment, sender)
        operators = sorted(map(LocalSigner, chain.keys[1:8]), key=lambda one: one.address.lower())
        market = Market(chain, deployment, ExchangeClient(sender, deployment), oracle, operators)
        await oracle.add_operator_set([one.address for one in operators], 5)
        await oracle.add_feed(
            "LLM-FLAGSHIP", 1, heartbeat=HEARTBEAT, deviation_bps=2_000, methodology="0x" + "11" * 32
        )
        await market.report("3.5")
        await market.owner.list_series(terms(**changes))
        for key in chain.keys[8:]:
            client = ExchangeClient(market.sender(key), deployment)
            await market.fund(client, money)
            market.traders.append(client)
        yield market
