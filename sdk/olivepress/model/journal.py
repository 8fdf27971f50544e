"""Actions that are refused leave no trace, as a revert does not: the journal of one action, and the log.

Every function that changes something says so to the journal first: `keep(record)` before it changes fields
of a record, `put(mapping, key, value)` instead of an assignment, `on_undo((function, ...))` for anything
else. When the action is refused the journal is played backwards. So nothing has to be checked ahead, and
the model's code follows the order of the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from operator import attrgetter
from typing import Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar, dataclass_transform

from olivepress.events.model import Book, Event

R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")

RawRecord = tuple[Any, ...]
"""A record of a book's event before anybody reads it: its class (events/records.py), and its values."""


class Record:
    """A mutable record of the model: plain fields that the journal can keep. Made with `@record`."""

    __slots__ = ()
    FIELDS: ClassVar[tuple[str, ...]] = ()
    VALUES: ClassVar[attrgetter[tuple[Any, ...]]]

    def values(self) -> tuple[Any, ...]:
        """Of all fields, in their order."""
        return self.VALUES(self)


T = TypeVar("T", bound=Record)


@dataclass_transform()
def record(cls: type[T]) -> type[T]:
    """A dataclass with slots; `VALUES` reads all its fields in one go."""
    made = dataclass(slots=True)(cls)
    names = tuple(field.name for field in fields(made))  # type: ignore[arg-type]
    made.FIELDS = names
    made.VALUES = attrgetter(*names)
    return made


class Journal:
    """How to take back what the action under way has changed so far."""

    __slots__ = ("entries", "on_undo")

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []
        self.on_undo = self.entries.append
        """Takes (function, *arguments) to call when the action is refused."""

    def keep(self, one: Record) -> tuple[Any, ...]:
        """Remembers the fields of a record, before they change. Returns their values."""
        values = one.values()
        self.entries.append((_restore, one, values))
        return values

    def keep_field(self, one: Record, name: str) -> None:
        """The same for one field, when nothing else of the record changes."""
        self.entries.append((setattr, one, name, getattr(one, name)))

    def put(self, mapping: dict[K, V], key: K, value: V) -> None:
        """mapping[key] = value."""
        if key in mapping:
            self.entries.append((mapping.__setitem__, key, mapping[key]))
        else:
            self.entries.append((mapping.__delitem__, key))
        mapping[key] = value

    def drop(self, mapping: dict[K, V], key: K) -> None:
        """del mapping[key]; the key is there."""
        self.entries.append((mapping.__setitem__, key, mapping.pop(key)))

    def undo(self) -> None:
        """Everything as it was before the action."""
        for entry in reversed(self.entries):
            entry[0](*entry[1:])
        self.entries.clear()


def _restore(one: Record, values: tuple[Any, ...]) -> None:
    for name, value in zip(one.FIELDS, values, strict=True):
        setattr(one, name, value)


class Log:
    """Events in their order. They become dataclasses only when they are read: most runs read few of them."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[type[Event], tuple[Any, ...]]] = []

    def add(self, event: type[Event], *values: object) -> None:
        self.entries.append((event, values))

    def add_book(self, series: int, account: int, records: Iterable[RawRecord]) -> None:
        self.entries.append((Book, (series, account, records)))

    def drain(self) -> list[Event]:
        """The events since the last drain. Their place in a chain is zero."""
        events = list(self)
        self.entries.clear()
        return events

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Event]:
        for event, values in self.entries:
            if event is Book:
                series, account, records = values
                values = series, account, tuple(kind(*fields) for kind, *fields in records)
            yield event(0, 0, b"", b"", *values)


class Journaled(Protocol):
    """What has verbs: the exchange, the oracle."""

    journal: Journal
    log: Log


J = TypeVar("J", bound=Journaled)


def atomic(verb: Callable[Concatenate[J, P], R]) -> Callable[Concatenate[J, P], R]:
    """A verb that is done in full or not at all."""

    @wraps(verb)
    def run(*arguments: Any, **named: Any) -> R:
        venue: Journaled = arguments[0]  # passing on what came, as it came, takes least
        logged = len(venue.log.entries)
        try:
            answer = verb(*arguments, **named)
        except BaseException:
            venue.journal.undo()
            del venue.log.entries[logged:]
            raise
        venue.journal.entries.clear()
        return answer

    return run
