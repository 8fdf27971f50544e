"""Runs the command as a process of its own, and looks at what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_ONE_AT_A_TIME = threading.Lock()
COMMAND = [sys.executable, "-m", "olivepress.cli"]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the user's olivepress settings, but for where Anvil is."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OLIVEPRESS_") or name == "OLIVEPRESS_ANVIL"
    }
    return {**kept, "COLUMNS": "200", **(settings or {})}


async def start(
    *words: str, cwd: Path, settings: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Starts `olivepress WORDS`; in a session of its own, so that a signal reaches nobody else."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *words,
        cwd=cwd,
        env=environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        # Where the tests run in the background of a shell, they ignore interrupts, and so would it.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


async def finish(process: asyncio.subprocess.Process, timeout: int) -> Done:
    """Waits for the end; kills the process and fails when it takes longer than `timeout` seconds."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"still running after {timeout} s: {err.decode()[-2000:]}") from None
    return Done(process.returncode or 0, out.decode(), err.decode())


async def run(*words: str, cwd: Path, settings: Mapping[str, str] | None = None, timeout: int = 60) -> Done:
    """Runs `olivepress WORDS` to its end."""
    return await finish(await start(*words, cwd=cwd, settings=settings), timeout)


async def run_here(*words: str, cwd: Path, settings: Mapping[str, str] | None = None) -> Done:
    """`olivepress WORDS` in a thread of this process: a second sooner, where no process is what is tested."""

    def go() -> Done:
        from typer.testing import CliRunner

        from olivepress.cli import app

        theirs = environment(settings)
        gone = {name: None for name in os.environ if name not in theirs}
        with _ONE_AT_A_TIME, contextlib.chdir(cwd):  # both replace what the whole process has
            done = CliRunner().invoke(app, list(words), env={**theirs, **gone}, catch_exceptions=False)
        return Done(done.exit_code, done.stdout, done.stderr)

    return await asyncio.to_thread(go)


def descendants(pid: int) -> dict[int, str]:
    """Process id -> command line of everything that a process started."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listing.stdout.splitlines()]
    found: dict[int, str] = {}
    grown = True
    while grown:
        new = {
            int(row[0]): row[2]
            for row in rows
            if len(row) == 3 and int(row[0]) not in found and int(row[1]) in (pid, *found)
        }
        found |= new
        grown = bool(new)
    return found


def anvil_of(pid: int) -> int | None:
    """The Anvil that a process started, or None."""
    return next((child for child, line in descendants(pid).items() if "anvil" in line.split()[0]), None)


def is_running(pid: int) -> bool:
    """True while the process exists and is no zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() not in ("",) and not state.stdout.strip().startswith("Z")


async def until_gone(pids: set[int], seconds: int = 5) -> set[int]:
    """Waits for processes to end; returns those that did not."""
    left = {pid for pid in pids if is_running(pid)}
    for _ in range(seconds * 10):
        if not left:
            break
        await asyncio.sleep(0.1)
        left = {pid for pid in left if is_running(pid)}
    return left


async def until_anvil(process: asyncio.subprocess.Process, seconds: int = 30) -> int:
    """Waits until a command has started its chain; returns its process id."""
    for _ in range(seconds * 10):
        found = anvil_of(process.pid)
        if found is not None:
            return found
        if process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    raise AssertionError("the command started no chain")
