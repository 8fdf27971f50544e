"""Deposits, withdrawals, agents, and the owner's calls against the real contracts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market_kit import DAY, HEARTBEAT, START, SYMBOL, Market, terms
from olivepress import reverts
from olivepress.errors import OutOfRange, UnknownAccount, UnknownSymbol, ValidationError
from olivepress.exchange import ExchangeClient
from olivepress.types import Side

D = Decimal


async def stranger(market: Market) -> ExchangeClient:
    """An operator's key: it has gas, and no account."""
    return ExchangeClient(market.sender(market.chain.keys[1]), market.deployment)


async def test_a_first_deposit_opens_an_account(market: Market) -> None:
    new = await stranger(market)
    with pytest.raises(UnknownAccount, match=new.address):
        await new.account_id()
    await market.fund(new, D(50))
    assert await new.account_id() == 4
    view = await new.account(4)
    assert (view.owner, view.cash, view.equity) == (new.address, D(50), D(50))
    await market.fund(new, D(5))
    assert (await new.account(4)).cash == D(55)


async def test_no_account_has_the_number_zero(market: Market) -> None:
    fresh = await stranger(market)
    with pytest.raises(UnknownAccount, match=r"account: 0 .*1 to 3"):
        await fresh.account(0)


async def test_a_deposit_for_somebody_else(market: Market) -> None:
    giver = market.traders[0]
    await giver.withdraw(D(60))
    given = await giver.deposit(D("59.999999"), account=2)
    assert given.amount == D("59.999999")
    assert (await giver.account(2)).cash == D("100059.999999")
    assert await giver.balance(giver.address) == D("0.000001")


async def test_bad_deposits(market: Market) -> None:
    trader = market.traders[0]
    for amount in (D(0), D(-5), D("0.0000001")):
        with pytest.raises(OutOfRange, match="amount"):
            await trader.deposit(amount)
    with pytest.raises(UnknownAccount, match="1 to 3"):
        await trader.deposit(D(1), account=9)
    with pytest.raises(reverts.ERC20InsufficientBalance) as poor:
        await trader.deposit(D(1))
    assert (poor.value.balance, poor.value.needed) == (0, 10**6)
    assert (await trader.account(1)).cash == 100_000


async def test_withdrawals(market: Market) -> None:
    trader = market.traders[0]
    gone = await trader.withdraw(D("1000.5"))
    assert gone.amount == D("1000.5")
    assert await trader.balance(trader.address) == D("1000.5")
    with pytest.raises(reverts.InsufficientCash) as much:
        await trader.withdraw(D(100_000))
    assert (much.value.account, much.value.cash, much.value.wanted) == (1, 98_999_500_000, 100_000_000_000)
    await trader.place(SYMBOL, Side.BUY, D("3.5"), 10)
    free = (await trader.account(1)).withdrawable
    with pytest.raises(reverts.NotWithdrawable) as bound:
        await trader.withdraw(free + D("0.000001"))
    assert bound.value.withdrawable == int(free * 10**6)
    await trader.withdraw(free)
    new = await stranger(market)
    with pytest.raises(reverts.NoAccount) as nobody:
        await new.withdraw(D(1))
    assert nobody.value.caller.lower() == new.address.lower()


async def test_agents_trade_and_never_withdraw(market: Market) -> None:
    owner, agent = market.traders[0], await stranger(market)
    with pytest.raises(reverts.NotInvited):
        await agent.accept_agent(1)
    with pytest.raises(UnknownAccount):
        await agent.accept_agent(12)
    expiry = await market.chain.timestamp() + 1000
    await owner.invite_agent(agent.address, expiry, permissions=1)
    await agent.accept_agent(1)
    principal = await owner.principal(agent.address)
    assert (principal.account, principal.permissions, principal.expiry) == (1, 1, expiry)
    assert not principal.is_owner
    placed = await agent.place(SYMBOL, Side.BUY, D("3.4"), 1)
    assert (await owner.account(1)).orders[0].order_id == placed.order_id
    with pytest.raises(reverts.AgentNotPermitted) as forbidden:
        await agent.cancel(placed.order_id or 0)
    assert forbidden.value.permission == 2
    with pytest.raises(reverts.AgentNotPermitted):
        await agent.withdraw(D(1))
    await market.chain.mine(timestamp=expiry)
    with pytest.raises(reverts.AgentExpired):
        await agent.place(SYMBOL, Side.BUY, D("3.4"), 1)
    await owner.remove_agent(agent.address)
    assert (await owner.principal(agent.address)).account == 0
    with pytest.raises(UnknownAccount):
        await ExchangeClient(agent.sender, market.deployment).account_id()


async def test_what_only_the_owner_may_do(market: Market) -> None:
    trader = market.traders[0]
    with pytest.raises(reverts.OwnableUnauthorizedAccount) as refused:
        await trader.list_series(terms(symbol="LLM-FLAGSHIP-JAN27"))
    assert refused.value.account.lower() == trader.address.lower()
    second = await market.owner.list_series(terms(symbol="LLM-FLAGSHIP-JAN27"))
    assert (second.id, second.symbol) == (2, "LLM-FLAGSHIP-JAN27")
    assert [one.symbol for one in await trader.series_list()] == [SYMBOL, "LLM-FLAGSHIP-JAN27"]
    assert (await trader.series(SYMBOL)).spec == terms().to_spec(6)
    with pytest.raises(reverts.InvalidSpec) as spec:
        await market.owner.list_series(terms(symbol="OTHER", tick_size=D("0.002")))
    assert spec.value.field == "tickSize"
    with pytest.raises(UnknownSymbol, match="LLM-FLAGSHIP-JAN27"):
        await trader.mark("NO-SUCH")
    with pytest.raises(UnknownAccount):
        await trader.account(99)
    with pytest.raises(ValidationError, match="depth"):
        await trader.book(SYMBOL, 0)


async def test_insurance_is_topped_up_by_anyone(market: Market) -> None:
    trader = market.traders[0]
    await trader.withdraw(D(40))
    told = await trader.top_up_insurance(1, D(40))
    assert told.amount == D(40)
    assert await trader.insurance(1) == D(40)


async def test_a_stale_index_makes_the_series_reduce_only(market: Market) -> None:
    trader = market.traders[0]
    await market.chain.mine(timestamp=START + HEARTBEAT + DAY)
    assert (await trader.mark(SYMBOL)).stale
    await trader.refresh_mark(SYMBOL)
    with pytest.raises(reverts.ReduceOnlySeries):
        await trader.place(SYMBOL, Side.BUY, D("3.5"), 1)
    await market.report("3.6")
    assert (await trader.mark(SYMBOL)).price == D("3.6")
    assert not (await trader.mark(SYMBOL)).stale


async def test_what_comes_too_early_is_refused_with_the_time(market: Market) -> None:
    trader, other, _ = market.traders
    with pytest.raises(reverts.NotExpired) as early:
        await trader.settle(SYMBOL)
    assert early.value.expiry == terms().to_spec(6).expiry_day * DAY
    with pytest.raises(reverts.NothingToRealise):
        await trader.realise(1, SYMBOL)
    with pytest.raises(reverts.NotClosed):
        await trader.draw(1, SYMBOL)
    for buyer, seller in ((trader, other), (other, trader)):
        await buyer.place(SYMBOL, Side.BUY, D("3.5") if buyer is trader else D("3.48"), 2)
        await seller.place(SYMBOL, Side.SELL, D("3.48"), 2)
    paid = await trader.realise(1, SYMBOL)
    assert paid.amount < 0
    with pytest.raises(reverts.TooEarly) as wait:
        await trader.realise(2, SYMBOL)
    assert wait.value.allowed_from == START + 2 * DAY
    await market.chain.mine(timestamp=START + 2 * DAY)
    got = await trader.realise(2, SYMBOL)
    assert 0 < got.amount < -paid.amount
