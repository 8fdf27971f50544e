"""The relay's HTTP interface, and the program that `olivepress relay run` is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from olivepress.errors import TransportError
from olivepress.manifest import Deployment
from olivepress.oracle.client import OracleClient
from olivepress.oracle.relay.intake import RateLimiter
from olivepress.oracle.relay.relay import Relay
from olivepress.oracle.relay.reports import Collection
from olivepress.oracle.relay.settings import Limits, RelaySettings
from olivepress.oracle.service import HttpService, json_answer
from olivepress.oracle.wire import MAX_BODY, REPORTS, ROUNDS, Reason, ReportRefused, WireReport
from olivepress.rpc import Transport, connect
from olivepress.signer import Signer
from olivepress.tx import FileJournal

_LOG = logging.getLogger(__name__)

_BODY_SECONDS = 10.0
_MAX_ADDRESS = 64


class RelayServer:
    """Answers to operators, and to whoever is curious."""

    def __init__(self, relay: Relay, limits: Limits) -> None:
        self._relay = relay
        self._limiter = RateLimiter(limits.requests_per_minute, limits.burst)
        self._client_header = limits.client_header

    @property
    def routes(self) -> list[web.RouteDef]:
        """For `HttpService`."""
        return [web.post(REPORTS, self.post_report), web.get(ROUNDS, self.get_rounds)]

    async def post_report(self, request: web.Request) -> web.Response:
        """202: taken. 200: known already. Else a refusal in words."""
        headers: dict[str, str] = {}
        try:
            self._admit(request, headers)
            wire = WireReport.parse(await self._body(request))
            new = await self._relay.take(wire)
        except ReportRefused as refused:
            self._relay.metrics.reports.labels(str(refused.reason)).inc()
            return json_answer(refused.reason.status, refused.document(), headers)
        self._relay.metrics.reports.labels("taken" if new else "known").inc()
        return json_answer(202 if new else 200, {"status": "taken" if new else "known"})

    async def get_rounds(self, request: web.Request) -> web.Response:
        """What is collected."""
        headers: dict[str, str] = {}
        try:
            self._admit(request, headers)
        except ReportRefused as refused:
            return json_answer(refused.reason.status, refused.document(), headers)
        return json_answer(200, self._relay.rounds())

    def _admit(self, request: web.Request, headers: dict[str, str]) -> None:
        client = request.remote or ""
        if self._client_header is not None:
            told = ",".join(request.headers.getall(self._client_header, [])).rpartition(",")[2].strip()
            client = told[:_MAX_ADDRESS] or client
        wait = self._limiter.wait(client)
        if wait:
            headers["Retry-After"] = str(wait)
            raise ReportRefused(Reason.RATE, "client", client, f"another request in {wait} s")

    @staticmethod
    async def _body(request: web.Request) -> bytes:
        allowed = f"{MAX_BODY} bytes at most"
        if (request.content_length or 0) > MAX_BODY:
            raise ReportRefused(Reason.TOO_LARGE, "body", f"{request.content_length} bytes", allowed)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise ReportRefused(Reason.TOO_LARGE, "body", "a longer one", allowed) from None
        except TimeoutError:
            raise ReportRefused(
                Reason.SCHEMA, "body", "not complete", f"within {_BODY_SECONDS:.0f} s"
            ) from None


@asynccontextmanager
async def open_relay(
    transport: Transport,
    deployment: Deployment,
    signer: Signer,
    settings: RelaySettings,
    folder: Path,
    *,
    sync: bool = True,
    before_wait: Callable[[], Awaitable[object]] | None = None,
) -> AsyncIterator[tuple[Relay, HttpService]]:
    """A relay that listens; `Relay.run` makes it work.

    :param sync: its files survive a power cut too; without it only the end of the process
    :param before_wait: see `Relay`
    :raises ConfigurationError: the state folder or the address is in use, or not usable
    """
    async with AsyncExitStack() as stack:
        client = OracleClient(transport, deployment)
        state = folder / settings.state
        collection = Collection(
            state / "reports.jsonl",
            client.domain,
            per_operator=settings.limits.reports_per_operator,
            sync=sync,
        )
        stack.callback(collection.close)
        journal = FileJournal(state / "transactions.jsonl", sync=sync)
        stack.callback(journal.close)
        relay = Relay(client, signer, collection, journal, settings, before_wait=before_wait)
        service = HttpService(
            settings.listen,
            health=relay.health,
            registry=relay.metrics.registry,
            routes=RelayServer(relay, settings.limits).routes,
            max_body=MAX_BODY,
        )
        yield relay, await stack.enter_async_context(service)


async def serve(settings: RelaySettings, folder: Path) -> None:
    """Runs until it is cancelled. Paths in the settings are relative to `folder`.

    :raises ManifestError: the node serves another chain, or other contracts
    """
    signer = settings.key.load(folder)
    deployment = Deployment.load(folder / settings.manifest)
    transport = await _connected(settings)
    try:
        await deployment.verify(transport)
        async with open_relay(transport, deployment, signer, settings, folder) as (relay, service):
            _LOG.info("relay %s of oracle %s on %s", signer.address, deployment.oracle, service.url)
            await relay.run()
    finally:
        await transport.close()


async def _connected(settings: RelaySettings) -> Transport:
    """A connection to the node, however long that takes: a relay may start before its node."""
    while True:
        try:
            return await connect(settings.rpc)
        except TransportError as error:
            _LOG.warning("%s; trying again", error)
            await asyncio.sleep(settings.timing.poll_seconds)
