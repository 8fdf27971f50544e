"""When a feed is reported. Pure: the same state and time give the same answer, at every operator.

Reports of different operators combine only when their observation times are equal. So every time is a
multiple of the grid, and a report is due by the time alone, or by what all operators see alike: the chain.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from olivepress.oracle.snapshot import FeedState


class Trigger(StrEnum):
    """Why a feed is reported."""

    SCHEDULE = "schedule"
    """The time is a multiple of the interval."""
    PENDING = "pending"
    """A round beyond the bound waits for a second one."""
    OVERDUE = "overdue"
    """The last scheduled round did not reach the chain, or the feed has no value yet."""
    DEVIATION = "deviation"
    """The value moved."""


class Schedule(BaseModel):
    """Times of the reports, in seconds; the same for all operators of a set.

    :param grid_seconds: sources are read and triggers looked at when unix time is a multiple of this
    :param interval_seconds: every feed is reported when unix time is a multiple of this
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid_seconds: int = Field(default=60, ge=2, le=3_600)
    interval_seconds: int = Field(default=900, ge=2, le=86_400)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.interval_seconds % self.grid_seconds:
            raise ValueError(
                f"interval_seconds = {self.interval_seconds}: allowed are multiples of "
                f"grid_seconds = {self.grid_seconds}"
            )
        return self

    def at(self, now: int) -> int:
        """The latest time of the grid, not after `now`."""
        return now - now % self.grid_seconds


def due(
    schedule: Schedule, deviation_bps: int, feed: FeedState, value: int, at: int, *, blind: bool = False
) -> Trigger | None:
    """Why the feed is reported at `at`, a time of the grid, with `value` (USD x 1e8); None when it is not.

    :param deviation_bps: a move of more than this, in 1e-4 of the value on the chain, is reported at once
    :param blind: `feed` is an old state, as the node does not answer: then only the time counts
    """
    if feed.halted or at <= feed.seen:
        return None
    if at % schedule.interval_seconds == 0:
        return Trigger.SCHEDULE
    if blind:
        return None
    if feed.pending_time:
        return Trigger.PENDING
    if at - feed.time > schedule.interval_seconds + schedule.grid_seconds:
        return Trigger.OVERDUE
    if abs(value - feed.price) * 10_000 > deviation_bps * feed.price:
        return Trigger.DEVIATION
    return None
