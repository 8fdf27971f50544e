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


SIZES = st.sampled_from([1, 5, 10, 20, 33])
EXPIRIES = st.sampled_from([0, NOW - 1, NOW, NOW + 100, NOW + 100_000, NOW + 100_000])


@st.composite
def views(draw: st.DrawFn) -> MarketView:
    """A consistent view: a book that is not crossed, own orders that are part of it, a band around the
    mark."""
    mark = draw(st.integers(20, 40_000))
    band = max(mark // draw(st.integers(5, 40)), 2)
    middle = draw(st.integers(max(mark - band, 2), mark + band))
    books: dict[Side, dict[int, int]] = {
        Side.BUY: draw(st.dictionaries(st.integers(max(middle - 40, 1), middle - 1), SIZES, max_size=4)),
        Side.SELL: draw(st.dictionaries(st.integers(middle, middle + 40), SIZES, max_size=4)),
    }
    orders: list[OwnOrder] = []
    for side, low, high in ((Side.BUY, max(middle - 20, 1), middle - 1), (Side.SELL, middle, middle + 20)):
        for tick in draw(st.sets(st.integers(low, max(low, high)), max_size=3)):
            order = OwnOrder(len(orders) + 1, side, tick, draw(SIZES), draw(EXPIRIES), len(orders) + 1)
            orders.append(order)
            if order.alive_at(NOW):
                books[side][tick] = books[side].get(tick, 0) + order.lots
    bids, asks = books[Side.BUY], books[Side.SELL]
    return view(
        # Mostly a market in which a bot has something to decide.
        phase=draw(st.sampled_from([*[Phase.TRADING] * 6, Phase.LISTED, Phase.FIXING, Phase.EXPIRED])),
        index=draw(st.sampled_from([None, 0, *range(max(middle - 15, 0), middle + 15)])),
        mark=mark,
        stale=draw(st.integers(0, 19)) == 19,
        reduce_only=draw(st.integers(0, 19)) == 19,
        lowest=max(mark - band, 1),
        highest=mark + band,
        bids=tuple(sorted(bids.items(), reverse=True)),
        asks=tuple(sorted(asks.items())),
        position=draw(st.integers(-40, 40) | st.integers(-300, 300)),
        orders=tuple(orders),
        buying_power=draw(st.integers(-(10**9), 10**11) | st.just(10**12)),
        expires_at=draw(st.sampled_from([NOW + 3_000, NOW + 4_000, NOW + 10**6])),
    )
