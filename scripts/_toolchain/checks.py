"""Every check of the project, each with its time; all of them run; the last line counts the outcomes.

The contracts and the Python are checked side by side: the compiler uses one core, for minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from common import ROOT, VENV_BIN, VENV_PYTHON

Counter = Callable[[str], tuple[int, int, int] | None]


@dataclass(frozen=True)
class Check:
    """A command. `count` reads (passed, failed, skipped) from its output; without it the check is one."""

    name: str
    command: list[str]
    count: Counter | None = None
    profile: str | None = None
    lane: str = "python"


@dataclass(frozen=True)
class Outcome:
    name: str
    ok: bool
    passed: int
    failed: int
    skipped: int
    seconds: float


def count_forge(text: str) -> tuple[int, int, int] | None:
    totals = re.findall(r"(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total", text)
    return tuple(map(int, totals[-1])) if totals else None  # type: ignore[return-value]


def count_pytest(text: str) -> tuple[int, int, int] | None:
    lines = [line for line in text.splitlines() if re.search(r" in \d+(\.\d+)?s\b", line)]
    if not lines:
        return None
    found = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", lines[-1])}
    failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
    return found.get("passed", 0) + found.get("xfailed", 0), failed, found.get("skipped", 0)


def checks(deep: bool) -> list[Check]:
    profile = "deep" if deep else "ci" if os.environ.get("CI") else "default"
    ruff, mypy = str(VENV_BIN / "ruff"), str(VENV_BIN / "mypy")
    build = str(ROOT / "scripts" / "_toolchain" / "artifacts.py")
    slither = str(ROOT / "scripts" / "_toolchain" / "analysis.py")
    pytest = [str(VENV_PYTHON), "-m", "pytest", "--durations=10", *(["--deep"] if deep else [])]
    model = "tests/differential"
    return [
        Check("lint", [ruff, "check", "."]),
        Check("format", [ruff, "format", "--check", "."]),
        Check("types", [mypy]),
        Check(
            "solidity-format", ["forge", "fmt", "--check", "contracts", "tests/contracts"], lane="contracts"
        ),
        Check("slither", [str(VENV_PYTHON), slither], lane="contracts"),
        Check("build", [str(VENV_PYTHON), build, "--check"], lane="contracts"),
        Check("forge", [str(ROOT / "scripts" / "forge"), "test"], count_forge, profile, lane="contracts"),
        Check("pytest", [*pytest, f"--ignore={model}"], count_pytest),
        # Python tests too, but these use a whole core and those mostly wait: so the lanes are about as long.
        Check("differential", [*pytest, model], count_pytest, lane="contracts"),
    ]


def run(check: Check, extra: list[str], prefix: str = "") -> Outcome:
    print(f"\n== {check.name}", flush=True)
    start = time.monotonic()
    env = dict(os.environ) | ({"FOUNDRY_PROFILE": check.profile} if check.profile else {})
    lines: list[str] = []
    with subprocess.Popen(
        [*check.command, *extra],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            sys.stdout.write(prefix + line)
            sys.stdout.flush()
    ok = process.returncode == 0
    if check.count is None:
        return Outcome(check.name, ok, int(ok), int(not ok), 0, time.monotonic() - start)
    passed, failed, skipped = check.count("".join(lines)) or (0, 0, 0)
    if passed + failed == 0:
        print(f"{check.name}: no test was run", flush=True)
    ok = ok and passed > 0
    failed = failed if ok else max(failed, 1)
    return Outcome(check.name, ok, passed, failed, skipped, time.monotonic() - start)


def run_lanes(wanted: list[Check], extra: list[str]) -> list[Outcome]:
    """Each lane in order, the lanes side by side; with more than one, every line says whose it is."""
    lanes: dict[str, list[Check]] = {}
    for check in wanted:
        lanes.setdefault(check.lane, []).append(check)

    def lane(mine: list[Check]) -> list[Outcome]:
        return [run(one, extra, f"{one.name:15} | " if len(lanes) > 1 else "") for one in mine]

    with ThreadPoolExecutor(len(lanes)) as pool:
        return [outcome for outcomes in pool.map(lane, lanes.values()) for outcome in outcomes]


def summary(outcomes: list[Outcome]) -> None:
    print("\n== summary")
    for one in outcomes:
        counts = tally(one.passed, one.failed, one.skipped)
        print(f"  {one.name:16} {'ok' if one.ok else 'FAILED':7} {one.seconds:6.1f} s  {counts}")
    totals = [sum(getattr(one, what) for one in outcomes) for what in ("passed", "failed", "skipped")]
    print(f"\n{tally(*totals)}", flush=True)


def tally(passed: int, failed: int, skipped: int) -> str:
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main() -> int:
    names = [check.name for check in checks(deep=False)]
    parser = argparse.ArgumentParser(
        prog="scripts/test", description="Run every check; all of them run, even after a failure."
    )
    parser.add_argument("--deep", action="store_true", help="far more fuzz runs, and the tests marked deep")
    parser.add_argument("--only", action="append", choices=names, metavar="STEP", help=", ".join(names))
    parser.add_argument("extra", nargs="*", help="after `--`: further arguments for the one step of --only")
    options = parser.parse_args()
    wanted: list[str] = options.only or names
    if options.extra and len(wanted) != 1:
        parser.error("further arguments need exactly one --only STEP")
    outcomes = run_lanes([check for check in checks(options.deep) if check.name in wanted], options.extra)
    summary(outcomes)
    return 0 if all(one.ok for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
