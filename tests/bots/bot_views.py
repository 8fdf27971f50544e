"""Views for the strategy tests: one plain view, and a Hypothesis strategy for any view that a chain could
give."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from olivepress.types import Phase, Side
from olivepress_bots.view import MarketView, OwnOrder

NOW = 1_754_000_000

PLAIN = MarketView(
    symbol="LLM-FLAGSHIP-AUG25",
    phase=Phase.TRADING,
    observed_at=NOW,
    tick_size=Decimal("0.001"),
    price_cap=50_000,
    min_lots=1,
    index=4_000,
    mark=4_020,
    stale=False,
    reduce_only=False,
    lowest=3_819,
    highest=4_221,
    bids=(),
    asks=(),
    position=0,
    orders=(),
    buying_power=10**12,
    margin_per_lot=800 * 10**6,
    fixing_from=NOW + 20 * 86_400,
    expires_at=NOW + 27 * 86_400,
)


def view(**changes: Any) -> MarketView:
    """The plain view with some fields changed."""
    return replace(PLAIN, **changes)


@st.composite
def views(draw: st.DrawFn) -> MarketView:
    """A consistent view: a book that is not crossed, own orders that are part of it, a band around the
    mark."""
    mark = draw(st.integers(20, 40_000))
    band = max(mark // draw(st.integers(5, 40)), 2)
    middle = draw(st.integers(max(mark - band, 2), mark + band))
    bids = draw(st.dictionaries(st.integers(max(middle - 60, 1), middle - 1), st.integers(1, 50), max_size=6))
    asks = draw(st.dictionaries(st.integers(middle, middle + 60), st.integers(1, 50), max_size=6))
    orders = [
        OwnOrder(number, side, tick, draw(st.integers(1, lots)), draw(expiries), number)
        for number, (side, tick, lots) in enumerate(
            [(Side.BUY, *level) for level in bids.items()] + [(Side.SELL, *level) for level in asks.items()],
            1,
        )
        if draw(st.booleans())
    ]
    return view(
        phase=draw(st.sampled_from([Phase.LISTED, Phase.TRADING, Phase.FIXING, Phase.EXPIRED])),
        index=draw(st.none() | st.integers(max(mark - 500, 0), mark + 500)),
        mark=mark,
        stale=draw(st.integers(0, 9)) == 0,
        reduce_only=draw(st.integers(0, 9)) == 0,
        lowest=max(mark - band, 1),
        highest=mark + band,
        bids=tuple(sorted(bids.items(), reverse=True)),
        asks=tuple(sorted(asks.items())),
        position=draw(st.integers(-300, 300)),
        orders=tuple(orders),
        buying_power=draw(st.integers(-(10**9), 10**12)),
    )


expiries = st.sampled_from([0, NOW - 1, NOW, NOW + 100, NOW + 100_000])
