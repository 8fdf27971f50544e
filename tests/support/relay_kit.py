"""An oracle on a local chain that makes blocks by itself, with 7 operators and a quorum of 5, and relays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from olivepress import devchain, events
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.manifest import Deployment
from olivepress.oracle import OracleClient, Report, SignedReport, sign_report
from olivepress.oracle.relay import Relay, RelaySettings, open_relay
from olivepress.oracle.relay_client import RelayClient
from olivepress.rpc import Transport
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender

VALUE = 350_000_000
QUICK = {
    "poll_seconds": 0.1,
    "gather_seconds": 0.3,
    "stagger_seconds": 0.2,
    "patience_seconds": 1.0,
    "stuck_seconds": 1.0,
}


@dataclass
class Oracle:
    """Keys: 0 owns, 1 to 7 are operators (in the order of their bits), from 8 on they are the relays'."""

    chain: DevChain
    deployment: Deployment
    client: OracleClient
    operators: list[LocalSigner]

    async def now(self) -> int:
        return await self.chain.timestamp()

    def sign(
        self, who: int, observed_at: int, values: Mapping[int, int] | int = VALUE, version: int = 1
    ) -> SignedReport:
        told = {1: values} if isinstance(values, int) else values
        return sign_report(Report(observed_at, version, told), self.operators[who], self.client.domain)

    def signed(
        self, observed_at: int, who: Sequence[int] = range(7), values: Mapping[int, int] | int = VALUE
    ) -> list[SignedReport]:
        return [self.sign(one, observed_at, values) for one in who]

    async def events(self) -> list[events.Event]:
        stream = events.EventStream(self.chain.transport, [self.deployment.oracle], self.deployment.block)
        items = await stream.catch_up()
        return [event for item in items if isinstance(item, events.BlockEvents) for event in item.events]

    async def accepted(self, feed: int = 1) -> list[tuple[int, int]]:
        """Time and value of every round that came into force at once."""
        return [
            (event.time, event.price)
            for event in await self.events()
            if isinstance(event, events.RoundAccepted) and event.feed == feed
        ]

    async def transactions(self, key: int) -> tuple[int, int]:
        """How many transactions of a key ran, and how many of them reverted."""
        ran, reverted = await self.updates(key)
        return ran, len(reverted)

    async def updates(self, key: int) -> tuple[int, list[int]]:
        """How many transactions of a key ran, and the observation times of the updates that reverted."""
        address = LocalSigner(self.chain.keys[key]).address.lower()
        ran, reverted = 0, []
        for number in range(1, await self.chain.block_number() + 1):
            block = await self.chain.transport.request("eth_getBlockByNumber", [hex(number), True])
            for tx in block["transactions"]:
                if tx["from"].lower() == address:
                    ran += 1
                    receipt = await self.chain.transport.request("eth_getTransactionReceipt", [tx["hash"]])
                    if receipt["status"] != "0x1":
                        # update(bytes): selector, offset, length, and then the time in four bytes
                        reverted.append(int(tx["input"][2 + 2 * 68 :][:8], 16))
        return ran, reverted


@asynccontextmanager
async def open_oracle(
    *, block_time: str | None = "0.2", feeds: int = 1, relays: int = 2, **chain_options: Any
) -> AsyncIterator[Oracle]:
    """Feeds with a heartbeat of a day and a bound of 20%."""
    async with devchain.launch(block_time=block_time, accounts=8 + relays, **chain_options) as chain:
        sender = TransactionSender(
            chain.transport, LocalSigner(chain.keys[0]), chain.chain_id, before_wait=chain.mine_pending
        )
        deployment = await deploy_all(sender)
        client = OracleClient(chain.transport, deployment, sender)
        operators = sorted(map(LocalSigner, chain.keys[1:8]), key=lambda one: one.address.lower())
        await client.add_operator_set([one.address for one in operators], 5)
        for number in range(feeds):
            await client.add_feed(
                f"FEED-{number + 1}", 1, heartbeat=86_400, deviation_bps=2_000, methodology="0x" + "11" * 32
            )
        yield Oracle(chain, deployment, client, operators)


def settings(chain: DevChain, state: Path, **changes: Any) -> RelaySettings:
    """Of a relay that is in a hurry. `timing` changes single times."""
    timing = QUICK | changes.pop("timing", {})
    fields = {
        "rpc": chain.url,
        "manifest": "olivepress.json",
        "listen": "127.0.0.1:0",
        "state": state,
        "key": {"env": "RELAY_KEY"},
        "timing": timing,
        "limits": {"requests_per_minute": 100_000, "burst": 10_000},
    }
    return RelaySettings.model_validate(fields | changes)


@dataclass
class Running:
    """A relay in this process and a client of it."""

    relay: Relay
    client: RelayClient
    url: str
    domain: Any

    async def submit(self, reports: Sequence[SignedReport]) -> list[bool]:
        return [await self.client.submit(one, self.domain) for one in reports]

    @property
    def problems(self) -> str:
        return "; ".join(self.relay.health().problems)


@asynccontextmanager
async def run_relay(
    oracle: Oracle, state: Path, key: int = 8, transport: Transport | None = None, **changes: Any
) -> AsyncIterator[Running]:
    """Runs a relay until the block is left; it fails when the relay ends by itself."""
    signer = LocalSigner(oracle.chain.keys[key])
    chosen = settings(oracle.chain, state, **changes)
    wire = transport or oracle.chain.transport
    async with open_relay(wire, oracle.deployment, signer, chosen, state) as (relay, service):
        task = asyncio.create_task(relay.run())
        try:
            async with RelayClient(service.url) as client:
                await until(lambda: relay.health().details.get("block") is not None)
                yield Running(relay, client, service.url, oracle.client.domain)
        finally:
            if task.done():
                task.result()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 10, what: str = ""
) -> None:
    """Waits until something is so; fails when it is not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = condition()
        if await answer if isinstance(answer, Awaitable) else answer:
            return
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not within {seconds} s: {what or condition}")
        await asyncio.sleep(0.05)


async def landed(oracle: Oracle, rounds: int) -> bool:
    """Whether at least so many rounds of feed 1 were accepted."""
    return len(await oracle.accepted()) >= rounds
