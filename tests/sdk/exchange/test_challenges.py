"""A window that the index hardly covered: challenged and ruled, or let pass; roles. The mirror follows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chain_compare import Follower
from market_kit import DAY, SYMBOL, Market, terms
from olivepress import reverts
from olivepress.errors import OutOfRange, UnknownSymbol, ValidationError, WrongTick, WrongType
from olivepress.types import Phase, Side

D = Decimal
OTHER, THIRD = "OTHER", "THIRD"
BOND = D(1_000)
EVIDENCE = "0x" + "5e" * 32
EXPIRY = terms().to_spec(6).expiry_day * DAY


async def two_lots_each(market: Market) -> Follower:
    """Three series with a long and a short."""
    long, short = market.traders[:2]
    for symbol in (SYMBOL, OTHER, THIRD):
        if symbol != SYMBOL:
            await market.owner.list_series(terms(symbol=symbol))
        await short.place(symbol, Side.SELL, D("3.5"), 2)
        await long.place(symbol, Side.BUY, D("3.5"), 2)
    return Follower.of(market)


async def test_three_ways_out_of_a_thinly_covered_window(market: Market) -> None:
    follower = await two_lots_each(market)
    challenger, other, arbiter = market.traders
    await market.owner.set_arbiter(arbiter.address)
    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await challenger.set_arbiter(challenger.address)
    await follower.check()
    assert follower.mirror.state.arbiter == arbiter.address.lower()
    await challenger.withdraw(3 * BOND)
    with pytest.raises(reverts.NotExpired) as early:
        await challenger.challenge(SYMBOL)
    assert early.value.expiry == EXPIRY
    await market.expire(silent=(2, 3))
    with pytest.raises(reverts.CoverageTooLow) as thin:
        await challenger.settle(SYMBOL)
    assert thin.value.stands_from == EXPIRY + 2 * DAY
    assert (thin.value.fresh_seconds, thin.value.elapsed) == (5 * DAY, 7 * DAY)

    # Bonds.
    with pytest.raises(reverts.ERC20InsufficientBalance):
        await other.challenge(SYMBOL)
    with pytest.raises(reverts.NotChallenged):
        await arbiter.rule(SYMBOL, D("3.5"), EVIDENCE)
    for count, symbol in enumerate((SYMBOL, OTHER, THIRD), start=1):
        posted = await challenger.challenge(symbol)
        assert posted.amount == BOND
        assert await challenger.bonds() == count * BOND
        assert await challenger.balance(challenger.address) == (3 - count) * BOND
        await follower.check()
    await other.withdraw(BOND)
    with pytest.raises(reverts.AlreadyChallenged) as twice:
        await other.challenge(SYMBOL)
    assert twice.value.challenger == 1
    await other.deposit(BOND)
    posted_at = await market.chain.timestamp()

    # A ruling that differs from the average: the bond comes back.
    with pytest.raises(reverts.NotAuthorised):
        await challenger.rule(SYMBOL, D("3.502"), EVIDENCE)
    for price in (D("3.4"), D("3.6")):
        with pytest.raises(reverts.RulingOutOfRange) as bounds:
            await arbiter.rule(SYMBOL, price, EVIDENCE)
    low, high = (D(tick) / 1000 for tick in (bounds.value.lowest, bounds.value.highest))
    first = terms().to_spec(6).window_start
    window = await market.oracle.window(1, first, first + 7)
    assert window.average is not None
    average = window.average.quantize(D("0.001"))
    assert low <= average <= high
    assert low < high
    ruled = await arbiter.rule(SYMBOL, low, EVIDENCE)
    assert (ruled.symbol, ruled.price, ruled.upheld, ruled.evidence) == (SYMBOL, low, True, EVIDENCE)
    assert await challenger.bonds() == 2 * BOND
    await follower.check()
    with pytest.raises(reverts.NotChallenged):
        await arbiter.rule(SYMBOL, low, EVIDENCE)
    assert await challenger.settle(SYMBOL) == low
    await follower.check()

    # One for the average: the bond goes to insurance.
    cash = (await challenger.account(1)).cash
    ruled = await arbiter.rule(OTHER, average, EVIDENCE)
    assert (ruled.price, ruled.upheld) == (average, False)
    assert await challenger.insurance(1) == BOND
    assert await challenger.settle(OTHER) == average
    await follower.check()

    # Silence: after five days the average stands and the bond comes back.
    with pytest.raises(reverts.CoverageTooLow) as open_still:
        await challenger.settle(THIRD)
    assert posted_at - 60 < open_still.value.stands_from - 5 * DAY <= posted_at
    assert await challenger.bonds() == BOND
    await market.chain.set_next_timestamp(open_still.value.stands_from)
    assert await challenger.settle(THIRD) == average
    assert await challenger.bonds() == 0
    assert (await challenger.account(1)).cash == cash + BOND
    await follower.check()
    assert [await challenger.phase(one) for one in (SYMBOL, OTHER, THIRD)] == [Phase.SETTLED] * 3
    await challenger.withdraw(BOND)
    with pytest.raises(reverts.AlreadySettled):
        await challenger.challenge(THIRD)
    assert await challenger.balance(challenger.address) == BOND

    # What is settled is paid, to the last unit.
    await arbiter.settle_accounts([1, 2])
    for symbol in (SYMBOL, OTHER, THIRD):
        for account in (1, 2):
            if follower.mirror.series(symbol).positions[account].claim:
                await arbiter.draw(account, symbol)
        await follower.check()


async def test_a_covered_window_cannot_be_challenged_nor_an_unchallenged_one_be_ruled(market: Market) -> None:
    follower = await two_lots_each(market)
    challenger = market.traders[0]
    await challenger.withdraw(BOND)
    await market.expire()
    with pytest.raises(reverts.NotChallengeable):
        await challenger.challenge(SYMBOL)
    with pytest.raises(reverts.NotAuthorised):
        await challenger.rule(SYMBOL, D("3.5"), EVIDENCE)
    await follower.check()


async def test_an_unchallenged_average_stands_after_two_days(market: Market) -> None:
    follower = await two_lots_each(market)
    trader = market.traders[0]
    await trader.withdraw(BOND)
    await market.expire(silent=(6,))
    await market.chain.mine(timestamp=EXPIRY + 2 * DAY)
    with pytest.raises(reverts.NotChallengeable):
        await trader.challenge(SYMBOL)
    assert D("3.5") <= await trader.settle(SYMBOL) <= D("3.506")
    await follower.check()


async def test_bad_rulings_are_refused_before_anything_is_sent(market: Market) -> None:
    arbiter = market.traders[2]
    for evidence in ("0x12", "not a hash", "0x" + "gg" * 32):
        with pytest.raises(ValidationError, match="evidence"):
            await arbiter.rule(SYMBOL, D("3.5"), evidence)
    with pytest.raises(WrongType, match="evidence"):
        await arbiter.rule(SYMBOL, D("3.5"), b"\x05" * 32)  # type: ignore[arg-type]
    with pytest.raises(WrongTick, match="price"):
        await arbiter.rule(SYMBOL, D("3.5005"), EVIDENCE)
    with pytest.raises(OutOfRange, match="price"):
        await arbiter.rule(SYMBOL, D("30.001"), EVIDENCE)
    with pytest.raises(UnknownSymbol):
        await arbiter.challenge("NO-SUCH")


async def test_the_guardians_brake(market: Market) -> None:
    follower = Follower.of(market)
    guardian, trader, _ = market.traders
    with pytest.raises(reverts.NotAuthorised):
        await guardian.set_reduce_only(SYMBOL, True)
    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await guardian.set_guardian(guardian.address)
    with pytest.raises(ValidationError, match="guardian"):
        await market.owner.set_guardian("0x12")
    await market.owner.set_guardian(guardian.address)
    with pytest.raises(WrongType, match="on"):
        await guardian.set_reduce_only(SYMBOL, 1)  # type: ignore[arg-type]
    until = await guardian.set_reduce_only(SYMBOL, True)
    assert until == await market.chain.timestamp() + 7 * DAY
    await follower.check()
    assert follower.mirror.series(SYMBOL).reduce_only_until == until
    assert follower.mirror.state.guardian == guardian.address.lower()
    with pytest.raises(reverts.ReduceOnlySeries):
        await trader.place(SYMBOL, Side.BUY, D("3.5"), 1)
    assert await guardian.set_reduce_only(SYMBOL, False) == 0
    await follower.check()
    assert (await trader.place(SYMBOL, Side.BUY, D("3.5"), 1)).resting == 1
