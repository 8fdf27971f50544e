"""Index values of past days, from the recorded table that ships with the package.

record(day)             audit record of LLM-FLAGSHIP at 00:00 UTC of that day
path(first, last)       the same for each day
span()                  first and last day the table answers for
moves(first, last)      days on which the value changed, and whether a roll or a price did it
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import pairwise

from olivepress.index.audit import AuditRecord
from olivepress.index.compute import compute
from olivepress.index.errors import HistoryError
from olivepress.index.methodology import LlmBlend, load
from olivepress.index.table import NAME, Row, read_rows
from olivepress.prices.quote import Quote
from olivepress.prices.source import Reading

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the index between the day before and `day`, and the vendors whose blended price changed.

    `rolled` are those of them whose flagship was replaced; the others repriced, appeared or dropped out.
    """

    day: date
    before: Decimal | None
    after: Decimal | None
    vendors: tuple[str, ...]
    rolled: tuple[str, ...]


def span() -> tuple[date, date]:
    """First and last day (UTC) for which the recorded table answers."""
    days = [row.day for row in _rows()]
    return min(days), max(days)


def quotes_on(day: date) -> list[Quote]:
    """What each package's newest release said on `day`. Raises HistoryError outside `span`."""
    first, last = span()
    if not first <= day <= last:
        raise HistoryError(f"day = {day}: the recorded table answers for {first} to {last}")
    quotes: list[Quote] = []
    for snapshots in _snapshots().values():
        days = [at for at in snapshots if at <= day]
        if days:
            quotes += [quote for row in snapshots[max(days)] for quote in row.quotes()]
    return quotes


@cache
def record(day: date, index: str = "LLM-FLAGSHIP") -> AuditRecord:
    """The index at 00:00 UTC of `day`, with its audit trail, under the shipped methodology.

    A value of `day` rests on releases uploaded before that day began. Raises HistoryError, MethodologyError.
    """
    methodology = load(index)
    if not isinstance(methodology, LlmBlend):
        raise HistoryError(f"index = {index}: the recorded table has LLM list prices only")
    return compute(methodology, Reading(quotes=quotes_on(day)), datetime.combine(day, time(), UTC))


def path(first: date, last: date, index: str = "LLM-FLAGSHIP") -> list[AuditRecord]:
    """The index at 00:00 UTC of each day from `first` to `last`, both included. Raises HistoryError."""
    if last < first:
        raise HistoryError(f"last = {last}: allowed is {first} or later")
    return [record(first + _DAY * step, index) for step in range((last - first).days + 1)]


def moves(first: date, last: date, index: str = "LLM-FLAGSHIP") -> Iterator[Move]:
    """The days after `first`, up to `last`, on which the value changed."""
    records = path(first, last, index)
    for before, after in pairwise(records):
        if before.value == after.value:
            continue
        old = {member.name: member for member in before.members}
        new = {member.name: member for member in after.members}
        changed = [
            name
            for name in sorted(old.keys() | new.keys())
            if (old[name].value if name in old else None) != (new[name].value if name in new else None)
        ]
        rolled = [name for name in changed if name in old and name in new and _rolled(index, name, after)]
        yield Move(after.as_of.date(), before.value, after.value, tuple(changed), tuple(rolled))


def _rolled(index: str, name: str, after: AuditRecord) -> bool:
    methodology = load(index)
    assert isinstance(methodology, LlmBlend)
    vendor = next(vendor for vendor in methodology.vendor if vendor.name == name)
    day = after.as_of.date()
    return vendor.flagship_on(day) != vendor.flagship_on(day - _DAY)


@cache
def _rows() -> tuple[Row, ...]:
    file = resources.files("olivepress") / "data" / NAME
    return tuple(read_rows(file.read_text(encoding="utf-8")))


@cache
def _snapshots() -> dict[str, dict[date, list[Row]]]:
    """Package -> day -> rows."""
    found: dict[str, dict[date, list[Row]]] = {}
    for row in _rows():
        found.setdefault(row.package, {}).setdefault(row.day, []).append(row)
    return found
