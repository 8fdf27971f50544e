"""Mark and margin on paper-sized numbers; the arithmetic is in the comments."""

from __future__ import annotations

import pytest

from model_kit import FOK, NOW, SPEC, TODAY, Market, dump
from olivepress.model.state import DAY
from olivepress.reverts import (
    InsufficientMargin,
    OpenInterestCap,
    PriceOutsideBand,
    ReduceOnlySeries,
    SpreadMismatch,
    SpreadWorse,
)


def market_of(**terms: int) -> Market:
    market = Market(**terms)
    market.fund("ann", "bob", "eve")
    return market


# --- margin ---


def test_orders_need_margin_as_if_the_worse_side_filled() -> None:
    """[MARGIN-6] [MARGIN-7]"""
    market = market_of()
    market.buy("ann", 1_000, 10)
    market.sell("ann", 1_010, 4)
    m = market.exchange.account_margin(1, market.now)
    # max(10, 4) lots at the mark of 1,000: 20% of 10,000, and the spread of 2% on min(B, A) = 4,000.
    assert (m.initial_margin, m.maintenance_margin) == (2_000 + 80, 0)
    # MM of the worse side and the band of 4% on both: 10% of 10,000 + 4% of 14,000.
    assert m.orders_margin == 1_000 + 560


def test_a_position_needs_margin_on_what_can_still_move() -> None:
    """[MARGIN-1] [MARGIN-5]"""
    market = market_of()
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10)
    market.index.price = 1_100
    m = market.exchange.account_margin(1, market.now)
    # value 10 x 100; gains count at 80% for IM.
    assert (m.equity, m.im_equity, m.losses) == (1_001_000, 1_000_800, 0)
    assert (m.initial_margin, m.maintenance_margin) == (2_200, 1_100)
    m = market.exchange.account_margin(2, market.now)
    assert (m.equity, m.im_equity, m.losses) == (999_000, 999_000, -1_000)


def test_concentration_raises_initial_margin() -> None:
    """[MARGIN-9]"""
    market = market_of(concentration_pct=50)
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10)
    m = market.exchange.account_margin(1, market.now)
    # 20% x (1 + 50% x 10 / (10 + 10)) = 25% of 10,000.
    assert m.initial_margin == 2_500


def test_no_requirement_exceeds_what_a_short_can_lose() -> None:
    """[MARGIN-8]"""
    market = market_of(price_cap=1_050)
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10)
    m = market.exchange.account_margin(2, market.now)
    assert (m.initial_margin, m.maintenance_margin) == (500, 500)  # 10 x (1,050 - 1,000)


def test_months_of_one_feed_offset_at_the_spread() -> None:
    """[MARGIN-3] [MARGIN-5] [MARGIN-6]"""
    market = market_of()
    far = market.list(symbol="FAR", window_start=TODAY + 20, expiry_day=TODAY + 22)
    market.sell("bob", 1_000, 10)
    market.buy("bob", 1_000, 6, series=far)
    market.buy("ann", 1_000, 10)
    market.sell("ann", 1_000, 6, series=far)
    m = market.exchange.account_margin(1, market.now)
    # |10,000 - 6,000| at 20% and 10%; 2% on the 6,000 that offset.
    assert (m.initial_margin, m.maintenance_margin) == (800 + 120, 400 + 120)


def test_series_of_other_caps_do_not_offset() -> None:
    """[MARGIN-3]"""
    market = market_of()
    other = market.list(symbol="CAP", price_cap=9_000)
    market.sell("bob", 1_000, 10)
    market.buy("bob", 1_000, 10, series=other)
    market.buy("ann", 1_000, 10)
    market.sell("ann", 1_000, 10, series=other)
    m = market.exchange.account_margin(1, market.now)
    assert (m.initial_margin, m.maintenance_margin) == (4_000, 2_000)


def test_a_series_in_which_nothing_is_left_lends_no_rate() -> None:
    """[MARGIN-3]"""
    market = market_of()
    dear = market.list(symbol="DEAR", im_bps=4_000)
    market.buy("ann", 1_000, 10)
    order, _ = market.buy("ann", 1_000, 1, series=dear)
    assert market.exchange.account_margin(1, market.now).initial_margin == 4_400  # 40% of 11,000
    market.exchange.cancel(market.by("ann"), order)
    assert market.exchange.state.accounts[1].series == (1, dear)
    assert market.exchange.account_margin(1, market.now).initial_margin == 2_000  # 20% of 10,000


def test_requirements_round_up() -> None:
    """[MARGIN-3]"""
    market = market_of(price_cap=9_999)
    market.index.price = 999
    market.sell("bob", 999, 1)
    market.buy("ann", 999, 1)
    m = market.exchange.account_margin(1, market.now)
    assert (m.initial_margin, m.maintenance_margin) == (200, 100)  # 199.8 and 99.9


def test_an_account_short_of_margin_may_only_do_what_helps() -> None:
    """[MARGIN-10]"""
    market = market_of()
    market.sell("bob", 1_000, 5_000)
    market.buy("ann", 1_000, 5_000)  # IM 1,000,000: all it has
    with pytest.raises(InsufficientMargin) as caught:
        market.buy("ann", 1_000, 1)
    assert caught.value.values == {"account": 1, "imEquity": 1_000_000, "initialMargin": 1_000_200}
    market.index.price = 960  # equity 800,000, IM 960,000
    market.exchange.refresh_mark(market.by("anybody"), 1)
    market.buy("eve", 960, 1_000)
    assert market.sell("ann", 960, 500) == (0, 500)
    checked = market.position("ann").checked_mark
    assert checked == 1_000, "not covered: its mark is not checked anew"
    with pytest.raises(InsufficientMargin):
        market.buy("ann", 950, 1)


def test_a_series_that_was_empty_lends_no_rate_to_what_was() -> None:
    """[MARGIN-3] [MARGIN-10]"""
    market = market_of()
    dear = market.list(symbol="DEAR", im_bps=4_000)
    market.fund("pat", cash=2_100)
    market.sell("bob", 1_000, 10)
    market.buy("pat", 1_000, 10)  # IM 2,000
    market.index.price = 980
    market.exchange.refresh_mark(market.by("anybody"), 1)
    market.buy("bob", 980, 4, series=dear)
    # Equity 1,900, IM 1,960: -60. With four sold in the other month, |9,800 - 3,920| at 40%
    # and 2% of 3,920: -531.
    with pytest.raises(InsufficientMargin) as caught:
        market.sell("pat", 980, 4, series=dear)
    assert caught.value.values["initialMargin"] == 2_352 + 79
    assert market.position("pat", dear).lots == 0


def test_an_underwater_account_cannot_even_reduce() -> None:
    """[MARGIN-10]"""
    market = market_of()
    market.sell("bob", 1_000, 5_000)
    market.buy("ann", 1_000, 5_000)
    market.index.price = 790  # equity -50,000
    market.exchange.refresh_mark(market.by("anybody"), 1)
    market.buy("eve", 790, 1_000)
    with pytest.raises(InsufficientMargin) as caught:
        market.sell("ann", 790, 500)
    assert caught.value.values["imEquity"] == -50_000


def test_fees_round_against_whoever_acts() -> None:
    """[BOOK-24]"""
    market = market_of(taker_fee=500, maker_rebate=100, im_bps=2_005)
    market.sell("bob", 1_000, 1)
    market.buy("ann", 1_000, 1)
    assert market.position("ann").quote == -1_001  # 0.5 rounds up
    assert market.position("bob").quote == 1_000  # 0.1 rounds down
    assert market.exchange.state.series[1].money.fees == 1


def test_a_fill_dates_both_sides() -> None:
    market = market_of()
    market.sell("bob", 1_000, 1)
    market.buy("ann", 1_000, 1)
    assert market.position("ann").last_fill_day == market.position("bob").last_fill_day == TODAY


def test_the_band_rounds_inwards() -> None:
    """[BOOK-6]"""
    market = market_of()
    market.index.price = 1_001  # 960.96 to 1,041.04
    market.exchange.refresh_mark(market.by("anybody"), 1)
    for tick in (960, 1_042):
        with pytest.raises(PriceOutsideBand) as caught:
            market.buy("ann", tick, 1)
        assert caught.value.values == {"tick": tick, "lowest": 961, "highest": 1_041}


def test_open_interest_is_capped() -> None:
    """[BOOK-9]"""
    market = market_of(open_interest_cap=5, position_limit=5)
    market.fund("dan")
    market.sell("bob", 1_000, 5)
    market.buy("ann", 1_000, 5)
    market.sell("dan", 1_000, 1)
    with pytest.raises(OpenInterestCap) as caught:
        market.buy("eve", 1_000, 1)
    assert caught.value.values == {"series": 1, "openInterest": 6, "cap": 5}
    assert market.buy("bob", 1_000, 1) == (0, 1), "an account that closes is not bound"


# --- spreads ---


def test_a_spread_is_margined_once_and_keeps_its_limit() -> None:
    """[BOOK-21] [BOOK-22]"""
    market = market_of()
    far = market.list(symbol="FAR", window_start=TODAY + 20, expiry_day=TODAY + 22)
    market.sell("bob", 1_005, 4_000)
    market.buy("bob", 995, 4_000, series=far)
    exchange, ann = market.exchange, market.by("ann")
    with pytest.raises(SpreadWorse) as caught:
        exchange.spread(ann, market.series, far, 10, 9)
    assert caught.value.values == {"cost": 100, "most": 90}
    with pytest.raises(SpreadMismatch):
        exchange.spread(ann, far, far, 10, 9)
    # 40,000 lots would need 8,000,000 of margin one by one; together 2% of 4,000,000.
    assert exchange.spread(ann, market.series, far, 4_000, 10) == (4_000 * 1_005, 4_000 * 995)
    m = exchange.account_margin(1, market.now)
    assert m.initial_margin == 80_000
    assert market.position("ann").checked_mark == market.position("ann", far).checked_mark == 1_000


# --- mark ---


def test_the_basis_follows_trades_by_size_and_time() -> None:
    """[MARK-2]"""
    market = market_of()
    market.now += 60
    market.sell("bob", 1_020, 10)
    market.buy("ann", 1_020, 10)
    hot = market.exchange.state.series[1].hot
    # (20 x 256) x 10 x 60 / ((10 + 10) x 900) = 170, but at most half of 10% of the mark an hour, times 4/5:
    # 1,000 x 256 x 1,000 x 60 x 4 / (2 x 10,000 x 5 x 3,600) = 170.67.
    assert (hot.basis, hot.basis_time) == (170, market.now)
    assert market.exchange.mark_of(1, market.now).mark == 1_001  # 170 / 256 rounds up


def test_a_basis_step_rounds_towards_zero() -> None:
    """[MARK-2]"""
    market = market_of()
    market.now += 7
    market.buy("bob", 983, 10)
    market.sell("ann", 983, 3)
    # -17 x 256 x 3 x 7 / ((3 + 3) x 900) = -16.9
    assert market.exchange.state.series[1].hot.basis == -16


def test_dust_does_not_freeze_the_basis_and_a_call_keeps_its_mark() -> None:
    """[MARK-4]"""
    market = market_of()
    market.sell("bob", 1_020, 4_000)
    market.buy("ann", 1_020, 1_000)
    hot = market.exchange.state.series[1].hot
    listed = hot.basis_time
    for _ in range(3):
        market.now += 1
        market.buy("ann", 1_020, 1)  # a step of 20 x 256 x 1 / 1,002 x 1 / 900 rounds to nothing
    assert (hot.basis, hot.basis_time) == (0, listed)
    market.now += 57
    market.buy("ann", 1_020, 2_900)
    # 20 x 256 x 2,900 / (2,900 + 3,903) x 60 / 900 = 145.5: all of the 60 seconds count.
    assert (hot.basis, hot.basis_time) == (145, market.now)
    assert hot.mark == market.position("ann").checked_mark == 1_000, "the mark from before its own trades"
    assert market.exchange.mark_of(1, market.now).mark == 1_001


def test_in_no_hour_does_the_basis_move_faster_than_it_may() -> None:
    """[MARK-3]"""
    market = market_of(max_basis=1_000)
    moved = [(market.now, 0)]
    hot = market.exchange.state.series[1].hot
    for seconds in (1, 900, 300, 1_200, 40, 899, 901, 600, 2_000, 10) * 4:
        market.now += seconds
        top = market.exchange.mark_of(1, market.now).mark * 104 // 100
        for buyer, seller in (("ann", "bob"), ("bob", "ann")):  # and back, so that no interest slows it
            market.sell(seller, top, 500)
            market.buy(buyer, top, 500)
        moved.append((market.now, hot.basis))
    highest = 1_000 + (hot.basis >> 8) + 1
    # The 900 seconds before the first trade of the hour count in it, so the basis from before that trade.
    gains = [
        later - moved[first][1]
        for first in range(len(moved) - 1)
        for at, later in moved[first + 1 :]
        if at - moved[first + 1][0] < 3_600
    ]
    assert hot.basis > 100 * 256
    assert max(gains) <= highest * 256 * 1_000 // 20_000  # half of 10% of the mark


def test_inside_the_window_the_past_stands_and_the_rest_moves() -> None:
    """[MARK-5] [MARGIN-4]"""
    market = market_of()
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10)
    market.now = SPEC.window_start * DAY + DAY  # half of it
    quote = market.exchange.mark_of(1, market.now)
    assert (quote.mark, quote.delta_mark) == (1_000, 500)
    m = market.exchange.account_margin(1, market.now)
    assert m.initial_margin == 1_000  # 20% of 10 x 500


def test_a_window_that_may_be_challenged_is_margined_whole() -> None:
    """[MARGIN-4]"""
    market = market_of()
    market.index.fresh_share = (1, 2)
    market.now = SPEC.window_start * DAY + DAY
    quote = market.exchange.mark_of(1, market.now)
    # 43,200 fresh seconds of the past and 86,400 ahead, all at 1,000.
    assert (quote.mark, quote.delta_mark) == (1_000, 1_000)


def test_placing_may_rely_on_a_young_mark_but_taking_refreshes() -> None:
    """[MARK-6]"""
    market = market_of()
    market.sell("bob", 1_010, 1)
    market.index.price = 1_050
    market.buy("ann", 1_000, 1)
    hot = market.exchange.state.series[1].hot
    assert hot.mark == 1_000
    market.buy("ann", 1_010, 1, 1)
    assert (hot.mark, hot.mark_time) == (1_050, market.now)
    market.index.price = 1_000
    market.now += 61
    market.buy("ann", 1_000, 1)
    assert (hot.mark, hot.mark_time) == (1_000, market.now)


def test_a_stale_index_allows_only_reducing() -> None:
    """[BOOK-10] [MARK-7]"""
    market = market_of()
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 5)
    market.index.fresh = False
    assert market.exchange.refresh_mark(market.by("anybody"), 1) == (1_000, True)
    with pytest.raises(ReduceOnlySeries):
        market.buy("ann", 1_000, 1)
    market.buy("bob", 990, 3)
    assert market.sell("ann", 990, 3, FOK) == (0, 3)


def test_a_position_moved_within_a_second_is_worth_the_same() -> None:
    """Equity changes by fees alone when a trade is done at the mark."""
    market = market_of()
    before = sum(market.exchange.account_margin(one, NOW).equity for one in (1, 2, 3))
    market.sell("bob", 1_030, 7)
    market.buy("ann", 1_030, 7)
    after = sum(market.exchange.account_margin(one, NOW).equity for one in (1, 2, 3))
    assert before == after


# --- refusals leave no trace ---


def test_an_order_refused_for_margin_leaves_its_level_alone() -> None:
    market = market_of()
    market.buy("bob", 1_000, 1)
    before = dump(market.exchange.state)
    with pytest.raises(InsufficientMargin):
        market.buy("ann", 1_000, 6_000)
    assert dump(market.exchange.state) == before
    assert market.depth(sells=False) == [(1_000, 1, 1)]


def test_a_spread_refused_at_its_second_leg_takes_back_the_first() -> None:
    market = market_of(taker_fee=500, im_bps=2_005)
    far = market.list(
        symbol="FAR", window_start=TODAY + 20, expiry_day=TODAY + 22, open_interest_cap=5, position_limit=5
    )
    market.fund("dan")
    market.sell("bob", 1_000, 5)
    market.buy("bob", 1_000, 5, series=far)
    market.sell("eve", 1_000, 5, series=far)  # open interest of the far month is at its cap
    market.buy("dan", 1_000, 5, series=far)
    market.buy("ann", 970, 1)  # it lists the near month already
    before = dump(market.exchange.state)
    with pytest.raises(OpenInterestCap):
        market.exchange.spread(market.by("ann"), market.series, far, 5, 10)
    assert dump(market.exchange.state) == before
