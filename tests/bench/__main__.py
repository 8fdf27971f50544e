"""Measures how fast the parts of the project are on this machine."""

from __future__ import annotations

import argparse
import json
import sys

from bench import model


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    one = parts.add_parser("model", help="the executable model: actions a second of one core, live memory")
    one.add_argument("--accounts", type=int, default=1_000)
    one.add_argument("--series", type=int, default=1, help="months of one feed that every account trades")
    one.add_argument("--actions", type=int, default=100_000, help="of each flow; fewer where orders run out")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--repeat", type=int, default=3, help="runs, of which the least time counts")
    one.add_argument("--json", action="store_true", help="one object, no table")
    options = parser.parse_args()
    for name in ("accounts", "series", "actions", "repeat"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if options.series > 10:
        parser.error("--series: an account lists at most 10")
    market = (options.accounts, options.series, options.actions, options.seed)
    speeds, memory = model.speeds(*market, options.repeat), model.memory(*market)
    print(as_json(speeds, memory) if options.json else as_table(speeds, memory))
    return 0


def as_json(speeds: dict[str, model.Measured], memory: list[tuple[int, int, int]]) -> str:
    flows = {
        name: {"actions": one.actions, "refused": one.refused, "actions_a_second": one.a_second}
        for name, one in speeds.items()
    }
    names = ("actions", "live_orders", "bytes")
    return json.dumps({**flows, "memory": [dict(zip(names, one, strict=True)) for one in memory]}, indent=1)


def as_table(speeds: dict[str, model.Measured], memory: list[tuple[int, int, int]]) -> str:
    lines = [f"{'flow':8} {'actions':>9} {'refused':>8} {'actions/s':>10}"]
    for name, one in speeds.items():
        lines.append(f"{name:8} {one.actions:>9,} {one.refused:>8,} {one.a_second:>10,}")
    lines += ["", f"{'mixed, after':>12} {'live orders':>12} {'memory':>10}"]
    for done, orders, held in memory:
        lines.append(f"{done:>12,} {orders:>12,} {held / 1e6:>7.1f} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
