"""Accounts below their margin, on paper-sized numbers; the arithmetic is in the comments."""

from __future__ import annotations

import pytest

from model_kit import IOC, TODAY, Market, dump
from olivepress.events.model import Flagged, MassCancelled
from olivepress.model.liquidation import MEMORY
from olivepress.model.state import DAY, Clock
from olivepress.reverts import (
    Healthy,
    InsufficientMargin,
    InvalidFraction,
    LiquidationLoss,
    NotAuthorised,
    NothingFreed,
    NothingToReduce,
    NothingTraded,
    PositionLimit,
    StaleAccount,
    TooEarly,
    UnknownAccount,
)

ANN, BOB, EVE = 1, 2, 3


@pytest.fixture
def market() -> Market:
    """Ann is long 10 from 1,000 with 2,500; bob is short; eve has plenty. IM 20%, MM 10%."""
    market = Market(price=1_000)
    market.fund("ann", cash=2_500)
    market.fund("bob", "eve")
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)
    market.exchange.log.drain()
    return market


def falls_to(market: Market, price: int) -> None:
    """The index moves; bob and eve are rich enough not to care."""
    market.now += 120  # longer than a cached mark holds
    market.index.price = price


def watched(market: Market, seconds: int) -> None:
    """Time passes; somebody looks at ann every ten minutes, so that her clocks run on."""
    end = market.now + seconds
    while market.now + MEMORY < end:
        market.now += MEMORY
        market.exchange.flag(market.by("nobody"), ANN)
    market.now = end


def liquidate(market: Market, lots: int = 100, limit: int = 1, steps: int = 0) -> tuple[int, int]:
    return market.exchange.liquidate(market.by("eve"), ANN, market.series, lots, limit, steps)


# --- step 1 ---


def test_orders_that_equity_would_not_carry_are_cancelled_by_anyone(market: Market) -> None:
    """[LIQ-1]"""
    market.buy("ann", 990, 2)
    # Equity 2,500 - 1,000 = 1,500; needed are 10% of 12 x 900 and the band, 4%, of 2 x 900.
    falls_to(market, 900)
    with pytest.raises(Healthy) as caught:
        market.exchange.cancel_orders(market.by("nobody"), ANN)
    assert caught.value.values == {"account": ANN, "equity": 1_500, "margin": 1_080 + 72}
    falls_to(market, 860)  # equity 1,100 < 1,032 + 68.8
    market.exchange.cancel_orders(market.by("nobody"), ANN)
    assert [type(one) for one in market.exchange.log.drain()][-1] is MassCancelled
    assert market.position("ann").open_buy == 0
    with pytest.raises(UnknownAccount):
        market.exchange.cancel_orders(market.by("nobody"), 9)


# --- step 2 ---


def test_a_healthy_account_is_left_alone(market: Market) -> None:
    """[LIQ-3]"""
    before = dump(market.exchange.state)
    with pytest.raises(Healthy):
        liquidate(market)
    with pytest.raises(NotAuthorised):
        market.exchange.liquidate(market.by("ann"), ANN, market.series, 1, 1, 0)
    with pytest.raises(UnknownAccount):
        market.exchange.liquidate(market.by("eve"), 9, market.series, 1, 1, 0)
    assert dump(market.exchange.state) == before


def test_no_more_is_closed_than_restores_initial_margin(market: Market) -> None:
    """[LIQ-3] [LIQ-4]"""
    falls_to(market, 830)
    # Equity 800 < MM 830. IM 1,660: 860 are missing, a lot frees 166: 6 lots.
    market.buy("bob", 830, 20)
    assert liquidate(market) == (6, 49), "a tenth of 6 x 83"
    assert market.position("ann").lots == 4
    assert market.exchange.account_margin(ANN, market.now).equity == 800 - 49
    assert market.exchange.state.clocks[ANN] == Clock(), "751 is above 332: recovered"


def test_orders_die_before_margin_is_measured(market: Market) -> None:
    """[LIQ-2]"""
    market.buy("ann", 990, 2)
    falls_to(market, 840)  # equity 900 >= MM 840; 10% of 12 lots and the band of 2 would be 1,075
    for verb in (
        lambda: liquidate(market),
        lambda: market.exchange.auction(market.by("eve"), ANN, 1, 1_000_000),
    ):
        with pytest.raises(Healthy):
            verb()
    assert market.position("ann").open_buy == 2, "a refused verb leaves no trace"
    falls_to(market, 830)
    market.buy("bob", 830, 20)
    # IM of the 10 lots alone is 1,660: 860 are missing, 6 lots. With the orders it would be 1,992: 8 lots.
    assert liquidate(market)[0] == 6
    assert market.position("ann").open_buy == 0


def test_a_fill_that_costs_too_much_is_refused(market: Market) -> None:
    """[LIQ-9]"""
    falls_to(market, 770)  # equity 200, MM 770
    market.buy("bob", 740, 1)
    # One lot 30 below the mark; allowed are 200 x 77 / 770 = 20.
    with pytest.raises(LiquidationLoss) as caught:
        liquidate(market, lots=1)
    assert caught.value.values == {"loss": 30, "allowed": 20}
    assert ANN not in market.exchange.state.clocks, "a refused verb leaves no trace"


def test_the_keeper_gets_what_the_fill_left_of_the_allowed_loss(market: Market) -> None:
    """[LIQ-4]"""
    falls_to(market, 770)
    market.buy("bob", 755, 1)
    # Allowed are 20, the fill costs 15; a tenth of 77 would be 7.
    assert liquidate(market, lots=1) == (1, 5)
    eve = market.position("eve")
    assert (eve.quote, eve.last_fill_day) == (5, TODAY), "drawn no sooner than a gain from a fill"


def test_fees_are_waived_where_nothing_is_left() -> None:
    """[LIQ-5]"""
    market = Market(price=1_000, taker_fee=1_000, maker_rebate=500, im_bps=2_100)
    market.fund("ann", cash=2_510)
    market.fund("bob", "eve")
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)  # a fee of 10, half of it bob's
    falls_to(market, 750)  # equity 2,510 - 2,500 - 10 = 0
    market.buy("bob", 750, 10)
    assert liquidate(market) == (10, 0), "at the mark, for nothing"
    assert market.exchange.state.series[1].money.fees == 5
    assert market.position("ann").quote == -10_010 + 7_500


def test_pruning_alone_is_kept(market: Market) -> None:
    """[LIQ-6]"""
    falls_to(market, 830)
    market.buy("bob", 830, 5)
    market.exchange.mass_cancel(market.by("bob"), market.series)
    assert liquidate(market) == (0, 0)
    assert market.exchange.state.series[1].sides[0].ticks == []
    with pytest.raises(NothingTraded):
        liquidate(market)


def test_there_must_be_something_to_close(market: Market) -> None:
    other = market.list(symbol="OTHER")
    falls_to(market, 830)
    with pytest.raises(NothingToReduce):
        market.exchange.liquidate(market.by("eve"), ANN, other, 1, 1, 0)


def test_nothing_is_done_on_a_stale_index(market: Market) -> None:
    """[MARK-7]"""
    falls_to(market, 740)
    market.index.fresh = False
    verbs = (
        lambda: liquidate(market),
        lambda: market.exchange.auction(market.by("eve"), ANN, 1, 1),
        lambda: market.exchange.flag(market.by("eve"), ANN),
        lambda: market.exchange.declare(market.by("eve"), ANN, 1),
        lambda: market.exchange.cancel_orders(market.by("eve"), ANN),
    )
    for verb in verbs:
        with pytest.raises(StaleAccount):
            verb()


def with_a_silent_lot(market: Market) -> int:
    """Ann has a lot in another feed, too, which then falls silent. Both are at the same price p: her equity
    is 11p - 8,500, MM 1.1p, and the doubt 20% of p."""
    other = market.list(symbol="OTHER", feed=2)
    market.sell("bob", 1_000, 1, series=other)
    market.buy("ann", 1_000, 1, IOC, series=other)
    market.index.silent_feed = 2
    return other


def test_a_lot_at_a_silent_index_is_a_doubt_and_no_shield(market: Market) -> None:
    """[MARK-7] [LIQ-13]"""
    exchange, other = market.exchange, with_a_silent_lot(market)
    falls_to(market, 842)  # 762 < 842 + 85, but 762 + 169 is not
    for verb in (
        lambda: liquidate(market),
        lambda: exchange.auction(market.by("eve"), ANN, 1, 1),
        lambda: exchange.flag(market.by("eve"), ANN),
        lambda: exchange.cancel_orders(market.by("eve"), ANN),
    ):
        with pytest.raises(StaleAccount):
            verb()
    falls_to(market, 841)  # 751 + 169 < 841 + 85
    exchange.flag(market.by("eve"), ANN)
    exchange.cancel_orders(market.by("eve"), ANN)
    falls_to(market, 800)
    with pytest.raises(StaleAccount):
        exchange.liquidate(market.by("eve"), ANN, other, 1, 1, 0)
    with pytest.raises(StaleAccount):
        exchange.auction(market.by("eve"), ANN, 2, 1_000_000)
    was = exchange.account_margin(ANN, market.now)
    market.buy("bob", 800, 10)
    assert liquidate(market, 1)[0] == 1
    exchange.auction(market.by("eve"), ANN, 1, 200_000)
    now = exchange.account_margin(ANN, market.now)
    assert now.equity - now.maintenance_margin >= was.equity - was.maintenance_margin
    assert (market.position("ann").lots, market.position("ann", other).lots) == (8, 1)


def test_a_deficit_is_declared_whatever_a_silent_lot_may_be_worth(market: Market) -> None:
    """[LIQ-11] [LIQ-13]"""
    exchange = market.exchange
    with_a_silent_lot(market)
    falls_to(market, 758)
    exchange.flag(market.by("nobody"), ANN)
    watched(market, 1_800)
    market.index.price = 760  # -140, but not more than 152 below zero
    with pytest.raises(StaleAccount):
        exchange.declare(market.by("nobody"), ANN, 1)
    market.index.price = 758  # -162 and 152
    assert exchange.declare(market.by("nobody"), ANN, 1) == 162
    with pytest.raises(StaleAccount):
        exchange.declare(market.by("nobody"), ANN, 2)
    falls_to(market, 990)  # a loss of 100 in the feed: not sure enough to say that it is none
    with pytest.raises(StaleAccount):
        exchange.declare(market.by("nobody"), ANN, 1)
    falls_to(market, 1_000)
    assert exchange.declare(market.by("nobody"), ANN, 1) == 0


def test_a_spread_leg_whose_close_frees_nothing_is_left(market: Market) -> None:
    """[LIQ-9]"""
    far = market.list(symbol="FAR", initial_mark=1_000)
    market.buy("bob", 1_000, 10, series=far)
    market.sell("ann", 1_000, 10, IOC, series=far)  # now hedged: closing one leg would need more margin
    state = market.exchange.state
    state.accounts[ANN].cash = 100  # MM of the hedge is 2% of 10,000
    with pytest.raises(NothingFreed):
        liquidate(market)


# --- step 3 ---


def test_an_auction_asks_for_a_fraction_a_stranger_and_margin(market: Market) -> None:
    """[LIQ-7]"""
    exchange = market.exchange
    falls_to(market, 830)
    for fraction in (0, 1_000_001):
        with pytest.raises(InvalidFraction):
            exchange.auction(market.by("eve"), ANN, 1, fraction)
    with pytest.raises(NotAuthorised):
        exchange.auction(market.by("ann"), ANN, 1, 1)
    with pytest.raises(UnknownAccount):
        exchange.auction(market.by("eve"), 9, 1, 1)
    with pytest.raises(NothingFreed):  # a twentieth of 10 lots is none
        exchange.auction(market.by("eve"), ANN, 1, 50_000)
    with pytest.raises(NothingFreed):  # it has nothing in that feed
        exchange.auction(market.by("eve"), ANN, 2, 500_000)
    market.fund("poor", cash=10)
    with pytest.raises(InsufficientMargin):
        exchange.auction(market.by("poor"), ANN, 1, 1_000_000)


def test_a_slice_stays_within_the_bidders_limit() -> None:
    """[LIQ-7]"""
    market = Market(price=1_000, position_limit=10)
    market.fund("ann", cash=2_500)
    market.fund("bob", "eve")
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)
    falls_to(market, 830)
    market.buy("eve", 830, 6)
    with pytest.raises(PositionLimit) as caught:
        market.exchange.auction(market.by("eve"), ANN, 1, 500_000)
    assert caught.value.values["lots"] == 11


def test_the_discount_grows_from_nothing_to_all_of_the_margin_freed(market: Market) -> None:
    """[LIQ-8] [LIQ-9]"""
    falls_to(market, 740)  # equity -100, so insurance pays all of the discount
    exchange = market.exchange
    exchange.collateral.balances["eve"] += 1_000
    exchange.top_up_insurance(market.by("eve"), 1, 1_000)
    exchange.flag(market.by("eve"), ANN)
    assert exchange.auction(market.by("eve"), ANN, 1, 100_000) == (0, 0)
    watched(market, 900)
    assert exchange.auction(market.by("eve"), ANN, 1, 200_000) == (0, 37), "half of the 74 freed"
    watched(market, 3_600)
    # 6 of 8 lots: 444 of MM, all of it
    assert exchange.auction(market.by("eve"), ANN, 1, 750_000) == (0, 444)
    assert market.position("eve").lots == 1 + 1 + 6
    assert exchange.state.insurance[1] == 1_000 - 37 - 444


def test_half_lots_stay_and_gains_wait() -> None:
    """[LIQ-7]"""
    market = Market(price=1_000)
    market.fund("ann", cash=2_500)
    market.fund("bob", "eve")
    market.buy("bob", 1_000, 10)
    market.sell("ann", 1_000, 10, IOC)
    falls_to(market, 1_180)  # she is short: equity 700, MM 1,180
    market.now += DAY
    market.exchange.auction(market.by("eve"), ANN, 1, 250_000)
    assert (market.position("ann").lots, market.position("eve").lots) == (-8, -2)
    assert market.position("ann").last_fill_day == market.position("eve").last_fill_day == TODAY + 1


# --- clocks and deficits ---


def test_exactly_enough_is_enough() -> None:
    """[LIQ-10]"""
    market = Market(price=1_000)
    market.fund("ann", cash=2_440)
    market.fund("bob", "eve")
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)
    clocks, flag = market.exchange.state.clocks, market.exchange.flag
    falls_to(market, 755)  # equity -10
    flag(market.by("nobody"), ANN)
    assert clocks[ANN][:2] == (market.now, market.now)
    first = market.now
    falls_to(market, 756)  # equity 0
    flag(market.by("nobody"), ANN)
    assert clocks[ANN][:2] == (first, 0)
    falls_to(market, 840)  # equity 840 = MM
    flag(market.by("nobody"), ANN)
    assert clocks[ANN][:2] == (0, 0)


def test_each_feed_answers_for_its_own_loss() -> None:
    """[LIQ-11]"""
    market = Market(price=1_000)
    other = market.list(symbol="OTHER", feed=2)
    market.fund("ann", "bob")
    for series in (market.series, other):
        market.sell("bob", 1_000, 10, series=series)
        market.buy("ann", 1_000, 10, IOC, series=series)
    market.exchange.state.accounts[ANN].cash = 100
    falls_to(market, 740)  # 2,600 lost in each feed: equity -5,100
    market.exchange.flag(market.by("nobody"), ANN)
    watched(market, 1_800)
    assert market.exchange.declare(market.by("nobody"), ANN, 1) == 2_600
    assert market.exchange.declare(market.by("nobody"), ANN, 2) == 2_600


def test_both_clocks_start_and_stop(market: Market) -> None:
    """[LIQ-10]"""
    exchange, clocks = market.exchange, market.exchange.state.clocks
    with pytest.raises(Healthy):
        exchange.flag(market.by("nobody"), ANN)
    falls_to(market, 830)
    exchange.flag(market.by("nobody"), ANN)
    first = market.now
    assert clocks[ANN][:2] == (first, 0)
    falls_to(market, 740)
    exchange.flag(market.by("nobody"), ANN)
    assert clocks[ANN][:2] == (first, market.now)
    falls_to(market, 800)
    exchange.flag(market.by("nobody"), ANN)
    assert clocks[ANN][:2] == (first, 0), "above zero, still below MM"
    exchange.log.drain()
    exchange.flag(market.by("nobody"), ANN)
    assert not exchange.log.drain(), "nothing changed"
    falls_to(market, 1_000)
    exchange.flag(market.by("nobody"), ANN)
    told = exchange.log.drain()
    assert [(one.since, one.negative_since) for one in told if isinstance(one, Flagged)] == [(0, 0)]


def test_a_clock_at_which_nobody_looked_for_ten_minutes_starts_anew(market: Market) -> None:
    """Who dipped, recovered unseen and dips again is not auctioned at the whole discount. [LIQ-10]"""
    exchange, clocks = market.exchange, market.exchange.state.clocks
    falls_to(market, 740)
    exchange.flag(market.by("nobody"), ANN)
    first = market.now
    market.now += 600
    exchange.flag(market.by("nobody"), ANN)
    assert clocks[ANN] == Clock(first, first, first + 600), "somebody looked in time"
    market.now += 601
    with pytest.raises(TooEarly) as caught:
        exchange.declare(market.by("nobody"), ANN, 1)
    assert caught.value.values == {"allowedFrom": 0}
    exchange.flag(market.by("nobody"), ANN)
    assert clocks[ANN] == Clock(market.now, market.now, market.now)


def test_more_is_declared_after_a_whole_auction_below_zero_and_less_at_once(market: Market) -> None:
    """[LIQ-11] [LIQ-12]"""
    exchange = market.exchange
    falls_to(market, 740)
    with pytest.raises(TooEarly) as caught:
        exchange.declare(market.by("nobody"), ANN, 1)
    assert caught.value.values == {"allowedFrom": 0}, "nobody has seen it yet"
    exchange.flag(market.by("nobody"), ANN)
    seen = market.now
    watched(market, 1_799)
    with pytest.raises(TooEarly) as caught:
        exchange.declare(market.by("nobody"), ANN, 1)
    assert caught.value.values == {"allowedFrom": seen + 1_800}
    market.now += 1
    assert exchange.declare(market.by("nobody"), ANN, 1) == 100
    assert exchange.state.series[1].hot.deficit
    with pytest.raises(Healthy):
        exchange.declare(market.by("nobody"), ANN, 1)
    falls_to(market, 745)
    assert exchange.declare(market.by("nobody"), ANN, 1) == 50
    falls_to(market, 800)
    exchange.flag(market.by("nobody"), ANN)  # the clock stops; less is declared all the same
    assert exchange.declare(market.by("nobody"), ANN, 1) == 0
    assert exchange.state.deficits[1] == 0
    assert not exchange.state.series[1].hot.deficit
