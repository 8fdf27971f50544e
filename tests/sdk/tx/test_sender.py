"""Sending, reverts, fees and nonces, against a real chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from flaky_transport import LOOPING, NOBODY, REVERTING, Flaky, balance
from olivepress.devchain import DevChain
from olivepress.errors import (
    InsufficientFunds,
    OutOfGas,
    ReceiptTimeout,
    Reverted,
    RpcError,
    TransactionDropped,
    Underpriced,
    ValidationError,
)
from olivepress.rpc import FakeTransport
from olivepress.rpc.duplex import WebSocketTransport
from olivepress.rpc.http import HttpTransport
from olivepress.signer import LocalSigner, contract_address
from olivepress.tx import FeePolicy, TransactionSender


@pytest.mark.parametrize("kind", ["http", "ws"])
async def test_many_in_flight_are_mined_in_order(chain: DevChain, kind: str) -> None:
    transport = HttpTransport(chain.url) if kind == "http" else WebSocketTransport(chain.ws_url)
    receiver = NOBODY
    async with transport:
        sender = TransactionSender(transport, LocalSigner(chain.keys[0]), chain.chain_id)
        sends = [sender.send(receiver, value=1, gas=21_000) for _ in range(150)]
        pending = await asyncio.gather(*sends)
        assert [item.nonce for item in pending] == list(range(150))
        await chain.mine()
        receipts = await asyncio.gather(*(item.receipt(10) for item in pending))
    assert [item.tx_hash for item in receipts] == [item.hash for item in pending]
    assert all(item.succeeded and item.gas_used == 21_000 for item in receipts)
    assert await balance(chain, receiver) == 150
    assert sender.journal.open_intents() == []


async def test_execute_on_a_chain_that_mines_on_demand(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(
        wire, LocalSigner(chain.keys[0]), chain.chain_id, before_wait=chain.mine_pending
    )
    receipt = await sender.execute(None, REVERTING)
    assert receipt.contract_address == contract_address(sender.address, 0)
    assert receipt.block_number == 1
    assert (await sender.execute(chain.accounts[1], value=1)).block_number == 2


async def test_reverts_carry_their_data(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(
        wire, LocalSigner(chain.keys[0]), chain.chain_id, before_wait=chain.mine_pending
    )
    target = (await sender.execute(None, REVERTING)).contract_address
    assert target is not None
    with pytest.raises(Reverted) as estimated:
        await sender.send(target)
    with pytest.raises(Reverted) as called:
        await sender.call(target, b"")
    with pytest.raises(Reverted) as mined:
        await sender.execute(target, gas=100_000)
    for caught in (estimated, called, mined):
        assert caught.value.data.hex() == "deadbeef"
    assert estimated.value.tx_hash is None
    assert mined.value.receipt is not None
    assert mined.value.tx_hash == mined.value.receipt.tx_hash
    assert sender.journal.open_intents() == []


async def test_revert_data_without_a_debug_interface(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(
        wire, LocalSigner(chain.keys[0]), chain.chain_id, before_wait=chain.mine_pending
    )
    target = (await sender.execute(None, REVERTING)).contract_address
    exchange = wire.request

    async def no_debug(method: str, params: Sequence[Any] = ()) -> Any:
        return await exchange("eth_nothing" if method.startswith("debug_") else method, params)

    wire.request = no_debug  # type: ignore[method-assign]
    with pytest.raises(Reverted) as caught:
        await sender.execute(target, gas=100_000)
    assert caught.value.data.hex() == "deadbeef"


async def test_the_decoder_makes_the_exception(chain: DevChain, wire: Flaky) -> None:
    class Named(Reverted):
        pass

    sender = TransactionSender(
        wire,
        LocalSigner(chain.keys[0]),
        chain.chain_id,
        before_wait=chain.mine_pending,
        decode_error=lambda data: Named(data, name="Named", values={"code": data.hex()}),
    )
    target = (await sender.execute(None, REVERTING)).contract_address
    with pytest.raises(Named, match=r"Named\(code=deadbeef\).*transaction 0x"):
        await sender.execute(target, gas=100_000)


async def test_out_of_gas_is_told_apart(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(
        wire, LocalSigner(chain.keys[0]), chain.chain_id, before_wait=chain.mine_pending
    )
    target = (await sender.execute(None, LOOPING)).contract_address
    with pytest.raises(OutOfGas, match="limit was 60000"):
        await sender.execute(target, gas=60_000)


async def test_bad_arguments_send_nothing(sender: TransactionSender, wire: Flaky) -> None:
    with pytest.raises(ValidationError, match="to"):
        await sender.send("0x12")
    with pytest.raises(ValidationError, match="value"):
        await sender.send(sender.address, value=-1)
    with pytest.raises(ValidationError, match="gas"):
        await sender.send(sender.address, gas=20_999)
    assert sender.journal.open_intents() == []


async def test_an_empty_purse(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(wire, LocalSigner.random(), chain.chain_id)
    for gas in (None, 21_000):
        with pytest.raises(InsufficientFunds):
            await sender.send(chain.accounts[1], value=1, gas=gas)
    await chain.set_balance(sender.address, 10**18)
    pending = await sender.send(chain.accounts[1], value=1, gas=21_000)
    assert pending.nonce == 0  # the refused one gave its nonce back


async def test_a_refusal_among_many_leaves_no_hole(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)
    funds = await balance(chain, sender.address)
    sends = [sender.send(chain.accounts[1], value=funds if n == 3 else 1, gas=21_000) for n in range(8)]
    results = await asyncio.gather(*sends, return_exceptions=True)
    assert isinstance(results[3], InsufficientFunds)
    pending = [item for item in results if not isinstance(item, BaseException)]
    await asyncio.sleep(0.1)  # the hole is filled in the background
    await chain.mine()
    receipts = await asyncio.gather(*(item.receipt(5) for item in pending))
    assert [item.succeeded for item in receipts] == [True] * 7


async def test_another_process_with_the_same_key(chain: DevChain, wire: Flaky) -> None:
    ours = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)
    theirs = TransactionSender(chain.transport, LocalSigner(chain.keys[0]), chain.chain_id)
    first = await ours.send(chain.accounts[1], gas=21_000)
    await chain.mine()
    for _ in range(2):
        await theirs.send(chain.accounts[1], value=1, gas=21_000)
    await chain.mine()
    await theirs.send(chain.accounts[1], value=1, gas=21_000)  # waits in the pool under nonce 3
    second = await ours.send(chain.accounts[1], gas=21_000)
    await chain.mine()
    assert (first.nonce, second.nonce) == (0, 4)
    assert (await second.receipt(5)).succeeded


async def test_nonces_follow_the_order_of_the_calls(chain: DevChain, sender: TransactionSender) -> None:
    tasks = []
    for _ in range(300):  # they arrive while the first ones still wait for the nonce and the fees
        tasks.extend(asyncio.create_task(sender.send(chain.accounts[1], gas=21_000)) for _ in range(2))
        await asyncio.sleep(0)
    assert [pending.nonce for pending in await asyncio.gather(*tasks)] == list(range(600))


async def test_mined_between_two_answers_is_not_gone() -> None:
    signer = LocalSigner(1)
    fake = FakeTransport(
        {
            "eth_getTransactionCount": ["0x0", "0x1", "0x1"],
            "eth_getBlockByNumber": {"baseFeePerGas": "0x1", "transactions": []},
            "eth_sendRawTransaction": "0x",
            "eth_blockNumber": "0x0",
            "eth_getTransactionByHash": None,
            "eth_getTransactionReceipt": None,
        }
    )
    sender = TransactionSender(fake, signer, 1)
    pending = await sender.send(signer.address, gas=21_000)
    await asyncio.sleep(0.01)  # the watcher has looked
    mined = {
        "transactionHash": "0x" + pending.hash.hex(),
        "blockNumber": "0x1",
        "blockHash": "0x" + "bb" * 32,
        "transactionIndex": "0x0",
        "status": "0x1",
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
        "logs": [],
    }
    fake.answers["eth_getTransactionReceipt"] = [None, mined]
    assert await sender.look(pending) == "mined"
    assert (await pending.receipt(1)).block_number == 1


async def test_stuck_transactions_are_bumped(chain: DevChain, wire: Flaky) -> None:
    fees = FeePolicy(stuck_seconds=0.05, max_bumps=2)
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id, fees=fees)
    pending = await sender.send(chain.accounts[1], value=1, gas=21_000)
    waiting = asyncio.create_task(pending.receipt(5))
    await asyncio.sleep(0.5)
    assert len(pending.attempts) == 3  # no more than max_bumps
    await chain.mine()
    assert (await waiting).tx_hash == pending.attempts[-1].hash
    assert (await pending.receipt()).tx_hash == pending.attempts[-1].hash
    assert sender.journal.open_intents() == []


async def test_no_bump_passes_the_limit_of_fees(chain: DevChain, wire: Flaky) -> None:
    fees = FeePolicy(max_fee_limit=3_000_000_000, bump_percent=25)
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id, fees=fees)
    pending = await sender.send(chain.accounts[1], value=1, gas=21_000)
    for _ in range(6):
        await pending.bump()
    assert 2_400_000_000 < pending.transaction.max_fee_per_gas <= 3_000_000_000
    await chain.mine()
    assert (await pending.receipt(5)).succeeded


async def test_a_bump_that_is_too_small(chain: DevChain, wire: Flaky, sender: TransactionSender) -> None:
    pending = await sender.send(chain.accounts[1], value=1, gas=21_000)
    # Anvil takes every bump; this is how other nodes refuse one.
    wire.lose = lambda: RpcError(-32000, "replacement transaction underpriced")
    wire.deliver = False
    with pytest.raises(Underpriced, match="bump is too small"):
        await pending.bump()
    wire.lose = None
    assert [item.hash for item in pending.attempts] == [pending.hash]
    await chain.mine()
    assert (await pending.receipt(5)).tx_hash == pending.hash


async def test_cancel(chain: DevChain, sender: TransactionSender) -> None:
    receiver = NOBODY
    pending = await sender.send(receiver, value=1, gas=21_000)
    await pending.cancel()
    await chain.mine()
    with pytest.raises(TransactionDropped, match="cancelled"):
        await pending.receipt(5)
    assert await balance(chain, receiver) == 0


async def test_a_receipt_that_does_not_come(chain: DevChain, sender: TransactionSender) -> None:
    pending = await sender.send(chain.accounts[1], gas=21_000)
    with pytest.raises(ReceiptTimeout, match=r"within 0\.1 s") as caught:
        await pending.receipt(0.1)
    await chain.mine()
    assert (await caught.value.resolve(timeout=5)).tx_hash == pending.hash


async def test_a_stale_base_fee_is_read_again(chain: DevChain, wire: Flaky) -> None:
    fees = FeePolicy(base_fee_percent=100, priority_fee=1, refresh_seconds=3600)
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id, fees=fees)
    await sender.send(chain.accounts[1], gas=21_000)
    await chain.transport.request("anvil_setNextBlockBaseFeePerGas", [hex(10**11)])
    await chain.mine()
    pending = await sender.send(chain.accounts[1], gas=21_000)
    assert pending.transaction.max_fee_per_gas > 10**10


async def test_fees_have_a_ceiling(chain: DevChain, wire: Flaky) -> None:
    fees = FeePolicy(max_fee_limit=7)
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id, fees=fees)
    with pytest.raises(Underpriced):
        await sender.send(chain.accounts[1], gas=21_000)
