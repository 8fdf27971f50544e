"""A websocket transport that loses sends when a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from olivepress.devchain import DevChain
from olivepress.errors import ConnectionFailed, RequestTimeout
from olivepress.rpc import TransportOptions
from olivepress.rpc.duplex import WebSocketTransport

# Runtime code that reverts with 0xdeadbeef, and code that loops for ever, each behind a constructor.
REVERTING = bytes.fromhex("6b63deadbeef5f526004601cfd5f52600c6014f3")
LOOPING = bytes.fromhex("625b5f565f526003601df3")
NOBODY = "0x" + "ee" * 20


class Flaky(WebSocketTransport):
    """Loses the requests, or the answers, of sends when told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TransportOptions(timeout=5, retries=1, backoff=0.01))
        self.lose: Callable[[], BaseException] | None = None
        self.deliver = True
        self.hang = False
        self.sends = 0

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_sendRawTransaction" and self.hang:
            await asyncio.sleep(60)
        if method != "eth_sendRawTransaction" or self.lose is None:
            return await super()._exchange(method, params)
        self.sends += 1
        if self.deliver:
            await super()._exchange(method, params)
        raise self.lose()


def broken() -> ConnectionFailed:
    return ConnectionFailed("cable cut", url="ws://node", sent=True)


def unreachable() -> ConnectionFailed:
    return ConnectionFailed("no route", url="ws://node", sent=False)


def hanging() -> RequestTimeout:
    return RequestTimeout("no answer", url="ws://node")


async def balance(chain: DevChain, address: str) -> int:
    return int(await chain.transport.request("eth_getBalance", [address, "latest"]), 16)
