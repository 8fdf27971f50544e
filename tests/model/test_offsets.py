"""What one series of an account does for another, and when it does so no more; paper-sized numbers."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_kit import SPEC, TODAY, Market
from olivepress.model import margin, trading
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


def test_a_leg_that_may_be_challenged_offsets_nothing_that_moves() -> None:
    """What is behind of it does not follow the index: a spread is two positions then, and either can be
    closed. [MARGIN-12] [LIQ-3]"""
    market = market_of()
    later = market.list(symbol="LATER", window_start=TODAY + 20, expiry_day=TODAY + 22)
    market.fund("pat", cash=15_000)
    market.sell("bob", 1_000, 100)
    market.buy("eve", 1_000, 100, series=later)
    market.exchange.spread(market.by("pat"), 1, later, 100, 0)
    market.index.fresh_share = (0, 1)
    window = (SPEC.expiry_day - SPEC.window_start) * DAY
    market.now = SPEC.window_start * DAY + window // 50
    m = market.exchange.account_margin(4, market.now)
    assert (m.initial_margin, m.maintenance_margin) == (2_000, 2_000), "nobody could challenge yet"
    market.now += 1
    m = market.exchange.account_margin(4, market.now)
    assert (m.initial_margin, m.maintenance_margin) == (40_000, 20_000)
    market.buy("bob", 1_000, 50)
    market.sell("bob", 1_000, 50, series=later)
    for series, limit in ((later, 10_000), (1, 1)):
        assert market.exchange.liquidate(market.by("eve"), 4, series, 25, limit, 0)[0] == 25


def test_series_of_one_window_offset_though_it_may_be_challenged() -> None:
    """They settle at the same price. [MARGIN-12]"""
    market = market_of()
    twin = market.list(symbol="TWIN")
    market.sell("bob", 1_000, 10)
    market.buy("bob", 1_000, 10, series=twin)
    market.buy("ann", 1_000, 10)
    market.sell("ann", 1_000, 10, series=twin)
    market.index.fresh_share = (1, 2)
    market.now = SPEC.window_start * DAY + DAY
    assert market.exchange.account_margin(1, market.now).initial_margin == 200


def test_near_the_cap_orders_need_no_more_than_their_position_can_lose() -> None:
    """What is enough to place is enough to keep. [MARGIN-7] [MARGIN-8]"""
    market = market_of(price_cap=1_010)
    market.sell("bob", 1_000, 100)
    market.buy("ann", 1_000, 100)
    market.sell("bob", 1_000, 10)
    m = market.exchange.account_margin(2, market.now)
    # 100 x 10, and 20% of ten lots; 100 x 10, and 10% and the band of 4% of ten lots.
    assert (m.initial_margin, m.orders_margin) == (1_000 + 2_000, 1_000 + 1_000 + 400)


amounts = st.integers(0, 60)


@given(
    st.lists(st.tuples(st.integers(-60, 60), amounts, amounts), min_size=3, max_size=3), st.integers(0, 100)
)
@example([(0, 1, 1), (0, 0, 0), (0, 0, 0)], 0)  # no offset and no bound: the gross is what IM asks for
@example([(7, 0, 0), (0, 0, 0), (7, 0, 0)], 33)
def test_enough_money_is_exactly_as_much_as_margin_asks_for(
    held: list[tuple[int, int, int]], concentration: int
) -> None:
    """Whom the gross does not trouble is let through without a look at offsets: never below IM-equity = IM,
    always from there on. The last series has a cap of its own, and is a group of its own. [MARGIN-6]
    [MARGIN-10]"""
    market = Market(concentration_pct=concentration, im_bps=2_001)
    others = [market.list(symbol="FAR", im_bps=3_333), market.list(symbol="CAP", price_cap=1_003)]
    number = market.fund("ann")[0]
    state = market.exchange.state
    account, series = state.accounts[number], [state.series[one] for one in (market.series, *others)]
    account.series = tuple(one.id for one in series)
    for one, (lots, buys, sells) in zip(series, held, strict=True):
        one.hot.open_interest = 500
        position = state.position(one, number)
        position.lots, position.quote = lots, -1_000 * lots
        position.open_buy, position.open_sell, position.open_count = buys, sells, buys + sells
    needed = market.exchange.account_margin(number, market.now).initial_margin
    gross = 1_000 * sum(abs(lots) + buys + sells for lots, buys, sells in held)
    for start, more in product((needed, gross), range(-4, 5)):
        account.cash = max(start + more, 0)
        c = trading.load(state, market.now, market.series, account)
        assert margin.check(c) == (account.cash >= needed)
