"""A simulated year of rounds and settlements, checked against plain Python and drawn as a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from year import report
from year.run import live


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/year", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed repeats the year exactly (default: 1)"
    )
    parser.add_argument("--out", type=Path, default=Path("out/year.html"), help="page to write")
    options = parser.parse_args()
    year = live(options.seed, lambda text: print(text, file=sys.stderr))
    report.write(year, options.seed, options.out)
    print(f"seed {options.seed}: no difference in {len(year.market.settled)} settlements; {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
