"""Two operators and a relay as processes, on a chain in real time: killed, cut off, rotated, stopped."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from olivepress import devchain
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.index import explain, load_record
from olivepress.oracle import OracleClient
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender
from operator_kit import GPU
from processes import finish, start

HEARTBEAT = 3600
KEY_FILE = "operator.key"


class Wire:
    """A connection to the node that can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer), return_exceptions=True)
        self._writers -= {writer, back}

    @staticmethod
    async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65_536):
                writer.write(block)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """A server that takes connections and never says a word; its port."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class Program:
    """`olivepress WORDS` with a settings file, and where its /health is, as its log says."""

    words: tuple[str, ...]
    folder: Path
    secret: dict[str, str]
    url: str = ""
    log: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self.url = ""
        self.process = await start(*self.words, cwd=self.folder, settings=self.secret)
        self._reading = asyncio.create_task(self._read())
        await until(lambda: self.url, 40, f"{self.words} to listen: {self.log[-5:]}")

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = raw.decode().rstrip()
            self.log.append(line)
            if (found := re.search(r"http://127\.0\.0\.1:\d+$", line)) and not self.url:
                self.url = found[0]

    async def kill(self, number: int = signal.SIGKILL) -> int:
        """Ends it; returns the exit code."""
        assert self.process is not None
        assert self._reading is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), 10)
        await self._reading
        return self.process.returncode or 0

    async def health(self) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as answer:
            told: dict[str, Any] = await answer.json()
            assert answer.status == (503 if told["problems"] else 200)
            return told

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            return await answer.text()

    def signed(self) -> list[tuple[int, dict[str, str]]]:
        """What the operator wrote down before it signed."""
        lines = (self.folder / "operator-state" / "reports.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines if line.endswith("}")]
        return [(one["at"], one["values"]) for one in records if "values" in one]


async def until(check: Callable[[], Any], seconds: int, what: str) -> Any:
    """Waits until `check` says something true, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        await asyncio.sleep(0.25)
    raise AssertionError(f"waited {seconds} s for {what}")


@dataclass
class Town:
    """A chain, its oracle for the owner, a relay, two operators; the first one's wire can be cut."""

    chain: DevChain
    oracle: OracleClient
    wire: Wire
    relay: Program
    operators: list[Program]
    addresses: list[str]

    async def accepted(self) -> int:
        """Observation time of the value on the chain."""
        return (await self.oracle.latest(1)).time

    async def next_round(self, seconds: int = 40) -> int:
        before = await self.accepted()

        async def newer() -> int:
            now = await self.accepted()
            return now if now > before else 0

        found: int = await until(newer, seconds, "a round on the chain")
        return found


def write_operator(folder: Path, rpc: str, relay: str, silent: int, key: str) -> None:
    (folder / "operator.toml").write_text(
        f"""
manifest = "../olivepress.json"
rpc = "{rpc}"
relays = ["{relay}"]
listen = "127.0.0.1:0"
key = {{ {key} }}
schedule = {{ grid_seconds = 2, interval_seconds = 2 }}
[[feed]]
symbol = "GPU-H100-SXM"
[[source]]
type = "csv"
path = "../gpu.csv"
[[source]]
type = "http"
name = "silent"
url = "http://127.0.0.1:{silent}/"
deadline_seconds = 1
""",
        encoding="utf-8",
    )


def write_prices(folder: Path) -> None:
    now = datetime.now(UTC).isoformat()
    rows = [f"{now},cloud-{n},H100-SXM,2.{n}0,GPU-hour,offer" for n in range(1, 6)]
    (folder / "gpu.csv").write_text("observed_at,venue,item,price,unit,kind\n" + "\n".join(rows) + "\n")


@asynccontextmanager
async def open_town(folder: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(devchain.launch(block_time=1, accounts=4))
        silent = await stack.enter_async_context(silence())
        sender = TransactionSender(chain.transport, LocalSigner(chain.keys[0]), chain.chain_id)
        stack.push_async_callback(sender.close)
        deployment = await deploy_all(sender)
        deployment.save(folder / "olivepress.json")
        oracle = OracleClient(chain.transport, deployment, sender)
        addresses = [LocalSigner(key).address for key in chain.keys[1:3]]
        await oracle.add_operator_set(addresses, 2)
        await oracle.add_feed(
            "GPU-H100-SXM", 1, heartbeat=HEARTBEAT, deviation_bps=1_000, methodology="0x" + GPU.hash.hex()
        )
        write_prices(folder)
        (folder / "relay.toml").write_text(
            f'manifest = "olivepress.json"\nrpc = "{chain.url}"\n'
            'listen = "127.0.0.1:0"\nkey.env = "RELAY_KEY"\n'
            "timing = { poll_seconds = 0.2, gather_seconds = 0.5, stagger_seconds = 0 }\n"
        )
        relay = Program(("relay", "run", "relay.toml"), folder, {"RELAY_KEY": chain.keys[3]})
        wire = Wire(int(chain.url.rsplit(":", 1)[1]))
        await wire.mend()
        await relay.begin()
        operators = []
        for number, rpc in enumerate((f"http://127.0.0.1:{wire.port}", chain.url), 1):
            home = folder / f"operator-{number}"
            home.mkdir()
            # One has its key in the environment, the other in a file.
            write_operator(home, rpc, relay.url, silent, ('env = "KEY"', f'file = "{KEY_FILE}"')[number - 1])
            (home / KEY_FILE).touch(0o600)
            (home / KEY_FILE).write_text(chain.keys[number])
            secret = {"KEY": chain.keys[number]} if number == 1 else {}
            operators.append(Program(("oracle", "run", "operator.toml"), home, secret))
        town = Town(chain, oracle, wire, relay, operators, addresses)
        try:
            await asyncio.gather(*(one.begin() for one in operators))
            yield town
        finally:
            await wire.cut()
            for program in (*operators, relay):
                if program.process is not None and program.process.returncode is None:
                    await program.kill()


async def test_operators_in_real_time(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        first, second = town.operators
        await town.next_round()
        await it_is_killed_again_and_again(town, first)
        await it_names_the_source_that_hangs(second)
        await it_goes_on_without_its_node(town, first)
        await it_leaves_an_audit_trail(first)
        await it_stops_when_it_is_rotated_out(town, first, second)
        for one in (first, second):
            began = time.monotonic()
            assert await one.kill(signal.SIGTERM) == 0, one.log[-5:]
            assert time.monotonic() - began < 8
            assert any("operator stopped" in line for line in one.log[-2:])
        no_key_was_shown(town, tmp_path)


async def it_is_killed_again_and_again(town: Town, operator: Program) -> None:
    """Nothing is reported twice: its times only rise, and the relay never saw two values for one time."""
    for _ in range(2):  # each time soon after it wrote down a report, when the relay may or may not have it
        before = len(operator.signed())
        await until(lambda before=before: len(operator.signed()) > before, 30, "a report")  # type: ignore[misc]
        await operator.kill()
        await operator.begin()
    await town.next_round()
    times = [at for at, _ in operator.signed()]
    assert len(times) > 2
    assert times == sorted(set(times))
    assert 'reason="already_reported"' not in await town.relay.metrics()
    assert "already_reported" not in "".join(operator.log)


async def it_names_the_source_that_hangs(operator: Program) -> None:
    figures = await operator.metrics()
    assert 'olivepress_operator_source_up{source="silent"} 0.0' in figures
    assert 'olivepress_operator_source_up{source="gpu.csv"} 1.0' in figures
    assert 'olivepress_operator_able{feed="GPU-H100-SXM"} 1.0' in figures
    told = await operator.health()
    assert "no answer within 1 s" in told["sources"]["silent"] or "hangs" in told["sources"]["silent"]
    assert told["status"] == "ok"


async def it_goes_on_without_its_node(town: Town, operator: Program) -> None:
    await town.wire.cut()

    async def told() -> bool:
        return any("the node does not answer" in one for one in (await operator.health())["problems"])

    await until(told, 30, "the operator to miss its node")
    await town.next_round()  # both are needed for a quorum: it still signs on schedule
    await town.wire.mend()

    async def well() -> bool:
        return not (await operator.health())["problems"]

    await until(well, 30, "the operator to find its node again")


async def it_leaves_an_audit_trail(operator: Program) -> None:
    at, values = operator.signed()[-1]
    (path,) = (operator.folder / "operator-state" / "audit").glob(f"*/GPU-H100-SXM-{at}.json")
    record = load_record(path)
    assert str(record.value_e8) == values["1"] == "230000000"
    assert explain(record).matches
    assert "silent" in {one.source for one in record.failures}


async def it_stops_when_it_is_rotated_out(town: Town, removed: Program, stays: Program) -> None:
    await town.oracle.rotate_operators(1, [town.addresses[1]], 1)

    async def told() -> bool:
        return any("is no operator of set 1" in one for one in (await removed.health())["problems"])

    await until(told, 30, "the removed operator to say so")
    signed = len(removed.signed())
    await town.next_round()
    await town.next_round()
    assert len(removed.signed()) == signed
    assert (await stays.health())["problems"] == []
    words = ("oracle", "status", "operator.toml", "--json")
    asked = await finish(await start(*words, cwd=removed.folder, settings=removed.secret), 60)
    assert asked.code == 0, asked.err
    status = json.loads(asked.out)
    (feed,) = status["feeds"]
    assert (feed["member"], feed["operators"], feed["quorum"], feed["value"]) == (False, 1, 1, "2.3")
    assert feed["age"] < HEARTBEAT
    assert status["relays"][0]["problem"] == ""
    assert status["relays"][0]["rounds"][0]["feeds"] == [1]


def no_key_was_shown(town: Town, folder: Path) -> None:
    """Not in a log, not in a file that an operator wrote."""
    keys = [key.removeprefix("0x") for key in town.chain.keys]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != KEY_FILE]
    written = [path.read_text() for path in files]
    logs = ["\n".join(one.log) for one in (*town.operators, town.relay)]
    assert len(written) > 10
    assert [key for key in keys if any(key in text for text in (*written, *logs))] == []
