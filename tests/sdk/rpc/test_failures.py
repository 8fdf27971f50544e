"""Nodes that are down, die, hang, or talk nonsense."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from olivepress.errors import ConnectionFailed, RequestTimeout, RpcError
from olivepress.rpc import GAP, FakeTransport, TransportOptions, connect, is_read, mask_url
from olivepress.rpc.duplex import JsonFramer, WebSocketTransport
from olivepress.rpc.http import HttpTransport

QUICK = TransportOptions(timeout=0.5, retries=2, backoff=0.02, backoff_limit=0.05)

Answer = Callable[[dict[str, Any]], Awaitable[Any]]


class Node:
    """A websocket node whose answers a test writes; `answer` returns the result, or None to stay silent."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.methods: list[str] = []
        self.connections: list[ServerConnection] = []
        self.port = 0

    async def handle(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        async for message in connection:
            request = orjson.loads(message)
            self.methods.append(request["method"])
            result = await self.answer(request)
            if result is not None:
                body = {"jsonrpc": "2.0", "id": request["id"], "result": result}
                await connection.send(orjson.dumps(body), text=True)

    def running(self, port: int = 0) -> AbstractAsyncContextManager[WebSocketTransport]:
        @asynccontextmanager
        async def manager() -> Any:
            async with serve(self.handle, "127.0.0.1", port) as server:
                self.port = server.sockets[0].getsockname()[1]
                async with WebSocketTransport(f"ws://127.0.0.1:{self.port}", QUICK) as transport:
                    yield transport

        return manager()


async def echo(request: dict[str, Any]) -> Any:
    return request["method"]


@pytest.mark.parametrize("scheme", ["http", "ws", "ipc"])
async def test_a_node_that_is_down_is_named_without_its_credentials(scheme: str) -> None:
    url = (
        "ipc:///nowhere/node.ipc" if scheme == "ipc" else f"{scheme}://user:secret@127.0.0.1:1/v1?key=secret"
    )
    with pytest.raises(ConnectionFailed) as caught:
        await connect(url, QUICK)
    assert not caught.value.sent
    assert "secret" not in str(caught.value)
    assert "secret" not in caught.value.url
    assert ("/nowhere/node.ipc" if scheme == "ipc" else "127.0.0.1:1") in str(caught.value)


async def test_the_first_connection_is_retried_as_often_as_configured() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(ConnectionFailed):
        await connect("ws://127.0.0.1:1", TransportOptions(retries=0))
    at_once = loop.time() - start
    start = loop.time()
    with pytest.raises(ConnectionFailed):
        await connect("ws://127.0.0.1:1", TransportOptions(retries=2, backoff=0.2))
    assert at_once < 0.2 <= 0.6 <= loop.time() - start


def test_masking() -> None:
    assert mask_url("https://eth.example/v2/abcdefghijklmnop1234") == "https://eth.example/v2/***"
    assert mask_url("wss://u:p@[::1]:8546/?k=v") == "wss://***@[::1]:8546/?***"
    assert mask_url("http://127.0.0.1:8545") == "http://127.0.0.1:8545"


@pytest.mark.parametrize("method", ["eth_call", "eth_getLogs", "eth_blockNumber", "debug_traceTransaction"])
def test_reads(method: str) -> None:
    assert is_read(method)


@pytest.mark.parametrize(
    "method", ["eth_sendRawTransaction", "evm_mine", "anvil_setBalance", "eth_subscribe"]
)
def test_writes(method: str) -> None:
    assert not is_read(method)


async def test_reads_are_repeated_and_writes_are_not() -> None:
    async def die_once(request: dict[str, Any]) -> Any:
        if node.methods.count(request["method"]) == 1:
            await node.connections[-1].close()
            return None
        return "ok"

    node = Node(die_once)
    async with node.running() as transport:
        assert await transport.request("eth_call") == "ok"
        with pytest.raises(ConnectionFailed, match="lost the connection") as caught:
            await transport.request("eth_sendRawTransaction", ["0x"])
        assert caught.value.sent
        assert node.methods == ["eth_call", "eth_call", "eth_sendRawTransaction"]
        # The next request finds the way back by itself.
        assert await transport.request("eth_sendRawTransaction", ["0x"]) == "ok"


async def test_everything_in_flight_fails_when_the_connection_breaks() -> None:
    async def silent(request: dict[str, Any]) -> Any:
        if len(node.methods) == 10:
            await node.connections[-1].close()

    node = Node(silent)
    async with node.running() as transport:
        writes = [transport.request("evm_mine") for _ in range(10)]
        results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionFailed] * 10


async def test_a_connection_that_breaks_while_sending_is_told_once() -> None:
    class Broken:
        async def send(self, data: bytes) -> None:
            transport._fail_flights(ConnectionFailed("read failed"))
            raise ConnectionResetError("write failed")

    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    transport = WebSocketTransport("ws://127.0.0.1:9", QUICK)
    with pytest.raises(ConnectionFailed, match="write failed"):
        await transport._fly(Broken(), transport._launch(1), b"{}")
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []


async def test_a_silent_node_times_out() -> None:
    async def silent(request: dict[str, Any]) -> Any:
        return None if request["method"] == "eth_slow" else "ok"

    async with Node(silent).running() as transport:
        with pytest.raises(RequestTimeout, match=r"0\.5 s"):
            await transport.request("eth_slow")
        assert await transport.request("eth_chainId") == "ok"


async def test_subscriptions_come_back_with_a_gap() -> None:
    async def answer(request: dict[str, Any]) -> Any:
        return f"0x{len(node.connections)}" if request["method"] == "eth_subscribe" else "ok"

    async def notify(event: str) -> None:
        body = {
            "method": "eth_subscription",
            "params": {"subscription": f"0x{len(node.connections)}", "result": event},
        }
        await node.connections[-1].send(orjson.dumps(body), text=True)

    node = Node(answer)
    async with node.running() as transport:
        heads = await transport.subscribe("newHeads")
        events = aiter(heads)
        await notify("before")
        assert await anext(events) == "before"
        await node.connections[-1].close()
        assert await asyncio.wait_for(anext(events), 2) is GAP
        await notify("after")
        assert await anext(events) == "after"
        await heads.close()
        assert [event async for event in events] == []
        assert node.methods == ["eth_subscribe", "eth_subscribe", "eth_unsubscribe"]


async def test_a_reader_that_is_too_slow_gets_a_gap() -> None:
    transport = WebSocketTransport("ws://127.0.0.1:1", TransportOptions(queue_limit=3))
    from olivepress.rpc.duplex import DuplexSubscription

    subscription = DuplexSubscription(transport, "newHeads", None)
    for number in range(5):
        subscription.push(number)
    subscription.end()
    assert [event async for event in subscription] == [GAP, 4]


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux alone waits with acknowledging")
async def test_a_node_that_waits_for_each_acknowledgement_is_not_kept_waiting() -> None:
    """As Anvil does: it holds back a small message until the one before it is acknowledged, 40 ms later."""
    node = Node(echo)
    async with node.running() as transport:
        await transport.request("first")
        (connection,) = node.connections
        raw = connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        started = asyncio.get_running_loop().time()
        for _ in range(25):
            await asyncio.gather(*(transport.request(name) for name in ("one", "two", "three")))
        assert asyncio.get_running_loop().time() - started < 25 * 0.02


async def test_an_error_without_an_id_fails_what_is_in_flight() -> None:
    async def nonsense(request: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}}
        await node.connections[-1].send(orjson.dumps(body), text=True)

    node = Node(nonsense)
    async with node.running() as transport:
        with pytest.raises(ConnectionFailed, match="names no request") as caught:
            await transport.request("evm_mine")
        assert caught.value.sent


async def test_garbage_breaks_the_connection_not_the_reader() -> None:
    async def garbage(request: dict[str, Any]) -> Any:
        if len(node.methods) == 1:
            await node.connections[-1].send("not json")
            return None
        return "ok"

    node = Node(garbage)
    async with node.running() as transport:
        assert await transport.request("eth_chainId") == "ok"
        assert len(node.connections) == 2


@asynccontextmanager
async def http_node(*answers: tuple[int, bytes]) -> Any:
    """Answers with each (status, body) in turn, the last one for ever."""
    left = list(answers)

    async def handle(request: web.Request) -> web.Response:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=status, body=body)

    application = web.Application()
    application.router.add_post("/", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with HttpTransport(f"http://127.0.0.1:{port}", QUICK) as transport:
            yield transport
    finally:
        await runner.cleanup()


OK = (200, b'{"jsonrpc":"2.0","id":1,"result":"0x1"}')


async def test_http_reads_outlive_a_busy_node() -> None:
    async with http_node((503, b"busy"), (502, b""), OK) as transport:
        assert await transport.request("eth_chainId") == "0x1"


async def test_http_writes_do_not_retry() -> None:
    async with http_node((503, b"busy"), OK) as transport:
        with pytest.raises(ConnectionFailed, match="503") as caught:
            await transport.request("evm_mine")
        assert caught.value.sent


async def test_http_refusals_and_nonsense() -> None:
    async with http_node((401, b"who are you")) as transport:
        with pytest.raises(RpcError, match="Unauthorized") as caught:
            await transport.request("eth_chainId")
        assert caught.value.code == 401
    async with http_node((200, b"{}")) as transport:
        with pytest.raises(ConnectionFailed, match="no JSON-RPC"):
            await transport.request("evm_mine")
    async with http_node((200, b"[]")) as transport:
        with pytest.raises(ConnectionFailed, match="missing in a batch"):
            await transport.batch([("evm_mine", ())])


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)
messages = st.one_of(st.dictionaries(st.text(), documents, max_size=3), st.lists(documents, max_size=3))


@given(st.lists(messages, max_size=5), st.lists(st.integers(1, 9), min_size=1, max_size=20), st.booleans())
def test_framing_of_any_stream_in_any_pieces(sent: list[Any], sizes: list[int], line_ends: bool) -> None:
    stream = b"".join(orjson_any(message) + (b"\n" if line_ends else b"") for message in sent)
    framer, received, position, turn = JsonFramer(), [], 0, 0
    while position < len(stream):
        size = sizes[turn % len(sizes)]
        framer.feed(stream[position : position + size])
        position, turn = position + size, turn + 1
        while (document := framer.pop()) is not None:
            received.append(json_any(document))
    assert received == sent


def orjson_any(value: Any) -> bytes:
    import json

    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def json_any(value: bytes) -> Any:
    import json

    return json.loads(value.decode("utf-8", "surrogatepass"))


async def test_the_fake_transport_answers_from_its_script() -> None:
    fake = FakeTransport(
        {"eth_chainId": "0x1", "eth_call": [RpcError(3, "no"), "0x"], "eth_sum": lambda a, b: a + b}
    )
    assert await fake.request("eth_chainId") == "0x1"
    with pytest.raises(RpcError, match="no"):
        await fake.request("eth_call")
    assert await fake.batch([("eth_call", ()), ("eth_sum", [1, 2])]) == ["0x", 3]
    with pytest.raises(RpcError, match="used up"):
        await fake.request("eth_call")
    with pytest.raises(RpcError, match="no scripted answer"):
        await fake.request("eth_other")
    assert fake.calls[0] == ("eth_chainId", [])
    heads = await fake.subscribe("newHeads")
    fake.push("newHeads", 7)
    await heads.close()
    assert [event async for event in heads] == [7]
