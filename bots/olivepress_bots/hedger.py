"""Hedger: fixes the price of compute it will need, by buying forward a little at a time up to a target.

Who rents compute out hedges the other way: the same strategy with `side` SELL.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from olivepress.types import Side, TimeInForce
from olivepress_bots.actions import Action, Place
from olivepress_bots.view import MarketView

_BPS = Decimal(10_000)


class HedgerConfig(BaseModel):
    """Settings of the hedger; prices in USD, sizes in lots, times in unix seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Side = Side.BUY
    target: int = Field(ge=1)
    """Lots to hold when the schedule ends; long for BUY, short for SELL."""
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    clip: int = Field(default=10, ge=1)
    """Most lots traded at once."""
    max_slippage_bps: Decimal = Field(default=Decimal(100), ge=0, lt=10_000)
    """Trades at most this far from the mark, 1e-4."""
    limit_price: Decimal | None = Field(default=None, gt=0)
    """Never pays more (BUY) or takes less (SELL) than this, USD; None for no bound."""
    max_view_age: int = Field(default=600, ge=0)

    @model_validator(mode="after")
    def _ends_after_start(self) -> HedgerConfig:
        if self.end <= self.start:
            raise ValueError(f"end: {self.end} must be later than start {self.start}")
        return self


def scheduled(config: HedgerConfig, now: int) -> int:
    """Lots that should be held by now: linear from 0 at `start` to the target at `end`."""
    elapsed = min(max(now - config.start, 0), config.end - config.start)
    return config.target * elapsed // (config.end - config.start)


def decide(view: MarketView, config: HedgerConfig, now: int) -> list[Action]:
    """Trades what the schedule lacks, by one immediate-or-cancel order. Pure.

    Waits while the index is stale.
    """
    if not view.open_for_orders or not view.fresh_at(now, config.max_view_age):
        return []
    held = config.side.sign * view.position
    lots = min(scheduled(config, now) - held, config.clip, view.lots_by_margin - held)
    best = view.best_other(config.side.opposite)
    if lots < max(view.min_lots, 1) or best is None:
        return []
    limit = _limit_tick(view, config)
    if (limit - best) * config.side.sign < 0 or not 0 < limit < view.price_cap:
        return []
    return [Place(config.side, limit, lots, TimeInForce.IOC)]


def _limit_tick(view: MarketView, config: HedgerConfig) -> int:
    """The worst tick it accepts: near the mark, inside its own bound and inside the band."""
    bound = view.mark * (1 + config.side.sign * config.max_slippage_bps / _BPS)
    own = None if config.limit_price is None else config.limit_price / view.tick_size
    if config.side is Side.BUY:
        bound = bound if own is None else min(bound, own)
        return min(int(bound.to_integral_value(ROUND_FLOOR)), view.highest)
    bound = bound if own is None else max(bound, own)
    return max(int(bound.to_integral_value(ROUND_CEILING)), view.lowest)
