"""A local exchange in real time: a chain, its contracts, operators and bots, until somebody stops it."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from olivepress.devchain import DevChain, launch
from olivepress.errors import ConnectionFailed, TransactionError
from olivepress.events import EventStream
from olivepress.exchange import SeriesTerms
from olivepress.index import AnyMethodology, load
from olivepress.manifest import Deployment, require_new
from olivepress.mirror import Mirror
from olivepress.oracle.operator import PacedSource, Panel, Schedule
from olivepress.prices import GenaiPrices, Reading, simulate_gpu
from olivepress_bots import hedger, maker, noise
from olivepress_bots.hedger import HedgerConfig
from olivepress_bots.maker import MakerConfig
from olivepress_bots.market import FeedSetup, Market, Party
from olivepress_bots.noise import NoiseConfig
from olivepress_bots.runner import Decide, Runner, bind
from olivepress_bots.venue import ChainVenue, SharedMirror

LLM, GPU = "LLM-FLAGSHIP", "GPU-H100-SXM"
REPORT_SECONDS, BOT_SECONDS, HEARTBEAT = 60, 5, 300
WINDOW_DAYS = 7
USERS = 3
"""Keys of the chain that get collateral and are shown, for whoever wants to trade."""
HOUR, DAY = 3_600, 86_400

log = logging.getLogger("olivepress.devnet")


@dataclass(frozen=True, slots=True)
class Contract:
    """What differs between the two series."""

    feed: str
    tick_value: Decimal
    price_cap: Decimal
    max_basis: Decimal
    scale: int
    """Lots of the bots' orders, in multiples."""


CONTRACTS = (
    Contract(LLM, Decimal(1), Decimal(30), Decimal("0.5"), 1),
    Contract(GPU, Decimal("0.1"), Decimal(20), Decimal("0.3"), 8),
)


def run_devnet(*, manifest: Path, seed: int, port: int, as_json: bool) -> None:
    """Runs until SIGINT or SIGTERM. The manifest is there while everything is up.

    Raises ConfigurationError when the manifest's file exists already, and KeyboardInterrupt with a message
    when it was stopped.
    """
    require_new(manifest)
    asyncio.run(_run(manifest, seed, port, as_json))
    raise KeyboardInterrupt("Stopped: orders cancelled, the local chain is gone.")


def contract_month(today: date) -> tuple[date, date]:
    """(first day of the averaging window, expiry): this month's, or the next one's when it is too near."""
    expiry = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if expiry - timedelta(days=WINDOW_DAYS) <= today + timedelta(days=1):
        expiry = (expiry + timedelta(days=32)).replace(day=1)
    return expiry - timedelta(days=WINDOW_DAYS), expiry


def symbol_of(feed: str, expiry: date) -> str:
    """Symbol of the month that ends at expiry, such as LLM-FLAGSHIP-DEC26."""
    return f"{feed}-{expiry - timedelta(days=1):%b%y}".upper()


async def _run(manifest: Path, seed: int, port: int, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with launch(block_time=1, port=port) as chain:
        await while_it_lives(chain, _serve(Devnet(chain, seed), manifest, stop, as_json))


async def _serve(devnet: Devnet, manifest: Path, stop: asyncio.Event, as_json: bool) -> None:
    try:
        await devnet.open()
        with published(devnet.market.deployment, manifest):
            _announce(devnet.facts(manifest), as_json)
            await devnet.work(stop)
    finally:
        await devnet.close()


async def while_it_lives(chain: DevChain, work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` to its end. ConnectionFailed when the chain ends first, whatever else that made fail."""
    task = asyncio.create_task(work)
    both: list[asyncio.Future[Any]] = [task, chain.ended]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and task.exception() is not None:
            # The connection breaks a moment before the end of the process is seen.
            await asyncio.wait([chain.ended], timeout=1)
        if chain.ended.done():
            raise ConnectionFailed("the local chain is gone: Anvil has ended", url=chain.url)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await task


@contextmanager
def published(deployment: Deployment, path: Path) -> Iterator[None]:
    """Writes the manifest, and removes it at the end unless somebody has put another file there."""
    require_new(path)
    deployment.save(path)
    written = path.read_bytes()
    try:
        yield
    finally:
        if path.is_file() and path.read_bytes() == written:
            path.unlink()


class Devnet:
    """The running market."""

    def __init__(self, chain: DevChain, seed: int) -> None:
        self.chain = chain
        self.seed = seed
        self.market = Market(chain.transport, chain.chain_id, seed, chain.set_balance)
        self.methodologies: dict[str, AnyMethodology] = {LLM: load(LLM), GPU: load(GPU)}
        self.runners: list[Runner] = []
        self.symbols: list[str] = []

    async def open(self) -> None:
        """Deploys, publishes first values, lists, funds."""
        deployment = await self.market.deploy(operators=7, quorum=5, max_lag=600)
        setups = [FeedSetup(feed, how, HEARTBEAT, 1_000) for feed, how in self.methodologies.items()]
        await self.market.add_feeds(setups)
        schedule = Schedule(grid_seconds=REPORT_SECONDS, interval_seconds=REPORT_SECONDS)
        panels = [
            Panel([PacedSource(GenaiPrices(), every_seconds=HOUR), PacedSource(SimulatedClouds(self.seed))])
            for _ in self.market.operators
        ]
        relay = await self.market.sender("relay")
        self.committee = self.market.committee(relay, panels, schedule, lambda record: None)
        await self.report()
        today = datetime.now(UTC).date()
        start, expiry = contract_month(today)
        for contract in CONTRACTS:
            await self._list(contract, start, expiry)
        addresses = [deployment.exchange, deployment.oracle]
        stream = EventStream(self.chain.transport, addresses, deployment.block)
        shared = SharedMirror(Mirror(decimals=deployment.collateral_decimals), stream)
        for name, role, deposit in (
            ("maker", "market maker", 5_000_000),
            ("hedger", "buys compute forward", 2_000_000),
            ("noise", "noise trader", 500_000),
        ):
            member = await self.market.fund(Party(name, role, Decimal(deposit)))
            venue = ChainVenue(member.client, shared, member.account)
            chosen = {
                symbol: _strategy(name, contract, self.seed)
                for symbol, contract in zip(self.symbols, CONTRACTS, strict=True)
            }
            self.runners.append(Runner(name, venue, chosen))
        for address in self.chain.accounts[:USERS]:
            await self.market.mint(address, Decimal(1_000_000))

    async def _list(self, contract: Contract, start: date, expiry: date) -> None:
        feed = self.market.feeds[contract.feed]
        index = await self.market.oracle.latest(feed)
        tick = Decimal("0.001")
        terms = SeriesTerms(
            symbol=symbol_of(contract.feed, expiry),
            feed=feed,
            window_start=start,
            expiry=expiry,
            tick_size=tick,
            tick_value=contract.tick_value,
            price_cap=contract.price_cap,
            initial_mark=index.value.quantize(tick),
            max_basis=contract.max_basis,
            position_limit=20_000,
            open_interest_cap=50_000,
        )
        await self.market.list_series([terms])
        self.symbols.append(terms.symbol)

    async def report(self) -> None:
        """One round: every operator reads the prices for itself and signs."""
        now = await self.chain.timestamp()
        await self.committee.observe(now - now % REPORT_SECONDS)

    async def work(self, stop: asyncio.Event) -> None:
        """Operators and bots at work until `stop`; then every order is cancelled."""
        clock: Callable[[], int] = lambda: int(time.time())  # noqa: E731
        tasks = [asyncio.create_task(runner.run(clock, BOT_SECONDS)) for runner in self.runners]
        tasks.append(asyncio.create_task(self._report_for_ever()))
        stopped = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                await task
        finally:
            if not self.chain.ended.done():
                for runner in self.runners:
                    await runner.stop()
            for task in (*tasks, stopped):
                task.cancel()
            await asyncio.gather(*tasks, stopped, return_exceptions=True)

    async def _report_for_ever(self) -> None:
        while True:
            # A little after each full minute of the schedule, so that the chain's clock has reached it too.
            await asyncio.sleep(REPORT_SECONDS - int(time.time()) % REPORT_SECONDS + 3)
            try:
                await self.report()
            except TransactionError as error:
                log.warning("report: %s", error)

    async def close(self) -> None:
        """Ends the senders."""
        await self.market.close()

    def facts(self, manifest: Path) -> dict[str, Any]:
        """What somebody needs to connect."""
        return {
            "rpc": self.chain.url,
            "ws": self.chain.ws_url,
            "chain_id": self.chain.chain_id,
            "manifest": str(manifest),
            "exchange": self.market.deployment.exchange,
            "oracle": self.market.deployment.oracle,
            "collateral": self.market.deployment.collateral,
            "series": self.symbols,
            "keys": list(self.chain.keys[:USERS]),
        }


class SimulatedClouds:
    """Simulated quotes of the clouds, one an hour, as a source."""

    name = "simulated-clouds"

    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def read(self, now: datetime) -> Reading:
        """The quotes of the day up to `now`."""
        first = now.date() - timedelta(days=1)
        gpu = simulate_gpu("H100-SXM", self._seed, first, days=2, steps_per_day=24)
        return Reading(quotes=[quote for quote in gpu if quote.observed_at <= now])


def _strategy(name: str, contract: Contract, seed: int) -> Decide:
    now = int(time.time())
    if name == "maker":
        quoting = MakerConfig(
            level_lots=10 * contract.scale,
            max_position=300 * contract.scale,
            order_life=120,
            renew_before=30,
            max_view_age=30,
        )
        return bind(maker.decide, quoting)
    if name == "hedger":
        schedule = HedgerConfig(
            target=200 * contract.scale, start=now, end=now + DAY, clip=5 * contract.scale, max_view_age=30
        )
        return bind(hedger.decide, schedule)
    wild = NoiseConfig(
        seed=seed, act_pct=30, max_lots=5 * contract.scale, max_position=30 * contract.scale, order_life=120
    )
    return bind(noise.decide, wild)


def _announce(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts), flush=True)
        return
    console = Console(soft_wrap=True)
    console.print(
        f"[bold]olivepress devnet[/] on {facts['rpc']} ({facts['ws']}), chain id {facts['chain_id']}"
    )
    console.print(f"Series: {', '.join(facts['series'])} (GPU prices are simulated)")
    console.print(f"Manifest: {facts['manifest']}; collateral, free to mint: {facts['collateral']}")
    console.print("Funded keys of this chain only, never for real money:")
    for key in facts["keys"]:
        console.print(f"  {key}")
    console.print("In another terminal:")
    console.print(f"  export OLIVEPRESS_RPC={facts['rpc']} OLIVEPRESS_MANIFEST={facts['manifest']}")
    console.print(f"  export OLIVEPRESS_PRIVATE_KEY={facts['keys'][0]}")
    console.print(f"  olivepress book {facts['series'][0]}")
    console.print("Ctrl-C stops everything.")
