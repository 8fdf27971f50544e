"""Puts an operator together from its configuration file and runs it."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from pathlib import Path

from olivepress.errors import TransportError
from olivepress.manifest import Deployment
from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import OracleDomain
from olivepress.oracle.operator.clock import SystemClock, seconds
from olivepress.oracle.operator.config import OperatorConfig, load_config, resolved
from olivepress.oracle.operator.daemon import Daemon
from olivepress.oracle.operator.delivery import Delivery, Told
from olivepress.oracle.operator.journal import FileReports
from olivepress.oracle.operator.memory import QuoteMemory
from olivepress.oracle.operator.metrics import Metrics
from olivepress.oracle.operator.step import AuditFolder, Operator
from olivepress.oracle.operator.watch import ChainWatch
from olivepress.oracle.relay_client import RelayClient
from olivepress.oracle.service import Health, HttpService, run_until_stopped
from olivepress.rpc import Transport, connect

_LOG = logging.getLogger(__name__)

RETRY_SECONDS = 5


class OperatorApp:
    """An operator as its file describes it. Everything that is wrong in the file is found here.

    :raises ConfigurationError: names the field, the value and what is allowed
    :raises ManifestError: the manifest is none
    """

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.config: OperatorConfig = load_config(path)
        self.signer = self.config.key.load(self.folder)
        self.rules = self.config.rules(self.folder)
        self.panel = self.config.panel(self.folder)
        self.rpc = resolved("rpc", self.config.rpc)
        self.relays = [RelayClient(resolved("relays", relay)) for relay in self.config.relays]
        self.deployment = Deployment.load(self.folder / self.config.manifest)
        self.domain = OracleDomain(self.deployment.chain_id, self.deployment.oracle)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, which end it in a few seconds."""
        await run_until_stopped(self._serve())
        if self.panel.hanging:
            # The interpreter would wait for the thread that hangs; everything is closed and written by now.
            _LOG.warning("left behind, as they hang: %s", ", ".join(self.panel.hanging))
            logging.shutdown()
            os._exit(0)

    async def _serve(self) -> None:
        clock = SystemClock()
        metrics = Metrics(lambda: seconds(clock.now()))
        daemon: Daemon | None = None

        def health() -> Health:
            return daemon.health() if daemon is not None else Health(["starting: no connection to the node"])

        async with AsyncExitStack() as stack:
            reports = self._open_state()
            stack.callback(reports.close)
            service = HttpService(self.config.listen, health=health, registry=metrics.registry)
            await stack.enter_async_context(service)
            _LOG.info("health and metrics at %s", service.url)
            transport = await self._connect()
            stack.push_async_callback(transport.close)
            client = OracleClient(transport, self.deployment)
            audits = AuditFolder(self._state / "audit")
            documents = [one for rule in self.rules for one in rule.methodologies]
            operator = Operator(
                self.signer,
                self.domain,
                self.config.schedule,
                self.rules,
                self.panel,
                memory=QuoteMemory(documents, self._state / "quotes.json"),
                reports=reports,
                save_audit=audits.save,
            )
            daemon = Daemon(
                operator,
                ChainWatch(client, clock, self.config.balances),
                Delivery(self.relays, self.domain, reports, clock, _count(metrics)),
                clock,
                metrics,
                clock_skew=self.config.clock_skew_seconds,
                prune=audits.prune,
                audit_days=self.config.audit_days,
            )
            await daemon.run()

    @property
    def _state(self) -> Path:
        return self.folder / self.config.state

    def _open_state(self) -> FileReports:
        binding = {
            "chain": str(self.domain.chain_id),
            "oracle": self.domain.oracle,
            "operator": self.signer.address,
        }
        return FileReports(self._state / "reports.jsonl", binding)

    async def _connect(self) -> Transport:
        """Waits for the node as long as it takes. ManifestError when it is of another chain."""
        told = False
        while True:
            try:
                transport = await connect(self.rpc)
                try:
                    await self.deployment.verify(transport)
                except BaseException:
                    await transport.close()
                    raise
                return transport
            except TransportError as error:
                if not told:
                    _LOG.warning("waiting for the node: %s", error)
                told = True
            await asyncio.sleep(RETRY_SECONDS)


def _count(metrics: Metrics) -> Told:
    return lambda relay, result: metrics.deliveries.labels(relay, result).inc()
