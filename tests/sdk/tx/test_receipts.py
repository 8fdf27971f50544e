"""The watcher: few requests, and nothing waits unnoticed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from olivepress.errors import ConnectionFailed
from olivepress.rpc import GAP, FakeTransport
from olivepress.tx import Receipt, ReceiptWatcher, parse_receipt, receipts

HASHES = [bytes([number]) * 32 for number in range(1, 11)]


def answer(tx_hash: bytes, block: int = 5) -> dict[str, Any]:
    return {
        "transactionHash": "0x" + tx_hash.hex(),
        "blockNumber": hex(block),
        "blockHash": "0x" + "bb" * 32,
        "transactionIndex": "0x0",
        "status": "0x1",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x7",
        "contractAddress": None,
        "logs": [],
    }


class Chain(FakeTransport):
    """Blocks by number, with the hashes of the transactions in them."""

    def __init__(self, blocks: dict[int, list[bytes]], head: int = 1) -> None:
        super().__init__(
            {
                "eth_blockNumber": lambda: hex(self.head),
                "eth_getBlockByNumber": self.block,
                "eth_getBlockReceipts": lambda n: [answer(h, int(n, 16)) for h in blocks.get(int(n, 16), [])],
                "eth_getTransactionReceipt": self.receipt,
            }
        )
        self.blocks = blocks
        self.head = head

    def block(self, number: str, full: bool) -> Any:
        hashes = self.blocks.get(int(number, 16), [])
        return (
            {"transactions": ["0x" + item.hex() for item in hashes]} if int(number, 16) <= self.head else None
        )

    def receipt(self, tx_hash: str) -> Any:
        raw = bytes.fromhex(tx_hash[2:])
        found = [number for number, hashes in self.blocks.items() if raw in hashes and number <= self.head]
        return answer(raw, found[0]) if found else None

    def used(self, method: str) -> int:
        return sum(called == method for called, _ in self.calls)


def waiting(watcher: ReceiptWatcher, hashes: list[bytes]) -> list[asyncio.Future[Receipt]]:
    futures = [asyncio.get_running_loop().create_future() for _ in hashes]
    for tx_hash, future in zip(hashes, futures, strict=True):
        watcher.watch(tx_hash, future)
    return futures


async def test_a_block_is_read_once_for_all() -> None:
    chain = Chain({2: HASHES})
    futures = waiting(ReceiptWatcher(chain), HASHES)
    await asyncio.sleep(0.01)
    chain.head = 2
    chain.push("newHeads", {"number": "0x2"})
    found = await asyncio.wait_for(asyncio.gather(*futures), 1)
    assert [item.tx_hash for item in found] == HASHES
    assert {item.block_number for item in found} == {2}
    assert chain.used("eth_getBlockReceipts") == 1
    assert chain.used("eth_getTransactionReceipt") == 0


async def test_nodes_without_block_receipts() -> None:
    chain = Chain({2: HASHES})
    del chain.answers["eth_getBlockReceipts"]
    futures = waiting(ReceiptWatcher(chain), HASHES)
    await asyncio.sleep(0.01)
    chain.head = 2
    chain.push("newHeads", {"number": "0x2"})
    assert len(await asyncio.wait_for(asyncio.gather(*futures), 1)) == 10


async def test_a_gap_in_the_heads_is_filled() -> None:
    chain = Chain({2: HASHES[:5], 3: HASHES[5:]})
    futures = waiting(ReceiptWatcher(chain), HASHES)
    await asyncio.sleep(0.01)
    chain.head = 4
    chain.push("newHeads", GAP)
    found = await asyncio.wait_for(asyncio.gather(*futures), 1)
    assert [item.block_number for item in found] == [2] * 5 + [3] * 5


async def test_polling_where_nothing_can_be_subscribed() -> None:
    chain = Chain({2: HASHES})
    chain.subscribes = False
    futures = waiting(ReceiptWatcher(chain, poll_seconds=0.01), HASHES)
    await asyncio.sleep(0.03)
    chain.head = 2
    await asyncio.wait_for(asyncio.gather(*futures), 1)
    await asyncio.sleep(0.05)
    polls = chain.used("eth_blockNumber")
    await asyncio.sleep(0.05)
    assert chain.used("eth_blockNumber") == polls  # nobody waits: nothing is asked


async def test_silent_heads_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_RECHECK_SECONDS", 0.02)
    chain = Chain({2: HASHES[:1]})
    (future,) = waiting(ReceiptWatcher(chain), HASHES[:1])
    await asyncio.sleep(0.01)
    chain.head = 2  # and no head is announced
    assert (await asyncio.wait_for(future, 1)).block_number == 2


async def test_a_dead_node_fails_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_RECHECK_SECONDS", 0.02)
    chain = Chain({})
    (future,) = waiting(ReceiptWatcher(chain), HASHES[:1])
    await asyncio.sleep(0.01)
    chain.answers["eth_getTransactionReceipt"] = ConnectionFailed("gone", url="fake://node", sent=True)
    with pytest.raises(ConnectionFailed, match="gone"):
        await asyncio.wait_for(future, 1)


async def test_one_watcher_for_a_transport() -> None:
    chain, other = Chain({}), Chain({})
    watcher = ReceiptWatcher.shared(chain)
    assert ReceiptWatcher.shared(chain) is watcher
    assert ReceiptWatcher.shared(other) is not watcher


def test_receipts_in_full() -> None:
    created = {**answer(HASHES[0]), "contractAddress": "0x5fbdb2315678afecb367f032d93f642f64180aa3"}
    receipt = parse_receipt(created)
    assert receipt.contract_address == "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert (receipt.gas_used, receipt.effective_gas_price, receipt.index) == (21_000, 7, 0)
    assert not parse_receipt({**created, "status": "0x0"}).succeeded
