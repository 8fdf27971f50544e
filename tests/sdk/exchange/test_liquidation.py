"""An account from its first loss to a declared deficit and back, as keepers see it; the mirror follows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chain_compare import Follower
from market_kit import DAY, SYMBOL, Market, open_market, terms
from olivepress import reverts
from olivepress.errors import OutOfRange, UnknownAccount, UnknownSymbol, WrongLots, WrongTick, WrongType
from olivepress.exchange import ExchangeClient, Place
from olivepress.types import Side

D = Decimal
VICTIM, OTHER, KEEPER = 1, 2, 3
MINUTE = 60


async def fall(market: Market, *values: str) -> None:
    """Rounds a second apart, each within the deviation bound of the one before."""
    for value in values:
        await market.chain.mine(timestamp=await market.chain.timestamp() + 1)
        await market.report(value)
    await market.owner.refresh_mark(SYMBOL)


async def opened(market: Market, lots: int = 80) -> Follower:
    """The first trader bought from the second, on nearly all its money."""
    victim, other, _ = market.traders
    for _ in range(2):  # the second half is a smaller share of the open interest
        await other.place(SYMBOL, Side.SELL, D("3.5"), lots // 2)
        bought = await victim.place(SYMBOL, Side.BUY, D("3.5"), lots // 2)
        assert bought.filled == lots // 2
    follower = Follower.of(market)
    await follower.check()
    return follower


async def test_an_account_in_health_is_left_alone(market: Market) -> None:
    follower = await opened(market)
    keeper = market.traders[2]
    steps = (
        keeper.cancel_orders(VICTIM),
        keeper.liquidate(VICTIM, SYMBOL, 1, D("3.4")),
        keeper.auction(VICTIM, 1, D("0.5")),
        keeper.flag(VICTIM),
        keeper.declare(VICTIM, 1),
    )
    for step in steps:
        with pytest.raises(reverts.Healthy) as fine:
            await step
        assert fine.value.account == VICTIM
        assert fine.value.equity == 99_860_000_000  # 100,000 less 0.05% of 280,000
    await follower.check()


async def test_bad_arguments_are_refused_before_anything_is_sent(market: Market) -> None:
    keeper = market.traders[2]
    sent = await keeper.sender.transport.request("eth_getTransactionCount", [keeper.address, "pending"])
    for fraction, kind in ((D(0), OutOfRange), (D("1.000001"), OutOfRange), (D("0.0000001"), OutOfRange)):
        with pytest.raises(kind, match="fraction"):
            await keeper.auction(VICTIM, 1, fraction)
    with pytest.raises(WrongType, match="fraction"):
        await keeper.auction(VICTIM, 1, 0.5)  # type: ignore[arg-type]
    with pytest.raises(OutOfRange, match="feed"):
        await keeper.auction(VICTIM, 0, D("0.5"))
    with pytest.raises(WrongLots, match="lots"):
        await keeper.liquidate(VICTIM, SYMBOL, 0, D("3.4"))
    with pytest.raises(WrongTick, match="limit"):
        await keeper.liquidate(VICTIM, SYMBOL, 1, D("3.4005"))
    with pytest.raises(OutOfRange, match="max_steps"):
        await keeper.liquidate(VICTIM, SYMBOL, 1, D("3.4"), max_steps=-1)
    with pytest.raises(UnknownSymbol):
        await keeper.liquidate(VICTIM, "NO-SUCH", 1, D("3.4"))
    for step in (keeper.cancel_orders(9), keeper.flag(9), keeper.declare(9, 1), keeper.auction(9, 1, D(1))):
        with pytest.raises(UnknownAccount, match="1 to 3"):
            await step
    with pytest.raises(UnknownAccount, match="1 to 3"):
        await keeper.declared(9, 1)
    now = await keeper.sender.transport.request("eth_getTransactionCount", [keeper.address, "pending"])
    assert now == sent


async def test_orders_go_first_while_the_position_is_still_covered(market: Market) -> None:
    follower = await opened(market)
    victim, _, keeper = market.traders
    await victim.place(SYMBOL, Side.BUY, D("3.4"), 5)
    await fall(market, "3", "2.523")
    view = await keeper.account(VICTIM)
    assert view.equity == D(100_000 - 140 - 80 * 977)
    assert view.maintenance_margin == D("20184")  # 10% of 80 lots
    assert view.orders_margin == D("22076.25")  # 10% of 85 lots and 5% of 5
    with pytest.raises(reverts.Healthy) as covered:
        await keeper.liquidate(VICTIM, SYMBOL, 1, D("2.5"))
    assert covered.value.margin == 20_184_000_000
    await keeper.cancel_orders(VICTIM)
    after = await keeper.account(VICTIM)
    assert after.orders == ()
    assert after.orders_margin == after.maintenance_margin == D("20184")
    await follower.check()
    assert follower.mirror.orders(VICTIM) == []
    with pytest.raises(reverts.Healthy):
        await keeper.cancel_orders(VICTIM)


async def test_a_keeper_closes_through_the_book_and_earns_a_tenth_of_the_margin(market: Market) -> None:
    follower = await opened(market)
    victim, other, keeper = market.traders
    await fall(market, "3", "2.45")
    with pytest.raises(reverts.NothingTraded):
        await keeper.liquidate(VICTIM, SYMBOL, 10, D("2.4"))
    with pytest.raises(reverts.NotAuthorised):
        await victim.liquidate(VICTIM, SYMBOL, 10, D("2.4"))
    with pytest.raises(reverts.NoAccount):
        await market.owner.liquidate(VICTIM, SYMBOL, 10, D("2.4"))
    await other.place(SYMBOL, Side.BUY, D("2.43"), 40)
    with pytest.raises(reverts.NothingTraded):
        await keeper.liquidate(VICTIM, SYMBOL, 10, D("2.431"))
    done = await keeper.liquidate(VICTIM, SYMBOL, 10, D("2.4"))
    assert (done.account, done.symbol, done.lots) == (VICTIM, SYMBOL, 10)
    assert done.reward == D(245)  # a tenth of 10% of 10 lots at 2.45
    assert [(fill.price, fill.lots, fill.maker) for fill in done.fills] == [(D("2.43"), 10, OTHER)]
    assert done.fills[0].fee == D("12.15")
    await follower.check()
    assert await keeper.flagged_at(VICTIM) > 0
    (earned,) = (await keeper.account(KEEPER)).positions
    assert (earned.lots, earned.quote) == (0, D(245))
    rest = await keeper.liquidate(VICTIM, SYMBOL, 1_000, D(0))  # any price: the band's edge
    assert rest.lots == 30
    assert follower.mirror.trades[-1].fill.lots == 10
    await follower.check()
    assert follower.mirror.trades[-1].fill.lots == 30
    assert follower.mirror.position(VICTIM, SYMBOL).lots == 40


async def test_a_bad_price_would_cost_the_account_more_than_the_margin_freed() -> None:
    wide = {"band": D(15), "initial_margin": D(50), "maintenance_margin": D(10)}
    async with open_market(3, **wide) as market:
        follower = await opened(market, 40)
        other, keeper = market.traders[1:]
        await fall(market, "2.9", "2.4", "2", "1.7", "1.5", "1.3", "1.1")
        await other.place(SYMBOL, Side.BUY, D("0.95"), 5)
        with pytest.raises(reverts.LiquidationLoss) as dear:
            await keeper.liquidate(VICTIM, SYMBOL, 5, D(0))
        assert dear.value.loss > dear.value.allowed
        await follower.check()


async def watch(market: Market, keeper: ExchangeClient, until: int) -> None:
    """Somebody looks every nine minutes, so that the clocks run on; the next block is of that second."""
    while (now := await market.chain.timestamp()) + 9 * MINUTE < until:
        await market.chain.set_next_timestamp(now + 9 * MINUTE)
        await keeper.flag(VICTIM)
    await market.chain.set_next_timestamp(until)


async def test_an_auction_from_flag_to_bid(market: Market) -> None:
    follower = await opened(market)
    victim, _, keeper = market.traders
    await fall(market, "3", "2.5")
    flagged = await keeper.flag(VICTIM)
    now = await market.chain.timestamp()
    assert flagged.since == now == await keeper.flagged_at(VICTIM)
    await follower.check()
    assert (await keeper.flag(VICTIM)).since is None  # runs already
    with pytest.raises(reverts.NotAuthorised):
        await victim.auction(VICTIM, 1, D(1))
    poor = ExchangeClient(market.sender(market.chain.keys[1]), market.deployment)
    await market.fund(poor, D(100))
    with pytest.raises(reverts.InsufficientMargin) as short:
        await poor.auction(VICTIM, 1, D("0.5"))
    assert short.value.account == 4
    await follower.check()
    before = await keeper.account(VICTIM)
    await watch(market, keeper, now + 15 * MINUTE)
    bid = await keeper.auction(VICTIM, 1, D("0.251"))
    assert (bid.account, bid.feed, bid.fraction) == (VICTIM, 1, D("0.251"))
    assert [(one.symbol, one.lots, one.price) for one in bid.moved] == [(SYMBOL, 20, D("2.5"))]
    assert (bid.paid, bid.insured) == (D(2_500), D(0))  # half of 10% of 20 lots, after half of the time
    await follower.check()
    after = await keeper.account(VICTIM)
    assert after.equity == before.equity - bid.paid
    assert after.equity - after.maintenance_margin >= before.equity - before.maintenance_margin
    taken = (await keeper.account(KEEPER)).positions[0]
    assert (taken.lots, taken.value) == (20, D(2_500))
    assert follower.mirror.position(KEEPER, SYMBOL).lots == 20
    with pytest.raises(reverts.Healthy):
        await keeper.auction(VICTIM, 1, D(1))
    assert await keeper.flagged_at(VICTIM) == 0  # the slice was enough
    await follower.check()


async def test_below_zero_insurance_pays_and_what_is_left_is_declared(market: Market) -> None:
    follower = await opened(market)
    _, other, keeper = market.traders
    await fall(market, "3", "2.5")
    await keeper.flag(VICTIM)
    since = await keeper.flagged_at(VICTIM)
    await fall(market, "2.1", "2")
    view = await keeper.account(VICTIM)
    assert view.equity == D(100_000 - 140 - 80 * 1_500)
    with pytest.raises(reverts.TooEarly) as wait:
        await keeper.declare(VICTIM, 1)
    assert wait.value.allowed_from == 0  # nobody has said yet that it is below zero
    below = await keeper.flag(VICTIM)
    assert below.since == since
    assert below.negative_since == await keeper.negative_since(VICTIM) > since
    negative = below.negative_since
    with pytest.raises(reverts.TooEarly) as wait:
        await keeper.declare(VICTIM, 1)
    assert wait.value.allowed_from == negative + 30 * MINUTE

    # Through the book at no equity: no fees, no reward, and at the mark or better.
    await other.place(SYMBOL, Side.BUY, D("2"), 10)
    closed = await keeper.liquidate(VICTIM, SYMBOL, 10, D(0))
    assert (closed.lots, closed.reward, closed.fills[0].fee) == (10, 0, 0)
    await follower.check()
    assert follower.mirror.trades[-1].fill.taker_fee == 0
    assert (await keeper.account(VICTIM)).equity == view.equity

    # A bid at no equity: insurance pays the discount as far as it goes.
    await other.withdraw(D(400))
    await other.top_up_insurance(1, D(400))
    await watch(market, keeper, since + 20 * MINUTE)
    bid = await keeper.auction(VICTIM, 1, D("0.1"))
    assert (bid.paid, bid.insured, bid.moved[0].lots) == (D(0), D(400), 7)
    assert await keeper.insurance(1) == 0
    await follower.check()
    assert (await keeper.account(VICTIM)).equity == view.equity

    await watch(market, keeper, negative + 30 * MINUTE)
    declaration = await keeper.declare(VICTIM, 1)
    assert (declaration.account, declaration.feed, declaration.amount) == (VICTIM, 1, -view.equity)
    assert await keeper.declared(VICTIM, 1) == await keeper.deficit(1) == D(20_140)
    await follower.check()
    with pytest.raises(reverts.Healthy):
        await keeper.declare(VICTIM, 1)  # nothing changed
    assert (await keeper.status(SYMBOL)).reduce_only
    with pytest.raises(reverts.ReduceOnlySeries):
        await keeper.place(SYMBOL, Side.BUY, D("2"), 1)

    # Insurance beyond the deficit lifts the brake; so does a cure.
    await other.withdraw(D(20_140))
    await other.top_up_insurance(1, D(20_140))
    assert not (await keeper.status(SYMBOL)).reduce_only
    await follower.check()
    await other.withdraw(D(34_000))
    await other.deposit(D(34_000), account=VICTIM)
    cured = await keeper.declare(VICTIM, 1)
    assert cured.amount == await keeper.deficit(1) == await keeper.declared(VICTIM, 1) == 0
    assert (await keeper.flag(VICTIM)).since == 0
    assert await keeper.flagged_at(VICTIM) == await keeper.negative_since(VICTIM) == 0
    await follower.check()


async def test_gas_limits_of_liquidation_fit() -> None:
    """The worst that an account can be: ten series of the feed in their averaging windows, each with a
    position and an order."""
    async with open_market(3, D(10_000_000)) as market:
        victim, other, keeper = market.traders
        symbols = [SYMBOL, *(f"OTHER-{number}" for number in range(9))]
        for symbol in symbols:
            if symbol != SYMBOL:
                await market.owner.list_series(terms(symbol=symbol))
            await other.place(symbol, Side.SELL, D("3.5"), 40)
            await victim.place(symbol, Side.BUY, D("3.5"), 40)
            await victim.place(symbol, Side.BUY, D("3.4"), 1)
        await victim.withdraw((await victim.account(VICTIM)).withdrawable)
        used: dict[str, Decimal] = {}

        async def note(name: str, tx_hash: str) -> None:
            request = market.chain.transport.request
            receipt = await request("eth_getTransactionReceipt", [tx_hash])
            sent = await request("eth_getTransactionByHash", [tx_hash])
            used[name] = D(int(receipt["gasUsed"], 16)) / int(sent["gas"], 16)

        for day in range(await market.chain.timestamp() // DAY + 1, terms().to_spec(6).window_start + 2):
            await market.chain.mine(timestamp=day * DAY)
            await market.report("3.5")
        await fall(market, "2.9", "2.4", "2.2")
        await note("flag", (await keeper.flag(VICTIM)).tx_hash)
        low = (await keeper.mark(SYMBOL)).price - D("0.02")
        await other.batch(SYMBOL, [Place(Side.BUY, low + at * D("0.001"), 1) for at in range(30)])
        snapshot = await market.chain.snapshot()
        await note("orders", (await keeper.cancel_orders(VICTIM)).tx_hash)
        await market.chain.revert(snapshot)
        keeper = ExchangeClient(market.sender(market.chain.keys[10]), market.deployment)
        snapshot = await market.chain.snapshot()
        await note("auction", (await keeper.auction(VICTIM, 1, D("0.1"))).tx_hash)
        await market.chain.revert(snapshot)
        keeper = ExchangeClient(market.sender(market.chain.keys[10]), market.deployment)
        closed = await keeper.liquidate(VICTIM, SYMBOL, 30, D(0))
        await note("liquidate", closed.tx_hash)
        assert closed.lots == 30
        assert {name: share for name, share in used.items() if share > D("0.8")} == {}
        assert used["auction"] > D("0.25")
