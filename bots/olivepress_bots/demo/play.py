"""Plays the month on a local chain: every block is mined by the demo itself, at a time of its choosing.

One transaction a block, in a fixed order, with times from the scenario: the same seed gives the same run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from olivepress.devchain import DevChain
from olivepress.events import EventStream
from olivepress.index import AuditRecord
from olivepress.mirror import Mirror
from olivepress.oracle.operator import PacedSource, Panel, Schedule
from olivepress_bots.demo.operators import Publishers, open_publishers
from olivepress_bots.demo.record import Recorder
from olivepress_bots.demo.scenario import (
    MAX_LAG,
    OPERATORS,
    QUORUM,
    IndexPath,
    Scenario,
    parties,
    series_terms,
    strategies,
)
from olivepress_bots.market import GAS_MONEY, Market, Member, derived_key
from olivepress_bots.runner import Runner
from olivepress_bots.venue import ChainVenue, SharedMirror

PREPARATION = 3600
"""Seconds of chain time before the first report, for deploying."""
REPORT_DELAY, CONFIRM_DELAY, TRADE_DELAY = 12, 60, 300
"""Seconds after the observation time at which reports, confirming reports and the bots' orders come."""

Progress = Callable[[int, str], None]
"""Called with the seconds of chain time played and a line on what happens."""


class Clock:
    """The chain's clock, moved by hand."""

    def __init__(self, chain: DevChain, start: int) -> None:
        self.chain = chain
        self.last = start
        self._next = start

    def at(self, time: int) -> None:
        """The next block is mined at this time (unix seconds), or as soon after it as blocks allow."""
        self._next = time

    async def mine(self) -> None:
        """Mines one block."""
        self.last = max(self._next, self.last + 1)
        calls = [("evm_setNextBlockTimestamp", [self.last]), ("evm_mine", [])]
        await self.chain.transport.batch(calls)

    async def mine_pending(self) -> None:
        """Mines one block where transactions wait. Every sender calls it before it waits for a receipt."""
        status = await self.chain.transport.request("txpool_status")
        if int(status["pending"], 16):
            await self.mine()


@dataclass(slots=True)
class Play:
    """Everything that is on the chain and everybody who acts there."""

    scenario: Scenario
    chain: DevChain
    clock: Clock
    market: Market
    path: IndexPath
    shared: SharedMirror
    publishers: Publishers
    members: list[Member] = field(default_factory=list)
    runners: list[Runner] = field(default_factory=list)
    recorder: Recorder = field(default_factory=lambda: Recorder({}, {}))
    audits: dict[tuple[str, datetime], AuditRecord] = field(default_factory=dict)
    """For every value and time the record of one operator, the first one that was there."""

    async def observe(self, at: int) -> None:
        """One round of the index: every operator that is online reports, the relay sends a little later."""
        self.clock.at(at)
        await self.clock.mine()  # a block of that time, as a chain that goes on by itself has
        await self.publishers.report(at, lambda number: self.path.online(number, at))
        self.clock.at(at + REPORT_DELAY)
        await self.publishers.relay_rounds()
        await self.shared.sync()

    async def observe_until_accepted(self, at: int) -> None:
        """A round and, where a value moved beyond the bound, the second round that confirms it."""
        await self.observe(at)
        if self.recorder.pending:
            await self.observe(at + CONFIRM_DELAY)

    async def trade(self, at: int) -> None:
        """Every bot decides once, in a fixed order, then the timelines get a row."""
        self.clock.at(at)
        await self.clock.mine()
        for runner in self.runners:
            await runner.step(self.clock.last)
        mirror = await self.shared.sync()
        for plan in self.scenario.plans:
            mark = await self.market.owner.mark(plan.symbol)
            self.recorder.sample(plan, mirror, self.clock.last, mark.price)


@asynccontextmanager
async def prepared(chain: DevChain, scenario: Scenario) -> AsyncIterator[Play]:
    """Deploys, sends the first report, lists both series and funds everybody; at the end closes it all."""
    clock = Clock(chain, await chain.timestamp())
    market = Market(chain.transport, chain.chain_id, scenario.seed, chain.set_balance, clock.mine_pending)
    await market.deploy(OPERATORS, QUORUM, MAX_LAG)
    path = IndexPath(scenario)
    await market.add_feeds(path.feed_setups())
    shared = _shared_mirror(chain, market)
    schedule = Schedule(grid_seconds=CONFIRM_DELAY, interval_seconds=scenario.interval)
    panels = [Panel([PacedSource(source) for source in path.sources(number)]) for number in range(OPERATORS)]
    audits: dict[tuple[str, datetime], AuditRecord] = {}

    def keep(record: AuditRecord) -> None:
        audits.setdefault((record.index, record.as_of), record)

    relay = derived_key(scenario.seed, "relay")
    await chain.set_balance(relay.address, GAS_MONEY)
    try:
        async with open_publishers(market, relay, panels, schedule, keep, clock.mine_pending) as publishers:
            play = Play(
                scenario=scenario,
                chain=chain,
                clock=clock,
                market=market,
                path=path,
                shared=shared,
                publishers=publishers,
                audits=audits,
            )
            await _open_trading(play)
            yield play
    finally:
        await market.close()


async def _open_trading(play: Play) -> None:
    """The first report, both series, everybody's account."""
    scenario, market, shared = play.scenario, play.market, play.shared
    play.recorder = Recorder(market.feeds, {})
    shared.listeners.append(play.recorder.listen)
    await play.observe_until_accepted(scenario.start)
    for plan in scenario.plans:
        feed = market.feeds[plan.feed]
        index = await market.oracle.latest(feed)
        await market.list_series([series_terms(scenario, plan, feed, index.value)])
    for party in parties():
        member = await market.fund(party)
        play.members.append(member)
        play.recorder.names[member.account] = party.name
        venue = ChainVenue(member.client, shared, member.account)
        play.runners.append(Runner(party.name, venue, strategies(scenario, party.name)))


async def play_month(play: Play, progress: Progress) -> None:
    """From the first trade to expiry: a round of the index, then a round of the bots, again and again."""
    scenario = play.scenario
    for at in range(scenario.start, scenario.end, scenario.interval):
        if at > scenario.start:
            await play.observe_until_accepted(at)
        await play.trade(at + TRADE_DELAY)
        progress(at + scenario.interval - scenario.start, _line(play))
    play.clock.at(scenario.end - scenario.interval // 4)
    for runner in play.runners:
        await runner.stop()
    await play.observe_until_accepted(scenario.end)


def _line(play: Play) -> str:
    fills = sum(play.recorder.fills.values())
    marks = []
    for plan in play.scenario.plans:
        mark = play.recorder.timelines[plan.symbol].mark
        tag = "" if plan.source == "real" else " simulated"
        marks.append(f"{plan.feed}{tag} ${mark[-1] if mark else '-'}")
    return f"{', '.join(marks)}, {fills} fills"


def _shared_mirror(chain: DevChain, market: Market) -> SharedMirror:
    deployment = market.deployment
    addresses = [deployment.exchange, deployment.oracle]
    stream = EventStream(chain.transport, addresses, deployment.block, reorg_depth=2)
    return SharedMirror(Mirror(decimals=deployment.collateral_decimals, reorg_depth=0), stream)
