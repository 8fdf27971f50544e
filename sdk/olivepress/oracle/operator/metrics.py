"""What an operator tells Prometheus. The alert rules that go with it are in docs/operators.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from olivepress.oracle.operator.step import Finding
from olivepress.oracle.snapshot import OracleState
from olivepress.prices import Reading

_NAME = "olivepress_operator"


class Metrics:
    """The figures of one operator; `now` gives unix seconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._now = now
        feed, source = ["feed"], ["source"]
        self.report_age = self._gauge(
            "report_age_seconds", "Since the observation time of the last report", feed
        )
        self.value = self._gauge("value_e8", "Value computed last, USD x 1e8", feed)
        self.chain_value = self._gauge("chain_value_e8", "Value on the chain, USD x 1e8", feed)
        self.chain_age = self._gauge(
            "chain_age_seconds", "Since the observation time of the value on the chain", feed
        )
        self.heartbeat = self._gauge("heartbeat_seconds", "How long a value on the chain stays fresh", feed)
        self.pending = self._gauge("pending", "1 while a round waits for a second one", feed)
        self.quorum = self._gauge("quorum_reached", "1 when our last report's round is on the chain", feed)
        self.member = self._gauge("member", "1 while we are in the feed's operator set", feed)
        self.able = self._gauge("able", "1 while we can report the feed", feed)
        self.reports = self._counter("reports", "Reports signed", ["feed", "trigger"])
        self.source_up = self._gauge("source_up", "1 when the last read of the source worked", source)
        self.source_failures = self._counter("source_failures", "Reads that failed", source)
        self.rejected = self._counter("source_rejected", "Entries of the source that were no quote", source)
        self.deliveries = self._counter("deliveries", "Answers of relays", ["relay", "result"])
        self.chain_up = self._gauge("chain_up", "1 while the node answers", [])
        self.clock_ahead = self._gauge(
            "clock_ahead_seconds", "This clock less the time of the chain's latest block", []
        )
        self.balance = self._gauge("balance_wei", "Gas money of an address", ["address"])

    def _gauge(self, name: str, text: str, labels: list[str]) -> Gauge:
        return Gauge(f"{_NAME}_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(f"{_NAME}_{name}", text, labels, registry=self.registry)

    def reported(self, feed: str, at: int) -> None:
        """The last report of a feed; its age is computed when it is asked for."""
        self.report_age.labels(feed).set_function(lambda: self._now() - at)

    def polled(self, readings: Mapping[str, Reading]) -> None:
        """What the sources gave."""
        for name, reading in readings.items():
            self.source_up.labels(name).set(not reading.failures)
            self.source_failures.labels(name).inc(len(reading.failures))
            self.rejected.labels(name).inc(len(reading.rejected))

    def found(self, finding: Finding, reported_at: int) -> None:
        """What a step found out about a feed, and when it was reported before that."""
        name, feed = finding.symbol, finding.feed
        self.able.labels(name).set(not finding.trouble)
        self.member.labels(name).set(finding.member)
        if finding.value is not None:
            self.value.labels(name).set(finding.value)
        if finding.trigger is not None:
            self.reports.labels(name, finding.trigger).inc()
        if feed is None:
            return
        time = feed.time
        self.chain_value.labels(name).set(feed.price)
        self.chain_age.labels(name).set_function(lambda: self._now() - time)
        self.heartbeat.labels(name).set(feed.heartbeat)
        self.pending.labels(name).set(bool(feed.pending_time))
        if reported_at:
            self.quorum.labels(name).set(feed.seen >= reported_at)

    def chain(self, state: OracleState | None, ahead: int) -> None:
        """What the node says; None when it does not answer."""
        self.chain_up.set(state is not None)
        self.clock_ahead.set(ahead)
