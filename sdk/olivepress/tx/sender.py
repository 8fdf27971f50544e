"""Signs and sends the transactions of one key, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from olivepress.errors import (
    ConnectionFailed,
    InsufficientFunds,
    NonceTooLow,
    OutcomeUnknown,
    OutOfGas,
    RequestTimeout,
    Reverted,
    RpcError,
    TransactionDropped,
    TransactionError,
    TransportError,
    Underpriced,
)
from olivepress.rpc import Transport
from olivepress.signer import SignedTransaction, Signer, Transaction, address_bytes
from olivepress.tx.fees import FeePolicy, FeeSource
from olivepress.tx.journal import Intent, Journal, MemoryJournal, Outcome
from olivepress.tx.nonces import Nonces
from olivepress.tx.pending import PendingTx
from olivepress.tx.receipts import Receipt, ReceiptWatcher
from olivepress.tx.reverts import is_already_known, mined_revert_data, refusal, revert_data
from olivepress.units import require_int

State = Literal["mined", "pool", "gone", "missing"]

_SEND_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the chain says of an intent of an earlier run.

    `outcome` is set when it is settled; otherwise `pending` is set while the node still has the
    transaction; with neither the node does not know it, and its nonce goes to the next transaction.
    """

    intent: Intent
    outcome: Outcome | None = None
    pending: PendingTx | None = None


class TransactionSender:
    """Sends for one key; make one sender per key and transport, and share it.

    :param gas_percent: of the estimate, for transactions without an explicit gas limit
    :param journal: where intents are kept; a FileJournal survives a crash (see `recover`)
    :param decode_error: makes the exception out of revert data
    :param before_wait: awaited before a receipt is awaited, e.g. DevChain.mine_pending where blocks come on
    demand
    """

    def __init__(
        self,
        transport: Transport,
        signer: Signer,
        chain_id: int,
        *,
        fees: FeePolicy | None = None,
        gas_percent: int = 120,
        journal: Journal | None = None,
        decode_error: Callable[[bytes], Exception] = Reverted,
        before_wait: Callable[[], Awaitable[Any]] | None = None,
        watcher: ReceiptWatcher | None = None,
    ) -> None:
        self.transport = transport
        self.signer = signer
        self.chain_id = require_int(chain_id, "chain_id", 1, 2**63 - 1)
        self.fees = fees or FeePolicy()
        self.gas_percent = require_int(gas_percent, "gas_percent", 100, 1000)
        self.journal: Journal = journal if journal is not None else MemoryJournal()
        self.decode_error = decode_error
        self.before_wait = before_wait
        self.watcher = watcher or ReceiptWatcher.shared(transport)
        self.address20 = address_bytes(signer.address)
        self._fee_source = FeeSource(transport, self.fees)
        self._nonces = Nonces()
        self._flights: dict[int, PendingTx] = {}
        self._unknown: dict[int, PendingTx] = {}
        self._syncing = asyncio.Lock()
        self._queued = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Checksummed address of the key."""
        return self.signer.address

    # --- sending ---

    async def send(
        self, to: str | bytes | None, data: bytes = b"", value: int = 0, gas: int | None = None
    ) -> PendingTx:
        """Returns once the node has taken the transaction. `to` None creates a contract; `gas` None
        estimates.

        Raises ValidationError, Reverted (found while estimating), InsufficientFunds, Underpriced,
        NonceTooLow, ConnectionFailed (surely not sent) or OutcomeUnknown.
        """
        target = None if to is None else address_bytes(to, field="to")
        require_int(value, "value", 0, 2**256 - 1)
        limit = (
            await self._estimate(target, data, value)
            if gas is None
            else require_int(gas, "gas", 21_000, 2**63)
        )
        for attempt in range(_SEND_ATTEMPTS):
            fees = self._ready_fees() or await self._get_ready()
            pending = self._sign(target, data, value, limit, fees)
            try:
                await self._submit(pending, pending.attempts[0])
            except NonceTooLow:
                # The nonce went to another transaction, so this one can never run: a new nonce is safe.
                if attempt == _SEND_ATTEMPTS - 1:
                    raise
                self._nonces.consumed(await self._count("pending"))
            except Underpriced:
                if attempt == _SEND_ATTEMPTS - 1 or await self._fee_source.read(force=True) == fees:
                    raise
            else:
                return pending
        raise AssertionError("every attempt returns or raises")

    async def execute(
        self,
        to: str | bytes | None,
        data: bytes = b"",
        value: int = 0,
        gas: int | None = None,
        timeout: float = 60.0,
    ) -> Receipt:
        """`send`, then `receipt`."""
        return await (await self.send(to, data, value, gas)).receipt(timeout)

    async def call(self, to: str | bytes, data: bytes, *, block: int | str = "latest") -> bytes:
        """eth_call from this address. A revert raises its decoded error."""
        where = hex(block) if isinstance(block, int) else block
        try:
            answer = await self.transport.request("eth_call", [self._call(address_bytes(to), data, 0), where])
        except RpcError as error:
            raise self._decoded(error) from None
        return bytes.fromhex(answer[2:])

    def _ready_fees(self) -> tuple[int, int] | None:
        """The fees when nothing has to be waited for."""
        if self._queued or self._unknown or not self._nonces.started:
            return None
        return self._fee_source.fresh()

    async def _get_ready(self) -> tuple[int, int]:
        """Reads what is missing. Callers leave in the order in which they came: nonces follow the calls."""
        self._queued += 1
        try:
            async with self._syncing:
                if self._unknown or not self._nonces.started:
                    await self._resync()
                return self._fee_source.fresh() or await self._fee_source.read()
        finally:
            self._queued -= 1

    def _sign(
        self, target: bytes | None, data: bytes, value: int, gas: int, fees: tuple[int, int]
    ) -> PendingTx:
        nonce = self._nonces.take()
        transaction = Transaction(self.chain_id, nonce, target, data, gas, fees[0], fees[1], value)
        try:
            pending = PendingTx(self, transaction, self.signer.sign_transaction(transaction))
        except BaseException:
            self._nonces.give_back(nonce)
            raise
        self.track(pending)
        return pending

    def track(self, pending: PendingTx) -> None:
        """For PendingTx: counts it as in flight until its future is done."""
        self._flights[pending.nonce] = pending
        pending.mined.add_done_callback(lambda future: self._settled(pending, future))

    def _settled(self, pending: PendingTx, future: asyncio.Future[Receipt]) -> None:
        if future.cancelled():
            return
        if isinstance(future.exception(), TransportError):
            self._unknown[pending.nonce] = pending  # looked at before the next transaction
            return
        for signed in pending.attempts:
            self.watcher.forget(signed.hash)
        for book in (self._flights, self._unknown):
            if book.get(pending.nonce) is pending:
                del book[pending.nonce]
        outcome = Outcome.DROPPED if future.exception() else pending.outcome_of(future.result())
        for signed in pending.attempts:
            self.journal.outcome(signed.hash, outcome)

    async def _submit(self, pending: PendingTx, signed: SignedTransaction) -> None:
        """Writes signed bytes down, then hands them to the node. Raises when refused or maybe lost."""
        self.journal.intent(Intent(signed.hash, self.chain_id, self.address, pending.nonce, signed.raw))
        self.watcher.watch(signed.hash, pending.mined)
        try:
            await self._broadcast(signed)
        except (TransactionError, ConnectionFailed) as error:
            if isinstance(error, ConnectionFailed) and error.sent:
                self._unknown[pending.nonce] = pending
                raise self.outcome_unknown(pending, f"the connection broke while sending: {error}") from error
            self._refused(pending, signed)
            raise
        except RequestTimeout as error:
            self._unknown[pending.nonce] = pending
            raise self.outcome_unknown(pending, f"no answer while sending: {error}") from error
        except asyncio.CancelledError:
            self._unknown[pending.nonce] = pending
            raise

    async def _broadcast(self, signed: SignedTransaction) -> None:
        """Returns when the node has the transaction. Raises TransactionError when it refuses it."""
        try:
            await self.transport.request("eth_sendRawTransaction", ["0x" + signed.raw.hex()])
        except RpcError as error:
            if is_already_known(error):
                return
            refused = refusal(error, signed.hash)
            if isinstance(refused, (Underpriced, InsufficientFunds)):
                raise refused from None
            # Mined already, or an unclear refusal: what counts is whether the node has it.
            tx_hash = "0x" + signed.hash.hex()
            try:
                found = await self.transport.request("eth_getTransactionByHash", [tx_hash])
            except ConnectionFailed as lost:
                raise ConnectionFailed(str(lost), url=lost.url, sent=True) from None
            if found is None:
                raise refused from None

    def _refused(self, pending: PendingTx, signed: SignedTransaction) -> None:
        self.watcher.forget(signed.hash)
        self.journal.outcome(signed.hash, Outcome.REJECTED)
        pending.attempts.remove(signed)
        if not pending.attempts:
            self._free(pending)

    def _free(self, pending: PendingTx) -> None:
        """Gives the nonce back; where later transactions wait behind it, an empty one takes it."""
        for book in (self._flights, self._unknown):
            if book.get(pending.nonce) is pending:
                del book[pending.nonce]
        self._nonces.give_back(pending.nonce)
        if any(nonce > pending.nonce for nonce in self._flights):
            task = asyncio.get_running_loop().create_task(self._fill(pending.nonce))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fill(self, nonce: int) -> None:
        if not self._nonces.claim(nonce):
            return  # the next transaction has taken it already
        try:
            await self._send_empty(nonce, await self._fee_source.read())
        except (TransactionError, TransportError):
            return  # the nonce was given back, or is resolved before the next transaction

    async def _send_empty(self, nonce: int, fees: tuple[int, int]) -> PendingTx:
        tx = Transaction(self.chain_id, nonce, self.address20, b"", 21_000, fees[0], fees[1])
        pending = PendingTx(self, tx, self.signer.sign_transaction(tx))
        self.track(pending)
        await self._submit(pending, pending.attempts[0])
        return pending

    async def submit_replacement(self, pending: PendingTx, signed: SignedTransaction) -> None:
        """For PendingTx: sends another version; that one was mined meanwhile is no error."""
        try:
            await self._submit(pending, signed)
        except NonceTooLow as error:
            if "replacement" in str(error):
                raise Underpriced(f"the fee bump is too small: {error}", tx_hash=signed.hash) from None

    # --- what became of it ---

    async def look(self, pending: PendingTx) -> State:
        """Reads the chain: mined, in the pool, gone (another transaction took the nonce) or missing."""
        hashes = ["0x" + signed.hash.hex() for signed in pending.attempts]
        for _ in range(2):  # a transaction may be mined between the answers: the second look decides
            answers = await self.transport.batch(
                [
                    *[("eth_getTransactionReceipt", [item]) for item in hashes],
                    *[("eth_getTransactionByHash", [item]) for item in hashes],
                    ("eth_getTransactionCount", [self.address, "latest"]),
                ]
            )
            for receipt in answers[: len(hashes)]:
                if receipt is not None and pending.see(receipt):
                    return "mined"
            if any(answers[len(hashes) : -1]):
                return "pool"
            if int(answers[-1], 16) <= pending.nonce:
                return "missing"
        return "gone"

    async def conclude(self, pending: PendingTx, receipt: Receipt) -> Receipt:
        """For PendingTx: the receipt, or the error that it stands for."""
        outcome = pending.outcome_of(receipt)
        if outcome is Outcome.DROPPED:
            raise TransactionDropped("it was cancelled before it could run", tx_hash=pending.hash)
        if outcome is Outcome.SUCCEEDED:
            return receipt
        tx = pending.transaction
        data = await mined_revert_data(self.transport, tx, self.address, receipt)
        if not data and receipt.gas_used * 100 >= tx.gas * 98:
            message = f"out of gas: the limit was {tx.gas}"
            error: Exception = OutOfGas(name="OutOfGas", message=message, tx_hash=receipt.tx_hash)
        else:
            error = self.decode_error(data)
        if isinstance(error, Reverted):
            error.tx_hash = receipt.tx_hash
            error.receipt = receipt
        raise error

    def outcome_unknown(
        self, pending: PendingTx, message: str, kind: type[OutcomeUnknown] = OutcomeUnknown
    ) -> OutcomeUnknown:
        """For PendingTx: the error that can be resolved."""

        async def resolve(*, resend: bool, timeout: float) -> Receipt:
            return await self._resolve(pending, resend, timeout)

        return kind(message, tx_hash=pending.hash, resolve=resolve)

    async def _resolve(self, pending: PendingTx, resend: bool, timeout: float) -> Receipt:
        state = await self.look(pending)
        if state == "missing":
            state = await self._settle_missing(pending, resend, timeout)
        if state == "gone":
            self._drop(pending)
            raise TransactionDropped("another transaction took its nonce", tx_hash=pending.hash)
        if state == "pool":
            pending.watch_again()
        self._unknown.pop(pending.nonce, None)
        return await pending.receipt(timeout)

    async def _settle_missing(self, pending: PendingTx, resend: bool, timeout: float) -> State:
        """The node does not know it: sends it again, or lets another transaction use its nonce up."""
        nonce = pending.nonce
        other = self._flights.get(nonce)
        if other is None or other is pending:
            self._nonces.claim(nonce)
            if resend:
                self._flights[nonce] = pending
                try:
                    await self._broadcast(pending.attempts[-1])
                except NonceTooLow:
                    return await self.look(pending)
                return "pool"
            self._unknown.pop(nonce, None)
            tx = pending.raised()
            other = await self._send_empty(nonce, (tx.max_fee_per_gas, tx.max_priority_fee_per_gas))
        with suppress(TransactionDropped, Reverted):  # whichever took the nonce, it is used up then
            await other.receipt(timeout)
        return await self.look(pending)

    def _drop(self, pending: PendingTx) -> None:
        for signed in pending.attempts:
            self.watcher.forget(signed.hash)
            self.journal.outcome(signed.hash, Outcome.DROPPED)
        for book in (self._flights, self._unknown):
            if book.get(pending.nonce) is pending:
                del book[pending.nonce]

    # --- state of the key ---

    async def _count(self, block: str) -> int:
        return int(await self.transport.request("eth_getTransactionCount", [self.address, block]), 16)

    async def _resync(self) -> None:
        """Reads the nonce at the start, and finds out about transactions whose sending broke."""
        if not self._nonces.started:
            self._nonces.start(await self._count("pending"))
        for nonce, pending in list(self._unknown.items()):
            state = await self.look(pending)
            if self._unknown.pop(nonce, None) is None:
                continue
            if state == "missing":
                # Its nonce goes to the next transaction: then it can never run.
                self._free(pending)
            elif state == "gone":
                self._drop(pending)
            elif state == "pool":
                pending.watch_again()

    async def recover(self) -> list[Recovered]:
        """After a restart: looks up every open intent of the journal that is this key's."""
        found = []
        for intent in self.journal.open_intents():
            if intent.address != self.address or intent.chain_id != self.chain_id:
                continue
            signed = SignedTransaction(intent.raw, intent.tx_hash)
            pending = PendingTx(self, Transaction.from_raw(intent.raw), signed)
            state = await self.look(pending)
            if state == "mined":
                outcome = pending.outcome_of(pending.mined.result())
                self.journal.outcome(intent.tx_hash, outcome)
                found.append(Recovered(intent, outcome))
            elif state == "gone":
                self.journal.outcome(intent.tx_hash, Outcome.DROPPED)
                found.append(Recovered(intent, Outcome.DROPPED))
            elif state == "pool":
                self.track(pending)
                pending.watch_again()
                found.append(Recovered(intent, pending=pending))
            else:
                found.append(Recovered(intent))
        return found

    async def _estimate(self, target: bytes | None, data: bytes, value: int) -> int:
        # With transactions in flight the estimate must see what they will have done.
        block = "pending" if self._flights else "latest"
        try:
            answer = await self.transport.request("eth_estimateGas", [self._call(target, data, value), block])
        except RpcError as error:
            raise self._decoded(error) from None
        return -(-int(answer, 16) * self.gas_percent // 100)

    def _call(self, target: bytes | None, data: bytes, value: int) -> dict[str, str]:
        call = {"from": self.address, "data": "0x" + data.hex(), "value": hex(value)}
        if target is not None:
            call["to"] = "0x" + target.hex()
        return call

    def _decoded(self, error: RpcError) -> Exception:
        data = revert_data(error)
        if data is None:
            return refusal(error, None) if "insufficient funds" in error.message.lower() else error
        return self.decode_error(data)

    async def close(self) -> None:
        """Ends background work and closes the journal. Nothing that was sent is undone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.journal.close()
