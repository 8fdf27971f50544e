"""Several relays at once: every round lands once, and a relay wastes at most one transaction on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from olivepress.oracle import SignedReport
from olivepress.oracle.codec import MAX_VALUE
from relay_kit import VALUE, Oracle, landed, open_oracle, run_relay, until

ROUNDS = 6


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with open_oracle(block_time="0.5") as opened:
        yield opened


async def race(oracle: Oracle, folder: Path, **timing: float) -> list[tuple[int, list[int]]]:
    """Two liars, two operators down, two relays: rounds over both.

    The liars lie in the worst way: without them there is no quorum, and each tells one relay the highest
    value and the other the lowest. Returns each relay's transactions: how many ran, and the rounds of those
    that were reverted.
    """
    async with AsyncExitStack() as stack:
        relays = [
            await stack.enter_async_context(
                run_relay(oracle, folder / str(key), key, timing={"poll_seconds": 0.2, **timing})
            )
            for key in (8, 9)
        ]
        start = await oracle.now()
        for number in range(ROUNDS):
            time = start - 100 + number
            honest = [oracle.sign(who, time, VALUE + who) for who in (0, 1, 2)]
            lies = [[oracle.sign(who, time, lie) for who in (3, 4)] for lie in (MAX_VALUE, 1)]
            told = zip(relays, lies if number % 2 else lies[::-1], strict=True)
            await asyncio.gather(*(relay.submit(honest + lied) for relay, lied in told))
            await until(lambda wanted=number + 1: landed(oracle, wanted), 15)  # type: ignore[misc]
        await asyncio.sleep(1.2)
        values = [value for _, value in await oracle.accepted()]
        assert len(values) == ROUNDS
        assert set(values) <= {VALUE, VALUE + 2}  # the lowest or highest that an honest operator told
    sent = [await oracle.updates(key) for key in (8, 9)]
    for _, reverted in sent:
        assert len(set(reverted)) == len(reverted), "a relay wasted two transactions on one round"
    assert sum(ran - len(reverted) for ran, reverted in sent) == ROUNDS
    return sent


async def test_two_relays_that_start_at_the_same_moment(oracle: Oracle, tmp_path: Path) -> None:
    sent = await race(oracle, tmp_path, gather_seconds=0, stagger_seconds=0, patience_seconds=0)
    assert any(reverted for _, reverted in sent)  # they did race


async def test_relays_that_take_turns_waste_next_to_nothing(oracle: Oracle, tmp_path: Path) -> None:
    sent = await race(oracle, tmp_path, gather_seconds=0.1, stagger_seconds=1, patience_seconds=3)
    assert sum(len(reverted) for _, reverted in sent) <= 2


async def test_a_round_that_another_relay_has_sent_is_left_to_it(tmp_path: Path) -> None:
    async with open_oracle(block_time=None) as oracle:
        reports = oracle.signed(await oracle.now())
        await send_as_stranger(oracle, reports, priority_fee=10**9)
        async with run_relay(oracle, tmp_path, timing={"patience_seconds": 60}) as relay:
            await relay.submit(reports)
            await asyncio.sleep(1.5)
            await oracle.chain.mine()
            await until(lambda: landed(oracle, 1))
            await asyncio.sleep(1)
            assert await waiting(oracle) == 0
            assert await oracle.transactions(8) == (0, 0)


async def test_another_relays_transaction_that_is_never_mined_is_not_waited_for_long(tmp_path: Path) -> None:
    """Anyone can put the reports into the node's pool at a fee that no block takes."""
    async with open_oracle(block_time=None) as oracle:
        reports = oracle.signed(await oracle.now())
        await send_as_stranger(oracle, reports, priority_fee=1)
        async with run_relay(oracle, tmp_path, timing={"patience_seconds": 1.5}) as relay:
            await relay.submit(reports)
            await asyncio.sleep(1)
            assert await waiting(oracle) == 1
            await until(lambda: sent_too(oracle), 5)


async def send_as_stranger(oracle: Oracle, reports: list[SignedReport], priority_fee: int) -> None:
    """Puts an update into the node's pool from a key that is no relay of the test."""
    call = await oracle.client.update_call(1, reports)
    transaction = {
        "from": oracle.chain.accounts[9],
        "to": call.to,
        "data": "0x" + call.data.hex(),
        "gas": hex(500_000),
        "maxFeePerGas": hex(2 * 10**9),
        "maxPriorityFeePerGas": hex(priority_fee),
    }
    await oracle.chain.transport.request("eth_sendTransaction", [transaction])


async def waiting(oracle: Oracle) -> int:
    status = await oracle.chain.transport.request("txpool_status")
    return int(status["pending"], 16)


async def sent_too(oracle: Oracle) -> bool:
    return await waiting(oracle) == 2
