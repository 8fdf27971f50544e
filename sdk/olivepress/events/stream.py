"""An ordered stream of the logs of some contracts that survives reconnects and reorganisations.

The stream reads logs by block range from the last block it handed out, so an outage leaves no gap and no
event comes twice. New heads of a websocket only wake it; without subscriptions it polls. Near the head each
block is linked to its parent; when the chain switched, a `Rollback` comes first and the blocks of the new
branch follow.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from olivepress.errors import RequestTimeout, RpcError, SubscriptionsUnsupported, TransportError
from olivepress.events.decode import Log, LogDecoder, default_decoder
from olivepress.events.model import Event
from olivepress.rpc import Subscription, Transport

_METHOD_NOT_FOUND = -32601
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class BlockEvents:
    """One block and the events in it, in order. `timestamp` is unix seconds."""

    number: int
    hash: bytes
    timestamp: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """Every block above `to_block` that was handed out is no longer part of the chain."""

    to_block: int


StreamItem = BlockEvents | Rollback


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    hash: bytes
    parent: bytes
    timestamp: int

    @classmethod
    def parse(cls, block: Mapping[str, Any]) -> _Header:
        return cls(
            int(block["number"], 16),
            bytes.fromhex(block["hash"][2:]),
            bytes.fromhex(block["parentHash"][2:]),
            int(block["timestamp"], 16),
        )


class _Inconsistent(Exception):
    """The chain switched between two answers."""


class EventStream:
    """Events of `addresses` from `from_block` on, block by block.

    :param chunk: most blocks a request asks for; halved while the node refuses
    :param reorg_depth: how many recent blocks are linked and remembered; a deeper switch starts over from
        `from_block`
    :param poll_interval: seconds between looks at the head when the transport has no subscriptions
    :param patience: seconds an outage may last before iteration raises; iterating again goes on where it
        stopped
    """

    def __init__(
        self,
        transport: Transport,
        addresses: Sequence[str],
        from_block: int,
        *,
        decoder: LogDecoder | None = None,
        chunk: int = 5_000,
        reorg_depth: int = 64,
        poll_interval: float = 0.25,
        patience: float = 60.0,
    ) -> None:
        self.transport = transport
        self.addresses = [address.lower() for address in addresses]
        self.from_block = from_block
        self.next_block = from_block
        self.chunk = chunk
        self.reorg_depth = reorg_depth
        self.poll_interval = poll_interval
        self.patience = patience
        self._decoder = decoder or default_decoder()
        self._size = chunk
        self._known: dict[int, bytes] = {}

    async def catch_up(self) -> list[StreamItem]:
        """Everything new up to the head as it is now. Raises TransportError."""
        items: list[StreamItem] = []
        failures = 0
        while True:
            try:
                step, done = await self._step()
            except _Inconsistent as error:
                failures += 1
                if failures == _ATTEMPTS:
                    raise TransportError(
                        f"the chain did not hold still: {error}", url=self.transport.url
                    ) from None
                continue
            items += step
            if done:
                return items

    async def __aiter__(self) -> AsyncIterator[StreamItem]:
        """Everything from `next_block` on, for ever."""
        async with contextlib.AsyncExitStack() as stack:
            heads = await self._heads(stack)
            outage: float | None = None
            while True:
                try:
                    items = await self.catch_up()
                    outage = None
                except TransportError as error:
                    if isinstance(error, RpcError):
                        raise
                    outage = outage or time.monotonic()
                    if time.monotonic() - outage > self.patience:
                        raise
                    items = []
                for item in items:
                    yield item
                if outage is not None or not await self._woken(heads):
                    await asyncio.sleep(self.poll_interval)

    async def _heads(self, stack: contextlib.AsyncExitStack) -> AsyncIterator[Any] | None:
        if not self.transport.subscribes:
            return None
        try:
            subscription: Subscription = await self.transport.subscribe("newHeads")
        except (SubscriptionsUnsupported, RpcError):
            return None
        stack.push_async_callback(subscription.close)
        return aiter(subscription)

    @staticmethod
    async def _woken(heads: AsyncIterator[Any] | None) -> bool:
        """Waits for a new head, or for word that some were missed; False when there is no subscription."""
        if heads is None:
            return False
        return await anext(heads, None) is not None

    async def _step(self) -> tuple[list[StreamItem], bool]:
        """One request's worth of progress, and whether the head is reached."""
        head = _Header.parse(await self.transport.request("eth_getBlockByNumber", ["latest", False]))
        last = self.next_block - 1
        if last in self._known and (
            head.number < last or (head.number == last and head.hash != self._known[last])
        ):
            return [await self._roll_back()], False
        if head.number <= last:
            return [], True
        to_block = min(head.number, last + self._size)
        near = max(self.next_block, head.number - self.reorg_depth + 1)
        logs, headers = await self._fetch(self.next_block, to_block, near)
        if logs is None:
            return [], False
        first = headers[0]
        before = self._known.get(first.number - 1)
        if before is not None and first.parent != before:
            return [await self._roll_back()], False
        _check_links(headers)
        blocks = await self._group(logs, headers)
        self._remember(headers)
        self.next_block = to_block + 1
        return list(blocks), to_block == head.number

    async def _fetch(
        self, from_block: int, to_block: int, near: int
    ) -> tuple[list[Log] | None, list[_Header]]:
        """Logs of a range and the headers from `near` on (at least the last); None when the range was too
        large."""
        numbers = range(min(near, to_block), to_block + 1)
        query = {"address": self.addresses, "fromBlock": hex(from_block), "toBlock": hex(to_block)}
        calls: list[tuple[str, list[Any]]] = [("eth_getLogs", [query])]
        calls += [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
        try:
            results = await self.transport.batch(calls, return_errors=True)
            if isinstance(results[0], RpcError):
                raise results[0]
        except (RpcError, RequestTimeout) as error:
            known = isinstance(error, RpcError) and error.code == _METHOD_NOT_FOUND
            if known or from_block == to_block:
                raise
            self._size = max(1, (to_block - from_block + 1) // 2)
            return None, []
        self._size = min(self.chunk, self._size * 2)
        headers = []
        for number, block in zip(numbers, results[1:], strict=True):
            if not isinstance(block, Mapping):
                raise _Inconsistent(f"block {number} is gone")
            headers.append(_Header.parse(block))
        return results[0], headers

    async def _group(self, logs: Sequence[Log], headers: Sequence[_Header]) -> list[BlockEvents]:
        """Events by block: each block near the head, before that only those with events."""
        by_number = {header.number: header for header in headers}
        grouped: dict[int, list[Log]] = {number: [] for number in by_number}
        for log in logs:
            if not log.get("removed"):
                grouped.setdefault(int(log["blockNumber"], 16), []).append(log)
        missing = [number for number in grouped if number not in by_number]
        if missing:
            calls = [("eth_getBlockByNumber", [hex(number), False]) for number in missing]
            for block in await self.transport.batch(calls):
                header = _Header.parse(block)
                by_number[header.number] = header
        blocks = []
        for number in sorted(grouped):
            header = by_number[number]
            events = tuple(self._decoder.decode_all(grouped[number]))
            if any(event.block_hash != header.hash for event in events):
                raise _Inconsistent(f"logs of another block {number}")
            blocks.append(BlockEvents(number, header.hash, header.timestamp, events))
        return blocks

    def _remember(self, headers: Sequence[_Header]) -> None:
        for header in headers:
            self._known[header.number] = header.hash
        for number in sorted(self._known)[: -self.reorg_depth]:
            del self._known[number]

    async def _roll_back(self) -> Rollback:
        """Finds the newest block handed out that is still part of the chain."""
        numbers = sorted(self._known, reverse=True)
        calls = [("eth_getBlockByNumber", [hex(number), False]) for number in numbers]
        blocks = await self.transport.batch(calls)
        to_block = self.from_block - 1
        for number, block in zip(numbers, blocks, strict=True):
            if block is not None and bytes.fromhex(block["hash"][2:]) == self._known[number]:
                to_block = number
                break
            del self._known[number]
        self.next_block = to_block + 1
        return Rollback(to_block)


def _check_links(headers: Sequence[_Header]) -> None:
    for older, newer in pairwise(headers):
        if newer.parent != older.hash:
            raise _Inconsistent(f"block {newer.number} does not follow block {older.number}")
