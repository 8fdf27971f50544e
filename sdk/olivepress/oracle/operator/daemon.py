"""The operator as a program that runs for months: the clock, the chain, the relays, the figures."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from olivepress.oracle.operator.clock import Clock, seconds, sleep_until
from olivepress.oracle.operator.delivery import Delivery
from olivepress.oracle.operator.memory import moment
from olivepress.oracle.operator.metrics import Metrics
from olivepress.oracle.operator.step import Finding, Operator, Step
from olivepress.oracle.operator.watch import ChainWatch, Sight
from olivepress.oracle.service import Health
from olivepress.prices import Reading

_LOG = logging.getLogger(__name__)

DAY = 86_400


class Daemon:
    """One operator at work. `run` goes on until it is cancelled.

    :param clock_skew: seconds by which this clock may be behind the chain's
    :param prune: removes audit records from before a time; None keeps them
    :param audit_days: for how long they are kept
    """

    def __init__(
        self,
        operator: Operator,
        watch: ChainWatch,
        delivery: Delivery,
        clock: Clock,
        metrics: Metrics,
        *,
        clock_skew: int = 30,
        prune: Callable[[Any], None] | None = None,
        audit_days: int = 0,
    ) -> None:
        self.operator = operator
        self.watch = watch
        self.delivery = delivery
        self.clock = clock
        self.metrics = metrics
        self._sources = operator.panel.sources
        self._clock_skew = clock_skew
        self._prune = prune if audit_days else None
        self._audit_days = audit_days
        self._clock_problem = ""
        self._defect = ""
        self._findings: dict[str, Finding] = {}
        self._troubles: dict[str, str] = {}
        self._tidied = 0
        self._resumed = False

    # --- work ---

    async def run(self) -> None:
        """Works on the clock; ends by being cancelled, and then lets go of everything in order."""
        schedule = self.operator.schedule
        lead = max(source.deadline_seconds for source in self._sources)
        _LOG.info("operator starts: address=%s oracle=%s", self.operator.address, self.operator.domain.oracle)
        try:
            sight = await self.watch.look()
            self._resume(sight)
            while True:
                # The sources are read before the observation time, so that what they say was true by then.
                at = schedule.at(seconds(self.clock.now())) + schedule.grid_seconds
                if await sleep_until(self.clock, at - lead, schedule.grid_seconds):
                    await self._tick_or_tell(at)
        finally:
            await self.delivery.stop()
            self.operator.reports.close()
            _LOG.info("operator stopped")

    async def _tick_or_tell(self, at: int) -> None:
        """What nobody thought of, such as a full disk, is told, and tried again at the next time."""
        try:
            await self.tick(at)
            self._defect = ""
        except Exception as error:
            self._defect = f"{type(error).__name__}: {error}"
            _LOG.exception("nothing came of time=%s", at)
            # What fails before its time must not be tried again and again until then.
            await sleep_until(self.clock, at, self.operator.schedule.grid_seconds)

    async def tick(self, at: int) -> Step | None:
        """Everything for one time of the grid: poll before it, decide at it, report after it."""
        readings = await self.operator.poll(at, self.clock.now())
        self._tell_sources(readings)
        if not await sleep_until(self.clock, at, self.operator.schedule.grid_seconds):
            return None
        sight = await self.watch.look()
        self.metrics.chain(None if sight is None or sight.blind else sight.state, sight.ahead if sight else 0)
        if sight is None:
            return None
        for address, wei in sight.balances.items():
            self.metrics.balance.labels(address).set(wei)
        self._resume(sight)
        late = seconds(self.clock.now()) - at
        if late >= self.operator.schedule.grid_seconds:
            _LOG.warning("too late: time=%s late_seconds=%s", at, late)
            return None
        if not self._clock_right(sight):
            return None
        before = {found.id: self.operator.reports.last(found.id) for found in sight.state.feeds.values()}
        step = self.operator.step(at, sight.state, blind=sight.blind)
        for entry in step.entries:
            self.delivery.hand_on(entry, self.operator.sign(entry), at + sight.state.max_lag)
        for found in step.findings:
            self._tell_finding(found, at, before.get(found.feed.id, 0) if found.feed else 0)
        self._tidy(at, sight)
        return step

    def _resume(self, sight: Sight | None) -> None:
        """Once: hands on what an earlier run signed and did not get rid of."""
        if sight is None or self._resumed:
            return
        self._resumed = True
        since = seconds(self.clock.now()) - sight.state.max_lag
        for entry in self.operator.reports.recent(since):
            until = entry.report.observed_at + sight.state.max_lag
            if any(relay.url not in entry.done for relay in self.delivery.relays):
                _LOG.info("handing on again: time=%s", entry.report.observed_at)
                self.delivery.hand_on(entry, self.operator.sign(entry), until)
        for feed in sight.state.feeds.values():
            if last := self.operator.reports.last(feed.id):
                self.metrics.reported(feed.symbol, last)

    def _clock_right(self, sight: Sight) -> bool:
        """A wrong clock must sign nothing: its times would be nobody else's, and in the future for ever."""
        problem = ""
        if sight.ahead < -self._clock_skew:
            problem = f"this clock is {-sight.ahead} s behind the chain's"
        elif sight.ahead > sight.state.max_lag:
            problem = (
                f"the latest block is {sight.ahead} s old: the chain stands still, or this clock is ahead"
            )
        if problem and not self._clock_problem:
            _LOG.error("nothing is signed: %s", problem)
        elif self._clock_problem and not problem:
            _LOG.info("the clock is right again")
        self._clock_problem = problem
        return not problem

    def _tidy(self, at: int, sight: Sight) -> None:
        """Once a day."""
        if at // DAY == self._tidied:
            return
        self._tidied = at // DAY
        self.operator.reports.forget(at - max(DAY, sight.state.max_lag))
        if self._prune is not None:
            self._prune(moment(at) - timedelta(days=self._audit_days))

    # --- telling ---

    def _tell_sources(self, readings: dict[str, Reading]) -> None:
        self.metrics.polled(readings)
        for name, reading in readings.items():
            key = f"source {name}"
            why = "; ".join(f"{one.error}: {one.reason}" for one in reading.failures)
            self._tell(key, why, "source fails", "source answers again")

    def _tell_finding(self, found: Finding, at: int, reported_before: int) -> None:
        self._findings[found.symbol] = found
        self.metrics.found(found, reported_before)
        self._tell(f"feed {found.symbol}", found.trouble, "not reported", "can be reported again")
        if found.trigger is not None:
            self.metrics.reported(found.symbol, at)
            _LOG.info(
                "reported: feed=%s time=%s value_e8=%s trigger=%s",
                found.symbol,
                at,
                found.value,
                found.trigger,
            )

    def _tell(self, key: str, trouble: str, begins: str, ends: str) -> None:
        """Logs a trouble when it begins, changes or ends."""
        before = self._troubles.get(key, "")
        if trouble and trouble != before:
            _LOG.warning("%s: %s: %s", begins, key, trouble)
        elif before and not trouble:
            _LOG.info("%s: %s", ends, key)
        self._troubles[key] = trouble

    def health(self) -> Health:
        """For /health: problems in words, and the figures of each feed."""
        now = seconds(self.clock.now())
        problems = [text for text in (self.watch.problem, self._clock_problem, self._defect) if text]
        feeds: dict[str, Any] = {}
        for symbol, found in self._findings.items():
            if found.trouble:
                problems.append(f"{symbol}: {found.trouble}")
            feeds[symbol] = {"value_e8": found.value, "member": found.member, "trouble": found.trouble}
            if found.feed is not None:
                last = self.operator.reports.last(found.feed.id)
                feeds[symbol] |= {"reported_at": last, "chain_time": found.feed.time}
                problems += self._feed_problems(found, now)
        relays = {relay.url: self.delivery.failing.get(relay.url, "") for relay in self.delivery.relays}
        if relays and all(relays.values()):
            problems.append("no relay takes reports")
        sources = {source.name: self._troubles.get(f"source {source.name}", "") for source in self._sources}
        details = {"operator": self.operator.address, "feeds": feeds, "relays": relays, "sources": sources}
        return Health(problems, details)

    def _feed_problems(self, found: Finding, now: int) -> list[str]:
        assert found.feed is not None
        problems = []
        heartbeat, schedule = found.feed.heartbeat, self.operator.schedule
        if schedule.interval_seconds + schedule.grid_seconds > heartbeat:
            problems.append(
                f"{found.symbol}: interval_seconds is {schedule.interval_seconds}, too long for the feed's "
                f"heartbeat of {heartbeat} s"
            )
        if found.feed.time and now > found.feed.time + heartbeat:
            problems.append(f"{found.symbol}: the value on the chain is {now - found.feed.time} s old")
        return problems
