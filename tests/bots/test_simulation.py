"""The model as a venue: time, latency, costs, refusals, and runs that repeat on any machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from pydantic import ValidationError

from exchange_kit import SPEC
from olivepress.oracle.codec import Report, SignedReport
from olivepress.reverts import InsufficientMargin
from olivepress.types import Side, TimeInForce
from olivepress_bots.actions import Cancel, CancelAll, Place
from olivepress_bots.demo.scenario import Scenario, make_scenario
from olivepress_bots.runner import Runner
from olivepress_bots.simulation import (
    Conditions,
    SimulatedChain,
    SimulatedVenue,
    run_virtually,
    simulate_month,
)
from olivepress_bots.view import MarketView

START = 20_780 * 86_400
SYMBOL = SPEC.symbol
MONEY = 10**12


async def opened(conditions: Conditions, *names: str) -> tuple[SimulatedChain, list[SimulatedVenue]]:
    """One series at 3.500 and an account for each name."""
    chain = SimulatedChain(START, conditions)
    operators = [f"0x{number:040x}" for number in range(1, 5)]
    chain.add_operators(operators, 3)
    chain.add_feed("LLM-FLAGSHIP", 86_400, 2_000)
    report = Report(START, 1, {1: 350_000_000})
    await chain.submit(1, [SignedReport(report, one, bytes(64)) for one in operators])
    chain.list_series(SPEC)
    return chain, [await SimulatedVenue.open(chain, name, MONEY) for name in names]


def test_an_order_takes_its_way_and_its_block() -> None:
    async def main() -> None:
        chain, (one, two) = await opened(Conditions(block_time=2_000, latency=300), "one", "two")
        loop = asyncio.get_running_loop()
        before, began = chain.time, loop.time()
        await one.execute(SYMBOL, [Place(Side.SELL, 3_510, 5, client_id=7)])
        took = round((loop.time() - began) * 1000)
        assert 600 < took <= 2_600
        assert round(loop.time() * 1000) % 2_000 == 300  # the answer left with its block
        assert chain.time > before
        view = await two.view(SYMBOL)
        assert (view.asks, view.bids, view.index, view.mark) == (((3_510, 5),), (), 3_500, 3_500)
        assert view.observed_at == chain.time
        await two.execute(SYMBOL, [Place(Side.BUY, 3_510, 2, TimeInForce.IOC)])
        seen = await one.view(SYMBOL)
        (order,) = seen.orders
        assert (seen.position, order.lots, order.tick, order.client_id) == (-2, 3, 3_510, 7)
        await one.execute(SYMBOL, [Cancel(order.order_id), Place(Side.SELL, 3_505, 1)])
        assert (await two.view(SYMBOL)).asks == ((3_505, 1),)
        await one.execute(SYMBOL, [CancelAll()])
        assert (await two.view(SYMBOL)).asks == ()
        await one.cancel_everything()

    run_virtually(main())


def test_a_slow_bot_comes_too_late() -> None:
    """Both want the one lot on offer; the one nearer to the chain gets it."""

    async def main() -> None:
        chain, (maker, near) = await opened(Conditions(block_time=1_000, latency=0), "maker", "near")
        far = await SimulatedVenue.open(chain, "far", MONEY)
        await maker.execute(SYMBOL, [Place(Side.SELL, 3_500, 1)])

        async def take(venue: SimulatedVenue, delay_ms: int) -> None:
            await asyncio.sleep(delay_ms / 1000)
            await venue.execute(SYMBOL, [Place(Side.BUY, 3_500, 1, TimeInForce.IOC)])

        await asyncio.gather(take(far, 20), take(near, 10))
        assert [(await venue.view(SYMBOL)).position for venue in (near, far)] == [1, 0]

    run_virtually(main())


def test_refusals_reach_the_runner_and_cost_their_gas() -> None:
    async def main() -> None:
        conditions = Conditions(block_time=0, latency=0, transaction_cost=100, operation_cost=10)
        chain, (venue,) = await opened(conditions, "greedy")
        spent = chain.gas_paid["greedy"]
        too_much = [Place(Side.BUY, 3_500, 2_000), Place(Side.BUY, 3_499, 1)]
        with pytest.raises(InsufficientMargin) as refused:
            await venue.execute(SYMBOL, too_much)
        assert refused.value.account == 1
        assert (await venue.view(SYMBOL)).orders == ()
        assert chain.gas_paid["greedy"] == spent + 120
        runner = Runner("greedy", venue, {SYMBOL: lambda view, now: list(too_much)})
        assert await runner.step(chain.time) == 0
        assert runner.refused == 1

    run_virtually(main())


def test_a_call_that_is_none_reaches_its_sender_and_nobody_else() -> None:
    """Not a refusal: a mistake in a bot, such as arguments that are missing."""

    async def main() -> None:
        chain, (one,) = await opened(Conditions(block_time=2_000, latency=0), "one")
        wrong = chain.send("one", chain.exchange.depth, 1)  # type: ignore[arg-type]
        right = one.execute(SYMBOL, [Place(Side.BUY, 3_400, 1)])
        told = await asyncio.gather(wrong, right, return_exceptions=True)
        assert isinstance(told[0], TypeError)
        assert told[1] is None
        assert len((await one.view(SYMBOL)).orders) == 1

    run_virtually(main())


def test_bots_run_by_themselves_until_stopped() -> None:
    async def main() -> None:
        chain, (venue,) = await opened(Conditions(block_time=2_000, latency=50), "bot")
        times: list[int] = []

        def decide(view: MarketView, now: int) -> list[Place]:
            times.append(now - START)
            return [Place(Side.BUY, 3_400 + len(times), 1, TimeInForce.GTC)]

        runner = Runner("bot", venue, {SYMBOL: decide})  # type: ignore[dict-item]
        task = asyncio.create_task(runner.run(lambda: chain.time, 60))
        await asyncio.sleep(200)
        assert await runner.stop()
        await task
        assert len(times) == 4
        assert all(59 <= later - now <= 64 for now, later in pairwise(times))
        assert (await venue.view(SYMBOL)).orders == ()

    run_virtually(main())


def test_a_simulation_that_waits_for_itself_says_so() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="waits for another"):
        run_virtually(main())


def test_conditions_are_checked() -> None:
    with pytest.raises(ValidationError, match="latency"):
        Conditions(latency=-1)
    with pytest.raises(ValidationError, match="block_time"):
        Conditions(block_time=600_001)


def short() -> Scenario:
    """The last six days of the demo's month, three of them averaged."""
    scenario = make_scenario(5, fast=True)
    return replace(
        scenario,
        first_day=scenario.expiry - timedelta(days=6),
        window_start=scenario.expiry - timedelta(days=3),
    )


LIVE = Conditions(block_time=2_000, latency=150, transaction_cost=10)


def test_a_month_ends_with_every_unit_and_its_conditions_matter() -> None:
    instant = simulate_month(short(), Conditions(block_time=0, latency=0))
    live = simulate_month(short(), LIVE, decide_every=7_200)
    slower = simulate_month(short(), LIVE.model_copy(update={"latency": 2_500}), decide_every=7_200)
    for result in (instant, live, slower):
        paid_in = sum(one.deposited for one in result.parties)
        fees = -sum(one.pnl for one in result.parties)
        assert paid_in == Decimal(15_000_000)
        assert 0 < fees < 10_000
        assert result.settled == instant.settled
        assert all(one.withdrawn > 0 and one.transactions > 0 for one in result.parties)
    assert len({one.digest for one in (instant, live, slower)}) == 3
    assert all(one.gas > 0 for one in live.parties)


SCRIPT = """
import logging; logging.disable(logging.CRITICAL)
from test_simulation import LIVE, short
from olivepress_bots.simulation import simulate_month
print(simulate_month(short(), LIVE, decide_every=14_400).digest)
"""


def test_the_same_seed_repeats_in_another_process() -> None:
    """With another seed of Python's own hashes, which must not matter."""
    here = simulate_month(short(), LIVE, decide_every=14_400).digest
    path = os.pathsep.join(("tests/support", "tests/bots"))
    for seed in ("1", "77"):
        there = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here
