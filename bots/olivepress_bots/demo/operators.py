"""The demo's operators and relay: those that docs/operators.md describes, on the demo's clock.

Every operator is a `Daemon` with sources of its own, and hands its reports over HTTP to a relay, which
checks them, sends what has a quorum, and pays for the updates.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from olivepress.oracle.client import OracleClient
from olivepress.oracle.operator import FeedRule, Operator, Panel, SaveAudit, Schedule
from olivepress.oracle.operator.clock import seconds
from olivepress.oracle.operator.daemon import Daemon
from olivepress.oracle.operator.delivery import Delivery
from olivepress.oracle.operator.memory import moment
from olivepress.oracle.operator.metrics import Metrics
from olivepress.oracle.operator.watch import ChainWatch, Sight
from olivepress.oracle.relay import Relay, RelaySettings, open_relay
from olivepress.oracle.relay_client import RelayClient
from olivepress.signer import LocalSigner
from olivepress_bots.market import DEVIATION_BPS, Market

MOST_STEPS = 50
"""Of the relay for one observation time; a round takes two."""


class HandClock:
    """The operators' clock, set by hand. Pauses between two attempts at a relay are real."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> datetime:
        return moment(self.at)

    def elapsed(self) -> int:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class OneNode(ChainWatch):
    """All operators of the demo have one node, which is asked once for each observation time."""

    def __init__(self, client: OracleClient, clock: HandClock) -> None:
        super().__init__(client, clock)
        self._hand = clock
        self._looked_at = -1
        self._sight: Sight | None = None

    async def look(self) -> Sight | None:
        if self._looked_at != self._hand.at:
            self._sight, self._looked_at = await super().look(), self._hand.at
        return self._sight


@dataclass(slots=True)
class Publishers:
    """The operators and their relay."""

    clock: HandClock
    daemons: Sequence[Daemon]
    relay: Relay

    async def report(self, at: int, online: Callable[[int], bool]) -> None:
        """Every operator that is online polls, computes, signs and hands its reports to the relay.

        The chain's latest block must be of `at` (unix seconds) or a little before: an operator whose clock is
        far from the chain's signs nothing. `online` says whether operator number n, from 0, is there.
        """
        self.clock.at = at
        for number, daemon in enumerate(self.daemons):
            if online(number):
                await daemon.tick(at)
                await daemon.delivery.settled()

    async def relay_rounds(self) -> None:
        """The relay sends every round that has a quorum. RuntimeError names a round that it cannot send."""
        for _ in range(MOST_STEPS):
            await asyncio.sleep(await self.relay.step())
            ready = [one for one in self.relay.rounds()["rounds"] if one["state"] == "ready"]
            if not ready:
                return
        raise RuntimeError(f"the relay keeps its round of {ready[0]['observed_at']}: {ready[0]['why']}")

    def counts(self) -> dict[str, int]:
        """Reports that the relay took, rounds it put on the chain, transactions of it that were reverted."""
        value = self.relay.metrics.registry.get_sample_value
        names = {
            "reports": ("reports_total", {"result": "taken"}),
            "rounds": ("rounds_submitted_total", {}),
            "reverted": ("transactions_total", {"outcome": "reverted"}),
        }
        return {
            key: int(value(f"olivepress_relay_{name}", labels) or 0) for key, (name, labels) in names.items()
        }


@asynccontextmanager
async def open_publishers(
    market: Market,
    relay_key: LocalSigner,
    panels: Sequence[Panel],
    schedule: Schedule,
    save_audit: SaveAudit,
    before_wait: Callable[[], Awaitable[object]],
) -> AsyncIterator[Publishers]:
    """One operator for each panel, and a relay that listens on this machine and pays with its key.

    `save_audit` takes the audit records of all operators; `before_wait` mines what waits.
    """
    clock = HandClock()
    client = OracleClient(market.transport, market.deployment)
    watch = OneNode(client, clock)
    settings = _relay_settings(market.transport.url)
    with tempfile.TemporaryDirectory(prefix="olivepress-relay-") as folder:
        # What the relay keeps goes with the demo, so nothing waits for the disk.
        opened = open_relay(
            market.transport,
            market.deployment,
            relay_key,
            settings,
            Path(folder),
            sync=False,
            before_wait=before_wait,
        )
        async with opened as (relay, service):
            rules = [FeedRule(symbol, (how,), DEVIATION_BPS) for symbol, how in market.methodologies.items()]
            daemons = []
            for signer, panel in zip(market.operators, panels, strict=True):
                operator = Operator(signer, market.domain, schedule, rules, panel, save_audit=save_audit)
                delivery = Delivery([RelayClient(service.url)], market.domain, operator.reports, clock)
                metrics = Metrics(lambda: seconds(clock.now()))
                daemons.append(Daemon(operator, watch, delivery, clock, metrics))
            try:
                yield Publishers(clock, daemons, relay)
            finally:
                for daemon in daemons:
                    await daemon.delivery.stop(patience=0)


def _relay_settings(rpc: str) -> RelaySettings:
    """Of a relay that has the reports of everybody who is there when it is asked, and is alone."""
    quick = ("poll_seconds", "gather_seconds", "stagger_seconds", "patience_seconds", "keep_seconds")
    return RelaySettings.model_validate(
        {
            "rpc": rpc,
            "manifest": "olivepress.json",
            "listen": "127.0.0.1:0",
            "state": ".",
            "key": {"env": "unused"},
            "timing": dict.fromkeys(quick, 0) | {"poll_seconds": 0.01},
            "limits": {"requests_per_minute": 10**6, "burst": 10**6},
        }
    )
