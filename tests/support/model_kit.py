"""A small market on the executable model: an index that stands where it is put, and accounts with money.

Paper-sized: a tick is 1 USD of index and worth 1 base unit a lot, fees are none, so that amounts are lots x
ticks.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.journal import Journal, Log
from olivepress.model.state import DAY, Position
from olivepress.types import SeriesSpec

TODAY = 20_000
NOW = TODAY * DAY + 3_600
OWNER = "owner"
GUARDIAN = "guardian"

IOC, FOK, POST_ONLY, REDUCE_ONLY, CANCEL_TAKING, SELL = 1, 2, 4, 8, 16, 128

SPEC = SeriesSpec(
    symbol="TEST-DEC26",
    feed=1,
    window_start=TODAY + 10,
    expiry_day=TODAY + 12,
    tick_size=100_000_000,
    tick_value=1,
    price_cap=10_000,
    initial_mark=1_000,
    max_basis=2_000,
    min_lots=1,
    position_limit=100_000,
    open_interest_cap=1_000_000,
    im_bps=2_000,
    mm_bps=1_000,
    spread_bps=200,
    band_bps=400,
    gap_bps=200,
    concentration_pct=0,
    gain_pct=80,
    taker_fee=0,
    maker_rebate=0,
    max_mark_age=60,
)


@dataclass
class StandingIndex:
    """An oracle whose every second since 1970 had the same price. Values are ticks of SPEC."""

    price: int = 1_000
    fresh: bool = True
    fixed: bool = True
    fresh_share: tuple[int, int] = (1, 1)
    """Which share of each window was fresh."""
    observed_at: int = NOW
    silent_feed: int = 0
    """A feed that is stale, whatever the others are."""

    @property
    def value(self) -> int:
        return self.price * SPEC.tick_size

    def latest(self, feed: int, now: int) -> tuple[int, int, bool]:
        return self.value, self.observed_at, self.fresh and feed != self.silent_feed

    def _totals(self, seconds: int) -> tuple[int, int]:
        fresh = seconds * self.fresh_share[0] // self.fresh_share[1]
        return self.value * fresh, fresh

    def accumulated(self, feed: int, at_time: int) -> tuple[int, int]:
        return self._totals(at_time)

    def checkpoint(self, feed: int, day: int, now: int) -> tuple[int, int, bool]:
        return (*self._totals(day * DAY), self.fixed)

    def window(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int, int, bool]:
        elapsed = (to_day - from_day) * DAY
        return (*self._totals(elapsed), elapsed, self.fixed)

    def window_range(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int]:
        return self.value, self.value

    def last_before(self, feed: int, day: int, now: int) -> tuple[int, int]:
        return self.value, day * DAY - 1


class Market:
    """An exchange, its index, a clock, and traders named by their address."""

    def __init__(self, *, price: int = 1_000, **terms: Any) -> None:
        self.index = StandingIndex(price)
        self.exchange = Exchange(self.index, owner=OWNER)
        self.now = NOW
        self.spec = replace(SPEC, initial_mark=price, **terms)
        self.series = self.list()
        self.exchange.set_guardian(self.by(OWNER), GUARDIAN)
        self.exchange.log.drain()

    def by(self, sender: str) -> Call:
        return Call(sender, self.now)

    def list(self, **terms: Any) -> int:
        return self.exchange.list_series(self.by(OWNER), replace(self.spec, **terms))

    def fund(self, *owners: str, cash: int = 1_000_000) -> list[int]:
        """Accounts with money; their numbers."""
        held = self.exchange.collateral.balances
        for owner in owners:
            held[owner] = held.get(owner, 0) + cash
        return [self.exchange.deposit(self.by(owner), 0, cash) for owner in owners]

    def buy(self, who: str, tick: int, lots: int, flags: int = 0, **more: int) -> tuple[int, int]:
        """(order id, filled)"""
        series = more.pop("series", self.series)
        return self.exchange.place(self.by(who), series, flags, tick, lots, **more)

    def sell(self, who: str, tick: int, lots: int, flags: int = 0, **more: int) -> tuple[int, int]:
        return self.buy(who, tick, lots, flags | SELL, **more)

    def position(self, who: str, series: int = 0) -> Position:
        account = self.exchange.state.principals[who].account
        return self.exchange.position(account, series or self.series)

    def depth(self, sells: bool) -> list[tuple[int, int, int]]:
        """(tick, lots, orders), best first."""
        levels = self.exchange.depth(self.series, sells, 100, self.now)
        return [(level.tick, level.lots, level.orders) for level in levels]


def dump(value: Any) -> Any:
    """Everything that a state holds, as something that can be compared."""
    if isinstance(value, (Journal, Log)):
        return len(value.entries)
    if is_dataclass(value):
        return {field.name: dump(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return sorted(((key, dump(one)) for key, one in value.items()), key=lambda pair: repr(pair[0]))
    if isinstance(value, (list, tuple, array)):
        return [dump(one) for one in value]
    if isinstance(value, IndexOracle):
        return dump(vars(value))
    return value
