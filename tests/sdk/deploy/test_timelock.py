"""Exchange and oracle owned by a timelock: what the owner does is public first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from market_kit import Market, open_market, terms
from olivepress import reverts
from olivepress.deploy import deploy_all, deploy_timelock
from olivepress.devchain import DevChain
from olivepress.errors import ConfigurationError, OutOfRange
from olivepress.exchange import ExchangeClient
from olivepress.oracle import OracleClient
from olivepress.signer import LocalSigner
from olivepress.timelock import OperationState, TimelockClient
from olivepress.tx import TransactionSender
from olivepress.units import day_of

TWO_DAYS = 2 * 86_400


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with open_market(traders=0) as opened:
        yield opened


def sender_of(chain: DevChain, key: int) -> TransactionSender:
    signer = LocalSigner(chain.keys[key])
    return TransactionSender(chain.transport, signer, chain.chain_id, before_wait=chain.mine_pending)


async def test_a_market_is_set_up_and_listed_through_the_delay(chain: DevChain) -> None:
    proposer, stranger = sender_of(chain, 0), sender_of(chain, 1)
    address = await deploy_timelock(proposer, delay=TWO_DAYS, proposers=[proposer.address])
    deployment = await deploy_all(proposer, owner=address)
    timelock, anyone = TimelockClient(proposer, address), TimelockClient(stranger, address)
    exchange = ExchangeClient(proposer, deployment)
    oracle = OracleClient(chain.transport, deployment, proposer)

    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await oracle.add_operator_set([proposer.address], 1)
    setup = timelock.operation(
        oracle.calls.add_operator_set([LocalSigner(key).address for key in chain.keys[:4]], 3),
        oracle.calls.add_feed(
            "LLM-FLAGSHIP", 1, heartbeat=86_400, deviation_bps=2_000, methodology="0x" + "11" * 32
        ),
        exchange.calls.set_guardian(stranger.address),
    )
    assert await timelock.state(setup) is OperationState.UNKNOWN
    with pytest.raises(reverts.AccessControlUnauthorizedAccount):
        await anyone.schedule(setup)
    with pytest.raises(reverts.TimelockInsufficientDelay):
        await timelock.schedule(setup, delay=TWO_DAYS - 1)
    ready = await timelock.schedule(setup)
    assert await timelock.state(setup) is OperationState.WAITING
    await chain.mine(timestamp=ready - 1)
    with pytest.raises(reverts.TimelockUnexpectedOperationState):
        await anyone.execute(setup)
    await chain.mine(timestamp=ready)
    assert await timelock.state(setup) is OperationState.READY
    operator_set, feed, _ = await anyone.execute(setup)
    assert (operator_set, feed.id, feed.symbol) == (1, 1, "LLM-FLAGSHIP")
    assert await timelock.state(setup) is OperationState.DONE
    assert (await oracle.feed("LLM-FLAGSHIP")).id == 1
    assert int(await exchange.exchange.value("guardian"), 16) == int(stranger.address, 16)

    # The guardian acts at once; everything of the owner's waits. What is scheduled can be taken back.
    window = day_of(terms().window_start)
    assert await chain.timestamp() < window * 86_400
    listing = timelock.operation(exchange.calls.list_series(terms()))
    await timelock.schedule(listing)
    with pytest.raises(reverts.AccessControlUnauthorizedAccount):
        await anyone.cancel(listing)
    await timelock.cancel(listing)
    assert await timelock.state(listing) is OperationState.UNKNOWN
    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await exchange.list_series(terms())


async def test_the_owner_of_a_running_market_hands_over(market: Market) -> None:
    sender = market.owner.sender
    address = await deploy_timelock(sender, delay=TWO_DAYS, proposers=[sender.address])
    timelock = TimelockClient(sender, address)
    await market.owner.transfer_ownership(address)
    await market.oracle.transfer_ownership(address)
    taking = timelock.operation(market.owner.calls.accept_ownership(), market.oracle.calls.accept_ownership())
    await market.chain.mine(timestamp=await timelock.schedule(taking))
    await timelock.execute(taking)
    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await market.owner.set_arbiter(sender.address)
    with pytest.raises(reverts.OwnableUnauthorizedAccount):
        await market.oracle.set_halted(1, True)

    await market.report("3.5")
    again = timelock.operation(market.owner.calls.list_series(terms(symbol="LLM-FLAGSHIP-AGAIN")))
    await market.chain.mine(timestamp=await timelock.schedule(again))
    (series,) = await timelock.execute(again)
    assert (series.symbol, series.id) == ("LLM-FLAGSHIP-AGAIN", 2)
    # Each call of an operation has its own result.
    months = [terms(symbol=f"LLM-FLAGSHIP-{month}") for month in ("NEXT", "LAST")]
    both = timelock.operation(*map(market.owner.calls.list_series, months))
    await market.chain.mine(timestamp=await timelock.schedule(both))
    listed = await timelock.execute(both)
    assert [(one.id, one.symbol) for one in listed] == [(3, "LLM-FLAGSHIP-NEXT"), (4, "LLM-FLAGSHIP-LAST")]
    # A call that the exchange refuses says why, and stays to be executed.
    bad = timelock.operation(market.owner.calls.withdraw_treasury(sender.address, Decimal(1)), salt=7)
    await market.chain.mine(timestamp=await timelock.schedule(bad))
    with pytest.raises(reverts.InsufficientCash):
        await timelock.execute(bad)
    assert await timelock.state(bad) is OperationState.READY


async def test_bad_arguments_are_refused_before_anything_is_sent(chain: DevChain) -> None:
    sender = sender_of(chain, 0)
    with pytest.raises(ConfigurationError, match="proposers"):
        await deploy_timelock(sender, delay=1, proposers=[])
    with pytest.raises(OutOfRange, match="delay"):
        await deploy_timelock(sender, delay=-1, proposers=[sender.address])
    timelock = TimelockClient(sender, "0x" + "11" * 20)
    with pytest.raises(OutOfRange, match="calls"):
        timelock.operation()
