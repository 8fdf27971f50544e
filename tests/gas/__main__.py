"""Measures the gas of every operation on a fresh local chain with the shipped contracts."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from gas import report
from gas.explain import explain
from gas.measure import measure
from gas.operations import OPERATIONS
from olivepress.errors import OlivepressError


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/gas", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object {operation: gas}, no table")
    parser.add_argument(
        "--explain", metavar="OPERATION", choices=OPERATIONS, help="where the gas of one operation goes"
    )
    parser.add_argument(
        "--write", metavar="REASON", help="measure, write the committed snapshot and docs/gas.md"
    )
    options = parser.parse_args()
    if options.explain:
        (account,) = asyncio.run(explain([options.explain]))
        print(report.accounting(account))
        return 0
    gas = asyncio.run(measure())
    if options.write is not None:
        reason = options.write.strip().rstrip(".")
        if not reason:
            parser.error("--write needs a reason in words")
        accounts = asyncio.run(explain(report.above_goal(gas)))
        report.write({"gas": gas, "sizes": report.code_sizes()}, accounts, reason)
    print(json.dumps(gas, indent=1) if options.json else report.table(gas))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OlivepressError as error:
        sys.exit(f"error: {error}")
