"""A relay in trouble: transactions that are stuck, no money, a node that loses answers or is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flaky_transport import Flaky, broken, hanging, unreachable
from olivepress.errors import ConnectionFailed, ValidationError
from olivepress.oracle.relay import open_relay
from olivepress.oracle.relay_client import RelayClient
from olivepress.oracle.snapshot import OracleState
from olivepress.oracle.wire import Reason, ReportRefused
from olivepress.signer import LocalSigner
from relay_kit import VALUE, Oracle, landed, open_oracle, run_relay, settings, until


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with open_oracle() as opened:
        yield opened


@pytest.fixture
async def still() -> AsyncIterator[Oracle]:
    """Blocks only when the test makes one."""
    async with open_oracle(block_time=None) as opened:
        yield opened


class Away(Flaky):
    """Reaches no node at all while `away`."""

    away = False

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        if self.away:
            raise ConnectionFailed("no route", url=self.url)
        return await super()._exchange(method, params)

    async def _exchange_batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        if self.away:
            raise ConnectionFailed("no route", url=self.url)
        return await super()._exchange_batch(calls)


class Behind(Flaky):
    """A node that knows neither the block nor the contract yet, while `behind`."""

    behind = False

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        answer = await super()._exchange(method, params)
        return None if self.behind and method == "eth_getBlockByNumber" else answer

    async def _exchange_batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = await super()._exchange_batch(calls)
        return ["0x"] * len(answers) if self.behind and calls[0][0] == "eth_call" else answers


class NoBlock(Behind):
    """Knows the contract."""

    async def _exchange_batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return await super(Behind, self)._exchange_batch(calls)


async def waiting(oracle: Oracle) -> list[dict[str, Any]]:
    """The relay's transactions in the node's pool."""
    pool = await oracle.chain.transport.request("txpool_content")
    address = LocalSigner(oracle.chain.keys[8]).address.lower()
    found = {sender.lower(): list(by_nonce.values()) for sender, by_nonce in pool["pending"].items()}
    return found.get(address, [])


async def offers(oracle: Oracle, at_least: int) -> bool:
    return any(int(tx["maxFeePerGas"], 16) >= at_least for tx in await waiting(oracle))


async def test_a_stuck_transaction_is_replaced_at_a_higher_fee(still: Oracle, tmp_path: Path) -> None:
    timing = {"stuck_seconds": 0.4, "gather_seconds": 0, "stagger_seconds": 0}
    async with run_relay(still, tmp_path, timing=timing) as relay:
        await relay.submit(still.signed(await still.now()))
        await until(lambda: offers(still, 1))
        (first,) = await waiting(still)
        await until(lambda: offers(still, int(first["maxFeePerGas"], 16) * 3 // 2))
        (second,) = await waiting(still)
        assert (second["nonce"], second["input"]) == (first["nonce"], first["input"])
        await still.chain.mine()
        await until(lambda: landed(still, 1))
        assert await still.transactions(8) == (1, 0)


async def test_a_transaction_that_the_node_threw_out_is_sent_again(still: Oracle, tmp_path: Path) -> None:
    """Anvil throws out what a block's base fee was too high for."""
    timing = {"stuck_seconds": 1, "gather_seconds": 0, "stagger_seconds": 0}
    async with run_relay(still, tmp_path, timing=timing) as relay:
        await relay.submit(still.signed(await still.now()))
        await until(lambda: offers(still, 1))
        (first,) = await waiting(still)
        fee = int(first["maxFeePerGas"], 16) * 3 // 2
        await still.chain.transport.request("anvil_setNextBlockBaseFeePerGas", [hex(fee)])
        await still.chain.mine()
        assert await waiting(still) == []
        await until(lambda: offers(still, fee))
        await still.chain.mine()
        await until(lambda: landed(still, 1))
        assert await still.transactions(8) == (1, 0)


async def test_no_replacement_offers_more_than_the_limit(still: Oracle, tmp_path: Path) -> None:
    timing = {"stuck_seconds": 0.1, "gather_seconds": 0, "stagger_seconds": 0}
    limit = 4_000_000_000
    async with run_relay(still, tmp_path, timing=timing, fees={"max_fee_wei": limit}) as relay:
        await relay.submit(still.signed(await still.now()))
        await until(lambda: offers(still, limit * 3 // 4))
        await asyncio.sleep(1)
        (stuck,) = await waiting(still)
        assert int(stuck["maxFeePerGas"], 16) <= limit


async def test_a_stuck_transaction_of_the_run_before_is_replaced_too(still: Oracle, tmp_path: Path) -> None:
    timing = {"stuck_seconds": 0.4, "gather_seconds": 0, "stagger_seconds": 0}
    now = await still.now()
    async with run_relay(still, tmp_path, timing=timing) as relay:
        await relay.submit(still.signed(now))
        await until(lambda: offers(still, 1))
    (first,) = await waiting(still)
    async with run_relay(still, tmp_path, timing=timing):
        await until(lambda: offers(still, int(first["maxFeePerGas"], 16) * 6 // 5))
        (second,) = await waiting(still)
        assert (second["nonce"], second["input"]) == (first["nonce"], first["input"])
        await still.chain.mine()
        await until(lambda: landed(still, 1))
        await asyncio.sleep(0.5)
        assert await waiting(still) == []
    assert await still.transactions(8) == (1, 0)


async def test_with_its_files_lost_it_waits_for_what_the_node_has(still: Oracle, tmp_path: Path) -> None:
    timing = {"stuck_seconds": 3, "gather_seconds": 0, "stagger_seconds": 0, "patience_seconds": 0}
    reports = still.signed(await still.now())
    async with run_relay(still, tmp_path / "lost", timing=timing) as relay:
        await relay.submit(reports)
        await until(lambda: offers(still, 1))
    async with run_relay(still, tmp_path / "fresh", timing=timing) as relay:
        await relay.submit(reports)
        await asyncio.sleep(1)
        assert len(await waiting(still)) == 1
        await still.chain.mine()
        await until(lambda: landed(still, 1))
        await asyncio.sleep(0.5)
        assert await waiting(still) == []
        assert relay.problems == ""


async def test_without_money_it_says_so_and_collects_on(oracle: Oracle, tmp_path: Path) -> None:
    address = LocalSigner(oracle.chain.keys[8]).address
    await oracle.chain.set_balance(address, 1_000)
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        await relay.submit(oracle.signed(now))
        await until(lambda: "cannot pay for gas" in relay.problems)
        assert f"balance: {address} has 1000 wei, wanted: 10000000000000000 or more" in relay.problems
        async with aiohttp.ClientSession() as session, session.get(relay.url + "/health") as answer:
            assert (answer.status, (await answer.json())["status"]) == (503, "problems")
        assert await relay.submit(oracle.signed(now + 1)) == [True] * 7
        assert await oracle.accepted() == []
        await oracle.chain.set_balance(address, 10**18)
        await until(lambda: landed(oracle, 2))
        assert await oracle.accepted() == [(now, VALUE), (now + 1, VALUE)]
        assert await oracle.transactions(8) == (2, 0)
        await until(lambda: relay.problems == "")


@pytest.mark.parametrize(
    ("error", "delivered"),
    [(broken, True), (broken, False), (hanging, True), (hanging, False), (unreachable, False)],
    ids=["broken-sent", "broken-lost", "hanging-sent", "hanging-lost", "unreachable"],
)
async def test_lost_answers(
    oracle: Oracle, tmp_path: Path, error: Callable[[], BaseException], delivered: bool
) -> None:
    async with Flaky(oracle.chain.ws_url) as wire:
        now = await oracle.now()
        async with run_relay(oracle, tmp_path, transport=wire) as relay:
            wire.lose, wire.deliver = error, delivered
            await relay.submit(oracle.signed(now))
            await until(lambda: wire.sends > 0)
            await asyncio.sleep(0.5)
            wire.lose = None
            await until(lambda: landed(oracle, 1), 15)
            await relay.submit(oracle.signed(now + 1))
            await until(lambda: landed(oracle, 2), 15)
            assert await oracle.accepted() == [(now, VALUE), (now + 1, VALUE)]
            assert await oracle.transactions(8) == (2, 0)


async def test_while_the_node_is_away_it_collects(oracle: Oracle, tmp_path: Path) -> None:
    async with Away(oracle.chain.ws_url) as wire:
        now = await oracle.now()
        async with run_relay(oracle, tmp_path, transport=wire) as relay:
            wire.away = True
            await until(lambda: "chain: no route" in relay.problems)
            assert await relay.submit(oracle.signed(now)) == [True] * 7
            assert await relay.submit(oracle.signed(now + 1)) == [True] * 7
            await asyncio.sleep(0.5)
            assert await oracle.accepted() == []
            wire.away = False
            await until(lambda: landed(oracle, 2))
            assert await oracle.accepted() == [(now, VALUE), (now + 1, VALUE)]
            assert await oracle.transactions(8) == (2, 0)
            await until(lambda: relay.problems == "")


async def test_a_read_that_does_not_fit_together_is_tried_again(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the operators are rotated between two requests."""
    async with run_relay(oracle, tmp_path) as relay:

        async def torn(_client: object) -> OracleState:
            raise ValidationError("operator_set", 1, "a set with operators, 1 and up")

        with monkeypatch.context() as during:
            during.setattr("olivepress.oracle.relay.relay.read_state", torn)
            await until(lambda: "chain: operator_set" in relay.problems)
            await relay.submit(oracle.signed(await oracle.now()))
        await until(lambda: landed(oracle, 1))
        assert relay.problems == ""


@pytest.mark.parametrize(
    ("node", "words"), [(Behind, "feedCount: '0x' is no answer"), (NoBlock, "no latest block")]
)
async def test_a_node_that_answers_nonsense_is_told_and_asked_again(
    oracle: Oracle, tmp_path: Path, node: type[Behind], words: str
) -> None:
    async with node(oracle.chain.ws_url) as wire, run_relay(oracle, tmp_path, transport=wire) as relay:
        wire.behind = True
        await until(lambda: words in relay.problems)
        await relay.submit(oracle.signed(await oracle.now()))
        wire.behind = False
        await until(lambda: landed(oracle, 1))
        await until(lambda: relay.problems == "")
        assert relay.problems == ""


async def test_what_nobody_thought_of_is_told_and_tried_again(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nonsense(*_: object) -> None:
        raise KeyError("status")

    async with run_relay(oracle, tmp_path) as relay:
        with monkeypatch.context() as during:
            during.setattr("olivepress.oracle.relay.sending.Sending.send", nonsense)
            await relay.submit(oracle.signed(await oracle.now()))
            await until(lambda: "sending: KeyError: 'status'" in relay.problems)
        await until(lambda: landed(oracle, 1))
        await until(lambda: relay.problems == "")
        assert relay.problems == ""


async def test_before_it_has_seen_its_chain_reports_are_put_off(oracle: Oracle, tmp_path: Path) -> None:
    report = oracle.sign(0, await oracle.now())
    key = LocalSigner(oracle.chain.keys[8])
    chosen = settings(oracle.chain, tmp_path)
    async with (
        Away(oracle.chain.ws_url) as wire,
        open_relay(wire, oracle.deployment, key, chosen, tmp_path) as (relay, service),
        RelayClient(service.url) as client,
    ):
        wire.away = True
        with pytest.raises(ReportRefused) as refused:
            await client.submit(report, oracle.client.domain)
        assert refused.value.reason is Reason.UNAVAILABLE
        assert relay.health().problems == ["chain: no route"]
        wire.away = False
        assert await client.submit(report, oracle.client.domain)
        assert relay.health().problems == []


async def test_of_two_values_at_once_one_is_taken(oracle: Oracle, tmp_path: Path) -> None:
    """Both arrive while the relay still reads its chain for the first time."""
    now = await oracle.now()
    key = LocalSigner(oracle.chain.keys[8])
    chosen = settings(oracle.chain, tmp_path)
    async with (
        open_relay(oracle.chain.transport, oracle.deployment, key, chosen, tmp_path) as (_, service),
        RelayClient(service.url) as client,
    ):
        told = await asyncio.gather(
            *(client.submit(oracle.sign(0, now, value), oracle.client.domain) for value in (1, 2, 2, 1)),
            return_exceptions=True,
        )
        refused = [one.reason for one in told if isinstance(one, ReportRefused)]
        assert refused == [Reason.ALREADY_REPORTED] * 2
        assert sorted(one for one in told if isinstance(one, bool)) == [False, True]


async def test_a_full_disk_is_told_and_nothing_is_answered_with_yes(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    reports = oracle.signed(await oracle.now())
    async with run_relay(oracle, tmp_path) as relay:
        with monkeypatch.context() as during:
            during.setattr("olivepress.files.AppendLog.write", full)
            with pytest.raises(ReportRefused) as refused:
                await relay.submit(reports)
            assert refused.value.reason.passing
            assert "disk: No space left" in relay.problems
        assert await relay.submit(reports) == [True] * 7
        await until(lambda: landed(oracle, 1))
        assert relay.problems == ""


async def test_the_node_goes_away_while_a_transaction_waits(still: Oracle, tmp_path: Path) -> None:
    async with Away(still.chain.ws_url) as wire:
        now = await still.now()
        async with run_relay(still, tmp_path, transport=wire) as relay:
            await relay.submit(still.signed(now))
            await until(lambda: offers(still, 1))
            wire.away = True
            await until(lambda: "lost sight" in relay.problems, 20)
            await still.chain.mine()
            wire.away = False
            await until(lambda: landed(still, 1))
            await until(lambda: relay.problems == "")
            assert await still.transactions(8) == (1, 0)
