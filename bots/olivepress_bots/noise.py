"""Noise trader: takes or rests small random orders on both sides, and goes home when it holds too much.

Its randomness is a function of seed, symbol and time, so the same seed gives the same orders.
"""

from __future__ import annotations

import random
from decimal import ROUND_FLOOR, Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from olivepress.types import Side, TimeInForce
from olivepress_bots.actions import Action, Cancel, Place
from olivepress_bots.view import MarketView

_BPS = Decimal(10_000)


class NoiseConfig(BaseModel):
    """Settings of the noise trader; sizes in lots, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    act_pct: int = Field(default=50, ge=0, le=100)
    """Chance of acting at all, percent a decision."""
    rest_pct: int = Field(default=25, ge=0, le=100)
    """Chance that an order rests instead of taking, percent."""
    min_lots: int = Field(default=1, ge=1)
    max_lots: int = Field(default=5, ge=1)
    max_position: int = Field(default=30, ge=1)
    max_slippage_bps: Decimal = Field(default=Decimal(100), ge=0, lt=10_000)
    """Takes at most this far from the mark, 1e-4."""
    order_life: int = Field(default=4 * 3600, ge=1)
    max_view_age: int = Field(default=600, ge=0)

    @model_validator(mode="after")
    def _sizes_in_order(self) -> NoiseConfig:
        if self.max_lots < self.min_lots:
            raise ValueError(f"max_lots: {self.max_lots} must be at least min_lots {self.min_lots}")
        return self


def decide(view: MarketView, config: NoiseConfig, now: int) -> list[Action]:
    """Sometimes one small order. Pure. Only tidies up while the index is stale."""
    actions: list[Action] = [Cancel(order.order_id) for order in view.orders if not order.alive_at(now)]
    if not view.open_for_orders or not view.fresh_at(now, config.max_view_age):
        return actions
    dice = random.Random(f"{config.seed}/{view.symbol}/{now}")
    if dice.randrange(100) >= config.act_pct:
        return actions
    side = _side(view, config, dice)
    lots = min(dice.randint(config.min_lots, config.max_lots), _capacity(view, config, side))
    if lots < max(view.min_lots, 1):
        return actions
    if dice.randrange(100) < config.rest_pct:
        order = _resting(view, config, side, lots, now, dice)
    else:
        order = _taking(view, config, side, lots)
    return actions if order is None else [*actions, order]


def _side(view: MarketView, config: NoiseConfig, dice: random.Random) -> Side:
    """Buys with a chance that falls from 1 at the lowest position to 0 at the highest."""
    span = 2 * config.max_position
    room = min(max(config.max_position - view.position, 0), span)
    return Side.BUY if dice.randrange(span) < room else Side.SELL


def _capacity(view: MarketView, config: NoiseConfig, side: Side) -> int:
    limit = min(config.max_position, view.lots_by_margin)
    open_lots = sum(order.lots for order in view.orders if order.side is side)
    return limit - side.sign * view.position - open_lots


def _taking(view: MarketView, config: NoiseConfig, side: Side, lots: int) -> Place | None:
    opposite = view.best_other(side.opposite)
    sign = side.sign
    bound = int((view.mark * (1 + sign * config.max_slippage_bps / _BPS)).to_integral_value(ROUND_FLOOR))
    bound = min(max(bound, view.lowest, 1), view.highest, view.price_cap - 1)
    if opposite is None or (opposite - bound) * sign > 0:
        return None
    return Place(side, bound, lots, TimeInForce.IOC)


def _resting(
    view: MarketView, config: NoiseConfig, side: Side, lots: int, now: int, dice: random.Random
) -> Place | None:
    opposite = view.best_other(side.opposite)
    near = max(int(view.mark * config.max_slippage_bps / _BPS), 1)
    sign = side.sign
    tick = view.mark - sign * dice.randint(0, near)
    if opposite is not None and (opposite - tick) * sign <= 0:
        tick = opposite - sign
    if not max(view.lowest, 1) <= tick <= min(view.highest, view.price_cap - 1):
        return None
    expiry = min(now + config.order_life, view.expires_at)
    return Place(side, tick, lots, TimeInForce.GTT, post_only=True, expiry=expiry)
