"""Position tokens on paper-sized numbers."""

from __future__ import annotations

import pytest

from model_kit import IOC, TODAY, Market
from olivepress.model.state import DAY, ZERO_ADDRESS
from olivepress.reverts import (
    ERC20InsufficientBalance,
    ERC20InvalidReceiver,
    InsufficientCash,
    InsufficientMargin,
    InvalidRecipient,
    NotClosed,
    NothingToWrap,
    NoToken,
    OwesSeries,
    PositionLimit,
    SeriesExpired,
    StaleAccount,
    TokenAccount,
    TokenExists,
    UnknownSeries,
    ZeroAmount,
)

ANN, BOB = 1, 2


def market_of(cash: int = 1_000_000, **terms: int) -> Market:
    """Ann is long 10 from 1,000, bob short; both tokens exist."""
    market = Market(price=1_000, **terms)
    market.fund("ann", "bob", cash=cash)
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10, IOC)
    market.exchange.create_tokens(market.by("nobody"), 1)
    return market


def wrap(market: Market, lots: int, who: str = "ann", long: bool = True, to: str = "") -> None:
    market.exchange.wrap(market.by(who), 1, long, lots, to or who)


def test_tokens_are_created_once_with_accounts_of_their_own() -> None:
    """[TOKEN-1]"""
    market = market_of()
    exchange = market.exchange
    long = exchange.token_of(1, True)
    assert len({long, exchange.token_of(1, False), ZERO_ADDRESS}) == 3
    assert exchange.token_of(2, True) == ZERO_ADDRESS
    with pytest.raises(TokenExists) as caught:
        exchange.create_tokens(market.by("nobody"), 1)
    assert caught.value.values == {"series": 1, "token": long}
    with pytest.raises(UnknownSeries):
        exchange.create_tokens(market.by("nobody"), 2)
    exchange.collateral.balances["ann"] = 1
    with pytest.raises(TokenAccount):
        exchange.deposit(market.by("ann"), 3, 1)


def test_what_cannot_be_wrapped() -> None:
    """[MARK-7] [TOKEN-2]"""
    market = market_of()
    with pytest.raises(ZeroAmount):
        wrap(market, 0)
    with pytest.raises(NothingToWrap) as caught:
        wrap(market, 11)
    assert caught.value.values == {"series": 1, "lots": 10, "wanted": 11}
    with pytest.raises(NothingToWrap):  # bob is short
        wrap(market, 1, who="bob")
    with pytest.raises(ERC20InvalidReceiver):
        wrap(market, 1, to=ZERO_ADDRESS)
    other = market.list(symbol="OTHER")
    with pytest.raises(NoToken):
        market.exchange.wrap(market.by("ann"), other, True, 1, "ann")
    market.exchange.create_tokens(market.by("nobody"), other)
    with pytest.raises(NothingToWrap):
        market.exchange.wrap(market.by("ann"), other, True, 1, "ann")
    market.index.fresh = False
    with pytest.raises(StaleAccount):
        wrap(market, 1)
    market.now = (TODAY + 12) * DAY
    with pytest.raises(SeriesExpired):
        wrap(market, 1)


def test_wrapping_is_paid_in_full_and_leaves_margin() -> None:
    """[TOKEN-2]"""
    market = market_of(cash=2_500)
    with pytest.raises(InsufficientCash) as caught:  # 3 lots at 1,000
        wrap(market, 3)
    assert caught.value.values == {"account": ANN, "cash": 2_500, "wanted": 3_000}
    with pytest.raises(InsufficientMargin):  # 500 left, 8 lots need 1,600
        wrap(market, 2)


def test_wrapping_counts_losses_elsewhere() -> None:
    """[TOKEN-2]"""
    market = market_of(cash=3_200)
    other = market.list(symbol="OTHER")
    market.sell("bob", 1_000, 1, series=other)
    market.buy("ann", 1_000, 1, IOC, series=other)
    market.position("ann", other).quote -= 500  # as if bought dearer
    with pytest.raises(InsufficientMargin) as caught:  # 3,200 - 1,000 - 500; nine and one lots need 2,000
        wrap(market, 1)
    assert caught.value.values == {"account": ANN, "imEquity": 1_700, "initialMargin": 2_000}


def test_a_round_trip_changes_nothing_but_the_day() -> None:
    """[TOKEN-3]"""
    market = market_of()
    wrap(market, 4, to="eve")
    exchange = market.exchange
    exchange.transfer_token(market.by("eve"), 1, True, "ann", 4)
    with pytest.raises(ERC20InsufficientBalance):
        exchange.unwrap(market.by("ann"), 1, True, 5)
    market.now += DAY
    exchange.unwrap(market.by("ann"), 1, True, 4)
    ann = market.position("ann")
    assert (ann.lots, ann.quote, ann.last_fill_day) == (10, -6_000, TODAY + 1)
    assert exchange.state.accounts[ANN].cash == 996_000, "4,000 were paid, and are a gain now"
    assert exchange.account_margin(ANN, market.now).equity == 1_000_000


def test_unwrapping_into_the_other_side_closes_both() -> None:
    """[BOOK-9]"""
    market = market_of()
    wrap(market, 4, to="bob")
    market.exchange.unwrap(market.by("bob"), 1, True, 4)
    assert market.position("bob").lots == -6
    assert market.exchange.state.series[1].hot.open_interest == 6
    with pytest.raises(ERC20InvalidReceiver):
        market.exchange.transfer_token(market.by("bob"), 1, True, ZERO_ADDRESS, 0)


def test_unwrapping_leaves_the_checked_mark_as_it_was() -> None:
    """[MARGIN-10]"""
    market = market_of()
    wrap(market, 4)
    market.index.price = 1_100
    market.now += 61
    market.exchange.unwrap(market.by("ann"), 1, True, 4)
    assert market.position("ann").checked_mark == 1_000
    market.buy("ann", 1_060, 1)
    assert market.position("ann").checked_mark == 1_100, "placing checks it anew"


def test_unwrapping_needs_margin_and_room() -> None:
    """[TOKEN-3]"""
    market = market_of(position_limit=10)
    wrap(market, 4)
    market.buy("ann", 1_000, 3)
    with pytest.raises(PositionLimit):  # 6 + 3 + 2
        market.exchange.unwrap(market.by("ann"), 1, True, 2)
    wrap(market, 1, to="eve")
    market.fund("eve", cash=1)
    # Worth 1,000, of which 80% count, more than the IM of 200.
    market.exchange.unwrap(market.by("eve"), 1, True, 1)
    assert market.position("eve").lots == 1
    assert market.exchange.account_margin(5, market.now).im_equity == 801


def test_unwrapping_must_leave_nobody_below_zero() -> None:
    """It brings at least what it needs, so whoever is short of IM may, but not who stays below zero.
    [MARGIN-10] [TOKEN-3]"""
    market = market_of(gain_pct=0)
    wrap(market, 4, to="eve")
    market.fund("eve", cash=2_000)
    market.sell("bob", 1_000, 10)
    market.buy("eve", 1_000, 10, IOC)
    market.index.price = 700
    with pytest.raises(InsufficientMargin) as caught:  # 2,000 - 3,000 + 700; IM 20% of 11 lots at 700
        market.exchange.unwrap(market.by("eve"), 1, True, 1)
    assert caught.value.values == {"account": 5, "imEquity": -300, "initialMargin": 1_540}
    market.exchange.unwrap(market.by("eve"), 1, True, 2)
    assert market.exchange.account_margin(5, market.now).equity == 400


def test_wrapping_keeps_the_position_limit() -> None:
    """Open sells are bounded by the lots that they would close. [BOOK-8] [TOKEN-2]"""
    market = market_of(position_limit=10)
    market.sell("ann", 1_010, 19)
    wrap(market, 1)  # 19 - 9
    with pytest.raises(PositionLimit) as caught:
        wrap(market, 1)
    assert caught.value.values == {"series": 1, "lots": 11, "limit": 10}


def test_wrapping_checks_open_orders_at_the_mark_of_now() -> None:
    """Lots that covered the order went out at a mark at which little margin was needed.
    [MARGIN-10] [BOOK-17]"""
    market = market_of()
    market.sell("ann", 970, 10)
    market.index.price = 150
    market.now += 120
    wrap(market, 10)
    assert market.position("ann").checked_mark == 150
    market.index.price = 1_000
    assert market.buy("bob", 970, 10, IOC) == (0, 0), "retired by the gap"


def test_nothing_is_wrapped_for_the_exchange_itself() -> None:
    """[TOKEN-2]"""
    market = market_of()
    with pytest.raises(InvalidRecipient):
        wrap(market, 1, to=market.exchange.state.address)


def test_redeeming_waits_for_the_close_and_for_debts() -> None:
    """[TOKEN-1] [TOKEN-4]"""
    market = market_of()
    exchange = market.exchange
    wrap(market, 4, to="bob")
    exchange.state.accounts[BOB].cash = 100
    with pytest.raises(ZeroAmount):
        exchange.redeem(market.by("bob"), 1, True, 0)
    with pytest.raises(NotClosed):
        exchange.redeem(market.by("bob"), 1, True, 4)
    market.index.price = 1_100
    market.now = (TODAY + 12) * DAY
    exchange.settle(market.by("nobody"), 1)
    exchange.settle_accounts(market.by("nobody"), [1, 2, 3, 4])
    with pytest.raises(OwesSeries) as caught:  # he lost 1,000 and had 100
        exchange.redeem(market.by("bob"), 1, True, 4)
    assert caught.value.values == {"account": BOB, "series": 1, "debt": 900}
    assert exchange.token_balance(1, True, "bob") == 4
    with pytest.raises(TokenAccount):
        exchange.draw(market.by("nobody"), 3, 1)
    exchange.transfer_token(market.by("bob"), 1, True, "eve", 4)
    eve = exchange.open(market.by("eve"))
    assert exchange.redeem(market.by("eve"), 1, True, 4) == 4_400
    assert exchange.state.accounts[eve].series == (1,), "the claim counts among what it has"
