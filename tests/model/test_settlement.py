"""From expiry to money, on paper-sized numbers."""

from __future__ import annotations

import pytest

from model_kit import IOC, OWNER, SPEC, TODAY, Market, StandingIndex
from olivepress.events.model import AccountSettled
from olivepress.model.state import DAY
from olivepress.reverts import (
    AlreadyChallenged,
    AlreadySettled,
    CoverageTooLow,
    ERC20InsufficientBalance,
    NotAuthorised,
    NotChallengeable,
    NotChallenged,
    NotClosed,
    NotExpired,
    NothingToCollect,
    NothingToRealise,
    RulingOutOfRange,
    SeriesExpired,
    StaleIndex,
    TooEarly,
    UnknownSeries,
    WindowNotFixed,
)

ANN, BOB, EVE = 1, 2, 3
BOND = 1_000_000_000
EXPIRY = (TODAY + 12) * DAY


@pytest.fixture
def market() -> Market:
    """Ann is long 10 from 1,000, bob short."""
    return traded(Market(price=1_000))


def traded(market: Market) -> Market:
    market.fund("ann", "bob", "eve")
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)
    return market


def expire(market: Market, price: int = 1_100, after: int = 0) -> None:
    market.index.price = price
    market.now = EXPIRY + after


def settle(market: Market, *accounts: int) -> None:
    market.exchange.settle(market.by("nobody"), market.series)
    market.exchange.settle_accounts(market.by("nobody"), accounts)


def test_a_series_settles_once_after_its_window_is_final(market: Market) -> None:
    """[SETTLE-7]"""
    exchange = market.exchange
    with pytest.raises(UnknownSeries):
        exchange.settle(market.by("nobody"), 9)
    with pytest.raises(NotExpired):
        exchange.settle(market.by("nobody"), 1)
    expire(market)
    market.index.fixed = False
    with pytest.raises(WindowNotFixed):
        exchange.settle(market.by("nobody"), 1)
    market.index.fixed = True
    assert exchange.settle(market.by("nobody"), 1) == 1_100
    with pytest.raises(AlreadySettled):
        exchange.settle(market.by("nobody"), 1)
    assert exchange.state.feed_series[1] in ((), (0,)), "no longer among the live ones"


class HalfTick(StandingIndex):
    """Half a tick above its price; nothing was published inside any window."""

    @property
    def value(self) -> int:
        return self.price * SPEC.tick_size + SPEC.tick_size // 2

    def window_range(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int]:
        return 0, 0

    def last_before(self, feed: int, day: int, now: int) -> tuple[int, int]:
        assert day == SPEC.window_start, "the last value before the window"
        return super().last_before(feed, day, now)


def test_the_average_is_rounded_half_up_to_the_tick() -> None:
    """[SETTLE-6]"""
    market = Market(price=1_000)
    market.exchange.state.oracle = market.index = HalfTick()
    expire(market, 1_000)
    assert market.exchange.settle(market.by("nobody"), 1) == 1_001


def test_the_price_stays_within_the_cap(market: Market) -> None:
    """[SETTLE-6]"""
    expire(market, 10_001)
    assert market.exchange.settle(market.by("nobody"), 1) == 10_000


@pytest.mark.parametrize("order", [[ANN, BOB], [BOB, ANN]])
def test_the_order_of_the_crank_does_not_matter(market: Market, order: list[int]) -> None:
    """[SETTLE-13] [SETTLE-19]"""
    expire(market)
    settle(market, *order, 7)  # an unknown account is passed over
    exchange = market.exchange
    assert exchange.draw(market.by("nobody"), ANN, 1) == 1_000
    assert [exchange.state.accounts[n].cash for n in (ANN, BOB)] == [1_001_000, 999_000]
    assert exchange.state.accounts[ANN].series == exchange.state.accounts[BOB].series == ()
    for account in (ANN, BOB, 7):
        with pytest.raises(NothingToRealise):
            exchange.draw(market.by("nobody"), account, 1)


def test_a_series_that_nobody_joined_closes_at_once() -> None:
    """[SETTLE-14]"""
    market = Market()
    expire(market)
    settle(market)
    assert market.exchange.state.series[1].hot.closed


def test_nothing_is_drawn_before_the_last_account_is_settled(market: Market) -> None:
    """[SETTLE-14] [SETTLE-15]"""
    expire(market)
    settle(market, ANN)
    for verb in (
        lambda: market.exchange.draw(market.by("nobody"), ANN, 1),
        lambda: market.exchange.collect_fees(market.by("nobody"), 1),
    ):
        with pytest.raises(NotClosed):
            verb()


def test_a_debt_is_paid_from_the_first_money_that_comes_oldest_first() -> None:
    """Ann loses in two series and gains in a third: her gain pays the series that expired first.
    [SETTLE-16]
    """
    market = Market(price=1_000)
    market.list(symbol="OLD", expiry_day=TODAY + 11)
    market.list(symbol="GAIN", expiry_day=TODAY + 13)
    market.fund("ann", "bob")
    for series in (1, 2):
        market.sell("bob", 1_000, 10, series=series)
        market.buy("ann", 1_000, 10, IOC, series=series)
    market.buy("bob", 1_000, 15, series=3)
    market.sell("ann", 1_000, 15, IOC, series=3)
    state = market.exchange.state
    state.accounts[ANN].cash = 0
    expire(market, 900, DAY)
    for series in (1, 2, 3):
        market.exchange.settle(market.by("nobody"), series)
    market.exchange.settle_accounts(market.by("nobody"), [ANN, BOB])
    assert [state.series[n].positions[ANN].quote for n in (1, 2, 3)] == [-1_000, -1_000, 1_500]
    market.exchange.draw(market.by("nobody"), ANN, 3)
    assert [state.series[n].positions[ANN].quote for n in (1, 2, 3)] == [-500, 0, 0]
    assert state.accounts[ANN].cash == 0
    assert state.accounts[ANN].series == (1,), "nothing is left in the others"
    assert state.series[2].money.collected == 1_000


def test_fees_come_last_and_a_tenth_of_them_pays_the_crank() -> None:
    """[SETTLE-18]"""
    market = Market(price=1_000, taker_fee=10_000, im_bps=2_100)
    market.fund("ann", "bob", "eve")
    market.sell("bob", 1_000, 1_000)
    market.buy("ann", 1_000, 1_000, IOC)  # 1% of 1,000,000 is 10,000
    market.buy("eve", 1_000, 1)  # a member too
    exchange = market.exchange
    expire(market, 1_000)
    exchange.settle(market.by("nobody"), 1)
    with pytest.raises(NothingToCollect):
        exchange.collect_bounty(market.by("eve"), 1)
    exchange.settle_accounts(market.by("eve"), [ANN, BOB, EVE])
    money = exchange.state.series[1].money
    assert (money.bounty, money.pool) == (333, 10_000), "1,000 among three accounts"
    assert exchange.collect_fees(market.by("nobody"), 1) == 10_000 - 999
    assert exchange.collect_bounty(market.by("eve"), 1) == 999
    for verb in (
        lambda: exchange.collect_fees(market.by("nobody"), 1),
        lambda: exchange.collect_bounty(market.by("eve"), 1),
        lambda: exchange.collect_bounty(market.by("eve"), 9),
    ):
        with pytest.raises(NothingToCollect):
            verb()
    with pytest.raises(UnknownSeries):
        exchange.collect_fees(market.by("eve"), 9)
    assert (money.pool, exchange.state.office.treasury) == (0, 9_001)


def test_the_pool_is_what_quotes_fees_and_advance_add_up_to() -> None:
    """[SETTLE-20]"""
    market = Market(price=1_000, taker_fee=1_000, im_bps=2_010)
    market.fund("ann")
    market.fund("bob", cash=3_000)
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)  # a fee of 10
    exchange = market.exchange
    state, series = exchange.state, exchange.state.series[1]
    state.collateral.balances["eve"] = 700
    exchange.top_up_insurance(market.by("eve"), 1, 700)

    def check() -> None:
        money = series.money
        values = [
            one.quote + (one.lots * series.hot.mark if series.hot.settled else 0)
            for one in series.positions.values()
        ]
        assert sum(values) + money.fees + money.advance == money.pool
        funds = sum(state.insurance.values()) + state.office.bonds + state.office.treasury
        held = sum(account.cash for account in state.accounts.values()) + money.pool + funds
        assert state.collateral.balances["exchange"] == held

    check()
    expire(market, 1_500)  # bob lost 5,000 and has 3,000; insurance 700
    exchange.settle(market.by("nobody"), 1)
    check()
    for account in (BOB, ANN):
        exchange.settle_accounts(market.by("nobody"), [account])
        check()
    assert (series.money.pool, series.money.advance, series.money.claims) == (3_700, 700, 4_990)
    assert exchange.draw(market.by("nobody"), ANN, 1) == 3_700
    check()
    for amount, raised, left in ((1_500, 1_290, 490), (500, 0, 0)):  # the claims first, then insurance
        market.fund("bob", cash=amount)
        collected = series.money.collected
        assert exchange.realise(market.by("nobody"), BOB, 1) == -amount
        assert (series.money.collected - collected, series.money.advance) == (raised, left)
        check()
    assert state.insurance[1] == 700
    assert exchange.draw(market.by("nobody"), ANN, 1) == 1_290
    assert exchange.collect_fees(market.by("nobody"), 1) == 10
    check()
    assert series.money.pool == 0


def test_series_of_an_account_are_settled_lowest_id_first() -> None:
    """[SETTLE-13]"""
    market = Market(price=1_000)
    market.list(symbol="SECOND")
    market.fund("ann", "bob")
    for series in (2, 1):
        market.sell("bob", 1_000, 10, series=series)
        market.buy("ann", 1_000, 10, IOC, series=series)
    expire(market)
    for series in (1, 2):
        market.exchange.settle(market.by("nobody"), series)
        assert market.exchange.state.series[series].hot.mark_time == market.now
    market.exchange.log.drain()
    market.exchange.settle_accounts(market.by("nobody"), [ANN])
    assert [one.series for one in market.exchange.log.drain() if isinstance(one, AccountSettled)] == [1, 2]


def test_gains_wait_for_the_second_midnight(market: Market) -> None:
    """[SETTLE-4]"""
    market.now += 60
    market.index.price = 1_010
    market.buy("eve", 1_010, 10)
    market.sell("ann", 1_010, 10, IOC)
    with pytest.raises(TooEarly) as caught:
        market.exchange.realise(market.by("nobody"), ANN, 1, [])
    assert caught.value.values == {"allowedFrom": (TODAY + 2) * DAY}
    market.now = (TODAY + 2) * DAY
    assert market.exchange.realise(market.by("nobody"), ANN, 1, [BOB]) == 100
    assert market.exchange.state.accounts[BOB].cash == 999_900
    assert market.exchange.state.accounts[ANN].series == (), "nothing is left there"
    with pytest.raises(NothingToRealise):
        market.exchange.realise(market.by("nobody"), 7, 1, [])


def test_payers_pay_no_more_than_their_loss() -> None:
    """Ann sold at 1,010 to eve and is flat with 100; at 1,005 bob and eve have lost 50 each. [MARK-6]
    [SETTLE-4] [SETTLE-5]
    """
    market = traded(Market(price=1_000))
    market.now += 120
    market.index.price = 1_010
    market.buy("eve", 1_010, 10)
    market.sell("ann", 1_010, 10, IOC)
    market.index.price = 1_005
    market.now = (TODAY + 2) * DAY
    realise = market.exchange.realise
    market.index.fresh = False
    with pytest.raises(StaleIndex) as stale:
        realise(market.by("nobody"), ANN, 1, [BOB])
    assert stale.value.values == {"series": 1, "observedAt": market.index.observed_at}
    market.index.fresh = True
    assert realise(market.by("nobody"), ANN, 1, [BOB]) == 50
    market.now = EXPIRY
    with pytest.raises(SeriesExpired):
        realise(market.by("nobody"), ANN, 1, [EVE])
    market.now = EXPIRY - 1
    assert realise(market.by("nobody"), ANN, 1, [EVE]) == 50
    cash = [market.exchange.state.accounts[n].cash for n in (ANN, BOB, EVE)]
    assert cash == [1_000_100, 999_950, 999_950]


# --- challenges ---


@pytest.fixture
def thin(market: Market) -> Market:
    """Half of the window was fresh; eve can pay the bond; the arbiter is judge."""
    market.exchange.set_arbiter(market.by(OWNER), "judge")
    market.exchange.collateral.balances["eve"] += BOND
    market.index.fresh_share = (1, 2)
    expire(market)
    return market


def test_a_well_covered_window_cannot_be_challenged(thin: Market) -> None:
    """[SETTLE-8]"""
    thin.index.fresh_share = (98, 100)
    with pytest.raises(NotChallengeable):
        thin.exchange.challenge(thin.by("eve"), 1)
    assert thin.exchange.settle(thin.by("nobody"), 1) == 1_100


def test_an_unchallenged_average_stands_after_two_days(thin: Market) -> None:
    """[SETTLE-8]"""
    with pytest.raises(CoverageTooLow) as caught:
        thin.exchange.settle(thin.by("nobody"), 1)
    assert caught.value.values == {
        "freshSeconds": DAY,
        "elapsed": 2 * DAY,
        "standsFrom": EXPIRY + 2 * DAY,
    }
    thin.now += 2 * DAY
    with pytest.raises(NotChallengeable):
        thin.exchange.challenge(thin.by("eve"), 1)
    assert thin.exchange.settle(thin.by("nobody"), 1) == 1_100


def test_a_challenge_needs_its_bond_and_comes_once(thin: Market) -> None:
    """[SETTLE-8]"""
    exchange = thin.exchange
    with pytest.raises(ERC20InsufficientBalance):
        exchange.challenge(thin.by("ann"), 1)
    assert 1 not in exchange.state.challenges
    exchange.challenge(thin.by("eve"), 1)
    assert (exchange.state.office.bonds, exchange.challenge_bond()) == (BOND, BOND)
    with pytest.raises(AlreadyChallenged):
        exchange.challenge(thin.by("eve"), 1)


def test_the_arbiters_silence_gives_the_bond_back(thin: Market) -> None:
    """[SETTLE-9] [SETTLE-10]"""
    exchange = thin.exchange
    exchange.challenge(thin.by("eve"), 1)
    thin.now += 5 * DAY
    with pytest.raises(NotChallenged):
        exchange.rule(thin.by("judge"), 1, 1_100, bytes(32))
    assert exchange.settle(thin.by("nobody"), 1) == 1_100
    assert exchange.state.accounts[EVE].cash == 1_000_000 + BOND
    assert exchange.state.office.bonds == 0


def test_a_ruling_for_the_average_costs_the_bond(thin: Market) -> None:
    """[SETTLE-9] [SETTLE-11]"""
    exchange = thin.exchange
    with pytest.raises(NotChallenged):
        exchange.rule(thin.by("judge"), 1, 1_100, bytes(32))
    exchange.challenge(thin.by("eve"), 1)
    with pytest.raises(NotAuthorised):
        exchange.rule(thin.by("eve"), 1, 1_100, bytes(32))
    with pytest.raises(RulingOutOfRange):  # the index published 1,100 only
        exchange.rule(thin.by("judge"), 1, 1_101, bytes(32))
    exchange.rule(thin.by("judge"), 1, 1_100, bytes(32))
    with pytest.raises(NotChallenged):
        exchange.rule(thin.by("judge"), 1, 1_100, bytes(32))
    assert exchange.state.insurance[1] == BOND
    assert exchange.settle(thin.by("nobody"), 1) == 1_100
    assert exchange.state.accounts[EVE].cash == 1_000_000


def test_without_a_fresh_second_only_the_last_value_before_the_window_can_be_ruled(thin: Market) -> None:
    """[SETTLE-12]"""
    exchange = thin.exchange
    exchange.state.oracle = thin.index = HalfTick(price=1_100, fresh_share=(0, 1))
    exchange.challenge(thin.by("eve"), 1)
    with pytest.raises(RulingOutOfRange) as caught:
        exchange.rule(thin.by("judge"), 1, 1_100, bytes(32))
    assert caught.value.values == {"tick": 1_100, "lowest": 1_101, "highest": 1_101}
    exchange.rule(thin.by("judge"), 1, 1_101, bytes(32))
    assert exchange.state.insurance[1] == BOND, "it differs in nothing, so the bond is lost"
    assert exchange.settle(thin.by("nobody"), 1) == 1_101
