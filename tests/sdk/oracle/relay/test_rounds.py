"""Rounds through a relay: from reports over HTTP to the value on the chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from olivepress import events
from olivepress.oracle.codec import MAX_VALUE, SignedReport
from olivepress.oracle.wire import Reason, ReportRefused
from olivepress.signer import LocalSigner
from relay_kit import VALUE, Oracle, Running, landed, open_oracle, run_relay, until

DAY = 86_400


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with open_oracle(feeds=2) as opened:
        yield opened


async def refusal(relay: Running, report: SignedReport) -> ReportRefused:
    with pytest.raises(ReportRefused) as caught:
        await relay.submit([report])
    return caught.value


async def test_a_round_lands_once_with_every_signer(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        values = [VALUE + step for step in (0, 5, 3, 1, 6, 2, 4)]
        reports = [oracle.sign(who, now, value) for who, value in enumerate(values)]
        assert await relay.submit(reports) == [True] * 7
        await until(lambda: landed(oracle, 1))
        assert await oracle.accepted() == [(now, VALUE + 3)]
        assert await relay.submit(reports[:2]) == [False, False]
        await asyncio.sleep(0.5)
        assert await oracle.transactions(8) == (1, 0)
        assert relay.problems == ""


async def test_reports_beyond_the_quorum_are_waited_for_but_not_for_long(
    oracle: Oracle, tmp_path: Path
) -> None:
    first = await oracle.now()
    timing = {"gather_seconds": 1.5, "stagger_seconds": 0}
    async with run_relay(oracle, tmp_path, timing=timing) as relay:
        await relay.submit(oracle.signed(first, range(5)))
        await asyncio.sleep(0.5)
        await relay.submit(oracle.signed(first, [5]))
        assert await oracle.accepted() == []
        await until(lambda: landed(oracle, 1), 5)
        (taken,) = [event for event in await oracle.events() if isinstance(event, events.RoundAccepted)]
        assert taken.signers.bit_count() == 6


@pytest.mark.parametrize("lie", [MAX_VALUE, 1], ids=["highest", "lowest"])
async def test_two_liars_of_seven_with_two_down(oracle: Oracle, tmp_path: Path, lie: int) -> None:
    """The liars' reports are needed for the quorum of 5; the median is an honest value all the same."""
    now = await oracle.now()
    honest = {0: VALUE - 1000, 1: VALUE, 2: VALUE + 1000}
    liars = (3, 4)
    async with run_relay(oracle, tmp_path) as relay:
        told = [oracle.sign(who, now, value) for who, value in honest.items()]
        await relay.submit(told[:1])
        for liar in liars:
            name = oracle.operators[liar].address
            stolen = replace(told[0], operator=name)
            changed = replace(told[1], report=replace(told[1].report, values={1: lie}))
            assert (await refusal(relay, stolen)).reason is Reason.BAD_SIGNATURE
            assert (await refusal(relay, changed)).reason is Reason.BAD_SIGNATURE
            assert (await refusal(relay, oracle.sign(liar, now + 1000, lie))).reason is Reason.TOO_EARLY
            assert (await refusal(relay, oracle.sign(liar, now - 2 * DAY, lie))).reason is Reason.TOO_OLD
            assert await relay.submit([oracle.sign(liar, now + 1, lie)]) == [True]
            assert await relay.submit([oracle.sign(liar, now, lie)]) == [True]
            assert (await refusal(relay, oracle.sign(liar, now, lie ^ 2))).reason is Reason.ALREADY_REPORTED
        await asyncio.sleep(0.5)
        assert await oracle.accepted() == []
        await relay.submit(told[1:])
        await until(lambda: landed(oracle, 1))
        (value,) = [value for _, value in await oracle.accepted()]
        assert min(honest.values()) <= value <= max(honest.values())
        assert await oracle.transactions(8) == (1, 0)


async def test_a_move_beyond_the_bound_is_confirmed_by_the_next_round(oracle: Oracle, tmp_path: Path) -> None:
    async with run_relay(oracle, tmp_path) as relay:
        start = await oracle.now() - 100
        for step, value in enumerate((VALUE, VALUE // 2, VALUE // 2 + 7)):
            await relay.submit(oracle.signed(start + 10 * step, values=value))
        await until(lambda: landed(oracle, 2))
        history = await oracle.client.history(1)
        assert [point.time for point in history] == [start, start + 10, start + 20]
        assert [int(point.value * 10**8) for point in history] == [VALUE, VALUE // 2, VALUE // 2 + 7]
        assert await oracle.transactions(8) == (3, 0)


async def test_a_round_of_a_moment_to_come_waits_for_it(oracle: Oracle, tmp_path: Path) -> None:
    """Operators' clocks may be ahead, and blocks come later than the schedule's moment."""
    async with run_relay(oracle, tmp_path) as relay:
        moment = await oracle.now() + 4
        await relay.submit(oracle.signed(moment))
        while not await landed(oracle, 1):
            assert relay.problems == ""
            await asyncio.sleep(0.1)
            assert await oracle.now() < moment + 4
        assert await oracle.accepted() == [(moment, VALUE)]
        assert await oracle.transactions(8) == (1, 0)


async def test_of_a_batch_and_its_feeds_alone_the_batch_goes(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        for values in ({1: VALUE, 2: VALUE}, {1: VALUE}, {2: VALUE}):
            await relay.submit(oracle.signed(now, values=values))
        await until(lambda: landed(oracle, 1))
        await asyncio.sleep(1)
        assert await oracle.accepted(1) == await oracle.accepted(2) == [(now, VALUE)]
        assert await oracle.transactions(8) == (1, 0)


async def test_a_feed_that_too_few_know_does_not_stop_the_others(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        await relay.submit(oracle.signed(now, range(4), {1: VALUE, 2: VALUE}))
        await relay.submit(oracle.signed(now, range(7), {1: VALUE}))
        await relay.submit(oracle.signed(now, range(4), {2: VALUE}))
        await until(lambda: landed(oracle, 1))
        assert await oracle.accepted(1) == [(now, VALUE)]
        assert await oracle.accepted(2) == []


async def test_a_halted_feed_does_not_stop_the_others(oracle: Oracle, tmp_path: Path) -> None:
    await oracle.client.set_halted(2, True)
    first = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        for values in ({1: VALUE, 2: VALUE}, {1: VALUE}):
            await relay.submit(oracle.signed(first, values=values))
        await until(lambda: landed(oracle, 1))
        assert await oracle.transactions(8) == (1, 0)
        assert await oracle.accepted(2) == []


async def test_what_was_signed_by_operators_that_left_does_not_count(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    newcomer = LocalSigner((77).to_bytes(32))
    left, stay = oracle.operators[0], oracle.operators[1:]
    async with run_relay(oracle, tmp_path) as relay:
        await relay.submit(oracle.signed(now, range(4)))
        fresh = [newcomer.address, *(one.address for one in stay)]
        await oracle.client.rotate_operators(1, fresh, 5)
        await relay.submit(oracle.signed(now, [4]))
        await asyncio.sleep(1)
        assert await oracle.accepted() == []
        assert (await refusal(relay, oracle.sign(0, now + 1))).reason is Reason.UNKNOWN_OPERATOR
        oracle.operators = [newcomer, *stay]
        assert await relay.submit([oracle.sign(0, now)]) == [True]
        await until(lambda: landed(oracle, 1))
        assert left.address not in (await oracle.client.operators(1))
        assert await oracle.transactions(8) == (1, 0)


async def test_a_new_methodology_ends_the_rounds_of_the_old_one(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        await relay.submit(oracle.signed(now, range(4)))
        await oracle.client.set_methodology(1, "0x" + "22" * 32)
        await until(lambda: all(one["state"] == "over" for one in relay.relay.rounds()["rounds"]))
        refused = await refusal(relay, oracle.sign(5, now + 1))
        assert (refused.reason, refused.value, refused.allowed) == (Reason.WRONG_VERSION, "1", "2")
        await relay.submit([oracle.sign(who, now, version=2) for who in range(7)])
        await until(lambda: landed(oracle, 1))
        assert await oracle.transactions(8) == (1, 0)


async def test_a_round_that_the_chain_took_back_is_sent_again(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        before = await oracle.chain.snapshot()
        await relay.submit(oracle.signed(now))
        await until(lambda: landed(oracle, 1))
        await until(lambda: relay.relay.rounds()["rounds"][0]["state"] == "over")
        await oracle.chain.revert(before)
        assert await oracle.accepted() == []
        await until(lambda: landed(oracle, 1))
        assert await oracle.accepted() == [(now, VALUE)]


async def test_after_nine_silent_days_checkpoints_are_fixed_first(oracle: Oracle, tmp_path: Path) -> None:
    async with run_relay(oracle, tmp_path) as relay:
        first = await oracle.now()
        await relay.submit(oracle.signed(first, values={1: VALUE, 2: VALUE}))
        await until(lambda: landed(oracle, 1))
        for days in (8, 11):
            await oracle.chain.increase_time(days * DAY)
            await oracle.chain.mine()
            now = await oracle.now()
            await until(lambda now=now: fresh(relay, now))  # type: ignore[misc]
            await relay.submit(oracle.signed(now, values={1: VALUE, 2: VALUE}))
            await until(lambda now=now: taken(oracle, now), 20)  # type: ignore[misc]
        assert [await oracle.accepted(feed) for feed in (1, 2)] == [await oracle.accepted(1)] * 2
        assert (await oracle.transactions(8))[1] == 0


def fresh(relay: Running, now: int) -> bool:
    return bool(relay.relay.health().details["block_time"] >= now)


async def taken(oracle: Oracle, now: int) -> bool:
    return now in [time for time, _ in await oracle.accepted()]
