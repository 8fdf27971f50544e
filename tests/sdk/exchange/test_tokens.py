"""Positions as tokens: wrapped, handed on, permitted, unwrapped, redeemed; and the crank's bounty. The mirror
follows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data

import market_kit
from chain_compare import Follower
from market_kit import Market, open_market
from olivepress import reverts
from olivepress.errors import UnknownSymbol, ValidationError, WrongLots, WrongType
from olivepress.exchange import ExchangeClient, Permit, PositionTokenClient, SignedPermit, TokenSide
from olivepress.signer import LocalSigner
from olivepress.types import Side

D = Decimal
LONG, SHORT = TokenSide.LONG, TokenSide.SHORT
SYMBOL = "FLAGSHIP-DEC26"


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with open_market(symbol=SYMBOL) as opened:
        yield opened


async def traded(market: Market) -> Follower:
    """Ten lots long in account 1 and short in account 2, from 3.5; the mark is 3.6."""
    long, short, _ = market.traders
    await short.place(SYMBOL, Side.SELL, D("3.5"), 10)
    await long.place(SYMBOL, Side.BUY, D("3.5"), 10)
    await market.chain.mine(timestamp=await market.chain.timestamp() + 1)
    await market.report("3.6")
    return Follower.of(market)


async def test_from_position_to_token_to_cash(market: Market) -> None:
    follower = await traded(market)
    long, short, third = market.traders
    with pytest.raises(reverts.NoToken):
        await long.wrap(SYMBOL, LONG, 1)
    assert await long.token_of(SYMBOL, LONG) is None
    with pytest.raises(UnknownSymbol, match=f"{SYMBOL}-LONG"):
        await long.position_token(SYMBOL, LONG)
    made = await third.create_tokens(SYMBOL)
    assert (made.symbol, made.long_account, made.short_account) == (SYMBOL, 4, 5)
    assert await long.token_of(SYMBOL, LONG) == made.long
    assert await long.token_of(SYMBOL, SHORT) == made.short
    await follower.check()
    with pytest.raises(reverts.TokenExists) as again:
        await third.create_tokens(SYMBOL)
    assert again.value.token.lower() == made.long.lower()
    await third.withdraw(D(1))
    with pytest.raises(reverts.TokenAccount):
        await third.deposit(D(1), account=made.long_account)

    # The loss that giving lots away at 0 leaves, at the mark, is paid at once.
    before = await long.account(1)
    wrapped = await long.wrap(SYMBOL, LONG, 4)
    assert wrapped.amount == before.positions[0].value - 4 * D(3_600)
    await follower.check()
    after = await long.account(1)
    assert (after.positions[0].lots, after.positions[0].value) == (6, 0)
    assert after.equity == before.equity - 4 * D(3_600)
    await short.wrap(SYMBOL, SHORT, 3, third.address)
    await follower.check()
    holders = {one: follower.mirror.position(one, SYMBOL).lots for one in (1, 2, 4, 5)}
    assert holders == {1: 6, 2: -7, 4: 4, 5: -3}

    # Tokens move without the exchange.
    longs, shorts = await long.position_token(SYMBOL, LONG), await third.position_token(SYMBOL, SHORT)
    assert (await longs.symbol(), await longs.total_supply()) == (f"{SYMBOL}-LONG", 4)
    assert (await longs.balance(), await shorts.balance()) == (4, 3)
    stranger = ExchangeClient(market.sender(market.chain.keys[1]), market.deployment)
    await longs.transfer(stranger.address, 1)
    await longs.transfer(third.address, 2)
    assert (await longs.balance(), await longs.balance(third.address)) == (1, 2)
    with pytest.raises(reverts.ERC20InsufficientBalance) as poor:
        await longs.transfer(third.address, 2)
    assert (poor.value.balance, poor.value.needed) == (1, 2)
    await follower.check()

    # Unwrapping makes a position of them, its margin needed.
    with pytest.raises(reverts.ERC20InsufficientBalance):
        await third.unwrap(SYMBOL, LONG, 3)
    with pytest.raises(reverts.NoAccount):
        await stranger.unwrap(SYMBOL, LONG, 1)
    await third.unwrap(SYMBOL, LONG, 1)
    await third.unwrap(SYMBOL, SHORT, 3)
    await follower.check()
    assert (await third.account(3)).positions[0].lots == -2
    with pytest.raises(reverts.NothingToWrap) as none:
        await third.wrap(SYMBOL, LONG, 1)
    assert none.value.lots == -2
    await third.wrap(SYMBOL, SHORT, 2)
    await follower.check()
    await redeemed(market, follower, stranger)


async def redeemed(market: Market, follower: Follower, stranger: ExchangeClient) -> None:
    """Account 3 holds 1 LONG and 2 SHORT, account 1 a LONG, a stranger without an account another."""
    long, short, third = market.traders
    with pytest.raises(reverts.NotClosed):
        await third.redeem(SYMBOL, LONG, 1)
    await market.expire()
    for step in (long.wrap(SYMBOL, LONG, 1), third.unwrap(SYMBOL, LONG, 1)):
        with pytest.raises(reverts.SeriesExpired):
            await step
    price = await short.settle(SYMBOL)
    with pytest.raises(reverts.NothingToCollect):
        await third.collect_bounty(SYMBOL)
    await third.settle_accounts([1, 2])
    await follower.check()
    await short.settle_accounts([3, 4, 5])
    await follower.check()
    assert follower.mirror.series(SYMBOL).closed
    with pytest.raises(reverts.TokenAccount):
        await third.draw(4, SYMBOL)

    # A claim is the settlement price, or what lacks to the cap, a lot.
    unit = price * 1_000
    got = await third.redeem(SYMBOL, LONG, 1)
    assert got.amount == unit
    await follower.check()
    got = await third.redeem(SYMBOL, SHORT, 2)
    assert got.amount == 2 * (D(30_000) - unit)
    await follower.check()
    cash = (await third.account(3)).cash
    claim = sum(one.claim for one in (await third.account(3)).positions)
    drawn = await third.draw(3, SYMBOL)
    assert drawn.amount == claim
    assert (await third.account(3)).cash == cash + claim
    with pytest.raises(reverts.ERC20InsufficientBalance):
        await third.redeem(SYMBOL, LONG, 1)
    await long.redeem(SYMBOL, LONG, 1)
    with pytest.raises(reverts.NoAccount):
        await stranger.redeem(SYMBOL, LONG, 1)
    account = await stranger.open_account()
    assert (await stranger.redeem(SYMBOL, LONG, 1)).amount == unit
    assert (await stranger.draw(account, SYMBOL)).amount == unit
    assert (await stranger.withdraw(unit)).amount == unit
    assert await stranger.balance(stranger.address) == unit
    await follower.check()
    for account in (1, 2):
        await long.draw(account, SYMBOL)
    await follower.check()
    assert [follower.mirror.series(SYMBOL).positions[one].claim for one in (4, 5)] == [0, 0]
    await bounties(market, follower)


async def bounties(market: Market, follower: Follower) -> None:
    """A tenth of the fees, shared by the accounts settled: the third trader settled two of five."""
    long, short, third = market.traders
    share = (await third.status(SYMBOL)).fees / 10 / 5
    before = (await third.account(3)).cash
    paid = await third.collect_bounty(SYMBOL)
    assert paid.amount == 2 * share.quantize(D("0.000001"), "ROUND_FLOOR") > 0
    assert (await third.account(3)).cash == before + paid.amount
    await follower.check()
    assert (await short.collect_bounty(SYMBOL)).amount == paid.amount * 3 / 2
    for none in (third, long):
        with pytest.raises(reverts.NothingToCollect):
            await none.collect_bounty(SYMBOL)
    await market.owner.collect_fees(SYMBOL)
    await follower.check()
    series = follower.mirror.series(SYMBOL)
    assert (series.pool, series.fees) == (0, 0)


async def test_the_longest_symbol_has_tokens() -> None:
    longest = f"{market_kit.SYMBOL}-OR-LONGER-31"
    assert len(longest) == 31
    async with open_market(1, symbol=longest) as market:
        made = await market.traders[0].create_tokens(longest)
        token = await market.traders[0].position_token(longest, LONG)
        assert token.address == made.long
        assert await token.symbol() == f"{longest}-LONG"


async def test_a_permit_moves_tokens_with_a_signature_alone(market: Market) -> None:
    await traded(market)
    long, _, third = market.traders
    made = await long.create_tokens(SYMBOL)
    await long.wrap(SYMBOL, LONG, 4)
    mine = await long.position_token(SYMBOL, LONG)
    theirs = await third.position_token(SYMBOL, LONG)
    deadline = await market.chain.timestamp() + 1000
    signed = await mine.sign_permit(third.address, 3, deadline)
    assert signed.permit == Permit(long.address, third.address, 3, 0, deadline)
    with pytest.raises(reverts.ERC20InsufficientAllowance):
        await theirs.transfer_from(long.address, third.address, 3)
    other = SignedPermit(Permit(long.address, third.address, 4, 0, deadline), signed.signature)
    with pytest.raises(reverts.ERC2612InvalidSigner):
        await theirs.submit_permit(other)
    await theirs.submit_permit(signed)
    assert await theirs.allowance(long.address, third.address) == 3
    with pytest.raises(reverts.ERC2612InvalidSigner):
        await theirs.submit_permit(signed)  # its nonce is used up
    await theirs.transfer_from(long.address, third.address, 3)
    assert (await mine.balance(), await theirs.balance()) == (1, 3)
    late = await mine.sign_permit(third.address, 1, await market.chain.timestamp())
    await market.chain.mine(timestamp=deadline)
    with pytest.raises(reverts.ERC2612ExpiredSignature):
        await theirs.submit_permit(late)
    assert made.long == mine.address == theirs.address


async def test_what_is_refused_before_anything_is_sent(market: Market) -> None:
    await traded(market)
    trader = market.traders[0]
    made = await trader.create_tokens(SYMBOL)
    token = PositionTokenClient(trader.sender, made.long)
    sent = await trader.sender.transport.request("eth_getTransactionCount", [trader.address, "pending"])
    for step in (trader.wrap, trader.unwrap, trader.redeem):
        for lots in (0, -1, 2**32):
            with pytest.raises(WrongLots, match="lots"):
                await step(SYMBOL, LONG, lots)
        with pytest.raises(WrongType, match="side"):
            await step(SYMBOL, "LONG", 1)  # type: ignore[arg-type]
        with pytest.raises(UnknownSymbol):
            await step("NO-SUCH", LONG, 1)
    with pytest.raises(WrongType, match="side"):
        await trader.token_of(SYMBOL, True)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="to"):
        await trader.wrap(SYMBOL, LONG, 1, "0x12")
    with pytest.raises(WrongLots, match="lots"):
        await token.transfer(trader.address, 0)
    with pytest.raises(ValidationError, match="to"):
        await token.transfer("0x12", 1)
    with pytest.raises(ValidationError, match="spender"):
        await token.sign_permit("0x12", 1, 0)
    permit = Permit(trader.address, trader.address, 1, 0, 0)
    with pytest.raises(ValidationError, match="65 bytes"):
        await token.submit_permit(SignedPermit(permit, b"\x01"))
    now = await trader.sender.transport.request("eth_getTransactionCount", [trader.address, "pending"])
    assert now == sent


def test_a_permits_digest_is_that_of_eip_712() -> None:
    owner, spender, token = (LocalSigner(number).address for number in (1, 2, 3))
    permit = Permit(owner, spender, 7, 2, 1_800_000_000)
    name = "olivepress LLM-FLAGSHIP-DEC26-LONG"
    message = encode_typed_data(
        {"name": name, "version": "1", "chainId": 31337, "verifyingContract": token},
        {
            "Permit": [
                {"name": "owner", "type": "address"},
                {"name": "spender", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "nonce", "type": "uint256"},
                {"name": "deadline", "type": "uint256"},
            ]
        },
        {"owner": owner, "spender": spender, "value": 7, "nonce": 2, "deadline": 1_800_000_000},
    )
    assert permit.digest(name, 31337, token) == bytes(_hash_eip191_message(message))
