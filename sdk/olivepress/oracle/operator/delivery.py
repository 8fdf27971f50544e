"""Hands signed reports to every relay, again and again until it is done with them or they are too old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from olivepress.errors import TransportError
from olivepress.oracle.codec import OracleDomain, SignedReport
from olivepress.oracle.operator.clock import Clock, seconds
from olivepress.oracle.operator.journal import Entry, MemoryReports
from olivepress.oracle.wire import ReportRefused

_LOG = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1, 30
"""Seconds between two attempts; each pause is twice the one before."""


class Relay(Protocol):
    """What takes reports; `RelayClient` over HTTP."""

    url: str

    async def submit(self, signed: SignedReport, domain: OracleDomain) -> bool:
        """True when it was new. Raises ReportRefused, TransportError."""
        ...

    async def close(self) -> None: ...


Told = Callable[[str, str], None]
"""Called with a relay's address and what became of one attempt: taken, known, a refusal's reason, failed."""


class Delivery:
    """Reports on their way. A relay that is slow or down holds up no other."""

    def __init__(
        self,
        relays: Sequence[Relay],
        domain: OracleDomain,
        reports: MemoryReports,
        clock: Clock,
        told: Told = lambda relay, result: None,
    ) -> None:
        self.relays = tuple(relays)
        self.failing: dict[str, str] = {}
        """Relay -> why its last attempt failed; those that answer are not in it."""
        self._domain = domain
        self._reports = reports
        self._clock = clock
        self._told = told
        self._tasks: set[asyncio.Task[None]] = set()

    def hand_on(self, entry: Entry, signed: Sequence[SignedReport], until: int) -> None:
        """Starts to hand the reports of an entry to the relays that are not done with it, until a time."""
        for relay in self.relays:
            if relay.url not in entry.done:
                task = asyncio.create_task(self._deliver(relay, entry, signed, until))
                self._tasks.add(task)
                task.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Returns when nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self, patience: float = 3) -> None:
        """Lets what is on its way arrive for a moment, then ends it; after a restart it goes on."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for relay in self.relays:
            await relay.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("delivery failed", exc_info=error)

    async def _deliver(self, relay: Relay, entry: Entry, signed: Sequence[SignedReport], until: int) -> None:
        for one in signed:
            if not await self._submit(relay, one, until):
                report = one.report
                _LOG.error("not delivered: relay=%s time=%s, too old now", relay.url, report.observed_at)
                return
        self._reports.done(entry, relay.url)

    async def _submit(self, relay: Relay, signed: SignedReport, until: int) -> bool:
        """Whether the relay is done with the report."""
        pause = FIRST_PAUSE
        while True:
            try:
                new = await relay.submit(signed, self._domain)
            except ReportRefused as refusal:
                self._told(relay.url, str(refusal.reason))
                problem = str(refusal)
                if not refusal.reason.passing:
                    self._answers(relay)
                    _LOG.warning(
                        "refused: relay=%s time=%s %s", relay.url, signed.report.observed_at, problem
                    )
                    return True
            except TransportError as error:
                self._told(relay.url, "failed")
                problem = str(error)
            else:
                self._told(relay.url, "taken" if new else "known")
                self._answers(relay)
                return True
            if relay.url not in self.failing:
                _LOG.warning("relay fails: relay=%s %s", relay.url, problem)
            self.failing[relay.url] = problem
            if seconds(self._clock.now()) + pause > until:
                return False
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _answers(self, relay: Relay) -> None:
        if self.failing.pop(relay.url, None):
            _LOG.info("relay answers again: relay=%s", relay.url)
