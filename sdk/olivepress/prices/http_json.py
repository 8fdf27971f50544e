"""Quotes from a JSON endpoint over HTTP, described by configuration alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.json_data import Layout, read_json
from olivepress.prices.source import Reading

if TYPE_CHECKING:
    import httpx

#: Answers after which asking again makes sense.
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpJson:
    """A JSON endpoint.

    name              names the source in quotes and failures
    url               http or https; redirects are not followed
    layout            where in the answer the quotes are; those without a time count as observed now
    headers           header -> text, or `env:NAME` for the value of a variable, which is never shown
    timeout_seconds   for one attempt as a whole
    max_bytes         a longer answer is refused
    retries           further attempts after a network error or a status in RETRIED
    retry_seconds     pause before the first further attempt; it doubles with each
    transport         an httpx transport, for tests and proxies
    """

    def __init__(
        self,
        name: str,
        url: str,
        layout: Layout | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_seconds: int = 8,
        max_bytes: int = 10_000_000,
        retries: int = 2,
        retry_seconds: int = 1,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise QuoteError("url", url, "an http or https address")
        limits = {
            "timeout_seconds": (timeout_seconds, 1),
            "max_bytes": (max_bytes, 1),
            "retries": (retries, 0),
        }
        for field, (value, least) in limits.items():
            if value < least:
                raise QuoteError(field, value, f"{least} or more")
        self._name = name
        self._url = url
        self._layout = layout or Layout()
        self._headers = dict(headers or {})
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._retries = retries
        self._retry_seconds = retry_seconds
        self._transport = transport

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    async def read(self, now: datetime) -> Reading:
        """Quotes of the endpoint's answer. Raises SourceError after the last attempt."""
        import httpx

        headers = {"Accept": "application/json"} | self._resolved_headers()
        async with httpx.AsyncClient(transport=self._transport, headers=headers, trust_env=True) as client:
            for attempt in range(self._retries + 1):
                if attempt:
                    await asyncio.sleep(self._retry_seconds * 2 ** (attempt - 1))
                try:
                    async with asyncio.timeout(self._timeout_seconds):
                        status, body = await self._ask(client)
                except TimeoutError:
                    problem = f"no answer within {self._timeout_seconds} s"
                except httpx.HTTPError as error:
                    # The message of httpx may hold the whole address, and with it a key.
                    problem = f"{type(error).__name__}"
                else:
                    if status == httpx.codes.OK:
                        return read_json(body, self._layout, self._name, now)
                    problem = f"HTTP status {status}"
                    if status not in RETRIED:
                        break
        raise SourceError(self._name, problem)

    async def _ask(self, client: httpx.AsyncClient) -> tuple[int, bytes]:
        async with client.stream("GET", self._url, timeout=self._timeout_seconds) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > self._max_bytes:
                    raise SourceError(self._name, f"the answer is longer than {self._max_bytes} bytes")
            return answer.status_code, bytes(body)

    def _resolved_headers(self) -> dict[str, str]:
        resolved = {}
        for header, text in self._headers.items():
            if text.startswith("env:"):
                variable = text.removeprefix("env:")
                if variable not in os.environ:
                    raise SourceError(
                        self._name, f"environment variable {variable} of header {header} is not set"
                    )
                text = os.environ[variable]
            resolved[header] = text
        return resolved
