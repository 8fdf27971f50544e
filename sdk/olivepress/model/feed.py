"""One index feed and its exact time average (IndexOracle.sol; docs/spec/oracle.md).

An accepted value holds from its observation time to that of the next accepted one. The first `heartbeat` of
those seconds are fresh and count in the average; the others are stale and count in nothing. So two totals
say everything (ORACLE-7):

    price_seconds = sum of value x fresh seconds        average = price_seconds / fresh_seconds

A value that moves farther than the feed's bound is not taken at once: it waits for the next round
(ORACLE-10). When that one agrees, the waiting value is in force from its own observation time on, and the
interval between the two is booked at the confirmed price (ORACLE-11).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

MAX_PRICE = 2**52 - 1
MAX_BOUND_BPS = 20_470
BOUND_STEP_BPS = 10
ROUNDS = 2**24


class FeedInfo(NamedTuple):
    """What `addFeed` takes. Heartbeat in seconds, the bound in 1e-4 of the last value."""

    symbol: bytes
    methodology: bytes
    operator_set: int
    heartbeat: int
    deviation_bps: int


class Pending(NamedTuple):
    """A round beyond the bound, waiting for a second one that agrees."""

    price: int
    time: int
    round: int


class Checkpoint(NamedTuple):
    """The totals at one UTC midnight, for good, and the last value from before it."""

    price_seconds: int
    fresh_seconds: int
    last_price: int
    last_time: int


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed after its last accepted round. Values USD x 1e8; `time` is 0 before the first.

    `price_seconds` and `fresh_seconds` are the totals up to `time`. `round` counts every round received.
    """

    info: FeedInfo
    price: int = 0
    time: int = 0
    price_seconds: int = 0
    fresh_seconds: int = 0
    round: int = 0
    pending: Pending | None = None
    halted: bool = False

    def fresh_at(self, time: int) -> bool:
        """At most a heartbeat old, no round waiting, not halted (ORACLE-8)."""
        return (
            self.time != 0
            and time <= self.time + self.info.heartbeat
            and self.pending is None
            and not self.halted
        )

    def totals_at(self, time: int) -> tuple[int, int]:
        """price_seconds and fresh_seconds at `time`, if nothing else is reported until then."""
        if self.time == 0:
            return 0, 0
        fresh = min(time - self.time, self.info.heartbeat)
        return self.price_seconds + self.price * fresh, self.fresh_seconds + fresh

    def accept(self, price: int, time: int) -> Feed:
        """The feed with `price` in force from `time` on."""
        price_seconds, fresh_seconds = self.totals_at(time)
        return replace(self, price=price, time=time, price_seconds=price_seconds, fresh_seconds=fresh_seconds)

    def next_round(self) -> Feed:
        """One round more; after 2**24 - 1 the count starts again at 0."""
        return replace(self, round=(self.round + 1) % ROUNDS)

    def beyond(self, value: int, origin: int) -> bool:
        """Whether `value` is farther from `origin` than one round alone may move."""
        return abs(value - origin) * 10_000 > self.info.deviation_bps * origin
