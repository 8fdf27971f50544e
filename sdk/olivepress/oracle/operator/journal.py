"""What was signed, written down before it is signed: nothing is reported twice, and never two values for one
time, also after `kill -9` or a power cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from olivepress.errors import ConfigurationError, OutOfRange
from olivepress.files import AppendLog
from olivepress.oracle.codec import Report


@dataclass(slots=True)
class Entry:
    """A report and the relays that are done with it: they took it, or refused it for good."""

    report: Report
    done: set[str] = field(default_factory=set)


class MemoryReports:
    """Lasts as long as the process."""

    def __init__(self) -> None:
        self._last: dict[int, Entry] = {}
        self._recent: list[Entry] = []

    def last(self, feed: int) -> int:
        """Observation time of the last report of a feed; 0 before the first."""
        entry = self._last.get(feed)
        return entry.report.observed_at if entry else 0

    def record(self, report: Report) -> Entry:
        """Takes a report that is about to be signed. OutOfRange when a feed has one of this time or later."""
        for feed in report.values:
            if report.observed_at <= self.last(feed):
                raise OutOfRange("observed_at", report.observed_at, f"after {self.last(feed)}, feed {feed}")
        self._write({"at": report.observed_at, "version": report.version, "values": _text(report)})
        return self._take(report)

    def done(self, entry: Entry, relay: str) -> None:
        """A relay is done with a report."""
        self._write(_done(entry, relay))
        entry.done.add(relay)

    def recent(self, since: int) -> list[Entry]:
        """Reports observed at `since` or later, oldest first."""
        return [entry for entry in self._recent if entry.report.observed_at >= since]

    def forget(self, before: int) -> None:
        """Drops what was observed before, but for the last report of each feed."""
        kept = {id(entry) for entry in self._last.values()}
        self._recent = [
            entry for entry in self._recent if entry.report.observed_at >= before or id(entry) in kept
        ]

    def close(self) -> None:
        """Nothing to release."""

    def _take(self, report: Report) -> Entry:
        entry = Entry(report)
        self._recent.append(entry)
        for feed in report.values:
            self._last[feed] = entry
        return entry

    def _write(self, record: dict[str, Any]) -> None:
        """Kept in memory only."""


class FileReports(MemoryReports):
    """In a file that one process holds. It belongs to one operator at one oracle.

    :param binding: what the file belongs to, e.g. chain id, oracle, operator; another one is refused
    :raises ConfigurationError: the file is of another operator or oracle, in use, or damaged
    """

    def __init__(self, path: Path, binding: dict[str, str]) -> None:
        super().__init__()
        self._binding = binding
        self._found: dict[str, str] | None = None
        self._log = AppendLog(path, "report journal", self._apply, sync=True)
        if self._found is None:
            self._write({"binding": binding})
        elif self._found != binding:
            self._log.close()
            raise ConfigurationError(
                f"report journal {path} belongs to {_shown(self._found)}, not to {_shown(binding)}; "
                "give every operator and oracle a state folder of its own"
            )

    def forget(self, before: int) -> None:
        super().forget(before)
        self._log.rewrite(self._records())

    def close(self) -> None:
        """Lets the file go."""
        self._log.close()

    def _records(self) -> Iterator[dict[str, Any]]:
        yield {"binding": self._binding}
        for entry in self._recent:
            report = entry.report
            yield {"at": report.observed_at, "version": report.version, "values": _text(report)}
            for relay in sorted(entry.done):
                yield _done(entry, relay)

    def _apply(self, record: dict[str, Any]) -> None:
        if "binding" in record:
            self._found = dict(record["binding"])
        elif "done" in record:
            feeds = set(record["feeds"])
            for entry in self.recent(record["at"]):
                if entry.report.observed_at == record["at"] and set(entry.report.values) == feeds:
                    entry.done.add(record["done"])
        else:
            values = {int(feed): int(value) for feed, value in record["values"].items()}
            self._take(Report(record["at"], record["version"], values))

    def _write(self, record: dict[str, Any]) -> None:
        self._log.write(record)


def _text(report: Report) -> dict[str, str]:
    return {str(feed): str(value) for feed, value in report.values.items()}


def _done(entry: Entry, relay: str) -> dict[str, Any]:
    return {"at": entry.report.observed_at, "feeds": list(entry.report.feeds), "done": relay}


def _shown(binding: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in binding.items())
