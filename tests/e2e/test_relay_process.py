"""`olivepress relay run` as a process: killed at random points, stopped in order, misconfigured."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
from typer.testing import CliRunner

import processes
from olivepress.cli import app
from olivepress.errors import TransportError
from olivepress.oracle import SignedReport
from olivepress.oracle.relay_client import RelayClient
from olivepress.oracle.wire import Reason, ReportRefused
from relay_kit import VALUE, Oracle, landed, open_oracle, until

CONFIG = """
rpc = "{rpc}"
manifest = "olivepress.json"
listen = "127.0.0.1:{port}"

[key]
env = "RELAY_KEY"

[limits]
requests_per_minute = 100000
burst = 10000

[timing]
poll_seconds = 0.1
gather_seconds = 0.2
stagger_seconds = 0.1
stuck_seconds = 2
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def configure(oracle: Oracle, folder: Path) -> str:
    """Writes manifest and configuration; returns the relay's address."""
    port = free_port()
    oracle.deployment.save(folder / "olivepress.json")
    (folder / "relay.toml").write_text(CONFIG.format(rpc=oracle.chain.url, port=port))
    return f"http://127.0.0.1:{port}"


async def start(oracle: Oracle, folder: Path) -> Process:
    keys = {"RELAY_KEY": oracle.chain.keys[8]}
    return await processes.start("relay", "run", "relay.toml", cwd=folder, settings=keys)


async def hand_over(client: RelayClient, oracle: Oracle, reports: Sequence[SignedReport]) -> None:
    """As an operator does: until the relay has taken it, over every restart."""
    for report in reports:
        while True:
            try:
                await client.submit(report, oracle.client.domain)
                break
            except TransportError:
                await asyncio.sleep(0.05)
            except ReportRefused as refused:
                if refused.reason is Reason.TOO_OLD:  # the round landed without it
                    break
                if not refused.reason.passing:
                    raise
                await asyncio.sleep(0.05)


async def test_killed_at_random_points_every_round_lands_exactly_once(tmp_path: Path) -> None:
    rounds, seed = 6, 20_261_123
    dice = random.Random(seed)
    async with open_oracle(block_time="0.4") as oracle:
        url = configure(oracle, tmp_path)
        process = await start(oracle, tmp_path)
        begin = await oracle.now() - 1_000
        kills = 0
        try:
            async with RelayClient(url, timeout=3) as client:
                for number in range(rounds):
                    reports = oracle.signed(begin + number, values=VALUE + number)
                    handing = asyncio.create_task(hand_over(client, oracle, reports))
                    await until(lambda: answers(client), 30, "the relay listens")
                    await asyncio.sleep(dice.randrange(1_000) / 1000)
                    process.kill()
                    await process.communicate()
                    kills += 1
                    process = await start(oracle, tmp_path)
                    await asyncio.wait_for(handing, 30)
                await until(lambda: landed(oracle, rounds), 30, "all rounds")
                await asyncio.sleep(1.5)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()
        assert kills == rounds
        assert await oracle.accepted() == [(begin + n, VALUE + n) for n in range(rounds)]
        assert await oracle.transactions(8) == (rounds, 0)


async def answers(client: RelayClient) -> bool:
    with suppress(TransportError):
        return bool(await client.rounds())
    return False


async def test_killed_with_a_round_that_nobody_sends_again(tmp_path: Path) -> None:
    """What was answered with 202 is on the disk, and what was sent is waited for."""
    async with open_oracle(block_time=None) as oracle:
        url = configure(oracle, tmp_path)
        now = await oracle.now()
        for pause in (0.0, 1.5):
            process = await start(oracle, tmp_path)
            async with RelayClient(url) as client:
                await until(lambda: answers(client), 30)
                if not pause:
                    for report in oracle.signed(now):
                        assert await client.submit(report, oracle.client.domain)
                await asyncio.sleep(pause)
            process.kill()
            await process.communicate()
        await oracle.chain.mine()
        assert await oracle.accepted() == [(now, VALUE)]
        process = await start(oracle, tmp_path)
        async with RelayClient(url) as client:
            await until(lambda: answers(client), 30)
            await asyncio.sleep(1)
        process.send_signal(signal.SIGTERM)
        done = await processes.finish(process, 10)
        assert done.code == 0, done.err
        assert oracle.chain.keys[8].removeprefix("0x") not in done.err
        await oracle.chain.mine()
        assert await oracle.transactions(8) == (1, 0)


async def test_it_waits_for_its_node_and_refuses_another_chain(tmp_path: Path) -> None:
    async with open_oracle() as oracle:
        url = configure(oracle, tmp_path)
        text = (tmp_path / "relay.toml").read_text()
        away = text.replace(oracle.chain.url, f"http://127.0.0.1:{free_port()}")
        (tmp_path / "relay.toml").write_text(away)
        process = await start(oracle, tmp_path)
        assert process.stderr is not None
        assert b"trying again" in await asyncio.wait_for(process.stderr.readline(), 20)
        process.send_signal(signal.SIGTERM)
        assert (await processes.finish(process, 10)).code == 0

        (tmp_path / "relay.toml").write_text(text)
        manifest = oracle.deployment.model_copy(update={"chain_id": 5})
        manifest.save(tmp_path / "olivepress.json")
        done = await processes.finish(await start(oracle, tmp_path), 20)
        assert (done.code, "chain_id" in done.err) == (2, True)

        oracle.deployment.save(tmp_path / "olivepress.json")
        first = await start(oracle, tmp_path)
        async with RelayClient(url) as client:
            await until(lambda: answers(client), 30)
        second = await processes.finish(await start(oracle, tmp_path), 20)
        assert (second.code, "in use by another process" in second.err) == (2, True)
        async with aiohttp.ClientSession() as session, session.get(url + "/health") as answer:
            assert answer.status == 200
        shown = await processes.run_here("relay", "rounds", url, "--json", cwd=tmp_path)
        assert (shown.code, shown.out.strip()) == (0, "[]")
        first.send_signal(signal.SIGINT)
        assert (await processes.finish(first, 10)).code == 0


def test_a_wrong_configuration_is_refused_in_words(tmp_path: Path) -> None:
    cases = {
        "listen = 'nowhere'": "listen is 'nowhere'",
        "rpc = ": "not TOML",
        "": "rpc: Field required",
        "surprise = 1": "surprise: no setting; allowed: rpc",
    }
    for text, message in cases.items():
        given = text if text in ("", "rpc = ") else f"rpc='http://x'\nmanifest='m'\n{text}\n[key]\nenv='K'"
        (tmp_path / "relay.toml").write_text(given)
        done = CliRunner().invoke(app, ["relay", "run", str(tmp_path / "relay.toml")])
        assert done.exit_code == 2, done.stderr
        assert message in done.stderr
    done = CliRunner().invoke(app, ["relay", "run", str(tmp_path / "missing.toml")])
    assert (done.exit_code, "missing.toml: No such file" in done.stderr) == (2, True)
