"""The settlement price from the published reports alone, in plain Python.

This is the check on the oracle's accumulator, so it shares nothing with it: it walks over the published
values and adds
up value x seconds. A value holds from its observation time until the next one's; only the first `heartbeat`
of those seconds are fresh, and only fresh seconds count (docs/spec/oracle.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, order=True)
class Published:
    """A value in force from `time` (unix seconds) on; `value` is USD x 1e8."""

    time: int
    value: int


@dataclass(frozen=True, slots=True)
class Window:
    """What a window of published values adds up to."""

    value_seconds: int
    fresh_seconds: int
    elapsed: int
    last_before: int | None
    """The last value before the window, USD x 1e8: what stands when no second of the window is fresh."""

    @property
    def average(self) -> Fraction | None:
        """Average over fresh seconds, USD x 1e8, exact; None where nothing was published at all."""
        if self.fresh_seconds:
            return Fraction(self.value_seconds, self.fresh_seconds)
        return None if self.last_before is None else Fraction(self.last_before)


def integrate(published: Iterable[Published], heartbeat: int, start: int, end: int) -> Window:
    """Adds up the window [start, end), unix seconds."""
    rounds = sorted(published)
    value_seconds = fresh_seconds = 0
    last_before: int | None = None
    for position, current in enumerate(rounds):
        following = rounds[position + 1].time if position + 1 < len(rounds) else end
        since = max(current.time, start)
        until = min(following, current.time + heartbeat, end)
        if until > since:
            value_seconds += current.value * (until - since)
            fresh_seconds += until - since
        if current.time < start:
            last_before = current.value
    return Window(value_seconds, fresh_seconds, end - start, last_before)


def settlement_tick(window: Window, tick_size: int, price_cap: int) -> int | None:
    """The average rounded half up to the tick and clamped to [0, priceCap]; `tick_size` is USD x 1e8.

    None where nothing was ever published.
    """
    average = window.average
    if average is None:
        return None
    ticks = (average / tick_size + Fraction(1, 2)).__floor__()
    return min(max(ticks, 0), price_cap)
