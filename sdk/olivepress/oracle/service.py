"""What operator daemon and relay share as programs: /health and /metrics over HTTP, and a clean stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from olivepress.errors import ConfigurationError

_LOG = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Health:
    """`problems` in words, none when all is well; `details` are figures for the answer."""

    problems: Sequence[str] = ()
    details: dict[str, Any] = field(default_factory=dict)


class HttpService:
    """Serves GET /health (200, or 503 while there are problems), GET /metrics (Prometheus text) and `routes`.

    :param listen: `host:port`; port 0 takes a free one, which `url` then names
    :param max_body: bytes that a request may have; a longer one is answered with 413
    """

    def __init__(
        self,
        listen: str,
        *,
        health: Callable[[], Health],
        registry: CollectorRegistry,
        routes: Sequence[web.RouteDef] = (),
        max_body: int = 1024,
    ) -> None:
        host, _, port = listen.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._health = health
        self._registry = registry
        self._app = web.Application(middlewares=[_errors_as_json], client_max_size=max_body)
        self._app.add_routes([web.get("/health", self._get_health), web.get("/metrics", self._get_metrics)])
        self._app.add_routes(routes)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Address of the running service."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Listens. ConfigurationError when the address cannot be had."""
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            reason = error.strerror or error
            raise ConfigurationError(f"cannot listen on {self._host}:{self._port}: {reason}") from None
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends listening; requests under way have two seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _get_health(self, _request: web.Request) -> web.Response:
        health = self._health()
        status = "problems" if health.problems else "ok"
        document = {"status": status, "problems": list(health.problems), **health.details}
        return json_answer(503 if health.problems else 200, document)

    async def _get_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


def json_answer(status: int, document: Any, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status, body=orjson.dumps(document), content_type="application/json", headers=headers
    )


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        allowed = error.headers.get("Allow")
        headers = {"Allow": allowed} if allowed else None
        return json_answer(error.status, {"reason": error.reason, "path": request.path[:100]}, headers)
    except Exception:
        _LOG.exception("%s %s", request.method, request.path[:100])
        return json_answer(500, {"reason": "Internal Server Error", "path": request.path[:100]})


def log_to_stderr(level: int = logging.INFO) -> None:
    """Lines with time and level on stderr, for a program that runs for months."""
    logging.basicConfig(
        stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(message)s", force=True
    )


async def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Runs `work` until it ends, or cancels it on SIGTERM or SIGINT and waits for its clean-up."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
