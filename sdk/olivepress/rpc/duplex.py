"""JSON-RPC over connections that stay open: websocket and IPC.

Many requests are in flight at once, matched by id. When the connection breaks, requests in flight fail with
ConnectionFailed; it is opened again by the next request, or in the background while subscriptions are alive.
Those are made anew and get a GAP, so that their readers know to fill it.
"""

from __future__ import annotations

import asyncio
import re
import socket
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from olivepress.errors import ConnectionFailed, RequestTimeout, RpcError, TransportError
from olivepress.rpc.base import GAP, BaseTransport, Call, TransportOptions, is_local, rpc_error

# Linux only.
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_TOKEN = re.compile(rb'["\\{}\[\]]')


class Connection(Protocol):
    """An open stream of whole JSON messages. Both methods raise OSError or EOFError when it is broken."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    async def close(self) -> None: ...


class _Flight:
    """Requests sent in one message, whose answers come back by id."""

    __slots__ = ("first", "future", "left", "on_result", "results", "timer")

    def __init__(self, first: int, size: int, future: asyncio.Future[list[Any]]) -> None:
        self.first = first
        self.left = size
        self.results: list[Any] = [None] * size
        self.future = future
        self.timer: asyncio.TimerHandle | None = None
        self.on_result: Callable[[Any], None] | None = None


class DuplexSubscription:
    """Events of one eth_subscribe, over reconnects."""

    def __init__(self, transport: DuplexTransport, kind: str, params: Any) -> None:
        self.kind = kind
        self.params = params
        self.remote_id: str | None = None
        self._transport = transport
        self._events: deque[Any] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    def push(self, event: Any) -> None:
        """Queues an event; a queue that is full is replaced by one GAP."""
        if len(self._events) >= self._transport.options.queue_limit:
            self._events.clear()
            event = GAP
        self._events.append(event)
        self._wake.set()

    def end(self) -> None:
        """Lets the reader finish what is queued and stop."""
        self._ended = True
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            while self._events:
                yield self._events.popleft()
            if self._ended:
                return
            self._wake.clear()
            await self._wake.wait()

    async def close(self) -> None:
        await self._transport.unsubscribe(self)


class DuplexTransport(BaseTransport):
    """The part that websocket and IPC share."""

    subscribes = True

    def __init__(self, url: str, options: TransportOptions | None = None) -> None:
        super().__init__(url, options or TransportOptions())
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._next_id = 1
        self._flights: dict[int, _Flight] = {}
        self._subscriptions: list[DuplexSubscription] = []
        self._by_remote_id: dict[str, DuplexSubscription] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def _open(self) -> Connection:
        """Raises OSError, TimeoutError or ValueError."""

    # --- requests ---

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        return await self._exchange_one(method, params, None)

    async def _exchange_one(
        self, method: str, params: Sequence[Any], on_result: Callable[[Any], None] | None
    ) -> Any:
        connection = self._connection or await self._connected()
        flight = self._launch(1)
        flight.on_result = on_result
        body = {"jsonrpc": "2.0", "id": flight.first, "method": method, "params": params}
        result = (await self._fly(connection, flight, orjson.dumps(body)))[0]
        if isinstance(result, RpcError):
            raise result
        return result

    async def _exchange_batch(self, calls: Sequence[Call]) -> list[Any]:
        connection = self._connection or await self._connected()
        flight = self._launch(len(calls))
        body = [
            {"jsonrpc": "2.0", "id": flight.first + position, "method": method, "params": params}
            for position, (method, params) in enumerate(calls)
        ]
        return await self._fly(connection, flight, orjson.dumps(body))

    def _launch(self, size: int) -> _Flight:
        loop = asyncio.get_running_loop()
        flight = _Flight(self._next_id, size, loop.create_future())
        self._next_id += size
        for number in range(flight.first, flight.first + size):
            self._flights[number] = flight
        flight.timer = loop.call_later(self.options.timeout, self._expire, flight)
        return flight

    async def _fly(self, connection: Connection, flight: _Flight, data: bytes) -> list[Any]:
        try:
            await connection.send(data)
            return await flight.future
        except (OSError, EOFError) as error:
            raise self._broken(error, sent=True) from None
        finally:
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        if flight.timer is not None:
            flight.timer.cancel()
        for number in range(flight.first, flight.first + len(flight.results)):
            self._flights.pop(number, None)
        if flight.future.done() and not flight.future.cancelled():
            flight.future.exception()  # when sending failed too, nobody has waited for it

    def _expire(self, flight: _Flight) -> None:
        if not flight.future.done():
            message = f"{self.url}: no answer within {self.options.timeout} s"
            flight.future.set_exception(RequestTimeout(message, url=self.url))

    def _fail_flights(self, error: TransportError) -> None:
        for flight in set(self._flights.values()):
            if not flight.future.done():
                flight.future.set_exception(error)
        self._flights.clear()

    def _broken(self, error: BaseException, *, sent: bool) -> ConnectionFailed:
        reason = str(error) or type(error).__name__
        verb = "lost the connection to" if sent else "cannot connect to"
        return ConnectionFailed(f"{verb} {self.url}: {reason}", url=self.url, sent=sent)

    # --- connection ---

    async def _connected(self) -> Connection:
        async with self._opening:
            if self._closed:
                raise ConnectionFailed(f"{self.url}: this transport is closed", url=self.url)
            if self._connection is not None:
                return self._connection
            try:
                connection = await self._open()
            except (OSError, TimeoutError, EOFError, ValueError) as error:
                raise self._broken(error, sent=False) from None
            self._connection = connection
            self._spawn(self._read(connection))
            if self._subscriptions:
                self._spawn(self._resubscribe())
            return connection

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, connection: Connection) -> None:
        reason: BaseException
        try:
            while True:
                self._dispatch(orjson.loads(await connection.receive()))
        except (OSError, EOFError, orjson.JSONDecodeError) as error:
            reason = error
        self._connection = None
        self._by_remote_id.clear()
        self._fail_flights(self._broken(reason, sent=True))
        await connection.close()
        if self._subscriptions and not self._closed:
            self._spawn(self._restore())

    async def _restore(self) -> None:
        attempt = 0
        while self._subscriptions and self._connection is None and not self._closed:
            await asyncio.sleep(self.options.delay(attempt))
            attempt += 1
            try:
                await self._connected()
            except ConnectionFailed:
                continue

    async def _resubscribe(self) -> None:
        for subscription in list(self._subscriptions):
            try:
                await self._subscribe(subscription)
            except ConnectionFailed:
                return  # the reader has seen it too, and restores again
            except (RpcError, RequestTimeout):
                # Without it the stream would be silently dead: start over with a fresh connection.
                if self._connection is not None:
                    await self._connection.close()
                return
            subscription.push(GAP)

    # --- answers ---

    def _dispatch(self, message: Any) -> None:
        for item in message if isinstance(message, list) else (message,):
            number = item.get("id") if isinstance(item, dict) else None
            if number is None:
                self._notify(item)
                continue
            flight = self._flights.pop(number, None)
            if flight is None:
                continue  # the asker has given up
            error = item.get("error")
            result = item.get("result") if error is None else rpc_error(error, self.url)
            flight.results[number - flight.first] = result
            flight.left -= 1
            if flight.left == 0 and not flight.future.done():
                if flight.on_result is not None and error is None:
                    flight.on_result(result)
                flight.future.set_result(flight.results)

    def _notify(self, item: Any) -> None:
        if isinstance(item, dict) and item.get("method") == "eth_subscription":
            params = item["params"]
            subscription = self._by_remote_id.get(params["subscription"])
            if subscription is not None:
                subscription.push(params["result"])
            return
        # An error that names no request: which one it was cannot be known.
        message = f"{self.url}: the node sent an error that names no request: {item!r}"
        self._fail_flights(ConnectionFailed(message, url=self.url, sent=True))

    # --- subscriptions ---

    async def subscribe(self, kind: str, params: Any = None) -> DuplexSubscription:
        subscription = DuplexSubscription(self, kind, params)
        await self._subscribe(subscription)
        self._subscriptions.append(subscription)
        return subscription

    async def _subscribe(self, subscription: DuplexSubscription) -> None:
        # Registered while the answer is read, so that an event right behind it is not lost.
        def register(remote_id: Any) -> None:
            subscription.remote_id = remote_id
            self._by_remote_id[remote_id] = subscription

        params = (
            [subscription.kind] if subscription.params is None else [subscription.kind, subscription.params]
        )
        await self._exchange_one("eth_subscribe", params, register)

    async def unsubscribe(self, subscription: DuplexSubscription) -> None:
        """Ends a subscription; a broken connection has ended it already."""
        subscription.end()
        if subscription not in self._subscriptions:
            return
        self._subscriptions.remove(subscription)
        remote_id = subscription.remote_id
        known = remote_id is not None and self._by_remote_id.pop(remote_id, None) is not None
        if known and self._connection is not None:
            try:
                await self._exchange("eth_unsubscribe", [remote_id])
            except TransportError:
                return

    async def close(self) -> None:
        await super().close()
        self._fail_flights(
            ConnectionFailed(f"{self.url}: this transport was closed", url=self.url, sent=True)
        )
        connection, self._connection = self._connection, None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if connection is not None:
            await connection.close()
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()


class WebSocketTransport(DuplexTransport):
    """One node over a websocket."""

    async def _open(self) -> Connection:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        try:
            opened = await connect(
                self._target,
                compression=None,
                max_size=None,
                open_timeout=self.options.timeout,
                close_timeout=1,
                proxy=None if is_local(self._target) else True,
            )
        except WebSocketException as error:
            raise ConnectionError(str(error)) from None
        return _WebSocket(opened)


class _WebSocket:
    def __init__(self, opened: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        self._socket = opened
        self._raw = opened.transport.get_extra_info("socket")
        self._closed_error = ConnectionClosed

    async def send(self, data: bytes) -> None:
        try:
            await self._socket.send(data, text=True)
        except self._closed_error as error:
            raise EOFError(str(error)) from None

    async def receive(self) -> bytes:
        try:
            message: bytes = await self._socket.recv(decode=False)
        except self._closed_error as error:
            raise EOFError(str(error)) from None
        self._acknowledge()
        return message

    def _acknowledge(self) -> None:
        """At once. Linux waits up to 40 ms, and a node that writes small messages one by one, such as Anvil,
        holds back the next one until it hears that the last arrived.
        """
        if _QUICKACK is not None:
            with suppress(OSError):
                self._raw.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    async def close(self) -> None:
        await self._socket.close()


class IpcTransport(DuplexTransport):
    """One node over a Unix socket: `ipc:///path/to/node.ipc` or a path."""

    async def _open(self) -> Connection:
        path = urlsplit(self._target).path if self._target.startswith("ipc:") else self._target
        reader, writer = await asyncio.wait_for(asyncio.open_unix_connection(path), self.options.timeout)
        return _IpcStream(reader, writer)


class _IpcStream:
    """Messages are JSON documents back to back, with or without line ends between them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._framer = JsonFramer()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        while (message := self._framer.pop()) is None:
            chunk = await self._reader.read(1 << 18)
            if not chunk:
                raise EOFError("the node closed the connection")
            self._framer.feed(chunk)
        return message

    async def close(self) -> None:
        self._writer.close()


class JsonFramer:
    """Cuts a stream of JSON objects and arrays where each ends. Looks at every byte once."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False
        self._documents: deque[bytes] = deque()

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk
        buffer = self._buffer
        position, start = self._scanned, 0
        while (token := _TOKEN.search(buffer, position)) is not None:
            position = token.end()
            byte = token.group()
            if self._in_string:
                if byte == b"\\":
                    if position == len(buffer):
                        position -= 1  # what is escaped comes with the next chunk
                        break
                    position += 1
                elif byte == b'"':
                    self._in_string = False
            elif byte == b'"':
                self._in_string = True
            elif byte in (b"{", b"["):
                self._depth += 1
            elif byte in (b"}", b"]"):
                self._depth -= 1
                if self._depth == 0:
                    self._documents.append(bytes(buffer[start:position]).lstrip())
                    start = position
        else:
            position = len(buffer)
        del buffer[:start]
        self._scanned = position - start

    def pop(self) -> bytes | None:
        return self._documents.popleft() if self._documents else None
