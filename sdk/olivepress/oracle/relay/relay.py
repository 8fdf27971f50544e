"""The relay: takes signed reports over HTTP and puts every round with a quorum on the chain, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic, time
from typing import Any

from olivepress import reverts
from olivepress.errors import (
    InsufficientFunds,
    OlivepressError,
    Reverted,
    TransactionError,
    TransportError,
    ValidationError,
)
from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import SignedReport
from olivepress.oracle.relay import intake
from olivepress.oracle.relay.metrics import RelayMetrics
from olivepress.oracle.relay.planner import Planner, Standing
from olivepress.oracle.relay.reports import Collection, RoundKey
from olivepress.oracle.relay.sending import Sending, Trial
from olivepress.oracle.relay.settings import RelaySettings
from olivepress.oracle.service import Health
from olivepress.oracle.snapshot import OracleState, read_state
from olivepress.oracle.wire import Reason, ReportRefused, WireReport
from olivepress.signer import Signer
from olivepress.tx import Journal, Outcome

_LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0
_POOR_SECONDS = 60.0
_YOUNG_SECONDS = 1.0
_ROUNDS_TOLD = 100


class Relay:
    """One relay; `run` does the work, the server calls `take`.

    Anyone can run one: it can put nothing on the chain that a quorum did not sign. Reports and sent
    transactions are in files, so it may be killed at any point and started again.

    :param before_wait: awaited before a receipt is waited for; on a chain that mines on demand it mines
    """

    def __init__(
        self,
        client: OracleClient,
        signer: Signer,
        collection: Collection,
        journal: Journal,
        settings: RelaySettings,
        *,
        before_wait: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.metrics = RelayMetrics(self._age)
        self._client = client
        self._collection = collection
        self._settings = settings
        self._timing = settings.timing
        self._planner = Planner(settings.timing, signer.address)
        self._sending = Sending(
            client,
            signer,
            journal,
            settings.fees,
            settings.timing,
            tell=lambda problem: self._tell("sending", problem),
            count=lambda outcome: self.metrics.transactions.labels(outcome.value).inc(),
            before_wait=before_wait,
        )
        self._state: OracleState | None = None
        self._read_at = 0.0
        self._outdated = True
        self._balance = 0
        self._poor: tuple[int, float] | None = None
        self._reading = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._problems: dict[str, str] = {"chain": "the chain was not reached yet"}
        self._key_waits_since: float | None = None

    # --- reports ---

    async def take(self, wire: WireReport) -> bool:
        """Takes a report; False when it is known already.

        :raises ReportRefused: it is not taken, and why
        """
        signed = intake.read_report(wire, self._client.domain)
        if self._knows(signed):
            return False
        state = await self._state_for(signed)
        intake.check_signer(signed, self._client.domain, state)
        # It may have come meanwhile, over another connection.
        if self._knows(signed):
            return False
        if (mine := self._collection.find(signed)) is not None:
            before = f"{dict(mine.report.values)}, as reported before"
            raise ReportRefused(Reason.ALREADY_REPORTED, "values", dict(signed.report.values), before)
        intake.check_time(signed, state, now=int(time()), early=self._timing.early_seconds)
        try:
            self._collection.add(signed)
        except OSError as error:
            self._tell("disk", str(error))
            raise ReportRefused(
                Reason.UNAVAILABLE, "relay", "a full disk", "a relay that can write"
            ) from error
        self._tell("disk", "")
        self._arrived.set()
        return True

    def _knows(self, signed: SignedReport) -> bool:
        mine = self._collection.find(signed)
        return mine is not None and mine.report == signed.report

    async def _state_for(self, signed: SignedReport) -> OracleState:
        """The oracle's state; read again when the report does not fit it: operators may have been rotated."""
        if self._state is None:
            try:
                return await self._read(_YOUNG_SECONDS)
            except TransportError as error:
                allowed = "a relay that reaches its chain"
                raise ReportRefused(Reason.UNAVAILABLE, "relay", "no chain yet", allowed) from error
        with suppress(ReportRefused):
            operators = intake.set_of(signed.report.feeds, self._state)
            if signed.operator in operators.operators and signed.report.version == operators.version:
                return self._state
        with suppress(TransportError):
            return await self._read(_YOUNG_SECONDS)
        return self._state

    # --- the chain ---

    async def run(self) -> None:
        """Runs until it is cancelled. Problems are told in `health`, logged, and tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._work())

    async def _watch(self) -> None:
        """Follows the chain, also while a transaction is waited for."""
        while True:
            with suppress(TransportError):
                await self._read(self._timing.poll_seconds / 2)
            await asyncio.sleep(self._timing.poll_seconds)

    async def _work(self) -> None:
        recovered = False
        while True:
            try:
                if not recovered:
                    await self._sending.recover()
                    recovered = True
                pause = await self.step()
            except TransportError as error:
                self._tell("chain", str(error))
                pause = self._timing.poll_seconds
            except (TransactionError, OSError) as error:
                self._tell("sending", str(error))
                pause = _RETRY_SECONDS
            except Exception as error:  # what nobody thought of ends no relay
                _LOG.exception("this round was not sent")
                self._tell("sending", f"{type(error).__name__}: {error}")
                pause = _RETRY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), pause)
            self._arrived.clear()

    async def step(self) -> float:
        """Sends the round that is due, if one is. Returns the seconds until there may be more to do.

        `run` calls it again and again; the demo does, on a clock of its own. Raises what a send may raise.
        """
        due = self._due(await self._read(self._timing.poll_seconds))
        if due is None:
            self._tell("sending", "")
        if due is None or self._is_poor():
            return self._timing.poll_seconds
        left = due.ready_at - monotonic()
        if left > 0:
            return min(left, self._timing.poll_seconds)
        # What was read may be some seconds old: another relay may have been faster.
        due = self._due(await self._read(0))
        if due is None or due.ready_at > monotonic():
            return 0
        if await self._key_is_busy():
            return self._timing.poll_seconds
        await self._send(due)
        return 0

    async def _read(self, max_age: float) -> OracleState:
        """The oracle's state, at most `max_age` seconds old."""
        async with self._reading:
            if self._state is None or self._outdated or monotonic() - self._read_at >= max_age:
                started = monotonic()
                account = ("eth_getBalance", [self._sending.address, "latest"])
                try:
                    state = await read_state(self._client)
                    balance = int(await self._client.transport.request(*account), 16)
                except (OlivepressError, TypeError, ValueError, KeyError) as error:
                    # The chain may have changed between two reads; a node may answer anything.
                    self.metrics.chain_errors.inc()
                    self._tell("chain", str(error))
                    # In the same words for who catches it: a log that alternates fills the disk.
                    raise TransportError(str(error)) from error
                self._state, self._read_at, self._outdated = state, started, False
                self._see(state, balance)
            return self._state

    def _see(self, state: OracleState, balance: int) -> None:
        self._balance = balance
        self.metrics.see(state)
        self.metrics.balance.set(balance)
        self._tell("chain", "")
        if self._poor is not None and balance != self._poor[0]:
            self._poor = None
            self._tell("money", "")
        least = self._settings.min_balance_wei
        low = f"{self._sending.address} has {balance} wei, wanted: {least} or more"
        self._tell("balance", low if balance < least else "")

    def _due(self, state: OracleState) -> Standing | None:
        self._look(state)
        self._collection.drop(self._planner.forgettable(monotonic()))
        standings = self._planner.standings.values()
        self.metrics.collected.set(len(self._collection))
        self.metrics.open_rounds.set(sum(not one.over for one in standings))
        refused = [
            f"round of {one.key.observed_at}: {one.refused}"
            for one in standings
            if one.refused and not one.over
        ]
        self._tell("rounds", "; ".join(refused))
        return self._planner.next()

    def _look(self, state: OracleState) -> None:
        reached = self._planner.look(self._collection.rounds, state, monotonic())
        self.metrics.quorums.inc(len(reached))

    def _is_poor(self) -> bool:
        """Whether the key could not pay a moment ago and has got no money since."""
        return self._poor is not None and monotonic() < self._poor[1]

    async def _key_is_busy(self) -> bool:
        """Whether transactions of the key wait in the node, such as those of a branch that is gone."""
        if not await self._sending.own_in_pool():
            self._key_waits_since = None
            self._tell("key", "")
            return False
        self._key_waits_since = self._key_waits_since or monotonic()
        if monotonic() - self._key_waits_since < self._timing.stuck_seconds:
            return True
        self._tell("key", "transactions of this key wait in the node; use it for this relay alone")
        return False

    async def _send(self, due: Standing) -> None:
        """One round, tried out first."""
        assert due.operators is not None
        assert self._state is not None
        number = due.operators.id
        try:
            trial = await self._sending.try_out(number, due.reports, self._state.block_time)
            due.refused = ""
            if trial is Trial.TAKEN:
                due.held_until = monotonic() + self._timing.poll_seconds
                return
            if trial is Trial.ON_ITS_WAY and not due.yielded:
                due.yielded = True
                due.held_until = monotonic() + self._timing.patience_seconds
                return
            outcome = await self._sending.send(number, due.reports)
        except reverts.CheckpointMissing as missing:
            last = self._state.feeds[missing.feed].time
            await self._sending.fix_checkpoints(missing.feed, last, missing.day)
        except reverts.FutureObservation:  # the next block's time will do
            due.held_until = monotonic() + self._timing.poll_seconds
        except (Reverted, ValidationError) as error:
            due.refused = str(error)
            due.held_until = monotonic() + _RETRY_SECONDS
            _LOG.warning("round of %d: %s", due.key.observed_at, error)
        except InsufficientFunds as error:
            self._tell("money", f"{self._sending.address} cannot pay for gas: {error}")
            self._poor = (self._balance, monotonic() + _POOR_SECONDS)
        else:
            self._poor = None
            self._tell("money", "")
            if outcome is not Outcome.DROPPED:
                # A node that is behind the others may not show it yet.
                due.held_until = monotonic() + self._timing.patience_seconds
            if outcome is Outcome.REVERTED:
                due.refused = "its transaction was reverted"  # so that others need not wait for it
            if outcome is Outcome.SUCCEEDED:
                self.metrics.rounds.inc()
                _LOG.info("round of %d: %d reports", due.key.observed_at, len(due.reports))
        self._outdated = True

    # --- what it tells ---

    def health(self) -> Health:
        """Problems, and the figures beside them."""
        state = self._state
        details: dict[str, Any] = {
            "relay": self._sending.address,
            "balance_wei": str(self._balance),
            "reports": len(self._collection),
        }
        if state is not None:
            details |= {"block": state.block, "block_time": state.block_time}
            details["feeds"] = {
                str(feed): {"last_round": told.seen, "pending": bool(told.pending_time)}
                for feed, told in state.feeds.items()
            }
        return Health([f"{name}: {text}" for name, text in self._problems.items()], details)

    def rounds(self) -> dict[str, Any]:
        """What is collected, newest first, without anybody's values."""
        if self._state is not None:
            self._look(self._state)
        newest = sorted(self._planner.standings.items(), reverse=True)[:_ROUNDS_TOLD]
        return {"rounds": [self._told(key, standing) for key, standing in newest]}

    def _told(self, key: RoundKey, standing: Standing) -> dict[str, Any]:
        operators = standing.operators
        return {
            "observed_at": key.observed_at,
            "version": key.version,
            "feeds": list(key.feeds),
            "operators": sorted(self._collection.rounds.get(key, {})),
            "reports": len(standing.reports),
            "quorum": operators.quorum if operators else None,
            "state": "over" if standing.over else "ready" if standing.has_quorum else "collecting",
            "why": standing.over or standing.refused,
        }

    def _tell(self, name: str, problem: str) -> None:
        if problem and self._problems.get(name) != problem:
            _LOG.warning("%s: %s", name, problem)
        if problem:
            self._problems[name] = problem
        else:
            self._problems.pop(name, None)

    def _age(self, observed_at: int) -> float:
        """By the chain's clock, which goes on while the node cannot be reached."""
        assert self._state is not None
        return self._state.block_time + monotonic() - self._read_at - observed_at
