"""Runs random market lives on the model and on the contracts, and compares everything after every action."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from differential import coverage, mutants
from differential.arena import READS_EVERY, replay
from differential.boundaries import Boundaries
from differential.evm import read_artifacts
from differential.run import Report, run, run_side_by_side
from differential.shrink import script, shrink


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/differential", description=__doc__)
    parser.add_argument("--actions", type=int, default=coverage.ENOUGH, metavar="N", help="at least so many")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed, the same run")
    parser.add_argument("--processes", type=int, metavar="P", help="so many lives at a time, each to its end")
    parser.add_argument("--first-life", type=int, default=0, metavar="L", help="begin with this life")
    parser.add_argument(
        "--contracts",
        type=Path,
        metavar="DIR",
        help="another build of the contracts: the folder of its JSON, as scripts/mutate --artifacts makes it",
    )
    parser.add_argument(
        "--reads-every",
        type=int,
        default=READS_EVERY,
        metavar="E",
        help="after every E actions compare all that the lens shows of series and books, too",
    )
    parser.add_argument("--progress", action="store_true", help="a line after every few lives")
    parser.add_argument("--outcomes", action="store_true", help="every verb and outcome with its count")
    parser.add_argument("--script", type=Path, metavar="FILE", help="where a shrunk disagreement goes")
    parser.add_argument(
        "--mutant",
        metavar="NAME",
        help="with a rule changed, of the model or of DIR; 'list' names them, 'all': each in turn",
    )
    parser.add_argument(
        "--boundaries",
        action="store_true",
        help="which edges of the model's rules no action met, and how many",
    )
    options = parser.parse_args()
    if options.boundaries and (options.mutant is not None or options.processes):
        parser.error("--boundaries looks at the model as it is, in one process")
    if options.mutant is not None:
        if options.contracts is not None and not (options.contracts / "mutants.json").is_file():
            parser.error(
                f"--contracts {options.contracts}: no mutants.json there; scripts/mutate --artifacts makes it"
            )
        known = _mutants(options.contracts)
        if options.mutant == "list":
            rules = (
                {} if options.contracts else {name: f": {one.rule}" for name, one in mutants.MODEL.items()}
            )
            print("\n".join(name + rules.get(name, "") for name in known))
            return 0
        if options.mutant not in ("all", *known):
            parser.error(f"--mutant {options.mutant}: not one of list, all, {', '.join(known)}")
        chosen = list(known) if options.mutant == "all" else [options.mutant]
        return max([_mutant(name, known[name], options) for name in chosen])
    with Boundaries() if options.boundaries else nullcontext() as boundaries:
        report = _run(options)
    return _told(report, boundaries, options)


def _told(report: Report, boundaries: Boundaries | None, options: argparse.Namespace) -> int:
    """Prints what a run found. 1 when it failed."""
    if options.outcomes:
        for (verb, outcome), count in sorted(report.outcomes.items()):
            print(f"{verb:32} {outcome:28} {count:>8}")
    if report.disagreement is not None:
        _show(report, options)
    failed = report.disagreement is not None
    for lack in report.missing if not failed else []:
        print(f"not reached: {lack}")
        failed = failed or report.actions >= coverage.ENOUGH
    print(report.line())
    if boundaries is not None:
        wrong = [f"unmet.py is wrong: {one}" for one in boundaries.stale()]
        print("\n".join(["", *wrong, *boundaries.lines()]))
        failed = failed or wrong != []
    return int(failed)


def _mutants(contracts: Path | None) -> dict[str, int]:
    """Names of the rules that can be changed: 0 for those of the model, the block's producer for others."""
    if contracts is None:
        return dict.fromkeys(mutants.MODEL, 0)
    found: dict[str, int] = json.loads((contracts / "mutants.json").read_text())
    return found


def _arena(options: argparse.Namespace, coinbase: int = 0) -> dict[str, Any]:
    """Which contracts: the shipped ones, or a build with switches, of which one is on."""
    if options.contracts is None:
        return {}
    return {"artifacts": read_artifacts(options.contracts), "coinbase": f"0x{coinbase:040x}"}


def _run(options: argparse.Namespace, coinbase: int = 0) -> Report:
    begun = time.monotonic()
    last = begun

    def told(report: Report) -> None:
        nonlocal last
        now = time.monotonic()
        if options.progress and now - last >= 10:
            last = now
            speed = report.actions / (now - begun)
            print(f"{now - begun:7.0f} s  {speed:6.0f} actions/s  {report.line()}", flush=True)

    go = partial(run_side_by_side, processes=options.processes) if options.processes else run
    arena = _arena(options, coinbase) | {"reads_every": options.reads_every}
    return go(options.actions, options.seed, first_life=options.first_life, told=told, options=arena)


def _mutant(name: str, coinbase: int, options: argparse.Namespace) -> int:
    """Whether the run overlooks a changed rule. Where one is noticed and a script asked for, it is shrunk."""
    with nullcontext() if coinbase else mutants.MODEL[name]:
        report = _run(options, coinbase)
        found = report.disagreement
        at = f"action {report.actions + 1:,}: {found.kind}" if found else f"not in {report.actions:,} actions"
        print(f"{name}: {at}", flush=True)
        if options.script is not None and options.mutant == name:
            _show(report, options, coinbase)
    return int(found is None)


def _show(report: Report, options: argparse.Namespace, coinbase: int = 0) -> None:
    found = report.disagreement
    if found is None:
        return
    life = report.lives - 1 + options.first_life
    print(f"disagreement in life {life}, shrinking {len(report.history)} actions", flush=True)
    again = partial(replay, **_arena(options, coinbase))
    actions = shrink(report.history, again)
    text = script(
        actions,
        again(actions) or found,
        mutant="" if coinbase else options.mutant or "",
        contracts=options.contracts,
        coinbase=coinbase,
    )
    if options.script is not None:
        options.script.write_text(text)
        print(f"{len(actions)} actions written to {options.script}")
    else:
        print(text)


if __name__ == "__main__":
    sys.exit(main())
