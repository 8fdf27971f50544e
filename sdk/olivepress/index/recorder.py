"""Builds the shipped table of flagship prices from released packages. Run it as `scripts/record_prices`.

Every package is looked at on the first of each month and seven days before (the day a roll is decided on).
Where a designated model's price differs between two looks, the days between are halved until the day of the
change is found. A change that is undone between two looks is not seen.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from olivepress.index.catalogues import PACKAGES, Catalogue, NoCatalogueError, Registry
from olivepress.index.methodology import LlmBlend, load, names
from olivepress.index.table import NAME, Row, write_rows
from olivepress.prices.errors import SourceError

FIRST_MONTH = date(2023, 11, 1)
NOTICE = timedelta(days=7)

#: A model is recorded from this long before its designation, so that the roll's notice can be checked.
AHEAD = timedelta(days=45)

Say = Callable[[str], None]


def look_days(first: date, until: date) -> list[date]:
    """The firsts of the months from `first` to `until`, the days seven days before them, and `until`."""
    days = {until}
    month = first.replace(day=1)
    while month <= until + NOTICE:
        days |= {month - NOTICE, month}
        month = (month + timedelta(days=31)).replace(day=1)
    return sorted(day for day in days if first <= day <= until)


def designated(methodologies: Iterable[LlmBlend], first: date, last: date) -> set[tuple[str, str]]:
    """(venue, item) of the flagships in force on some day from `first` to `last`."""
    found = set()
    for vendor in (vendor for methodology in methodologies for vendor in methodology.vendor):
        ends = [flagship.effective for flagship in vendor.flagship[1:]] + [date.max]
        for flagship, end in zip(vendor.flagship, ends, strict=True):
            if flagship.effective <= last and end > first:
                found |= {(venue, item) for venue in vendor.venues for item in flagship.items}
    return found


class Recorder:
    """Looks at one package's releases over time and keeps what they say of the designated models."""

    def __init__(self, registry: Registry, package: str, methodologies: list[LlmBlend], say: Say) -> None:
        self._registry = registry
        self._package = package
        self._methodologies = methodologies
        self._say = say
        self._looks: dict[date, tuple[str, Catalogue]] = {}
        self._unusable: set[str] = set()

    def record(self, days: list[date]) -> list[Row]:
        """Look at every day, date the changes between them, and return the rows."""
        for position, day in enumerate(days, 1):
            self._say(f"{self._package} {position}/{len(days)} {day}")
            self._look(day)
        for before, after in pairwise(days):
            self._date_changes(before, after)
        return self._rows()

    def _look(self, day: date) -> None:
        version = self._registry.newest(self._package, day)
        if version is None or day in self._looks or version in self._unusable:
            return
        try:
            self._looks[day] = (version, self._registry.catalogue(self._package, version, day))
        except NoCatalogueError as error:
            self._unusable.add(version)
            self._say(f"{self._package} {day} left out: {error}\n")

    def _date_changes(self, before: date, after: date) -> None:
        """Halve the days between two looks until every change of a designated price is dated to the day."""
        if after - before <= timedelta(days=1) or before not in self._looks or after not in self._looks:
            return
        old, new = self._looks[before][1], self._looks[after][1]
        watched = designated(self._methodologies, before, after)
        changed = sorted(key for key in watched if key in old and key in new and old[key] != new[key])
        if not changed:
            return
        middle = before + (after - before) // 2
        self._say(f"{self._package} {middle} dating the change of {changed[0][1]}")
        self._look(middle)
        self._date_changes(before, middle)
        self._date_changes(middle, after)

    def _rows(self) -> list[Row]:
        rows: list[Row] = []
        seen: dict[str, date] = {}
        last: tuple[str, Catalogue] | None = None
        for day, (version, catalogue) in sorted(self._looks.items()):
            seen.setdefault(version, day)
            keys = designated(self._methodologies, day, day + AHEAD)
            kept = (version, {key: catalogue[key] for key in sorted(keys & catalogue.keys())})
            if kept != last:
                rows += [
                    Row(
                        day,
                        self._package,
                        version,
                        seen[version],
                        *key,
                        prices.input,
                        prices.output,
                        prices.cache_read,
                    )
                    for key, prices in kept[1].items()
                ]
                last = kept
        return rows


def build(cache: Path, until: date, say: Say) -> str:
    """The table as text, for FIRST_MONTH to `until`, from packages that pip fetches into `cache`."""
    registry = Registry(cache)
    methodologies = [found for name in names() if isinstance(found := load(name), LlmBlend)]
    days = look_days(FIRST_MONTH, until)
    rows: list[Row] = []
    for package in PACKAGES:
        rows += Recorder(registry, package, methodologies, say).record(days)
    return write_rows(rows)


def _show(text: str) -> None:
    sys.stderr.write(f"\r\x1b[K{text}" if sys.stderr.isatty() else f"{text.rstrip()}\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Entry point of scripts/record_prices."""
    parser = argparse.ArgumentParser(
        "record_prices", description="Rebuild the shipped table of flagship prices."
    )
    shipped = Path(__file__).parents[1] / "data" / NAME
    parser.add_argument(
        "--output", type=Path, default=shipped, help="file to write (default: the shipped table)"
    )
    parser.add_argument("--cache", type=Path, help="folder that keeps the wheels (default: a temporary one)")
    parser.add_argument(
        "--until", type=date.fromisoformat, help="last day, such as 2026-11-23 (default: today)"
    )
    options = parser.parse_args(arguments)
    until = options.until or datetime.now(UTC).date()
    if not FIRST_MONTH < until <= datetime.now(UTC).date():
        parser.error(f"--until {until}: allowed is a day after {FIRST_MONTH}, not in the future")
    try:
        with tempfile.TemporaryDirectory() as folder:
            text = build(options.cache or Path(folder), until, _show)
    except SourceError as error:
        sys.stderr.write(f"\nrecord_prices: {error}; nothing was written\n")
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    sys.stderr.write(f"\nwrote {len(text.splitlines())} lines to {options.output.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
