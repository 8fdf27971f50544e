"""web3.py on a deployment, next to the package's own clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import pytest
from web3 import AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.middleware import SignAndSendRawMiddlewareBuilder

from market_kit import SYMBOL, Market, open_market
from olivepress import devchain
from olivepress.contracts.artifacts import exchange_abi
from olivepress.errors import ManifestError, WrongType
from olivepress.interop import async_web3_contracts, web3_contracts
from olivepress.signer import LocalSigner

NAMES = {"exchange", "oracle", "lens", "collateral"}


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    """With a block for every transaction: web3.py waits for nothing else."""
    async with open_market(traders=1) as opened:
        await opened.chain.set_automine(True)
        yield opened


def connected(market: Market, key: str) -> Web3:
    w3 = Web3(HTTPProvider(market.chain.url))
    account = w3.eth.account.from_key(key)
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(account), layer=0)
    w3.eth.default_account = account.address
    return w3


async def test_a_deposit_of_web3_is_seen_by_the_reader(market: Market) -> None:
    key = market.chain.keys[1]  # an operator's: it has gas, and no account
    w3 = connected(market, key)
    contracts = web3_contracts(w3, market.deployment)
    assert set(contracts) == NAMES
    amount = 1_234_567_890
    me = LocalSigner(key).address
    token, exchange = contracts["collateral"], contracts["exchange"]
    for call in (
        token.functions.mint(me, amount),
        token.functions.approve(exchange.address, amount),
        exchange.functions.deposit(0, amount),
    ):
        assert w3.eth.wait_for_transaction_receipt(call.transact())["status"] == 1
    account = (await market.reader.principal(me)).account
    assert account == 2
    assert (await market.reader.account(account)).cash == Decimal("1234.56789")


async def test_a_mark_of_web3_is_the_readers(market: Market) -> None:
    contracts = web3_contracts(Web3(HTTPProvider(market.chain.url)), market.deployment)
    await market.chain.mine(timestamp=await market.chain.timestamp() + 60)
    await market.report("3.612")
    tick, _, stale = contracts["lens"].functions.markOf(1).call()
    told = await market.reader.mark(SYMBOL)
    assert tick == (await market.reader.series(SYMBOL)).to_ticks(told.price) != 3_500
    assert stale == told.stale
    assert contracts["oracle"].functions.latest(1).call()[0] == 361_200_000


async def test_the_same_without_waiting_for_each_answer(market: Market) -> None:
    async with AsyncWeb3(WebSocketProvider(market.chain.ws_url)) as w3:
        contracts = await async_web3_contracts(w3, market.deployment)
        assert set(contracts) == NAMES
        tick, _, _ = await contracts["lens"].functions.markOf(1).call()
        assert tick == (await market.reader.series(SYMBOL)).to_ticks((await market.reader.mark(SYMBOL)).price)
        with pytest.raises(WrongType, match="async_web3_contracts"):
            web3_contracts(cast(Any, w3), market.deployment)
    with pytest.raises(WrongType, match="web3_contracts"):
        await async_web3_contracts(cast(Any, Web3()), market.deployment)


async def test_another_chain_is_refused(market: Market) -> None:
    async with devchain.launch(chain_id=1337) as other, devchain.launch(timestamp=1_700_000_000) as twin:
        for chain, field in ((other, "chain_id"), (twin, "genesis")):
            with pytest.raises(ManifestError) as refused:
                web3_contracts(Web3(HTTPProvider(chain.url)), market.deployment)
            assert refused.value.field == field
            async with AsyncWeb3(WebSocketProvider(chain.ws_url)) as w3:
                with pytest.raises(ManifestError, match=field):
                    await async_web3_contracts(w3, market.deployment)


def test_every_desk_is_in_the_exchanges_abi_once() -> None:
    functions = [entry["name"] for entry in exchange_abi() if entry["type"] == "function"]
    assert {"place", "inviteAgent", "settleAccounts", "liquidate", "createTokens"} <= set(functions)
    assert functions.count("transferOwnership") == 1
