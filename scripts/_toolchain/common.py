"""Paths, messages and child processes of the toolchain. Standard library only: nothing is installed yet."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"
VENV_PYTHON = VENV_BIN / "python"
NODE_MODULES = ROOT / "node_modules"
ABI = ROOT / "sdk" / "olivepress" / "abi"
OUT = ROOT / "out"


class ToolError(Exception):
    """Something the user has to do or know; shown as one line."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a slow piece of set-up, then its time."""
    say(f"setup: {title} ...")
    start = time.monotonic()
    yield
    say(f"setup: {title}: done in {time.monotonic() - start:.0f} s")


def digest(*parts: Path | str) -> str:
    """One hash over files and words; a stamp that holds it says for what an installation was made."""
    h = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        h.update(len(data).to_bytes(8, "big") + data)
    return h.hexdigest()


def stamped(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text() == key


def install(what: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run an installer. A terminal shows its latest line in place; a failure shows its first and last."""
    live = sys.stderr.isatty()
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if live:
                print(f"\r\x1b[K  {lines[-1][:100]}", end="", file=sys.stderr, flush=True)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if process.returncode != 0:
        for line in lines if len(lines) <= 24 else [*lines[:12], "...", *lines[-12:]]:
            say(f"  {line}")
        raise ToolError(f"{what} failed (exit {process.returncode}); is the network reachable?")


def output(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str | None:
    """What a command prints, or None when it is missing or fails."""
    try:
        result = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 else None


def prepend_path(env: dict[str, str], *directories: Path) -> None:
    entries = [str(directory) for directory in directories]
    rest = [entry for entry in env.get("PATH", "").split(os.pathsep) if entry and entry not in entries]
    env["PATH"] = os.pathsep.join([*entries, *rest])
