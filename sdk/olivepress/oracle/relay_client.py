"""The client of a relay: hands it signed reports and reads what it has collected."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from olivepress.errors import ConfigurationError, ConnectionFailed, RequestTimeout
from olivepress.oracle.codec import OracleDomain, SignedReport
from olivepress.oracle.wire import REPORTS, ROUNDS, Reason, ReportRefused, WireReport
from olivepress.rpc.base import is_local, mask_url

_MAX_ANSWER = 4_000_000
_MAX_TOLD = 2_000


class RelayClient:
    """One relay.

    :param url: e.g. `https://relay.example` ; the paths are added
    :param timeout: seconds for one request as a whole
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"relay: {mask_url(url)!r} is refused; allowed: http://... or https://..."
            )
        self.url = mask_url(url)
        self._target = url.rstrip("/")
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def submit(self, signed: SignedReport, domain: OracleDomain) -> bool:
        """Hands a report over; True when it was new to the relay, False when the relay had it already.

        Sending a report again does no harm.

        :raises ReportRefused: the relay does not take it; `reason.passing` says whether to try again
        :raises ConnectionFailed: no connection, or an answer that no relay gives
        :raises RequestTimeout: no answer in time
        """
        body = WireReport.of(signed, domain).model_dump_json().encode()
        status, answer = await self._ask("POST", REPORTS, body)
        if status in (200, 202):
            return status == 202
        raise self._refusal(status, answer)

    async def rounds(self) -> dict[str, Any]:
        """What the relay has collected; the fields are in docs/spec/oracle.md. Raises as `submit`."""
        status, answer = await self._ask("GET", ROUNDS)
        told = answer.get("rounds") if isinstance(answer, dict) else None
        if status != 200 or not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise self._refusal(status, answer)
        return dict(answer)

    def _refusal(self, status: int, answer: Any) -> Exception:
        try:
            told = {name: _line(str(answer[name])) for name in ("field", "value", "allowed")}
            return ReportRefused(Reason(answer["reason"]), **told)
        except (KeyError, TypeError, ValueError):
            return ConnectionFailed(
                f"{self.url}: HTTP status {status}, no relay's answer", url=self.url, sent=True
            )

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout), trust_env=not is_local(self._target)
            )
        headers = {"content-type": "application/json"} if body is not None else None
        try:
            async with self._session.request(
                method, self._target + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                content = bytearray()
                async for chunk in response.content.iter_chunked(65_536):
                    content += chunk
                    if len(content) > _MAX_ANSWER:
                        return response.status, None
                return response.status, orjson.loads(content)
        except orjson.JSONDecodeError:
            return response.status, None
        except TimeoutError:
            message = f"{self.url}: no answer within {self._timeout} s"
            raise RequestTimeout(message, url=self.url) from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ConnectionFailed(f"cannot connect to {self.url}: {reason}", url=self.url) from None
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise ConnectionFailed(f"{self.url}: {reason}", url=self.url, sent=True) from None

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _line(text: str) -> str:
    """What a stranger says, fit for a log: one line, and not endless."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_MAX_TOLD])
