"""The same objects without async: one event loop on a thread, and proxies whose methods wait.

    with Portal() as portal, portal.using(devchain.launch()) as chain:
        transport = portal.call(connect, chain.ws_url)
        print(transport.request("eth_blockNumber"))

Nothing is written twice: a proxy runs the async object's own methods on the portal's loop. What they return
is wrapped too when it has async methods; plain values come back as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from anyio.from_thread import BlockingPortal, start_blocking_portal

_END = object()


_KINDS: dict[type, bool] = {}


def _is_async(kind: type) -> bool:
    """Whether objects of a class have anything to wait for."""
    if kind not in _KINDS:
        members = [inspect.getattr_static(kind, name, None) for name in dir(kind)]
        functions = [
            item.__func__ if isinstance(item, (classmethod, staticmethod)) else item for item in members
        ]
        _KINDS[kind] = any(
            inspect.iscoroutinefunction(item) or inspect.isasyncgenfunction(item) for item in functions
        )
    return _KINDS[kind]


class Portal:
    """An event loop on its own thread, for the time of a `with` block."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None

    def __enter__(self) -> Self:
        self._portal = self._stack.enter_context(start_blocking_portal())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal = None
        self._stack.__exit__(kind, error, trace)

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Calls a function on the loop and waits for what it returns. Ctrl-C cancels it there."""
        if self._portal is None:
            raise RuntimeError("the portal is closed: use it inside its with block")
        plain = [_unwrap(value) for value in args]
        named = {name: _unwrap(value) for name, value in keywords.items()}

        async def run() -> Any:
            result = function(*plain, **named)
            return await result if isinstance(result, Awaitable) else result

        future = self._portal.start_task_soon(run)
        try:
            return self.wrap(future.result())
        except BaseException:
            future.cancel()
            raise

    def wrap(self, value: Any) -> Any:
        """A proxy for an object with async methods; anything else as it is."""
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)(self.wrap(item) for item in value)
        return Proxy(self, value) if _is_async(type(value)) else value

    @contextmanager
    def using(self, manager: Any) -> Iterator[Any]:
        """An async context manager as a plain one."""
        if self._portal is None:
            raise RuntimeError("the portal is closed: use it inside its with block")
        wrapped: AbstractContextManager[Any] = self._portal.wrap_async_context_manager(_unwrap(manager))
        with wrapped as value:
            yield self.wrap(value)


class Proxy:
    """Stands for an async object; its methods wait, `for` runs through it, `with` enters it."""

    def __init__(self, portal: Portal, target: Any) -> None:
        object.__setattr__(self, "_portal", portal)
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._target, name)
        if not (inspect.ismethod(member) or inspect.isfunction(member)):
            return self._portal.wrap(member)

        def waiting(*args: Any, **keywords: Any) -> Any:
            return self._portal.call(member, *args, **keywords)

        waiting.__name__, waiting.__doc__ = name, member.__doc__
        return waiting

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, _unwrap(value))

    def __dir__(self) -> list[str]:
        return dir(self._target)

    def __repr__(self) -> str:
        return f"<sync {self._target!r}>"

    def __iter__(self) -> Iterator[Any]:
        events: AsyncIterator[Any] = aiter(self._target)

        async def following() -> Any:
            return await anext(events, _END)

        while (event := self._portal.call(following)) is not _END:
            yield event

    def __enter__(self) -> Any:
        return self._portal.wrap(self._portal.call(type(self._target).__aenter__, self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Any:
        return self._portal.call(type(self._target).__aexit__, self, kind, error, trace)


def _unwrap(value: Any) -> Any:
    return object.__getattribute__(value, "_target") if isinstance(value, Proxy) else value
