"""Accounts and agents, deposits and withdrawals, the list of series, insurance and roles."""

from __future__ import annotations

import pytest

from model_kit import GUARDIAN, NOW, OWNER, REDUCE_ONLY, TODAY, Market
from olivepress import reverts
from olivepress.contracts.artifacts import shared_entries
from olivepress.events import AgentAccepted, AgentInvited, AgentRemoved, GuardianReduceOnly, InsuranceToppedUp
from olivepress.model import insurance
from olivepress.model.errors import solidity_names
from olivepress.model.matching import fits
from olivepress.model.standard import Transfer
from olivepress.model.state import DAY, ZERO_ADDRESS, Position
from olivepress.reverts import (
    AddressTaken,
    AgentExpired,
    AgentNotPermitted,
    ContractError,
    ERC20InsufficientBalance,
    InsufficientCash,
    InvalidRecipient,
    InvalidSpec,
    NoAccount,
    NotAuthorised,
    NotInvited,
    NotWithdrawable,
    Overflow,
    OwnableUnauthorizedAccount,
    ReduceOnlySeries,
    StaleAccount,
    TooManySeries,
    UnknownAccount,
    UnknownFeed,
    ZeroAddress,
    ZeroAmount,
)


@pytest.fixture
def market() -> Market:
    market = Market()
    market.fund("ann", "bob", cash=10_000)
    return market


def values(error: pytest.ExceptionInfo[ContractError]) -> dict[str, object]:
    return error.value.values


def test_deposits_move_money_and_open_an_account_once(market: Market) -> None:
    """[ACCOUNT-1]"""
    exchange = market.exchange
    assert exchange.collateral.balances == {"ann": 0, "bob": 0, "exchange": 20_000}
    exchange.collateral.balances["eve"] = 30
    assert exchange.deposit(market.by("eve"), 1, 10) == 1, "into another's account"
    assert exchange.state.accounts[1].cash == 10_010
    assert exchange.deposit(market.by("eve"), 0, 10) == 3
    assert exchange.deposit(market.by("eve"), 0, 10) == 3
    with pytest.raises(ERC20InsufficientBalance) as caught:
        exchange.deposit(market.by("eve"), 0, 1)
    assert values(caught) == {"sender": "eve", "balance": 0, "needed": 1}
    with pytest.raises(UnknownAccount):
        exchange.deposit(market.by("ann"), 4, 1)
    with pytest.raises(ZeroAmount):
        exchange.deposit(market.by("ann"), 0, 0)


def test_withdrawals_leave_losses_and_initial_margin(market: Market) -> None:
    """[MARGIN-2] [MARK-7] [ACCOUNT-1]"""
    # 10 lots long at 1,000 for IM 2,000; the index falls to 900: a loss of 1,000 and IM 1,800.
    market.sell("bob", 1_000, 10)
    market.buy("ann", 1_000, 10)
    market.index.price = 900
    with pytest.raises(NotWithdrawable) as caught:
        market.exchange.withdraw(market.by("ann"), 7_201, "ann")
    assert values(caught) == {"account": 1, "withdrawable": 7_200, "wanted": 7_201}
    market.exchange.withdraw(market.by("ann"), 7_200, "home")
    assert market.exchange.collateral.balances["home"] == 7_200
    # Bob's gain of 1,000 does not count: 10,000 - 1,800.
    assert market.exchange.withdrawable(2, market.now) == 8_200
    market.index.fresh = False
    with pytest.raises(StaleAccount):
        market.exchange.withdraw(market.by("bob"), 1, "bob")


def test_withdrawing_checks_open_orders_at_the_mark_of_now() -> None:
    """Else an order that had margin at a high mark would fill with what is left at a low one.
    [MARGIN-10] [BOOK-17]"""
    market = Market(price=1_000)
    market.fund("ann", cash=20_000)
    market.fund("bob")
    market.sell("ann", 965, 100)
    market.index.price = 150
    market.now += 120
    market.exchange.withdraw(market.by("ann"), 17_000, "ann")
    assert market.position("ann").checked_mark == 150
    market.index.price = 1_000
    assert market.buy("bob", 965, 100, 1) == (0, 0), "retired by the gap"


def test_a_quote_that_leaves_its_width_is_refused() -> None:
    """[SETTLE-2]"""
    fits(Position(quote=2**78 - 1))
    with pytest.raises(Overflow) as caught:
        fits(Position(quote=2**78))
    assert caught.value.values == {"width": 79, "value": 2**78}


def test_the_first_fill_beyond_the_width_is_named() -> None:
    """Each fill is checked, not what several of one maker come to. [BOOK-23] [SETTLE-2]"""
    market = Market(price=1_000)
    market.fund("ann", "bob")
    for _ in range(2):
        market.buy("ann", 1_000, 5)
    market.position("ann").quote = 4_000 - 2**78
    with pytest.raises(Overflow) as caught:
        market.sell("bob", 1_000, 10, 1)
    assert caught.value.values == {"width": 79, "value": -(2**78) - 1_000}


def test_withdrawals_go_to_somebody(market: Market) -> None:
    for nobody in (ZERO_ADDRESS, "exchange"):
        with pytest.raises(InvalidRecipient):
            market.exchange.withdraw(market.by("ann"), 1, nobody)
    with pytest.raises(InsufficientCash) as caught:
        market.exchange.withdraw(market.by("ann"), 10_001, "ann")
    assert values(caught) == {"account": 1, "cash": 10_000, "wanted": 10_001}
    with pytest.raises(NoAccount):
        market.exchange.withdraw(market.by("eve"), 1, "eve")


def test_an_agent_is_invited_accepts_trades_and_leaves(market: Market) -> None:
    """[ACCOUNT-2]"""
    exchange = market.exchange
    exchange.log.drain()
    exchange.invite_agent(market.by("ann"), "agent", NOW + 100, 1)
    exchange.accept_agent(market.by("agent"), 1)
    exchange.invite_agent(market.by("ann"), "agent", NOW + 50, 1)
    assert [type(one) for one in exchange.log.drain()] == [AgentInvited, AgentAccepted, AgentAccepted]
    order, _ = market.buy("agent", 999, 1)
    with pytest.raises(AgentNotPermitted) as caught:
        exchange.cancel(market.by("agent"), order)
    assert values(caught) == {"agent": "agent", "permission": 2}
    with pytest.raises(AgentNotPermitted):
        exchange.withdraw(market.by("agent"), 1, "agent")
    with pytest.raises(AddressTaken):
        exchange.open(market.by("agent"))
    market.now += 50
    with pytest.raises(AgentExpired):
        market.buy("agent", 999, 1)
    exchange.remove_agent(market.by("agent"), "agent")
    (left,) = exchange.log.drain()[-1:]
    assert isinstance(left, AgentRemoved)
    assert "agent" not in exchange.state.principals
    with pytest.raises(NotAuthorised):
        exchange.remove_agent(market.by("agent"), "agent")


def test_nobody_is_bound_by_a_stranger(market: Market) -> None:
    """[ACCOUNT-1] [ACCOUNT-2]"""
    exchange = market.exchange
    with pytest.raises(NotInvited):
        exchange.accept_agent(market.by("eve"), 1)
    with pytest.raises(AddressTaken) as caught:
        exchange.invite_agent(market.by("ann"), "bob", NOW + 1, 1)
    assert values(caught) == {"taken": "bob", "account": 2}
    with pytest.raises(AddressTaken):
        exchange.invite_agent(market.by("ann"), "ann", NOW + 1, 1)
    for agent, expiry, permissions, error in (
        (ZERO_ADDRESS, NOW + 1, 1, ZeroAddress),
        ("eve", NOW, 1, AgentExpired),
        ("eve", NOW + 1, 0, AgentNotPermitted),
        ("eve", NOW + 1, 255, AgentNotPermitted),
    ):
        with pytest.raises(error):
            exchange.invite_agent(market.by("ann"), agent, expiry, permissions)
    exchange.invite_agent(market.by("ann"), "eve", NOW + 1, 1)
    exchange.remove_agent(market.by("ann"), "eve")
    with pytest.raises(NotInvited):
        exchange.remove_agent(market.by("ann"), "eve")
    with pytest.raises(NotAuthorised):
        exchange.remove_agent(market.by("ann"), "ann")
    with pytest.raises(NotAuthorised):
        exchange.remove_agent(market.by("stranger"), "stranger")


def test_ten_series_at_most_and_idle_ones_make_room(market: Market) -> None:
    """[ACCOUNT-3]"""
    series = [market.series] + [market.list(symbol=f"S{i}") for i in range(11)]
    orders = [market.buy("ann", 999, 1, series=one)[0] for one in series[:10]]
    with pytest.raises(TooManySeries) as caught:
        market.buy("ann", 999, 1, series=series[10])
    assert values(caught) == {"account": 1, "maximum": 10}
    market.exchange.cancel(market.by("ann"), orders[3])
    market.buy("ann", 999, 1, series=series[10])
    listed = market.exchange.state.accounts[1].series
    assert listed == (*series[:3], series[10], *series[4:10]), "in the place that came free"
    members = [one.money.members for one in market.exchange.state.series.values()]
    assert members == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_an_order_that_came_to_nothing_joins_no_list(market: Market) -> None:
    market.buy("ann", 999, 1, 1)
    assert market.exchange.state.accounts[1].series == ()
    assert market.position("ann") == Position()


def test_insurance_lifts_the_brake_of_a_feed(market: Market) -> None:
    """[BOOK-10] [LIQ-12]"""
    state = market.exchange.state
    insurance.declare(state, 2, 1, 500)
    assert state.series[1].hot.deficit
    with pytest.raises(ReduceOnlySeries):
        market.buy("ann", 999, 1)
    state.collateral.balances["friend"] = 500
    market.exchange.log.drain()
    market.exchange.top_up_insurance(market.by("friend"), 1, 500)
    paid, event = market.exchange.log.drain()
    assert isinstance(paid, Transfer)
    assert (paid.token, paid.from_, paid.to, paid.amount) == ("collateral", "friend", "exchange", 500)
    assert isinstance(event, InsuranceToppedUp)
    assert not state.series[1].hot.deficit
    with pytest.raises(UnknownFeed):
        market.exchange.top_up_insurance(market.by("friend"), 2, 1)


def test_the_guardians_brake_lapses(market: Market) -> None:
    """[BOOK-10] [ACCOUNT-4]"""
    exchange = market.exchange
    with pytest.raises(NotAuthorised):
        exchange.set_reduce_only(market.by("ann"), 1, True)
    exchange.log.drain()
    exchange.set_reduce_only(market.by(GUARDIAN), 1, True)
    (event,) = exchange.log.drain()
    assert isinstance(event, GuardianReduceOnly)
    assert event.until == NOW + 7 * DAY
    with pytest.raises(ReduceOnlySeries):
        market.buy("ann", 999, 1, REDUCE_ONLY)
    market.now += 7 * DAY
    market.buy("ann", 999, 1)


def test_only_the_owner_lists_names_and_pays_out(market: Market) -> None:
    """[ACCOUNT-4]"""
    exchange, ann = market.exchange, market.by("ann")
    for refused in (
        lambda: exchange.list_series(ann, market.spec),
        lambda: exchange.set_guardian(ann, "ann"),
        lambda: exchange.set_arbiter(ann, "ann"),
        lambda: exchange.withdraw_treasury(ann, "ann", 1),
    ):
        with pytest.raises(OwnableUnauthorizedAccount):
            refused()
    with pytest.raises(InsufficientCash):
        exchange.withdraw_treasury(market.by(OWNER), "ann", 1)


@pytest.mark.parametrize(
    ("terms", "field", "lowest", "highest"),
    [
        ({"symbol": ""}, "symbol", 1, 31),
        ({"tick_size": 1}, "tickSize", 100_000_000, 100_000_000),
        ({"price_cap": 1}, "priceCap", 2, 2**24 - 2),
        ({"initial_mark": 3_001}, "initialMark: |basis|", 0, 2_000),
        ({"maker_rebate": 1}, "makerRebate", 0, 0),
        ({"im_bps": 1_999}, "imBps", 2_000, 10_000),
        ({"im_bps": 10_001}, "imBps", 2_000, 10_000),
        ({"im_bps": 5_000, "concentration_pct": 101}, "imBps x (100 + concentrationPct)", 1, 1_000_000),
        ({"window_start": TODAY}, "windowStart", TODAY + 1, 65_534),
        ({"expiry_day": TODAY + 42}, "expiryDay", TODAY + 11, TODAY + 41),
        (
            {"tick_value": 2**32 - 1, "price_cap": 2**24 - 2, "open_interest_cap": 2**30},
            "openInterestCap x priceCap x tickValue",
            1,
            2**78 // ((2**24 - 2) * (2**32 - 1)),
        ),
        # Exactly 2^78 base units: one more than a quote can hold.
        (
            {"tick_value": 2**27, "price_cap": 2**21, "open_interest_cap": 2**30},
            "openInterestCap x priceCap x tickValue",
            1,
            2**30 - 1,
        ),
    ],
)
def test_terms_out_of_bounds(
    market: Market, terms: dict[str, object], field: str, lowest: int, highest: int
) -> None:
    """[MARGIN-8] [MARGIN-11] [SETTLE-2]"""
    with pytest.raises(InvalidSpec) as caught:
        market.list(**({"mm_bps": 1_000, "band_bps": 400, "gap_bps": 200} | terms))
    found = values(caught)
    assert (found["field"], found["lowest"], found["highest"]) == (field, lowest, highest)


def test_a_feed_has_at_most_sixteen_live_series(market: Market) -> None:
    """[SETTLE-2]"""
    for number in range(15):
        market.list(symbol=f"S{number}")
    with pytest.raises(InvalidSpec) as caught:
        market.list()
    assert values(caught)["field"] == "feed: live series"


def test_errors_name_their_values_as_solidity_does() -> None:
    found = {}
    for module in (reverts.exchange, reverts.oracle, reverts.tokens):
        for error in vars(module).values():
            if isinstance(error, type) and issubclass(error, ContractError) and error is not ContractError:
                found[error.__name__] = solidity_names(error)
    declared = {entry.name: tuple(one["name"] for one in entry.inputs) for entry in shared_entries("error")}
    known = {name: names for name, names in found.items() if name in declared}
    assert known == {name: declared[name] for name in known}
    assert len(known) > 80
