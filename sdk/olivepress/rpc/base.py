"""What every transport offers, and the policy all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self, overload
from urllib.parse import urlsplit, urlunsplit

from olivepress.errors import ConnectionFailed, RpcError, SubscriptionsUnsupported

Call = tuple[str, Sequence[Any]]


class Gap:
    """Stands in a subscription where events may be missing (reconnect, overflow). Fill it by reading logs."""

    def __repr__(self) -> str:
        return "GAP"


GAP: Final = Gap()


class Subscription(Protocol):
    """Events of one subscription: JSON values, and `GAP` where some may be missing. Ends when closed."""

    def __aiter__(self) -> AsyncIterator[Any]: ...

    async def close(self) -> None:
        """Ends the subscription, at the node too."""
        ...


class Transport(Protocol):
    """JSON-RPC to one node. Requests may run concurrently."""

    @property
    def url(self) -> str:
        """Shown in messages: without credentials."""
        ...

    @property
    def subscribes(self) -> bool:
        """Whether `subscribe` works."""
        ...

    async def request(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result. Raises RpcError, ConnectionFailed, RequestTimeout."""
        ...

    @overload
    async def batch(self, calls: Sequence[Call]) -> list[Any]: ...
    @overload
    async def batch(self, calls: Sequence[Call], *, return_errors: Literal[True]) -> list[Any | RpcError]: ...
    async def batch(self, calls: Sequence[Call], *, return_errors: bool = False) -> list[Any]:
        """Results in call order, from one message. The first RpcError is raised, or all stay in place."""
        ...

    async def subscribe(self, kind: str, params: Any = None) -> Subscription:
        """eth_subscribe: "newHeads", "logs" (params: the filter), "newPendingTransactions"."""
        ...

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """Times in seconds. `retries`: repeats of a read, and of the first connect, after a failed connection."""

    timeout: float = 30.0
    retries: int = 3
    backoff: float = 0.1
    backoff_limit: float = 5.0
    queue_limit: int = 65_536
    """Events a subscription holds before it drops them and puts a GAP."""

    def delay(self, attempt: int) -> float:
        """Wait before repeat number `attempt` (from 0): doubles up to the limit."""
        return min(self.backoff * (1 << min(attempt, 30)), self.backoff_limit)


_WRITES = ("eth_send", "eth_sign", "eth_subscribe", "evm_", "anvil_", "hardhat_", "personal_", "admin_")


def is_read(method: str) -> bool:
    """Whether repeating the method can do no harm."""
    return not method.startswith(_WRITES)


def mask_url(url: str) -> str:
    """The address without user, password, query and the long path parts in which providers put keys."""
    parts = urlsplit(url)
    if not parts.scheme or parts.scheme == "ipc" or not parts.netloc:
        return url
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    netloc = ("***@" if "@" in parts.netloc else "") + host + (f":{parts.port}" if parts.port else "")
    path = "/".join("***" if len(part) >= 16 else part for part in parts.path.split("/"))
    return urlunsplit((parts.scheme, netloc, path, "***" if parts.query else "", ""))


def is_local(url: str) -> bool:
    """Whether the address is this machine's, which no proxy setting may reroute."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def rpc_error(error: Any, url: str) -> RpcError:
    """The error object of an answer as an exception."""
    if not isinstance(error, dict):
        return RpcError(-32603, str(error), url=url)
    code = error.get("code")
    return RpcError(
        code if isinstance(code, int) else -32603, str(error.get("message", "")), error.get("data"), url=url
    )


class BaseTransport:
    """Retries, batch results and the context manager, for the transports to inherit."""

    subscribes = False

    def __init__(self, url: str, options: TransportOptions) -> None:
        self._target = url
        self.url = mask_url(url)
        self.options = options
        self._closed = False

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        raise NotImplementedError

    async def _exchange_batch(self, calls: Sequence[Call]) -> list[Any]:
        raise NotImplementedError

    async def request(self, method: str, params: Sequence[Any] = ()) -> Any:
        try:
            return await self._exchange(method, params)
        except ConnectionFailed:
            if not is_read(method) or self._closed:
                raise
        for attempt in range(self.options.retries):
            await asyncio.sleep(self.options.delay(attempt))
            try:
                return await self._exchange(method, params)
            except ConnectionFailed:
                if self._closed:
                    raise
        return await self._exchange(method, params)

    async def batch(self, calls: Sequence[Call], *, return_errors: bool = False) -> list[Any]:
        if not calls:
            return []
        attempts = self.options.retries if all(is_read(method) for method, _ in calls) else 0
        for attempt in range(attempts):
            try:
                return self._batch_results(await self._exchange_batch(calls), return_errors)
            except ConnectionFailed:
                if self._closed:
                    raise
            await asyncio.sleep(self.options.delay(attempt))
        return self._batch_results(await self._exchange_batch(calls), return_errors)

    @staticmethod
    def _batch_results(results: list[Any], return_errors: bool) -> list[Any]:
        if not return_errors:
            for result in results:
                if isinstance(result, RpcError):
                    raise result
        return results

    async def subscribe(self, kind: str, params: Any = None) -> Subscription:
        raise SubscriptionsUnsupported("subscriptions need a websocket or IPC address", url=self.url)

    async def close(self) -> None:
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
