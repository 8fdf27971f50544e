"""The demo's month on the model: the same parties, strategies, prices and rules, in seconds.

In conditions without latency and block times (`Conditions(block_time=0, latency=0)`) everything happens at
the demo's own moments, one transaction a block, and every account ends with the demo's money, to the unit. In
all others the bots run by themselves in virtual time, as they do on a devnet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from olivepress.oracle.codec import OracleDomain
from olivepress.oracle.operator import FeedRule, Operator, PacedSource, Panel, Schedule
from olivepress.signer import LocalSigner
from olivepress.units import amount_to_base, base_to_amount
from olivepress_bots.committee import Committee
from olivepress_bots.demo.play import CONFIRM_DELAY, REPORT_DELAY, TRADE_DELAY
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
from olivepress_bots.market import DEVIATION_BPS, derived_key
from olivepress_bots.runner import Runner
from olivepress_bots.simulation.chain import DECIMALS, Conditions, SimulatedChain
from olivepress_bots.simulation.clock import run_virtually, virtual_milliseconds
from olivepress_bots.simulation.venue import SimulatedVenue

Progress = Callable[[int], None]
"""Called with the seconds of chain time played."""
ANYONE = "anyone"
RELAY_ADDRESS = "0x" + "00" * 20
_DOMAIN = OracleDomain(31337, RELAY_ADDRESS)


@dataclass(frozen=True, slots=True)
class PartyResult:
    """What a party came out with. Money is Decimal collateral; `gas` is not part of `pnl`."""

    name: str
    role: str
    deposited: Decimal
    withdrawn: Decimal
    gas: Decimal
    transactions: int
    refused: int

    @property
    def pnl(self) -> Decimal:
        """Withdrawn less deposited."""
        return self.withdrawn - self.deposited


@dataclass(frozen=True, slots=True)
class MonthResult:
    """A month on the model. `digest` is the sha256 of every event: equal for equal runs, on any machine."""

    settled: Mapping[str, Decimal]
    parties: tuple[PartyResult, ...]
    blocks: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Trader:
    name: str
    role: str
    deposit: int
    venue: SimulatedVenue
    runner: Runner


class _Month:
    def __init__(self, scenario: Scenario, conditions: Conditions, decide_every: int) -> None:
        self.scenario = scenario
        self.decide_every = decide_every
        self.chain = SimulatedChain(scenario.start, conditions, MAX_LAG)
        self.path = IndexPath(scenario)
        self.feeds: dict[str, int] = {}
        self.traders: list[_Trader] = []

    async def play(self, progress: Progress) -> MonthResult:
        await self._prepare()
        if self.chain.conditions.block_time:
            await self._live(progress)
        else:
            await self._step_by_step(progress)
        return await self._end()

    async def _prepare(self) -> None:
        """Operators, the first round, series, accounts."""
        chain, scenario = self.chain, self.scenario
        signers = [derived_key(scenario.seed, f"operator-{number}") for number in range(1, OPERATORS + 1)]
        chain.add_operators([signer.address for signer in signers], QUORUM)
        for setup in self.path.feed_setups():
            digest = setup.methodology.hash
            self.feeds[setup.symbol] = chain.add_feed(
                setup.symbol, setup.heartbeat, setup.deviation_bps, digest
            )
        self.committee = self._committee(signers)
        await self._observe_until_accepted(scenario.start)
        for plan in scenario.plans:
            feed = self.feeds[plan.feed]
            index = Decimal(chain.oracle.latest(feed, chain.time)[0]).scaleb(-8)
            chain.list_series(series_terms(scenario, plan, feed, index).to_spec(DECIMALS))
        for party in parties():
            deposit = amount_to_base(party.deposit, DECIMALS)
            venue = await SimulatedVenue.open(chain, party.name, deposit)
            runner = Runner(party.name, venue, strategies(scenario, party.name))
            self.traders.append(_Trader(party.name, party.role, deposit, venue, runner))

    # --- the index ---

    def _committee(self, signers: Sequence[LocalSigner]) -> Committee:
        """The demo's operators and relay, on the model."""
        schedule = Schedule(grid_seconds=CONFIRM_DELAY, interval_seconds=self.scenario.interval)
        rules = [FeedRule(symbol, (how,), DEVIATION_BPS) for symbol, how in self.path.methodologies.items()]
        operators = []
        for number, signer in enumerate(signers):
            panel = Panel([PacedSource(source) for source in self.path.sources(number)])
            operators.append(Operator(signer, _DOMAIN, schedule, rules, panel))
        return Committee(self.chain, operators, RELAY_ADDRESS)

    async def _observe(self, at: int) -> None:
        await self.committee.observe(at, lambda number: self.path.online(number, at))

    async def _observe_until_accepted(self, at: int) -> None:
        """A round and, where a value moved beyond the bound, the second round that confirms it."""
        await self._until(at + REPORT_DELAY)
        await self._observe(at)
        if any(self.chain.oracle.feed_status(feed).pending for feed in self.feeds.values()):
            await self._until(at + CONFIRM_DELAY + REPORT_DELAY)
            await self._observe(at + CONFIRM_DELAY)

    async def _until(self, time: int) -> None:
        """Waits in virtual time; without block times the next block comes then."""
        if self.chain.conditions.block_time:
            ahead = (time - self.scenario.start) * 1000 - virtual_milliseconds()
            await asyncio.sleep(max(ahead, 0) / 1000)
        else:
            self.chain.at(time)

    # --- trading ---

    async def _step_by_step(self, progress: Progress) -> None:
        """The demo's own moments: a round of the index, then a decision of every bot, in a fixed order."""
        scenario, chain = self.scenario, self.chain
        for at in range(scenario.start, scenario.end, scenario.interval):
            if at > scenario.start:
                await self._observe_until_accepted(at)
            chain.at(at + TRADE_DELAY)
            chain.mine()
            for trader in self.traders:
                await trader.runner.step(chain.time)
            progress(at + scenario.interval - scenario.start)
        chain.at(scenario.end - scenario.interval // 4)
        for trader in self.traders:
            await trader.runner.stop()
        await self._observe_until_accepted(scenario.end)

    async def _live(self, progress: Progress) -> None:
        """Every bot by itself, all the time, as on a devnet; the index comes on its schedule."""
        scenario, chain = self.scenario, self.chain
        bots = [
            asyncio.create_task(trader.runner.run(lambda: chain.time, self.decide_every))
            for trader in self.traders
        ]
        for at in range(scenario.start + scenario.interval, scenario.end, scenario.interval):
            await self._observe_until_accepted(at)
            progress(at - scenario.start)
        await self._until(scenario.end - scenario.interval // 4)
        await asyncio.gather(*(trader.runner.stop() for trader in self.traders))
        await asyncio.gather(*bots)
        await self._observe_until_accepted(scenario.end)

    # --- the end ---

    async def _end(self) -> MonthResult:
        """Both series settle, everybody draws and withdraws all it has."""
        chain, exchange = self.chain, self.chain.exchange
        await self._until(self.scenario.end + MAX_LAG)
        settled = {}
        for symbol, series in chain.series.items():
            for day in range(series.spec.window_start, series.spec.expiry_day + 1):
                await chain.send(ANYONE, chain.oracle.fix_checkpoint, series.feed, day)
            settled[symbol] = series.to_price(await chain.send(ANYONE, exchange.settle, series.id))
        accounts = [trader.venue.account for trader in self.traders]
        await chain.send(ANYONE, exchange.settle_accounts, accounts)
        results = [await self._pay_out(trader) for trader in self.traders]
        return MonthResult(settled, tuple(results), chain.blocks, chain.digest)

    async def _pay_out(self, trader: _Trader) -> PartyResult:
        chain, exchange = self.chain, self.chain.exchange
        number = trader.venue.account
        for series in chain.series.values():
            if exchange.position(number, series.id).quote > 0:
                await chain.send(ANYONE, exchange.draw, number, series.id)
        cash = exchange.state.accounts[number].cash
        if cash:
            await chain.send(trader.name, exchange.withdraw, cash, trader.name)
        return PartyResult(
            name=trader.name,
            role=trader.role,
            deposited=base_to_amount(trader.deposit, DECIMALS),
            withdrawn=base_to_amount(exchange.collateral.balances.get(trader.name, 0), DECIMALS),
            gas=base_to_amount(chain.gas_paid.get(trader.name, 0), DECIMALS),
            transactions=trader.venue.sent,
            refused=trader.runner.refused,
        )


def simulate_month(
    scenario: Scenario,
    conditions: Conditions,
    *,
    decide_every: int = 900,
    progress: Progress = lambda seconds: None,
) -> MonthResult:
    """Plays a month in virtual time.

    :param decide_every: seconds between two decisions of a bot; without block times they decide when the
        demo's do
    """
    return run_virtually(_Month(scenario, conditions, decide_every).play(progress))
