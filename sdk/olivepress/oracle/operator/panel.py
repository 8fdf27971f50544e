"""The sources of an operator: each with its own deadline and pace, none able to hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from olivepress.oracle.operator.memory import moment
from olivepress.prices import Reading, Source, SourceError, collect


@dataclass(slots=True)
class PacedSource:
    """A source, read at most every `every_seconds`, with `deadline_seconds` to answer.

    A read that passes its deadline goes on unheard, and no other is started beside it: so a file system or a
    thread that hangs cannot pile up.
    """

    source: Source
    deadline_seconds: int = 20
    every_seconds: int = 0
    _asked_at: int = 0
    _running: asyncio.Task[Reading] | None = None

    @property
    def name(self) -> str:
        """Of the source."""
        return self.source.name

    @property
    def hangs(self) -> bool:
        """Whether a read is still under way."""
        return self._running is not None and not self._running.done()

    def due(self, at: int) -> bool:
        """Whether it is read at `at` (unix seconds); also when the clock was set back."""
        return abs(at - self._asked_at) >= self.every_seconds

    async def ask(self, at: int, now: datetime) -> Reading:
        """Reads it. Whatever goes wrong is a `Failure` in the answer."""
        self._asked_at = at
        return await collect([self], now, self.deadline_seconds)

    async def read(self, now: datetime) -> Reading:
        """One read, shielded from the end of the deadline."""
        if self.hangs:
            raise SourceError(self.name, "an earlier read still hangs")
        self._running = asyncio.create_task(self.source.read(now))
        self._running.add_done_callback(_swallow)
        return await asyncio.shield(self._running)


def _swallow(task: asyncio.Task[Reading]) -> None:
    """What a late read raises has nobody to go to."""
    if not task.cancelled():
        task.exception()


@dataclass(slots=True)
class Panel:
    """All sources of an operator, and what each said last."""

    sources: Sequence[PacedSource]
    last: dict[str, Reading] = field(default_factory=dict)
    """Source -> its last reading, failed or not."""

    async def poll(self, at: int, now: datetime | None = None) -> dict[str, Reading]:
        """Reads every source that is due at `at` (unix seconds); `now` is the true time, `at` by default."""
        due = [source for source in self.sources if source.due(at)]
        readings = await asyncio.gather(*(source.ask(at, now or moment(at)) for source in due))
        read = {source.name: reading for source, reading in zip(due, readings, strict=True)}
        self.last |= read
        return read

    def troubles(self) -> Reading:
        """Failures and rejected entries of every source's last reading, without quotes."""
        reading = Reading()
        for source in self.sources:
            last = self.last.get(source.name, Reading())
            reading.failures += last.failures
            reading.rejected += last.rejected
        return reading

    @property
    def hanging(self) -> list[str]:
        """Names of the sources that do not come back."""
        return [source.name for source in self.sources if source.hangs]
