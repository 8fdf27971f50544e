"""What happens in the year: true values, outages, slips, and who lies. Everything follows from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime

from olivepress.index import history
from olivepress.units import day_of

HOUR, DAY = 3_600, 86_400
SLOT = 6 * HOUR
E8 = 10**8
MAX_VALUE = 2**52 - 1
FIRST, LAST = day_of(date(2024, 12, 1)), day_of(date(2026, 1, 9))
MONTHS = [date(2025, month, 1) for month in range(1, 13)]


@dataclass(frozen=True)
class FeedPlan:
    """A feed and its series' terms. `tick_size` is USD x 1e8, `tick_value` base units, `price_cap` ticks."""

    number: int
    symbol: str
    heartbeat: int
    bound_bps: int
    tick_size: int
    tick_value: int
    price_cap: int


FLAGSHIP = FeedPlan(1, "LLM-FLAGSHIP", 12 * HOUR, 2_000, 100_000, 1_000_000, 30_000)
GPU = FeedPlan(2, "GPU-H100-SXM", 8 * HOUR, 1_500, 100_000, 1_000_003, 30_000)  # odd: fees are rounded
ASSETS = FeedPlan(3, "AI-ASSETS", 7 * HOUR, 1_000, 10 * E8 // 100, 100_000, 100_000)
FEEDS = (FLAGSHIP, GPU, ASSETS)

#: Overnight repricings of the GPU, as parts of a thousand. The first is that of AWS p5 in June 2025. The
#: second comes with the last round of a month: the first round of the next confirms it into the month before.
REPRICED = {
    datetime(2025, 6, 5, 6, tzinfo=UTC): 560,
    datetime(2025, 9, 30, 18, tzinfo=UTC): 500,
    datetime(2025, 11, 12, 0, tzinfo=UTC): 1_300,
}
#: Rounds that are right, and come unless an outage says otherwise: those around two of the repricings.
SURE = {(GPU.number, int(at.timestamp()) + SLOT * n) for at in list(REPRICED)[1:] for n in range(-2, 5)}
#: Feed, first silent hour, silent slots: what pushes months below 98% of fresh time. The one slot of November
#: is the one that would have confirmed the repricing before it in time.
OUTAGES = (
    (GPU, datetime(2025, 3, 11, tzinfo=UTC), 16),
    (FLAGSHIP, datetime(2025, 4, 24, tzinfo=UTC), 13),
    (FLAGSHIP, datetime(2025, 5, 17, tzinfo=UTC), 8),
    (GPU, datetime(2025, 5, 17, tzinfo=UTC), 8),
    (ASSETS, datetime(2025, 5, 17, tzinfo=UTC), 8),
    (ASSETS, datetime(2025, 7, 30, tzinfo=UTC), 4 * 35),
    (GPU, datetime(2025, 10, 2, tzinfo=UTC), 9),
    (ASSETS, datetime(2025, 11, 8, tzinfo=UTC), 40),
    (GPU, datetime(2025, 11, 12, 6, tzinfo=UTC), 1),
    (ASSETS, datetime(2025, 12, 31, tzinfo=UTC), 6),
)


@dataclass(frozen=True)
class Round:
    """What honest operators see at `time`, by feed: USD x 1e8."""

    time: int
    seen: dict[int, int]


class Weather:
    """The year of one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.slots = range(FIRST * DAY, LAST * DAY, SLOT)
        self._silent = self._outages()
        true = {feed.number: self._values(feed) for feed in FEEDS}
        self.rounds = [self._round(slot, true) for slot in self.slots]

    def _outages(self) -> set[tuple[int, int]]:
        """(feed, slot) without a report: the big ones, and single misses."""
        silent = set()
        for feed, at, slots in OUTAGES:
            first = int(at.timestamp())
            silent |= {(feed.number, first + SLOT * n) for n in range(slots)}
        for feed in FEEDS:
            missed = {(feed.number, slot) for slot in self.slots[8:] if self.rng.random() < 0.006}
            silent |= missed - SURE
        return silent

    def _values(self, feed: FeedPlan) -> dict[int, int]:
        if feed is FLAGSHIP:
            return {slot: self._recorded(slot) for slot in self.slots}
        value = 240_000_000 if feed is GPU else 1_000 * E8
        repriced = {int(at.timestamp()): parts for at, parts in REPRICED.items()}
        values = {}
        for slot in self.slots:
            if feed is GPU:
                move = self.rng.randint(-80, 80) if self.rng.random() < 0.33 else 0
                value = value * repriced.get(slot, 1_000) // 1_000
            else:
                jump = self.rng.random() < 0.012
                move = self.rng.choice((-1, 1)) * self.rng.randint(*((1_100, 2_200) if jump else (0, 150)))
            value = value * (10_000 + move) // 10_000
            values[slot] = value
        return values

    @staticmethod
    def _recorded(slot: int) -> int:
        """LLM-FLAGSHIP as it really was that day, from the table that ships with the package."""
        found = history.record(datetime.fromtimestamp(slot, UTC).date()).value_e8
        assert found is not None
        return found

    def _round(self, slot: int, true: dict[int, dict[int, int]]) -> Round:
        seen = {feed: values[slot] for feed, values in true.items() if (feed, slot) not in self._silent}
        for feed in (GPU.number, ASSETS.number):  # now and then a quorum's sources are wrong, for one round
            if feed in seen and (feed, slot) not in SURE and self.rng.random() < 0.005:
                seen[feed] = seen[feed] * self.rng.choice((3, 6)) // 4
        return Round(slot, seen)

    def told_by(self, operator: int, seen: dict[int, int], lies: bool) -> dict[int, int]:
        """What one operator reports: its own sources differ a little; a liar says anything."""
        if lies:
            return {
                feed: self.rng.choice((1, MAX_VALUE, value // 100 or 1, min(value * 100, MAX_VALUE)))
                for feed, value in seen.items()
            }
        spread = {FLAGSHIP.number: 0, GPU.number: 20, ASSETS.number: 5}
        return {
            feed: value * (10_000 + (operator * 7 % 5 - 2) * spread[feed] // 2) // 10_000
            for feed, value in seen.items()
        }
