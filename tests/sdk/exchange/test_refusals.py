"""Orders and money where they do not belong, and a connection that breaks under an order: nothing is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from flaky_transport import Flaky, broken, unreachable
from market_kit import DAY, SYMBOL, Market, terms
from olivepress import reverts
from olivepress.contracts import packing
from olivepress.contracts.artifacts import load
from olivepress.errors import (
    ConnectionFailed,
    OutcomeUnknown,
    TransactionDropped,
    UnknownSymbol,
)
from olivepress.exchange import ExchangeClient
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender
from olivepress.types import Phase, Side

D = Decimal
EXPIRY = terms().to_spec(6).expiry_day * DAY


async def test_another_token_is_no_money(market: Market) -> None:
    """Plenty of some other token, and approved: the deposit asks for the collateral all the same."""
    trader = market.traders[0]
    usdc = load("MockUSDC")
    other = (await trader.sender.execute(None, usdc.creation_code({}))).contract_address
    assert other is not None
    encode = usdc.interface.encode
    await trader.sender.execute(other, encode("mint", trader.address, 10**12))
    await trader.sender.execute(other, encode("approve", market.deployment.exchange, 10**12))
    before = (await trader.account(1)).cash
    with pytest.raises(reverts.ERC20InsufficientBalance) as refused:
        await trader.deposit(D(10))
    assert (refused.value.balance, refused.value.needed) == (0, 10_000_000)
    assert (await trader.account(1)).cash == before


async def test_orders_on_a_series_nobody_listed(market: Market) -> None:
    trader = market.traders[0]
    sent = await market.chain.block_number()
    with pytest.raises(UnknownSymbol) as unknown:
        await trader.place("LLM-FLAGSHIP-JAN27", Side.BUY, D("3.5"), 1)
    assert unknown.value.value == "LLM-FLAGSHIP-JAN27"
    assert SYMBOL in unknown.value.allowed
    assert await market.chain.block_number() == sent
    past_the_client = packing.place(2, 0, 3_500, 1, 0, 0, 0)
    with pytest.raises(reverts.UnknownSeries) as refused:
        await trader.sender.execute(market.deployment.exchange, past_the_client, gas=1_000_000)
    assert refused.value.series == 2


async def test_orders_on_an_expired_series(market: Market) -> None:
    trader = market.traders[0]
    resting = await trader.place(SYMBOL, Side.BUY, D("3.49"), 1)
    assert resting.order_id is not None
    await market.chain.mine(timestamp=EXPIRY)
    assert await trader.phase(SYMBOL) is Phase.EXPIRED
    with pytest.raises(reverts.SeriesExpired) as refused:
        await trader.place(SYMBOL, Side.BUY, D("3.5"), 1)
    assert (refused.value.series, refused.value.expiry) == (1, EXPIRY)
    assert (await trader.cancel(resting.order_id)).lots == 1
    view = await trader.account(1)
    assert view.withdrawable == view.cash == 100_000


@dataclass
class Wired:
    """A trader on a connection of its own, which a test can break."""

    wire: Flaky
    client: ExchangeClient


@pytest.fixture
async def wired(market: Market) -> AsyncIterator[Wired]:
    async with Flaky(market.chain.ws_url) as wire:
        signer = LocalSigner(market.chain.keys[8])
        sender = TransactionSender(wire, signer, market.chain.chain_id, before_wait=market.chain.mine_pending)
        client = ExchangeClient(sender, market.deployment)
        await client.series_list()
        yield Wired(wire, client)
        await sender.close()


async def test_an_order_that_surely_never_left_can_be_placed_again(wired: Wired, market: Market) -> None:
    wired.wire.lose, wired.wire.deliver = unreachable, False
    with pytest.raises(ConnectionFailed) as lost:
        await wired.client.place(SYMBOL, Side.BUY, D("3.49"), 2)
    assert not lost.value.sent
    wired.wire.lose = None
    await wired.client.place(SYMBOL, Side.BUY, D("3.49"), 2)
    assert [order.lots for order in (await wired.client.account(1)).orders] == [2]


async def test_an_order_whose_answer_got_lost_is_in_the_book_once(wired: Wired, market: Market) -> None:
    wired.wire.lose = broken
    with pytest.raises(OutcomeUnknown) as lost:
        await wired.client.place(SYMBOL, Side.BUY, D("3.49"), 2)
    wired.wire.lose = None
    assert (await lost.value.resolve(timeout=5)).succeeded
    await wired.client.place(SYMBOL, Side.BUY, D("3.48"), 3)
    assert [order.lots for order in (await wired.client.account(1)).orders] == [2, 3]


async def test_an_order_that_got_lost_itself_never_turns_up_later(wired: Wired, market: Market) -> None:
    wired.wire.lose, wired.wire.deliver = broken, False
    with pytest.raises(OutcomeUnknown) as lost:
        await wired.client.place(SYMBOL, Side.BUY, D("3.49"), 2)
    (intent,) = wired.client.sender.journal.open_intents()
    wired.wire.lose = None
    with pytest.raises(TransactionDropped):
        await lost.value.resolve(timeout=5)
    with pytest.raises(Exception, match="nonce too low"):
        await market.chain.transport.request("eth_sendRawTransaction", ["0x" + intent.raw.hex()])
    assert (await wired.client.account(1)).orders == ()
    assert (await wired.client.account(1)).cash == 100_000
