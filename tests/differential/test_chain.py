"""A chain's own history on the model: what people and keepers did through the SDK's clients on Anvil.

Every transaction that was mined is read back, decoded, and called on the model at the time of its block.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from crowd_kit import SYMBOL, Crowd, Distress
from differential.actions import Action
from differential.interfaces import interface_of
from differential.invariants import Invariants
from differential.model_side import ModelSide
from differential.outcome import Outcome, heard, named_error, plain
from differential.updates import unpack
from differential.words import Words
from market_kit import DAY, Market, open_market
from olivepress.events import EventStream
from olivepress.reverts import decode
from olivepress.types import SeriesSpec

OPERATORS = 7  # of the market's set
ACTIONS = 150
TERMS: dict[type[Crowd], dict[str, Any]] = {
    Crowd: {},
    Distress: {
        "initial_margin": Decimal(8),
        "maintenance_margin": Decimal(4),
        "spread_margin": Decimal(1),
        "band": Decimal(1),
        "gap": Decimal(1),
        "concentration": Decimal(0),
        "price_cap": Decimal(8),
    },
}

MONEY: dict[type[Crowd], int] = {Crowd: 30_000, Distress: 4_000}


async def history(market: Market, model: ModelSide) -> AsyncIterator[tuple[Action, Outcome]]:
    """Every transaction to exchange, oracle, collateral and tokens since the deployment, with what came of
    it. Run each on the model before the next: it tells which tokens there are."""
    places = {
        market.deployment.exchange.lower(): "exchange",
        market.deployment.oracle.lower(): "oracle",
        market.deployment.collateral.lower(): "usdc",
    }
    transport = market.chain.transport
    newest = int(await transport.request("eth_blockNumber"), 16)
    for number in range(market.deployment.block, newest + 1):
        block = await transport.request("eth_getBlockByNumber", [hex(number), True])
        for tx in block["transactions"]:
            to = (tx["to"] or "").lower()
            tokens = {one.address for one in model.exchange.state.tokens.values()}
            target = "token" if to in tokens else places.get(to)
            if target is None:
                continue
            action = read_action(target, tx, int(block["timestamp"], 16))
            receipt = await transport.request("eth_getTransactionReceipt", [tx["hash"]])
            events = tuple(heard(one) for one in receipt["logs"])
            error, values = "", ()
            if receipt["status"] != "0x1":
                error, values = await refusal(market, tx["hash"])
            yield action, Outcome(error, values, events)


async def refusal(market: Market, transaction: str) -> tuple[str, tuple[Any, ...]]:
    """The named error of a reverted transaction, with its values."""
    options = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
    trace = await market.chain.transport.request("debug_traceTransaction", [transaction, options])
    return named_error(decode(bytes.fromhex(trace["output"][2:])))


def read_action(target: str, tx: dict[str, Any], time: int) -> Action:
    data = bytes.fromhex(tx["input"][2:])
    entry = next(one for one in interface_of(target).functions.values() if one.selector == data[:4])
    values = entry.decode_input(data[4:])
    args = [_spec(one) if isinstance(one, dict) else plain(one) for one in values.values()]
    if target == "oracle" and entry.name == "update":
        args = [unpack(args[0], OPERATORS)]
    if target == "token":
        args.insert(0, tx["to"].lower())
    return Action(time, tx["from"].lower(), f"{target}.{entry.name}", tuple(args))


def _spec(struct: dict[str, Any]) -> Any:
    return SeriesSpec(*struct.values()) if "tickSize" in struct else tuple(struct.values())


async def assert_same_words(market: Market, model: ModelSide) -> int:
    """Every word of the exchange that the model knows about is on the chain."""
    today = await market.chain.timestamp() // DAY
    addresses = {"exchange": market.deployment.exchange, "oracle": market.deployment.oracle}
    days = range(today - 3, today + 2)
    groups = Words(model.exchange, model.oracle, addresses).everything(
        list(model.exchange.state.principals), days
    )
    expected = [word for group in groups for word in group.words]
    calls = [("eth_getStorageAt", [one.address, hex(one.slot), "latest"]) for one in expected]
    answers = []
    for start in range(0, len(calls), 500):
        answers += await market.chain.transport.batch(calls[start : start + 500])
    found = [int(one, 16) & word.mask for one, word in zip(answers, expected, strict=True)]
    wrong = [
        (word.what, word.expected & word.mask, one)
        for one, word in zip(found, expected, strict=True)
        if one != word.expected & word.mask
    ]
    assert wrong == []
    return len(expected)


@pytest.mark.parametrize("crowd", [Crowd, Distress])
async def test_the_model_makes_of_a_chain_what_the_chain_made(crowd: type[Crowd]) -> None:
    async with open_market(4, Decimal(MONEY[crowd]), symbol=SYMBOL, **TERMS[crowd]) as market:
        mirror = market.mirror()
        stream = EventStream(market.chain.transport, [market.deployment.exchange], market.deployment.block)
        await mirror.sync(stream)
        for trader in market.traders:
            await trader.series_list()
        people = crowd(market, mirror, seed=5)
        if crowd is Distress:
            people = crowd(market, mirror, seed=5, step=300, lots=14)
            await market.owner.create_tokens(SYMBOL)
            for rich in market.traders[2:]:  # a wrapped lot is paid for in full
                await market.fund(rich, Decimal(60_000))
            await mirror.sync(stream)
        for _ in range(ACTIONS):
            await people.act()
            await mirror.sync(stream)
        addresses = {
            "exchange": market.deployment.exchange.lower(),
            "oracle": market.deployment.oracle.lower(),
            "usdc": market.deployment.collateral.lower(),
            "factory": market.deployment.contracts["TokenFactory"].address.lower(),
        }
        owner = market.owner.address.lower()
        model = ModelSide(addresses, owner=owner, chain_id=market.chain.chain_id, max_lag=3_600)
        promises = Invariants(model.exchange, model.oracle)
        compared = refused = 0
        async for action, chain in history(market, model):
            outcome = model.run(action)
            assert outcome.error == chain.error, (action, outcome, chain)
            if chain.error:
                assert outcome.values == chain.values, action
                refused += 1
            assert outcome.events == chain.events, action
            assert promises.always(action.at) is None, action
            compared += 1
        assert compared >= ACTIONS
        assert refused >= 5
        assert await assert_same_words(market, model) > 100
