"""Market maker: several levels on both sides around a fair value, leaning against its inventory.

The fair value is the index plus the maker's own belief of the basis; in the averaging window it is the mark,
which
already weighs what is fixed. The quotes are centred on a reservation price (Avellaneda and Stoikov, 2008):
the fair value
less a part that grows with the inventory. Orders carry an expiry, so they die by themselves when the maker
does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from pydantic import BaseModel, ConfigDict, Field

from olivepress.types import Phase, Side, TimeInForce
from olivepress_bots.actions import Action, Cancel, CancelAll, Place
from olivepress_bots.view import MarketView, OwnOrder

_BPS = Decimal(10_000)


class MakerConfig(BaseModel):
    """Settings of the market maker; prices in USD, sizes in lots, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    basis: Decimal = Decimal(0)
    """Belief of futures price minus index, USD."""
    levels: int = Field(default=4, ge=1, le=50)
    half_spread_bps: Decimal = Field(default=Decimal(20), gt=0, lt=5_000)
    """Distance of the best quote from the reservation price, 1e-4 of the fair value."""
    level_step_bps: Decimal = Field(default=Decimal(15), gt=0, lt=5_000)
    level_lots: int = Field(default=10, ge=1)
    skew_bps: Decimal = Field(default=Decimal(40), ge=0, lt=5_000)
    """Shift of the reservation price at a full inventory, 1e-4 of the fair value."""
    max_position: int = Field(default=200, ge=1)
    """Bound of |position with its open orders|, lots."""
    tolerance_ticks: int = Field(default=2, ge=0)
    """An order this near to where it should be is left where it is and keeps its place in the queue."""
    order_life: int = Field(default=4 * 3600, ge=1)
    renew_before: int = Field(default=3600, ge=0)
    """An order that dies within this time is replaced."""
    stop_before_expiry: int = Field(default=3600, ge=0)
    max_view_age: int = Field(default=600, ge=0)


@dataclass(frozen=True, slots=True)
class Quote:
    """One order that the maker wants to have in the book."""

    side: Side
    tick: int
    lots: int


def decide(view: MarketView, config: MakerConfig, now: int) -> list[Action]:
    """The orders to cancel and to place so that the book holds what the maker wants. Pure.

    Stops (cancels everything, places nothing) while the index is stale or missing, the series takes no new
    risk, the view is too old, or expiry is near.
    """
    if must_stop(view, config, now):
        return [CancelAll()] if view.orders else []
    fair = fair_ticks(view, config)
    return _requote(view, config, wanted_quotes(view, config, fair), fair, now)


def must_stop(view: MarketView, config: MakerConfig, now: int) -> bool:
    """True when the maker must not have orders in the book."""
    return (
        not view.open_for_orders
        or view.index is None
        or not view.fresh_at(now, config.max_view_age)
        or now >= view.expires_at - config.stop_before_expiry
    )


def fair_ticks(view: MarketView, config: MakerConfig) -> Decimal:
    """Fair value in ticks, not rounded, before the inventory counts."""
    if view.phase is Phase.FIXING or view.index is None:
        return Decimal(view.mark)
    fair = Decimal(view.index) + config.basis / view.tick_size
    return min(max(fair, Decimal(1)), Decimal(view.price_cap))


def reservation_ticks(view: MarketView, config: MakerConfig, fair: Decimal) -> Decimal:
    """The price at which the maker, with its inventory, is indifferent: lower when long, higher when
    short."""
    share = Decimal(view.position) / config.max_position
    return fair - fair * config.skew_bps / _BPS * min(max(share, Decimal(-1)), Decimal(1))


def wanted_quotes(view: MarketView, config: MakerConfig, fair: Decimal) -> list[Quote]:
    """The quotes of both sides, best first, inside the band, the limits, and never through the other side of
    the book."""
    centre = reservation_ticks(view, config, fair)
    limit = min(config.max_position, view.lots_by_margin)
    return [
        *_side_quotes(view, config, Side.BUY, centre, fair, limit - view.position),
        *_side_quotes(view, config, Side.SELL, centre, fair, limit + view.position),
    ]


def _half_spread(config: MakerConfig, fair: Decimal) -> Decimal:
    return max(fair * config.half_spread_bps / _BPS, Decimal(1))


def _side_quotes(
    view: MarketView, config: MakerConfig, side: Side, centre: Decimal, fair: Decimal, capacity: int
) -> list[Quote]:
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    step = max(fair * config.level_step_bps / _BPS, Decimal(1))
    lowest, highest = _room(view, side)
    quotes: list[Quote] = []
    for level in range(config.levels):
        lots = min(config.level_lots, capacity)
        if lots < max(view.min_lots, 1):
            break
        exact = centre - side.sign * (_half_spread(config, fair) + step * level)
        tick = int(exact.to_integral_value(rounding))
        tick = min(tick, highest) if side is Side.BUY else max(tick, lowest)
        if not lowest <= tick <= highest:
            break
        quotes.append(Quote(side, tick, lots))
        capacity -= lots
    return _merged(quotes)


def _room(view: MarketView, side: Side) -> tuple[int, int]:
    """Ticks in which a passive order of this side may rest: the band, short of the best order of others
    opposite."""
    lowest, highest = max(view.lowest, 1), min(view.highest, view.price_cap - 1)
    opposite = view.best_other(side.opposite)
    if opposite is not None:
        if side is Side.BUY:
            highest = min(highest, opposite - 1)
        else:
            lowest = max(lowest, opposite + 1)
    return lowest, highest


def _merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Levels that were pushed onto one tick become one order."""
    by_tick: dict[int, Quote] = {}
    for quote in quotes:
        before = by_tick.get(quote.tick)
        by_tick[quote.tick] = Quote(quote.side, quote.tick, quote.lots + (before.lots if before else 0))
    return list(by_tick.values())


def _requote(
    view: MarketView, config: MakerConfig, wanted: Sequence[Quote], fair: Decimal, now: int
) -> list[Action]:
    # A kept bid and a kept ask may each be `near` ticks off, so together they stay short of the spread.
    half = int(_half_spread(config, fair).to_integral_value(ROUND_HALF_EVEN))
    near = min(config.tolerance_ticks, max(half - 1, 0))
    left = list(wanted)
    cancels: list[Action] = []
    for order in view.orders:
        match = _match(order, left, near, view, config, now)
        if match is None:
            cancels.append(Cancel(order.order_id))
        else:
            left.remove(match)
    expiry = min(now + config.order_life, view.expires_at)
    places: list[Action] = [
        Place(quote.side, quote.tick, quote.lots, TimeInForce.GTT, post_only=True, expiry=expiry)
        for quote in left
    ]
    return [*cancels, *places]


def _match(
    order: OwnOrder, wanted: Sequence[Quote], near: int, view: MarketView, config: MakerConfig, now: int
) -> Quote | None:
    """The wanted quote that a resting order already serves, or None."""
    lowest, highest = _room(view, order.side)
    if not order.alive_at(now + config.renew_before) or not lowest <= order.tick <= highest:
        return None
    fits = [
        quote
        for quote in wanted
        if quote.side is order.side and quote.lots == order.lots and abs(quote.tick - order.tick) <= near
    ]
    return min(fits, key=lambda quote: abs(quote.tick - order.tick), default=None)
