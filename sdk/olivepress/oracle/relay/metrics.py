"""What a relay counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from olivepress.oracle.snapshot import OracleState

_PREFIX = "olivepress_relay_"


class RelayMetrics:
    """In a registry of its own.

    :param age: seconds since an observation time, by the chain's clock
    """

    def __init__(self, age: Callable[[int], float]) -> None:
        self.registry = CollectorRegistry()
        self._age = age
        self._ages: dict[int, int] = {}
        self.reports = self._counter("reports", "Reports by what became of them.", ["result"])
        self.quorums = self._counter("quorums", "Rounds that reached their quorum.")
        self.rounds = self._counter("rounds_submitted", "Rounds that this relay put on the chain.")
        self.transactions = self._counter("transactions", "Transactions by outcome.", ["outcome"])
        self.chain_errors = self._counter("chain_errors", "Failed requests to the node.")
        self.balance = self._gauge("balance_wei", "What the key has to pay for gas.")
        self.collected = self._gauge("collected_reports", "Reports held now.")
        self.open_rounds = self._gauge("open_rounds", "Rounds that may still be sent.")
        self._round_age = self._gauge("round_age_seconds", "Age of the feed's last round.", ["feed"])
        for outcome in ("succeeded", "reverted", "dropped"):
            self.transactions.labels(outcome)

    def see(self, state: OracleState) -> None:
        """Takes over the time of each feed's last round."""
        for feed, told in state.feeds.items():
            if told.seen and feed not in self._ages:
                self._round_age.labels(feed).set_function(partial(self._age_of, feed))
            if told.seen:
                self._ages[feed] = told.seen

    def _age_of(self, feed: int) -> float:
        return self._age(self._ages[feed])

    def _counter(self, name: str, text: str, labels: tuple[str, ...] | list[str] = ()) -> Counter:
        return Counter(_PREFIX + name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] | list[str] = ()) -> Gauge:
        return Gauge(_PREFIX + name, text, labels, registry=self.registry)
