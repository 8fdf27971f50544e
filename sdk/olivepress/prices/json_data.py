"""Quotes inside JSON documents, wherever in the document they are and whatever their fields are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.record import OPTIONAL, REQUIRED, quote_from_record
from olivepress.prices.source import Reading, Rejected

MAX_DEPTH = 100
# A string, closed or not, or a bracket.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a document keeps its quotes.

    path        keys down to the list or object of records, joined by dots; empty: the document itself
    fields      our field -> keys inside a record, joined by dots; `@key` is the record's own key
    constants   our field -> text, for fields that the records do not have

    A field in neither is looked for under its own name. Raises QuoteError on a field that is not ours.
    """

    path: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.fields, *self.constants):
            if name not in REQUIRED + OPTIONAL:
                raise QuoteError(name, name, f"one of the fields {', '.join(REQUIRED + OPTIONAL)}")


def read_json(text: str | bytes, layout: Layout, source: str, seen: datetime | None = None) -> Reading:
    """Quotes of a document. Records without `observed_at` count as observed at `seen`, where that is given.

    A bad record is rejected by its place; the others count. Raises SourceError when there are no records at
    all.
    """
    document = load_json(text, source)
    reading = Reading()
    for place, record in _records(document, layout.path, source):
        try:
            values = dict(layout.constants) | _values(record, layout, place)
            if seen is not None:
                values.setdefault("observed_at", seen.isoformat())
            reading.quotes.append(quote_from_record(values, source))
        except QuoteError as error:
            reading.rejected.append(Rejected(source, place, str(error)))
    return reading


def load_json(text: str | bytes, source: str) -> Any:
    """A document (UTF-8) with its numbers exact. Raises SourceError when it is none or nested too deep."""
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        _check_depth(decoded)
        return json.loads(decoded, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise SourceError(source, f"not JSON: {error}") from error


def _check_depth(text: str) -> None:
    """The parser recurses, and packages that raise Python's recursion limit let it run out of stack."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif token[0] in "]}":
            depth -= 1


def _records(document: Any, path: str, source: str) -> Iterator[tuple[str, Any]]:
    for key in path.split(".") if path else ():
        document = _step(document, key)
    if isinstance(document, list):
        return iter((str(place), record) for place, record in enumerate(document))
    if isinstance(document, dict):
        return iter(document.items())
    raise SourceError(source, f"nothing to read at {path or 'the top'}: found {type(document).__name__}")


def _values(record: Any, layout: Layout, place: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in REQUIRED + OPTIONAL:
        value: Any = record
        for key in layout.fields.get(name, name).split("."):
            value = place if key == "@key" else _step(value, key)
        if value is not None and not isinstance(value, list | dict):
            found[name] = value
    return found


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
