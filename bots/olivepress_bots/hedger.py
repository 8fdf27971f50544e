"""Hedger: a buyer of compute who fixes next month's price by buying forward, a little at a time, up to a
target."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from olivepress.types import Side, TimeInForce
from olivepress_bots.actions import Action, Place
from olivepress_bots.view import MarketView

_BPS = Decimal(10_000)


class HedgerConfig(BaseModel):
    """Settings of the hedger; prices in USD, sizes in lots, times in unix seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: int = Field(ge=1)
    """Lots to hold when the schedule ends."""
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    clip: int = Field(default=10, ge=1)
    """Most lots bought at once."""
    max_slippage_bps: Decimal = Field(default=Decimal(100), ge=0, lt=10_000)
    """Pays at most this much above the mark, 1e-4."""
    max_price: Decimal | None = Field(default=None, gt=0)
    """Pays at most this, USD; None for no bound."""
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
    """Buys what the schedule lacks, by one immediate-or-cancel order. Pure. Waits while the index is
    stale."""
    if not view.open_for_orders or not view.fresh_at(now, config.max_view_age):
        return []
    lots = min(scheduled(config, now) - view.position, config.clip, view.lots_by_margin - view.position)
    best = view.best_other(Side.SELL)
    if lots < max(view.min_lots, 1) or best is None:
        return []
    limit = _limit_tick(view, config)
    if limit < best:
        return []
    return [Place(Side.BUY, limit, lots, TimeInForce.IOC)]


def _limit_tick(view: MarketView, config: HedgerConfig) -> int:
    bound = view.mark * (1 + config.max_slippage_bps / _BPS)
    if config.max_price is not None:
        bound = min(bound, config.max_price / view.tick_size)
    return min(int(bound.to_integral_value(ROUND_FLOOR)), view.highest, view.price_cap - 1)
