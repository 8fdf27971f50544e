"""What a call came to, in one form for both sides: values or a named error, and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple

from olivepress.contracts.abi import Entry, snake_case
from olivepress.contracts.artifacts import load
from olivepress.errors import Reverted
from olivepress.events import default_decoder
from olivepress.events.model import Book, Event
from olivepress.model.standard import Transfer

Told = tuple[Any, ...]
"""An event: its name, its fields, and the address that logged it."""

NO_TOKEN = "no token there"
"""A call of a token that was never made: its creation was left out by shrinking."""


class Outcome(NamedTuple):
    """`error` is empty when it went through; `values` are return values, or those of the error by name."""

    error: str
    values: tuple[Any, ...]
    events: tuple[Told, ...]


def plain(value: Any) -> Any:
    """A value without its wrapping: addresses in lower case, lists as tuples, numbers as int."""
    if isinstance(value, str):
        return value.lower() if value[:2] == "0x" else value
    if isinstance(value, bool | bytes):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, list | tuple):
        return tuple(plain(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(getattr(value, one.name)) for one in fields(value))
    return value


def returned(value: Any) -> tuple[Any, ...]:
    """Return values of a method of the model as the ABI gives them."""
    if value is None:
        return ()
    simple = plain(value)
    return simple if isinstance(simple, tuple) else (simple,)


def named_error(error: Exception) -> tuple[str, tuple[Any, ...]]:
    """Name and values of a revert; anything else is shown as it is."""
    if isinstance(error, Reverted) and error.name:
        told = {snake_case(name): plain(value) for name, value in (error.values or {}).items()}
        return error.name, tuple(sorted(told.items()))
    return f"{type(error).__name__}: {error}", ()


def told(event: Event, emitter: str) -> Told:
    """An event without its place in a chain; records with their kinds. A Transfer names its token itself."""
    if isinstance(event, Book):
        records = tuple((type(one).__name__, *one) for one in event.records)
        return "Book", event.series, event.account, records, emitter
    if isinstance(event, Transfer):
        return "Transfer", event.from_, event.to, event.amount, event.token
    return type(event).__name__, *plain(event)[4:], emitter


def heard(log: Mapping[str, Any]) -> Told:
    """A log of a chain. None is left out: one that nobody knows is a KeyError."""
    emitter = log["address"].lower()
    event = default_decoder().decode(log)
    if event is not None:
        return told(event, emitter)
    topics = [bytes.fromhex(one[2:]) for one in log["topics"]]
    entry = _standard()[topics[0]]
    values = entry.decode_log(topics, bytes.fromhex(log["data"][2:]))
    return entry.name, *(plain(values[one["name"]]) for one in entry.inputs), emitter


@cache
def _standard() -> dict[bytes, Entry]:
    """What tokens and owned contracts log through libraries, by first topic."""
    found = [load(name).interface.events for name in ("PositionToken", "IndexOracle")]
    return {entry.topic: entry for events in found for entry in events.values()}
