"""JSON-RPC over HTTP, with connections kept alive."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import aiohttp
import orjson

from olivepress.errors import ConnectionFailed, RequestTimeout, RpcError
from olivepress.rpc.base import BaseTransport, Call, TransportOptions, is_local, rpc_error

# A proxy or an overloaded node: the request may or may not have been acted on.
_PASSING_STATUS = (408, 429, 500, 502, 503, 504)


class HttpTransport(BaseTransport):
    """One node over HTTP. No subscriptions: poll, or use a websocket."""

    def __init__(self, url: str, options: TransportOptions | None = None) -> None:
        super().__init__(url, options or TransportOptions())
        self._ids = count(1)
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        # Made late, because it binds to the running loop.
        if self._closed:
            raise ConnectionFailed(f"{self.url}: this transport is closed", url=self.url)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.options.timeout),
                trust_env=not is_local(self._target),
                connector=aiohttp.TCPConnector(limit=64),
                headers={"content-type": "application/json"},
            )
        return self._session

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        number = next(self._ids)
        answer = await self._post({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return self._result(answer, raises=True)

    async def _exchange_batch(self, calls: Sequence[Call]) -> list[Any]:
        first = next(self._ids)
        numbers = [first, *(next(self._ids) for _ in calls[1:])]
        answer = await self._post(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in zip(numbers, calls, strict=True)
            ]
        )
        if isinstance(answer, dict):
            self._result(answer, raises=True)
        if not isinstance(answer, list):
            raise self._garbled("a batch got no list of answers")
        by_number = {item.get("id"): item for item in answer if isinstance(item, dict)}
        if not all(number in by_number for number in numbers):
            raise self._garbled("answers are missing in a batch")
        return [self._result(by_number[number], raises=False) for number in numbers]

    def _result(self, answer: Any, *, raises: bool) -> Any:
        if isinstance(answer, dict):
            if answer.get("error") is not None:
                error = rpc_error(answer["error"], self.url)
                if raises:
                    raise error
                return error
            if "result" in answer:
                return answer["result"]
        raise self._garbled("the answer is no JSON-RPC")

    def _garbled(self, what: str) -> ConnectionFailed:
        return ConnectionFailed(f"{self.url}: {what}", url=self.url, sent=True)

    async def _post(self, body: Any) -> Any:
        session = self._opened()
        try:
            async with session.post(self._target, data=orjson.dumps(body)) as response:
                content = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ConnectionFailed(f"cannot connect to {self.url}: {reason}", url=self.url) from None
        except TimeoutError:
            message = f"{self.url}: no answer within {self.options.timeout} s"
            raise RequestTimeout(message, url=self.url) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise ConnectionFailed(f"{self.url}: {reason}", url=self.url, sent=True) from None
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            if response.status in _PASSING_STATUS or response.ok:
                raise self._garbled(f"HTTP status {response.status}, no JSON") from None
            raise RpcError(response.status, f"HTTP {response.reason}", url=self.url) from None

    async def close(self) -> None:
        await super().close()
        if self._session is not None:
            await self._session.close()
