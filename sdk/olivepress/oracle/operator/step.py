"""One operator: polls its sources, computes, writes the audit trail, signs.

It knows neither chain nor relay. The daemon calls it on the clock, the demo in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from olivepress.files import write_whole
from olivepress.index import AnyMethodology, AuditRecord, compute
from olivepress.oracle.codec import MAX_VALUE, OracleDomain, Report, SignedReport, sign_report
from olivepress.oracle.operator.journal import Entry, MemoryReports
from olivepress.oracle.operator.memory import QuoteMemory, moment
from olivepress.oracle.operator.panel import Panel
from olivepress.oracle.operator.schedule import Schedule, Trigger, due
from olivepress.oracle.snapshot import FeedState, OracleState
from olivepress.prices import Reading
from olivepress.signer import Signer


@dataclass(frozen=True, slots=True)
class FeedRule:
    """A feed that an operator reports.

    :param methodologies: documents it may be computed by; the one whose hash is on the chain counts, so the
        next version can be there before it is in force
    :param deviation_bps: a move of more than this, in 1e-4, is reported at once
    """

    symbol: str
    methodologies: tuple[AnyMethodology, ...]
    deviation_bps: int = 100


@dataclass(slots=True)
class Finding:
    """What a step found out about one feed.

    `trouble` says why the operator cannot report it, empty when it can; `trigger` why it was reported.
    """

    symbol: str
    feed: FeedState | None = None
    record: AuditRecord | None = None
    trigger: Trigger | None = None
    trouble: str = ""
    member: bool = False

    @property
    def value(self) -> int | None:
        """USD x 1e8; None where there is none."""
        return None if self.record is None else self.record.value_e8


@dataclass(slots=True)
class Step:
    """What came out of one step: a finding for each feed, and the journal's entries of what was signed."""

    findings: list[Finding] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


SaveAudit = Callable[[AuditRecord], None]


class AuditFolder:
    """Audit records as files, `2026-11-23/LLM-FLAGSHIP-1795420800.json`: the name ends in the unix time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, record: AuditRecord) -> None:
        """Writes a record; it is on the disk when this returns."""
        name = f"{record.index}-{int(record.as_of.timestamp())}.json"
        target = self.path / f"{record.as_of:%Y-%m-%d}" / name
        write_whole(target, (record.to_json() + "\n").encode(), sync=True)

    def prune(self, before: datetime) -> None:
        """Removes the days before a time."""
        for folder in self.path.glob("????-??-??"):
            if folder.name < f"{before:%Y-%m-%d}":
                for file in folder.iterdir():
                    file.unlink()
                folder.rmdir()


class Operator:
    """An operator of one oracle.

    :param save_audit: takes the record of every value before it is signed
    """

    def __init__(
        self,
        signer: Signer,
        domain: OracleDomain,
        schedule: Schedule,
        rules: Sequence[FeedRule],
        panel: Panel,
        *,
        memory: QuoteMemory | None = None,
        reports: MemoryReports | None = None,
        save_audit: SaveAudit = lambda record: None,
    ) -> None:
        self.address = signer.address
        self.domain = domain
        self.schedule = schedule
        self.rules = tuple(rules)
        self.panel = panel
        self.memory = memory or QuoteMemory([one for rule in rules for one in rule.methodologies])
        self.reports = reports or MemoryReports()
        self._signer = signer
        self._save_audit = save_audit

    async def poll(self, at: int, now: datetime | None = None) -> dict[str, Reading]:
        """Reads the sources for the grid time `at`; `now` is the true time, `at` by default."""
        readings = await self.panel.poll(at, now)
        for name, reading in readings.items():
            if not reading.failures:
                self.memory.learn(name, reading.quotes, at)
        self.memory.settle(at)
        return readings

    def step(self, at: int, state: OracleState, *, blind: bool = False) -> Step:
        """Computes every feed for the grid time `at`, and writes down what is due.

        The entries are in the journal when this returns; `sign` makes their signed reports. `blind` says that
        `state` is an old one.
        """
        step = Step([self._find(rule, at, state, blind) for rule in self.rules])
        due_by_set: dict[int, dict[int, int]] = {}
        for found in step.findings:
            if found.trigger is None or found.feed is None or found.record is None or found.value is None:
                continue
            self._save_audit(found.record)
            due_by_set.setdefault(found.feed.operator_set, {})[found.feed.id] = found.value
        for number, values in due_by_set.items():
            step.entries.append(self.reports.record(Report(at, state.sets[number].version, values)))
        return step

    def sign(self, entry: Entry) -> list[SignedReport]:
        """The signed reports of an entry, the same at every call: all feeds together, then each alone.

        Those of different operators combine only when their feeds are the same. Where some lack a price of
        one feed, the other feeds still get their quorum alone.
        """
        return [sign_report(report, self._signer, self.domain) for report in _parts(entry.report)]

    def _find(self, rule: FeedRule, at: int, state: OracleState, blind: bool) -> Finding:
        found = Finding(rule.symbol)
        found.feed = next((one for one in state.feeds.values() if one.symbol == rule.symbol), None)
        if found.feed is None:
            found.trouble = "the oracle has no such feed"
            return found
        found.member = self.address in state.sets[found.feed.operator_set].operators
        methodology = next((m for m in rule.methodologies if m.hash.hex() == found.feed.methodology), None)
        if methodology is None:
            versions = ", ".join(f"version {one.version}" for one in rule.methodologies)
            found.trouble = f"the methodology in force is none of ours ({versions})"
            return found
        troubles = self.panel.troubles()
        troubles.quotes = self.memory.recall(methodology, at)
        found.record = compute(methodology, troubles, moment(at))
        if not found.member:
            found.trouble = f"{self.address} is no operator of set {found.feed.operator_set}"
        elif found.feed.halted:
            found.trouble = "the feed is halted"
        elif found.value is None:
            found.trouble = f"withheld: {found.record.reason}"
            if at % self.schedule.interval_seconds == 0:
                self._save_audit(found.record)
        elif not 1 <= found.value <= MAX_VALUE:
            found.trouble = f"the value {found.value} is outside 1 to {MAX_VALUE}"
        elif at > self.reports.last(found.feed.id):
            found.trigger = due(self.schedule, rule.deviation_bps, found.feed, found.value, at, blind=blind)
        return found


def _parts(report: Report) -> Iterator[Report]:
    yield report
    if len(report.values) > 1:
        for feed, value in report.values.items():
            yield Report(report.observed_at, report.version, {feed: value})
