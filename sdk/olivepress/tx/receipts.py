"""Receipts, and the one watcher per transport that waits for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from olivepress.errors import ConnectionFailed, RequestTimeout, RpcError, TransportError
from olivepress.rpc import GAP, Transport
from olivepress.rpc.base import is_local
from olivepress.signer import checksum_address

# Up to so many receipts are asked for one by one at each block; above it the block is read.
_FEW = 4
_RECHECK_SECONDS = 2.0
_RECHECK_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction. `logs` are the node's JSON objects, in order; prices in wei per gas."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    index: int
    succeeded: bool
    gas_used: int
    effective_gas_price: int
    contract_address: str | None
    logs: tuple[dict[str, Any], ...]


def parse_receipt(answer: dict[str, Any]) -> Receipt:
    """The JSON of eth_getTransactionReceipt as a Receipt."""
    created = answer.get("contractAddress")
    return Receipt(
        bytes.fromhex(answer["transactionHash"][2:]),
        int(answer["blockNumber"], 16),
        bytes.fromhex(answer["blockHash"][2:]),
        int(answer["transactionIndex"], 16),
        answer["status"] == "0x1",
        int(answer["gasUsed"], 16),
        int(answer["effectiveGasPrice"], 16),
        checksum_address(bytes.fromhex(created[2:])) if created else None,
        tuple(answer["logs"]),
    )


class ReceiptWatcher:
    """Follows new blocks (by subscription, else by polling) and completes the futures of the transactions
    in them.

    Every transaction costs a fraction of a request: a block is read once for all that wait. What waits long
    is also asked for directly, so a missed block or a lost connection cannot leave it waiting unnoticed.
    """

    # By id: a watcher keeps its transport alive, so an id here is never another transport's.
    _shared: ClassVar[WeakValueDictionary[int, ReceiptWatcher]] = WeakValueDictionary()

    def __init__(self, transport: Transport, *, poll_seconds: float | None = None) -> None:
        self._transport = transport
        self._poll = poll_seconds if poll_seconds is not None else (0.02 if is_local(transport.url) else 1.0)
        self._waiting: dict[str, asyncio.Future[Receipt]] = {}
        self._following: asyncio.Task[None] | None = None
        self._rechecking: asyncio.Task[None] | None = None
        self._next: int | None = None
        self._block_receipts = True

    @classmethod
    def shared(cls, transport: Transport) -> ReceiptWatcher:
        """The watcher of a transport: one for all senders on it."""
        watcher = cls._shared.get(id(transport))
        if watcher is None:
            watcher = cls._shared[id(transport)] = cls(transport)
        return watcher

    def watch(self, tx_hash: bytes, future: asyncio.Future[Receipt]) -> None:
        """Completes the future when it is mined, or with a TransportError when that cannot be seen."""
        self._waiting["0x" + tx_hash.hex()] = future
        if self._following is None or self._following.done():
            self._following = self._spawn(self._follow())
        if self._rechecking is None or self._rechecking.done():
            self._rechecking = self._spawn(self._recheck())

    def forget(self, tx_hash: bytes) -> None:
        """Stops waiting for a transaction."""
        self._waiting.pop("0x" + tx_hash.hex(), None)

    async def ask(self, hashes: Iterable[bytes]) -> None:
        """Looks now, for whoever knows that a block was just made."""
        await self._ask(["0x" + tx_hash.hex() for tx_hash in hashes])

    @staticmethod
    def _spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def _follow(self) -> None:
        self._next = None
        try:
            if self._transport.subscribes:
                await self._follow_heads()
            else:
                await self._follow_by_polling()
        except (ConnectionFailed, RequestTimeout) as error:
            self._fail(error)
        except RpcError as error:
            self._fail(ConnectionFailed(f"the node answers no more: {error}", url=error.url, sent=True))

    async def _follow_heads(self) -> None:
        heads = await self._transport.subscribe("newHeads")
        try:
            await self._scan(await self._head())
            async for head in heads:
                await self._scan(await self._head() if head is GAP else int(head["number"], 16))
        finally:
            await heads.close()
        raise ConnectionFailed(f"{self._transport.url}: closed", url=self._transport.url, sent=True)

    async def _follow_by_polling(self) -> None:
        while self._waiting:
            await self._scan(await self._head())
            await asyncio.sleep(self._poll)

    async def _head(self) -> int:
        return int(await self._transport.request("eth_blockNumber"), 16)

    async def _scan(self, head: int) -> None:
        """Looks for what waits in the blocks up to `head` that were not looked at yet."""
        if self._next is None or self._next > head:  # the start, or a chain that was set back
            self._next = max(head - 1, 0)
        if not self._waiting or len(self._waiting) <= _FEW:
            await self._ask(list(self._waiting))
        else:
            for number in range(self._next, head + 1):
                if self._waiting:
                    await self._scan_block(number)
        self._next = head + 1

    async def _scan_block(self, number: int) -> None:
        block = await self._transport.request("eth_getBlockByNumber", [hex(number), False])
        ours = [tx_hash for tx_hash in (block or {}).get("transactions", ()) if tx_hash in self._waiting]
        if self._block_receipts and block and len(ours) * 2 >= len(block["transactions"]) > 0:
            try:
                receipts = await self._transport.request("eth_getBlockReceipts", [hex(number)])
            except RpcError:
                self._block_receipts = False
            else:
                for receipt in receipts or ():
                    self._complete(receipt)
                return
        await self._ask(ours)

    async def _ask(self, hashes: list[str]) -> None:
        answers = await self._transport.batch([("eth_getTransactionReceipt", [item]) for item in hashes])
        for receipt in answers:
            if receipt is not None:
                self._complete(receipt)

    def _complete(self, answer: dict[str, Any]) -> None:
        if answer.get("blockNumber") is None:
            return
        future = self._waiting.pop(answer["transactionHash"], None)
        if future is not None and not future.done():
            future.set_result(parse_receipt(answer))

    async def _recheck(self) -> None:
        while self._waiting:
            asked = list(self._waiting)[:_RECHECK_LIMIT]
            await asyncio.sleep(_RECHECK_SECONDS)
            try:
                await self._ask([item for item in asked if item in self._waiting])
            except TransportError as error:
                self._fail(error)

    def _fail(self, error: TransportError) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
