"""A transaction that was handed to the node."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from olivepress.errors import ReceiptTimeout, TransactionDropped, TransportError
from olivepress.signer import SignedTransaction, Transaction
from olivepress.tx.journal import Outcome
from olivepress.tx.receipts import Receipt, parse_receipt

if TYPE_CHECKING:
    from olivepress.tx.sender import TransactionSender


class PendingTx:
    """One nonce and what was sent under it: the transaction, and replacements with higher fees.

    `hash` is the first transaction's hash; `transaction` the latest version.
    """

    def __init__(
        self, sender: TransactionSender, transaction: Transaction, signed: SignedTransaction
    ) -> None:
        self.transaction = transaction
        self.hash = signed.hash
        self.nonce = transaction.nonce
        self.attempts = [signed]
        self.mined: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._sender = sender
        self._empty: set[bytes] = set()
        self._bumps = 0

    def __repr__(self) -> str:
        return f"PendingTx(0x{self.hash.hex()}, nonce={self.nonce})"

    def see(self, answer: dict[str, Any]) -> bool:
        """Takes a receipt that was found by reading; False when it is not in a block yet."""
        if answer.get("blockNumber") is None:
            return False
        if self.mined.done() and self.mined.exception() is not None:
            self._fresh_future()
        if not self.mined.done():
            self.mined.set_result(parse_receipt(answer))
        return True

    def watch_again(self) -> None:
        """Waits anew after the connection was lost."""
        if self.mined.done() and self.mined.exception() is not None:
            self._fresh_future()
        if not self.mined.done():
            for signed in self.attempts:
                self._sender.watcher.watch(signed.hash, self.mined)

    def _fresh_future(self) -> None:
        self.mined = asyncio.get_running_loop().create_future()
        self._sender.track(self)

    def outcome_of(self, receipt: Receipt) -> Outcome:
        """What a receipt under this nonce means for the transaction."""
        if receipt.tx_hash in self._empty:
            return Outcome.DROPPED
        return Outcome.SUCCEEDED if receipt.succeeded else Outcome.REVERTED

    async def receipt(self, timeout: float = 60.0) -> Receipt:
        """Waits until it is mined. May be called again, with the same result.

        Raises Reverted (the contract's own error where it is known), TransactionDropped, ReceiptTimeout, and
        OutcomeUnknown when the node cannot be reached.
        """
        sender = self._sender
        deadline = asyncio.get_running_loop().time() + timeout
        if not self.mined.done() and sender.before_wait is not None:
            try:
                await sender.before_wait()
                await sender.watcher.ask(signed.hash for signed in self.attempts)
            except TransportError as error:
                raise sender.outcome_unknown(self, f"lost sight of the transaction: {error}") from error
        while not self.mined.done():
            left = deadline - asyncio.get_running_loop().time()
            stuck = sender.fees.stuck_seconds if self._bumps < sender.fees.max_bumps else None
            done, _ = await asyncio.wait([self.mined], timeout=left if stuck is None else min(left, stuck))
            if done:
                break
            if stuck is None or left <= stuck:
                await self._timed_out(timeout)
            else:
                await self.bump()
        try:
            receipt = self.mined.result()
        except TransportError as error:
            raise sender.outcome_unknown(self, f"lost sight of the transaction: {error}") from error
        return await sender.conclude(self, receipt)

    async def _timed_out(self, timeout: float) -> None:
        """Returns when it was mined after all; raises otherwise."""
        try:
            state = await self._sender.look(self)
        except TransportError as error:
            raise self._sender.outcome_unknown(self, f"lost sight of the transaction: {error}") from error
        if state == "gone":
            raise TransactionDropped("another transaction took its nonce", tx_hash=self.hash)
        if state != "mined":
            what = f"not mined within {timeout} s" + (
                "" if state == "pool" else ", and the node no longer knows it"
            )
            raise self._sender.outcome_unknown(self, what, ReceiptTimeout)

    async def bump(self) -> None:
        """Sends it again under the same nonce with higher fees.

        Does nothing when it is mined already, or when the fee would pass the policy's `max_fee_limit`.
        """
        self._bumps += 1
        raised, limit = self.raised(), self._sender.fees.max_fee_limit
        if limit is None or raised.max_fee_per_gas <= limit:
            await self._replace(raised)

    async def cancel(self) -> None:
        """Sends an empty transaction under the same nonce with higher fees.

        `receipt()` then tells which of the two was mined: it raises TransactionDropped when this one never
        ran.
        """
        empty = replace(self.raised(), to=self._sender.address20, value=0, data=b"", gas=21_000)
        await self._replace(empty, empty=True)

    def raised(self) -> Transaction:
        """The same transaction with fees that nodes take as a replacement."""
        tx = self.transaction
        percent = 100 + self._sender.fees.bump_percent
        return replace(
            tx,
            max_fee_per_gas=-(-tx.max_fee_per_gas * percent // 100) + 1,
            max_priority_fee_per_gas=-(-tx.max_priority_fee_per_gas * percent // 100) + 1,
        )

    async def _replace(self, tx: Transaction, *, empty: bool = False) -> None:
        if self.mined.done():
            return
        signed = self._sender.signer.sign_transaction(tx)
        self.attempts.append(signed)
        if empty:
            self._empty.add(signed.hash)
        self.transaction = tx
        await self._sender.submit_replacement(self, signed)
