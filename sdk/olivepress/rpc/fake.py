"""A transport that answers from a script, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from olivepress.errors import RpcError, TransportError
from olivepress.rpc.base import BaseTransport, Call, TransportOptions

_END = object()


class FakeSubscription:
    """Yields what a test pushes."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (event := await self.queue.get()) is not _END:
            yield event

    async def close(self) -> None:
        self.queue.put_nowait(_END)


class FakeTransport(BaseTransport):
    """Answers by method name.

    An answer is a value, an exception (raised), a function of the parameters, or a list of these that is
    used up one by one.
    `calls` keeps every (method, params) in order.
    """

    subscribes = True

    def __init__(self, answers: Mapping[str, Any] | None = None, *, url: str = "fake://node") -> None:
        super().__init__(url, TransportOptions(retries=0))
        self.answers: dict[str, Any] = dict(answers or {})
        self.calls: list[tuple[str, list[Any]]] = []
        self.subscriptions: dict[str, list[FakeSubscription]] = {}

    def push(self, kind: str, event: Any) -> None:
        """Hands an event (or GAP) to every subscription of a kind."""
        for subscription in self.subscriptions.get(kind, ()):
            subscription.queue.put_nowait(event)

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        self.calls.append((method, list(params)))
        await asyncio.sleep(0)
        if method not in self.answers:
            raise RpcError(-32601, f"no scripted answer for {method}", url=self.url)
        answer = self.answers[method]
        if isinstance(answer, list):
            if not answer:
                raise RpcError(-32601, f"the script for {method} is used up", url=self.url)
            answer = answer.pop(0)
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(*params)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def _exchange_batch(self, calls: Sequence[Call]) -> list[Any]:
        results: list[Any] = []
        for method, params in calls:
            try:
                results.append(await self._exchange(method, params))
            except RpcError as error:
                results.append(error)
        return results

    async def subscribe(self, kind: str, params: Any = None) -> FakeSubscription:
        if self._closed:
            raise TransportError("closed", url=self.url)
        subscription = FakeSubscription()
        self.subscriptions.setdefault(kind, []).append(subscription)
        return subscription
