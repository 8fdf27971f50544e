"""What a strategy may know: one frozen picture of one market and of the bot's own account in it.

Prices are ticks, sizes lots, money collateral base units, times unix seconds. A view is built by the runner
from the
mirror (or from a simulation), so a strategy never does I/O and the same view always gives the same decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from olivepress.types import Phase, Side

Level = tuple[int, int]
"""(tick, lots) of one price level."""

OPEN_PHASES = frozenset({Phase.LISTED, Phase.TRADING, Phase.FIXING})
"""Phases in which orders are accepted."""


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """A resting order of the bot's own account.

    Args:
        order_id: the exchange's 96-bit id.
        side: BUY or SELL.
        tick: limit price, ticks.
        lots: lots still open.
        expiry: unix second at which it dies, 0 for never.
        client_id: the number given at placing.
    """

    order_id: int
    side: Side
    tick: int
    lots: int
    expiry: int = 0
    client_id: int = 0

    def alive_at(self, now: int) -> bool:
        """True while the order's expiry is not reached."""
        return self.expiry == 0 or now < self.expiry


@dataclass(frozen=True, slots=True)
class MarketView:
    """One series as one account sees it at one moment.

    Args:
        symbol: series symbol.
        phase: where the series stands in its life.
        observed_at: chain time of the newest block in the view, unix seconds.
        tick_size: USD of one tick.
        price_cap: highest price, ticks.
        min_lots: smallest order, lots.
        index: last published index value, ticks; None before the first.
        mark: the exchange's mark, ticks.
        stale: the index is older than its heartbeat.
        reduce_only: new risk is refused for another reason.
        lowest: lowest tick inside the price band.
        highest: highest tick inside the price band.
        bids: live levels of the whole book, best first.
        asks: live levels of the whole book, best first.
        position: own lots, negative when short.
        orders: own orders, those that ran out but still hold margin included.
        buying_power: money that may serve as initial margin in this series, base units.
        margin_per_lot: initial margin of one lot at the mark, base units.
        fixing_from: unix second at which the averaging window starts.
        expires_at: unix second of expiry.
    """

    symbol: str
    phase: Phase
    observed_at: int
    tick_size: Decimal
    price_cap: int
    min_lots: int
    index: int | None
    mark: int
    stale: bool
    reduce_only: bool
    lowest: int
    highest: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    position: int
    orders: tuple[OwnOrder, ...]
    buying_power: int
    margin_per_lot: int
    fixing_from: int
    expires_at: int

    @property
    def open_for_orders(self) -> bool:
        """Orders that open risk are accepted now."""
        return self.phase in OPEN_PHASES and not (self.stale or self.reduce_only)

    @property
    def lots_by_margin(self) -> int:
        """Largest |position with its open orders| that the margin pays for, lots."""
        if self.margin_per_lot <= 0:
            return 0
        return max(self.buying_power, 0) // self.margin_per_lot

    def best_other(self, side: Side) -> int | None:
        """Best tick on a side of the book once the bot's own orders are taken out, or None."""
        own: dict[int, int] = {}
        for order in self.orders:
            if order.side is side and order.alive_at(self.observed_at):
                own[order.tick] = own.get(order.tick, 0) + order.lots
        return _first_left(self.bids if side is Side.BUY else self.asks, own)

    def fresh_at(self, now: int, max_age: int) -> bool:
        """True when the view is at most `max_age` seconds old."""
        return now - self.observed_at <= max_age


def _first_left(levels: Sequence[Level], own: dict[int, int]) -> int | None:
    return next((tick for tick, lots in levels if lots > own.get(tick, 0)), None)
