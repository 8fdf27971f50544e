"""What a feed published, from the chain's events: its rounds, and the spans that no value covers.

A value holds from its observation time to the next one's; only the first `heartbeat` of those seconds are
fresh, and only fresh seconds count in an average (docs/spec/oracle.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from olivepress import events as ev
from olivepress.units import oracle_to_price


class RoundStatus(Enum):
    """What became of a round.

    ACCEPTED at once. CONFIRMED: beyond the bound, and the next round agreed. DROPPED: beyond the bound, and
    the next round did not agree. PENDING: beyond the bound, the next round decides.
    """

    ACCEPTED = 1
    CONFIRMED = 2
    DROPPED = 3
    PENDING = 4

    @property
    def in_force(self) -> bool:
        """Whether the value counts."""
        return self in (RoundStatus.ACCEPTED, RoundStatus.CONFIRMED)


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """One round of a feed: `value` (USD) observed at `time` (unix seconds), told in `block`. Bit i of
    `signers` is set when operator i of the set signed."""

    feed: int
    round: int
    time: int
    value: Decimal
    signers: int
    block: int
    status: RoundStatus = RoundStatus.ACCEPTED


@dataclass(frozen=True, slots=True)
class Step:
    """A value in force: `fresh` seconds from its time on, then `stale` ones until the next value."""

    point: IndexPoint
    fresh: int
    stale: int

    @property
    def stale_from(self) -> int:
        """When the value's last fresh second ends, unix seconds."""
        return self.point.time + self.fresh

    @property
    def end(self) -> int:
        """When the next value takes over, unix seconds."""
        return self.stale_from + self.stale


@dataclass(frozen=True, slots=True)
class Past:
    """Rounds of one feed in order of time, as known at `until` (unix seconds)."""

    rounds: tuple[IndexPoint, ...]
    heartbeat: int
    until: int

    def steps(self) -> list[Step]:
        """The values in force, each until the next; the last until `until`."""
        valid = [point for point in self.rounds if point.status.in_force]
        steps = []
        for position, point in enumerate(valid, 1):
            end = valid[position].time if position < len(valid) else self.until
            held = max(end - point.time, 0)
            fresh = min(held, self.heartbeat)
            steps.append(Step(point, fresh, held - fresh))
        return steps

    def stale_spans(self) -> list[tuple[int, int]]:
        """(from, until) without a fresh value, unix seconds, after the first value."""
        return [(step.stale_from, step.end) for step in self.steps() if step.stale]

    def average(self, start: int, end: int) -> tuple[Decimal | None, Decimal]:
        """Average (USD, unrounded) over the fresh seconds of [start, end), and their share, 0 to 1.

        The average is None without a fresh second.
        """
        total, seconds = Decimal(0), 0
        for step in self.steps():
            span = min(step.stale_from, end) - max(step.point.time, start)
            if span > 0:
                total += step.point.value * span
                seconds += span
        return (total / seconds if seconds else None), Decimal(seconds) / max(end - start, 1)

    def between(self, start: int | None, end: int | None) -> Past:
        """The same up to `end`, and from the value in force at `start` on."""
        until = self.until if end is None else min(end, self.until)
        kept = [point for point in self.rounds if point.time < until]
        if start is not None:
            earlier = [point.time for point in kept if point.status.in_force and point.time <= start]
            since = max(earlier, default=start)
            kept = [point for point in kept if point.time >= since]
        return replace(self, rounds=tuple(kept), until=until)


def fold(events: Iterable[ev.Event], feed: int) -> list[IndexPoint]:
    """The rounds of a feed, in order of time, from the oracle's events in their order."""
    rounds: dict[int, IndexPoint] = {}
    for event in events:
        match event:
            case ev.RoundAccepted(feed=told) if told == feed:
                rounds[event.round] = _point(event, RoundStatus.ACCEPTED)
            case ev.RoundPending(feed=told) if told == feed:
                rounds[event.round] = _point(event, RoundStatus.PENDING)
            case ev.RoundConfirmed(feed=told) if told == feed:
                # Told before the events begin: the confirmation has all but the signers.
                known = rounds.get(event.round) or IndexPoint(
                    feed, event.round, event.time, oracle_to_price(event.price), 0, event.block
                )
                rounds[event.round] = replace(known, block=event.block, status=RoundStatus.CONFIRMED)
            case ev.RoundDropped(feed=told) if told == feed and event.round in rounds:
                rounds[event.round] = replace(rounds[event.round], status=RoundStatus.DROPPED)
            case _:
                pass
    return sorted(rounds.values(), key=lambda point: point.time)


def changes(points: Sequence[IndexPoint]) -> dict[int, Decimal]:
    """Round -> its move against the value in force before it, as a share (0.1 is ten per cent)."""
    found: dict[int, Decimal] = {}
    last: Decimal | None = None
    for point in points:
        if last is not None:
            found[point.round] = point.value / last - 1
        if point.status.in_force:
            last = point.value
    return found


def _point(event: ev.RoundAccepted | ev.RoundPending, status: RoundStatus) -> IndexPoint:
    value = oracle_to_price(event.price)
    return IndexPoint(event.feed, event.round, event.time, value, event.signers, event.block, status)
