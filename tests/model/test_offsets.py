"""What one series of an account does for another, and when it does so no more; paper-sized numbers."""

from __future__ import annotations

import pytest

from model_kit import SPEC, TODAY, Market
from olivepress.model.state import DAY
from olivepress.reverts import InsufficientMargin


def market_of(**terms: int) -> Market:
    market = Market(**terms)
    market.fund("ann", "bob", "eve")
    return market


def test_a_leg_closed_at_no_cost_leaves_the_other_with_margin() -> None:
    """Closed at the price of its opening nothing is left of it, not even a quote; its offset is gone all the
    same. [MARGIN-10]"""
    market = market_of()
    far = market.list(symbol="FAR", window_start=TODAY + 20, expiry_day=TODAY + 22)
    market.fund("pat", cash=2_500)
    market.sell("bob", 1_000, 100, series=far)
    market.buy("eve", 1_000, 100)
    market.exchange.spread(market.by("pat"), far, 1, 100, 0)  # IM 2,000
    market.buy("bob", 1_000, 100, series=far)
    with pytest.raises(InsufficientMargin) as caught:
        market.sell("pat", 1_000, 100, series=far)
    assert caught.value.values == {"account": 4, "imEquity": 2_500, "initialMargin": 20_000}
    market.fund("pat", cash=17_500)
    assert market.sell("pat", 1_000, 100, series=far) == (0, 100)
