"""Time, so that tests can make their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the daemon asks for the time."""

    def now(self) -> datetime:
        """The time in UTC, as this machine believes it."""
        ...

    def elapsed(self) -> int:
        """Seconds since some moment; steps of the machine's clock do not touch it."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> int:
        return time.monotonic_ns() // 1_000_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def seconds(moment: datetime) -> int:
    """Whole unix seconds."""
    return int(moment.timestamp())


async def sleep_until(clock: Clock, at: int, longest: int) -> bool:
    """Returns at `at` (unix seconds) or at once when that has passed. In steps, as clocks are set.

    False when it is further away than `longest` seconds: the clock was set back.
    """
    while (left := at - clock.now().timestamp()) > 0:
        if left > longest:
            return False
        await clock.sleep(min(left, 5))
    return True
