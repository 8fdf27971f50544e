"""Puts rounds on the chain, one transaction at a time, and finds out what became of each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from functools import partial

from olivepress import reverts
from olivepress.errors import (
    InsufficientFunds,
    OlivepressError,
    OutcomeUnknown,
    Reverted,
    RpcError,
    TransactionDropped,
    TransactionError,
    TransportError,
)
from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import SignedReport
from olivepress.oracle.relay.settings import Fees, Timing
from olivepress.rpc import Transport
from olivepress.signer import Signer
from olivepress.tx import FeePolicy, Journal, Outcome, Receipt, TransactionSender

_LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0
_DAY = 86_400


class Trial(Enum):
    """What the oracle would say to a round now."""

    FINE = "fine"
    TAKEN = "taken"
    """It has a round of this time, or a later one."""
    ON_ITS_WAY = "on its way"
    """It will have, once the node mines what it knows."""


class Sending:
    """The relay's key and what it sends.

    :param journal: of its own; keeps what was sent over a crash
    :param tell: takes what is wrong at the moment in words, "" when nothing is
    :param count: takes the outcome of every transaction that ran, or never will
    :param before_wait: for every `TransactionSender`
    """

    def __init__(
        self,
        client: OracleClient,
        signer: Signer,
        journal: Journal,
        fees: Fees,
        timing: Timing,
        *,
        tell: Callable[[str], None],
        count: Callable[[Outcome], None],
        before_wait: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._client = client
        self._signer = signer
        self._journal = journal
        self._timing = timing
        self._tell = tell
        self._count = count
        self._before_wait = before_wait
        self._fees = FeePolicy(
            priority_fee=fees.priority_fee_wei,
            max_fee_limit=fees.max_fee_wei,
            bump_percent=fees.bump_percent,
            max_bumps=fees.max_bumps,
            stuck_seconds=timing.stuck_seconds,
            refresh_seconds=0,
        )

    @property
    def address(self) -> str:
        """Of the key that pays."""
        return self._signer.address

    async def recover(self) -> None:
        """After a restart: waits for what the run before has sent and the node still has."""
        sender = self._sender()
        for found in await sender.recover():
            if found.pending is not None:
                _LOG.info("waiting for transaction 0x%s of the run before", found.pending.hash.hex())
                await self._outcome(partial(found.pending.receipt, timeout=self._patience))

    async def own_in_pool(self) -> bool:
        """Whether the node has transactions of this key that it has not mined."""
        latest, pending = await self._transport.batch(
            [("eth_getTransactionCount", [self.address, block]) for block in ("latest", "pending")]
        )
        return int(pending, 16) > int(latest, 16)

    async def try_out(self, operator_set: int, reports: Sequence[SignedReport], block_time: int) -> Trial:
        """Asks the node what the oracle would do, without sending.

        :param block_time: of the latest block; before the observation time only the next block can take it
        :raises Reverted: why it would refuse the round
        """
        call = await self._client.update_call(operator_set, reports)
        sender = self._sender()
        observed = reports[0].report.observed_at <= block_time
        if observed:
            try:
                await sender.call(call.to, call.data)
            except reverts.TimeNotIncreasing:
                return Trial.TAKEN
        try:
            await sender.call(call.to, call.data, block="pending")
        except reverts.TimeNotIncreasing:
            return Trial.ON_ITS_WAY
        except RpcError:  # a node that knows no pending block
            if not observed:
                raise
        return Trial.FINE

    async def send(self, operator_set: int, reports: Sequence[SignedReport]) -> Outcome:
        """Sends a round and waits until its outcome is known, however long that takes.

        :raises InsufficientFunds: the key cannot pay
        :raises TransactionError: the node does not take it; nothing was sent
        :raises TransportError: the node could not be reached; nothing was sent
        """
        call = await self._client.update_call(operator_set, reports)
        return await self._execute(call.to, call.data, call.gas)

    async def fix_checkpoints(self, feed: int, last_time: int, day: int) -> Outcome:
        """Fixes the checkpoints of a feed that was long silent, up to `day`; a round crosses only a few."""
        outcome = Outcome.SUCCEEDED
        for number in range(last_time // _DAY + 1, day + 1):
            call = self._client.calls.fix_checkpoint(feed, number)
            outcome = await self._execute(call.to, call.data, call.gas)
            if outcome is not Outcome.SUCCEEDED:
                break
        return outcome

    @property
    def _transport(self) -> Transport:
        return self._client.transport

    @property
    def _patience(self) -> float:
        return 10 * self._timing.stuck_seconds

    def _sender(self) -> TransactionSender:
        # A new one for each transaction: it reads the nonce from the chain, which may have switched branches.
        return TransactionSender(
            self._transport,
            self._signer,
            self._client.deployment.chain_id,
            fees=self._fees,
            journal=self._journal,
            before_wait=self._before_wait,
            decode_error=reverts.decode,
        )

    async def _execute(self, to: str, data: bytes, gas: int | None) -> Outcome:
        sender = self._sender()
        try:
            pending = await sender.send(to, data, gas=gas)
        except OutcomeUnknown as error:
            return await self._outcome(self._resolving(error))
        _LOG.info("sent 0x%s", pending.hash.hex())
        return await self._outcome(partial(pending.receipt, timeout=self._patience))

    def _resolving(self, error: OutcomeUnknown) -> Callable[[], Awaitable[Receipt]]:
        return partial(error.resolve, resend=True, timeout=self._patience)

    async def _outcome(self, wait: Callable[[], Awaitable[Receipt]]) -> Outcome:
        """Waits, through outages, until it is known. A transaction that waits long is replaced meanwhile."""
        while True:
            try:
                receipt = await wait()
            except OutcomeUnknown as error:
                self._tell(str(error))
                wait = self._resolving(error)
            except Reverted as error:
                _LOG.warning("reverted: %s", error)
                outcome = Outcome.REVERTED
                break
            except TransactionDropped:
                outcome = Outcome.DROPPED
                break
            except (TransactionError, TransportError) as error:
                # It is still under way: what failed is a replacement, or a look at it.
                self._tell(_in_words(error))
            else:
                _LOG.info("mined 0x%s in block %d", receipt.tx_hash.hex(), receipt.block_number)
                outcome = Outcome.SUCCEEDED
                break
            await asyncio.sleep(_RETRY_SECONDS)
        self._tell("")
        self._count(outcome)
        return outcome


def _in_words(error: OlivepressError) -> str:
    if isinstance(error, InsufficientFunds):
        return f"not enough money for a higher fee: {error}"
    return str(error)
