"""A local chain: launches Anvil as a child process and ends it, also when this process is killed.

    async with devchain.launch(seed=1) as chain:
        transport = chain.transport

Anvil is looked for in OLIVEPRESS_ANVIL, on PATH (1.5 or newer), and in `node_modules` next to the project.
Blocks are mined on demand (`mine`) unless `block_time` is given. Automine is for light, serial use: Anvil 1.7
stalls under it when transactions are pipelined.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from olivepress.errors import ConfigurationError, TransportError
from olivepress.rpc import Transport, connect
from olivepress.units import require_int

OLDEST_ANVIL = (1, 5, 0)
_HINT = "install Foundry, run `npm ci` in the project, or set OLIVEPRESS_ANVIL to an anvil program"

# This shell's input ends when this process ends, however it ends; then the reader below ends Anvil.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -9 $child) >/dev/null 2>&1 &
reader=$!
wait $child
code=$?
kill $reader 2>/dev/null
exit $code
"""


def find_anvil() -> str:
    """Path of a fitting Anvil. Raises ConfigurationError saying what to install."""
    named = os.environ.get("OLIVEPRESS_ANVIL")
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise ConfigurationError(f"OLIVEPRESS_ANVIL names {named!r}, which is no program")
        return named
    on_path = shutil.which("anvil")
    if on_path and _version(on_path) >= OLDEST_ANVIL:
        return on_path
    for root in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        bundled = root / "node_modules" / "@foundry-rs" / f"anvil-{_platform()}" / "bin" / "anvil"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    found = f"; {on_path} is too old" if on_path else ""
    raise ConfigurationError(f"anvil {'.'.join(map(str, OLDEST_ANVIL))} or newer is needed{found}: {_HINT}")


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{sys.platform}-{'arm64' if machine in ('arm64', 'aarch64') else 'amd64'}"


def _version(program: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, match.groups())) if match else (0,)


class DevChain:
    """A running chain. `keys` are the funded private keys (0x hex), `accounts` their addresses."""

    def __init__(self, port: int, keys: tuple[str, ...], accounts: tuple[str, ...], chain_id: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}"
        self.ipc_path: str | None = None
        self.chain_id = chain_id
        self.keys = keys
        self.accounts = accounts
        self.transport: Transport
        self.ended: asyncio.Future[int]
        """Done once Anvil has ended, whoever ended it."""
        self._mining = asyncio.Lock()

    async def mine(self, blocks: int = 1, *, timestamp: int | None = None) -> int:
        """Mines; returns the number of the last block. `timestamp` (unix seconds) is the first block's."""
        require_int(blocks, "blocks", 1, 1_000_000)
        async with self._mining:
            if timestamp is not None:
                await self.set_next_timestamp(timestamp)
            if blocks == 1:
                await self.transport.request("evm_mine")
            else:
                await self.transport.request("anvil_mine", [hex(blocks)])
            return await self.block_number()

    async def mine_pending(self) -> int | None:
        """Mines one block if transactions wait, else nothing. Fits `TransactionSender(before_wait=...)`."""
        async with self._mining:
            status = await self.transport.request("txpool_status")
            if int(status["pending"], 16) == 0:
                return None
            await self.transport.request("evm_mine")
            return await self.block_number()

    async def block_number(self) -> int:
        """Number of the latest block."""
        return int(await self.transport.request("eth_blockNumber"), 16)

    async def timestamp(self) -> int:
        """Unix time of the latest block, seconds."""
        block = await self.transport.request("eth_getBlockByNumber", ["latest", False])
        return int(block["timestamp"], 16)

    async def set_next_timestamp(self, timestamp: int) -> None:
        """Unix time of the next block. RpcError when it is not after the latest block's."""
        require_int(timestamp, "timestamp", 0, 2**63)
        await self.transport.request("evm_setNextBlockTimestamp", [timestamp])

    async def increase_time(self, seconds: int) -> None:
        """Moves the clock of later blocks."""
        require_int(seconds, "seconds", 0, 2**63)
        await self.transport.request("evm_increaseTime", [seconds])

    async def set_block_interval(self, seconds: int) -> None:
        """Every later block is this many seconds after the one before it, whatever the wall clock says."""
        require_int(seconds, "seconds", 0, 2**31)
        await self.transport.request("anvil_setBlockTimestampInterval", [seconds])

    async def snapshot(self) -> str:
        """Keeps the state; pass the id to `revert`."""
        return str(await self.transport.request("evm_snapshot"))

    async def revert(self, snapshot: str) -> None:
        """Back to a snapshot, which is used up by this."""
        if not await self.transport.request("evm_revert", [snapshot]):
            raise ConfigurationError(f"the chain knows no snapshot {snapshot!r}")

    async def set_balance(self, address: str, wei: int) -> None:
        """Sets an address's native balance."""
        require_int(wei, "wei", 0, 2**256 - 1)
        await self.transport.request("anvil_setBalance", [address, hex(wei)])

    async def set_automine(self, on: bool) -> None:
        """A block for every transaction. Serial use only."""
        await self.transport.request("evm_setAutomine", [on])

    async def set_interval_mining(self, seconds: int) -> None:
        """A block every so many seconds; 0 ends it."""
        require_int(seconds, "seconds", 0, 2**31)
        await self.transport.request("evm_setIntervalMining", [seconds])


class _Anvil:
    """The child process and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.last_lines: deque[str] = deque(maxlen=20)
        self.keys: list[str] = []
        self.accounts: list[str] = []
        self.port = 0

    async def read_banner(self) -> bool:
        """Reads until it listens; False when it ended before."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode(errors="replace").strip()
            self.last_lines.append(line)
            if match := re.match(r"\(\d+\) (0x[0-9a-fA-F]+)", line):
                (self.keys if len(match[1]) == 66 else self.accounts).append(match[1])
            elif match := re.match(r"Listening on .*:(\d+)$", line):
                self.port = int(match[1])
                return True
        return False

    async def drain(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            self.last_lines.append(raw.decode(errors="replace").rstrip())

    async def end(self) -> None:
        """Closes the guard's input, which ends Anvil, and waits for it."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()


async def _start(arguments: list[str], timeout: float) -> _Anvil:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _GUARD,
        "olivepress-devchain",
        find_anvil(),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the parent, which ends the chain in order
    )
    anvil = _Anvil(process)
    try:
        listening = await asyncio.wait_for(anvil.read_banner(), timeout)
    except BaseException as error:
        await anvil.end()
        if isinstance(error, TimeoutError):
            raise ConfigurationError(f"anvil does not answer within {timeout} s") from None
        raise
    if not listening:
        await anvil.end()
        raise ConfigurationError(f"anvil ended at once: {' | '.join(filter(None, anvil.last_lines))}")
    return anvil


@asynccontextmanager
async def launch(
    *,
    block_time: str | int | None = None,
    accounts: int = 10,
    gas_limit: int = 100_000_000,
    timestamp: int | None = None,
    seed: int | None = None,
    mnemonic: str | None = None,
    chain_id: int = 31337,
    ipc: str | None = None,
    port: int = 0,
    extra: tuple[str, ...] = (),
    timeout: float = 30.0,
) -> AsyncIterator[DevChain]:
    """Starts Anvil and ends it on leaving.

    :param block_time: seconds between blocks ("0.25", 1); None: blocks only on demand
    :param accounts: how many funded keys, 1,000,000 ETH each
    :param timestamp: unix time of the genesis block
    :param seed: makes the keys repeatable; `mnemonic` names them outright; neither: Anvil's well-known keys
    :param ipc: path at which to open a Unix socket too
    :param port: 0 lets the operating system pick a free one
    :param extra: more arguments for Anvil
    :raises ConfigurationError: no fitting Anvil, or it does not start
    """
    require_int(accounts, "accounts", 1, 1000)
    arguments = ["--port", str(port), "--accounts", str(accounts), "--balance", "1000000"]
    arguments += ["--gas-limit", str(gas_limit), "--chain-id", str(chain_id), "--order", "fifo"]
    arguments += ["--no-mining"] if block_time is None else ["--block-time", str(block_time)]
    arguments += [] if timestamp is None else ["--timestamp", str(timestamp)]
    arguments += [] if mnemonic is None else ["--mnemonic", mnemonic]
    arguments += [] if seed is None else ["--mnemonic-seed-unsafe", str(seed)]
    arguments += [] if ipc is None else ["--ipc", ipc]
    anvil = await _start([*arguments, *extra], timeout)
    draining = asyncio.create_task(anvil.drain())
    try:
        chain = DevChain(anvil.port, tuple(anvil.keys), tuple(anvil.accounts), chain_id)
        chain.ipc_path = ipc
        chain.ended = asyncio.ensure_future(anvil.process.wait())
        try:
            chain.transport = await connect(chain.ws_url)
            # Without this it prints a line for every request.
            await chain.transport.request("anvil_setLoggingEnabled", [False])
        except TransportError as error:
            raise ConfigurationError(f"anvil started but does not answer: {error}") from None
        try:
            yield chain
        finally:
            await chain.transport.close()
    finally:
        await anvil.end()
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
