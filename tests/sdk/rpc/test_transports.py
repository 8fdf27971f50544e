"""Every transport against a real node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from olivepress import devchain
from olivepress.devchain import DevChain
from olivepress.errors import ConfigurationError, ConnectionFailed, RpcError, SubscriptionsUnsupported
from olivepress.rpc import Transport, connect


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[DevChain]:
    async with devchain.launch(accounts=2, ipc=str(tmp_path / "node.ipc")) as running:
        yield running


@pytest.fixture(params=["http", "ws", "ipc"])
async def transport(request: pytest.FixtureRequest, node: DevChain) -> AsyncIterator[Transport]:
    url = {"http": node.url, "ws": node.ws_url, "ipc": node.ipc_path}[request.param]
    assert url is not None
    async with await connect(url) as opened:
        yield opened


async def test_requests_and_errors(transport: Transport) -> None:
    assert await transport.request("eth_chainId") == "0x7a69"
    with pytest.raises(RpcError, match="node refused") as caught:
        await transport.request("eth_nothing")
    assert caught.value.code in (-32601, -32602)  # Anvil words it by transport
    assert await transport.request("eth_blockNumber") == "0x0"


async def test_batches_keep_their_order(transport: Transport, node: DevChain) -> None:
    calls = [("eth_getBalance", [address, "latest"]) for address in node.accounts] + [("eth_chainId", ())]
    assert await transport.batch(calls) == [hex(10**24), hex(10**24), "0x7a69"]
    assert await transport.batch([]) == []


async def test_errors_in_batches(transport: Transport) -> None:
    calls = [("eth_chainId", ()), ("eth_nothing", ()), ("eth_blockNumber", ())]
    with pytest.raises(RpcError, match="node refused"):
        await transport.batch(calls)
    first, second, third = await transport.batch(calls, return_errors=True)
    assert (first, third) == ("0x7a69", "0x0")
    assert isinstance(second, RpcError)


async def test_many_requests_in_flight(transport: Transport, node: DevChain) -> None:
    addresses = [f"0x{number:040x}" for number in range(1, 201)]
    for number, address in enumerate(addresses):
        await node.set_balance(address, number)
    answers = await asyncio.gather(*(transport.request("eth_getBalance", [a, "latest"]) for a in addresses))
    assert [int(answer, 16) for answer in answers] == list(range(200))


async def test_large_answers(transport: Transport, node: DevChain) -> None:
    code = "0x" + "5b" * 200_000
    await node.transport.request("anvil_setCode", [node.accounts[1], code])
    assert await transport.request("eth_getCode", [node.accounts[1], "latest"]) == code


async def test_subscriptions(transport: Transport, node: DevChain) -> None:
    if not transport.subscribes:
        with pytest.raises(SubscriptionsUnsupported, match="websocket or IPC"):
            await transport.subscribe("newHeads")
        return
    heads = await transport.subscribe("newHeads")
    await node.mine(3)
    numbers = []
    async for head in heads:
        numbers.append(int(head["number"], 16))
        if len(numbers) == 3:
            await heads.close()
    assert numbers == [1, 2, 3]


async def test_a_closed_transport_says_so(transport: Transport) -> None:
    await transport.close()
    with pytest.raises(ConnectionFailed, match="closed") as caught:
        await transport.request("eth_chainId")
    assert not caught.value.sent


@pytest.mark.parametrize("url", ["", "localhost:8545", "ftp://node", "/tmp/socket"])
async def test_addresses_of_no_known_kind(url: str) -> None:
    with pytest.raises(ConfigurationError, match="http://"):
        await connect(url)
