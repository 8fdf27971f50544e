"""The sender against a real chain, and against a connection that breaks at the worst moments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from olivepress.devchain import DevChain
from olivepress.errors import (
    ConnectionFailed,
    InsufficientFunds,
    OutcomeUnknown,
    OutOfGas,
    ReceiptTimeout,
    RequestTimeout,
    Reverted,
    RpcError,
    TransactionDropped,
    Underpriced,
    ValidationError,
)
from olivepress.rpc import TransportOptions
from olivepress.rpc.duplex import WebSocketTransport
from olivepress.rpc.http import HttpTransport
from olivepress.signer import LocalSigner, contract_address
from olivepress.tx import FeePolicy, FileJournal, Outcome, TransactionSender

# Runtime code that reverts with 0xdeadbeef, and code that loops for ever, each behind a constructor.
REVERTING = bytes.fromhex("6b63deadbeef5f526004601cfd5f52600c6014f3")
NOBODY = "0x" + "ee" * 20
LOOPING = bytes.fromhex("625b5f565f526003601df3")


class Flaky(WebSocketTransport):
    """Loses the requests, or the answers, of sends when told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url, TransportOptions(timeout=5, retries=1, backoff=0.01))
        self.lose: Callable[[], BaseException] | None = None
        self.deliver = True
        self.sends = 0

    async def _exchange(self, method: str, params: Sequence[Any]) -> Any:
        if method != "eth_sendRawTransaction" or self.lose is None:
            return await super()._exchange(method, params)
        self.sends += 1
        if self.deliver:
            await super()._exchange(method, params)
        raise self.lose()


def broken() -> ConnectionFailed:
    return ConnectionFailed("cable cut", url="ws://node", sent=True)


def unreachable() -> ConnectionFailed:
    return ConnectionFailed("no route", url="ws://node", sent=False)


def hanging() -> RequestTimeout:
    return RequestTimeout("no answer", url="ws://node")


@pytest.fixture
async def wire(chain: DevChain) -> AsyncIterator[Flaky]:
    async with Flaky(chain.ws_url) as transport:
        yield transport


@pytest.fixture
def sender(chain: DevChain, wire: Flaky) -> TransactionSender:
    return TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)


async def balance(chain: DevChain, address: str) -> int:
    return int(await chain.transport.request("eth_getBalance", [address, "latest"]), 16)


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


async def test_surely_unsent_is_no_unknown(chain: DevChain, wire: Flaky, sender: TransactionSender) -> None:
    wire.lose, wire.deliver = unreachable, False
    with pytest.raises(ConnectionFailed, match="no route"):
        await sender.send(chain.accounts[1], gas=21_000)
    assert wire.sends == 1  # never repeated blindly
    assert sender.journal.open_intents() == []
    wire.lose = None
    assert (await sender.send(chain.accounts[1], gas=21_000)).nonce == 0


@pytest.mark.parametrize("loss", [broken, hanging])
async def test_unknown_but_delivered(
    chain: DevChain, wire: Flaky, sender: TransactionSender, loss: Callable[[], BaseException]
) -> None:
    wire.lose = loss
    with pytest.raises(OutcomeUnknown) as caught:
        await sender.send(chain.accounts[1], value=1, gas=21_000)
    wire.lose = None
    assert len(sender.journal.open_intents()) == 1
    await chain.mine()
    receipt = await caught.value.resolve(timeout=5)
    assert receipt.tx_hash == caught.value.tx_hash
    assert (await sender.send(chain.accounts[1], gas=21_000)).nonce == 1
    assert wire.sends == 1


async def test_unknown_and_still_in_the_pool(chain: DevChain, wire: Flaky, sender: TransactionSender) -> None:
    wire.lose = broken
    with pytest.raises(OutcomeUnknown) as caught:
        await sender.send(chain.accounts[1], value=1, gas=21_000)
    wire.lose = None
    resolving = asyncio.create_task(caught.value.resolve(timeout=5))
    later = await sender.send(chain.accounts[1], gas=21_000)
    await chain.mine()
    assert (await resolving).succeeded
    assert later.nonce == 1


async def test_unknown_and_lost_is_cancelled_for_good(
    chain: DevChain, wire: Flaky, sender: TransactionSender
) -> None:
    receiver = NOBODY
    wire.lose, wire.deliver = broken, False
    with pytest.raises(OutcomeUnknown) as caught:
        await sender.send(receiver, value=1, gas=21_000)
    raw = sender.journal.open_intents()[0].raw
    wire.lose = None
    sender.before_wait = chain.mine_pending
    with pytest.raises(TransactionDropped):
        await caught.value.resolve(timeout=5)
    # The lost packet turns up late, and can do nothing any more.
    with pytest.raises(Exception, match="nonce too low"):
        await chain.transport.request("eth_sendRawTransaction", ["0x" + raw.hex()])
    assert await balance(chain, receiver) == 0
    assert sender.journal.open_intents() == []


async def test_unknown_and_lost_can_be_sent_again(
    chain: DevChain, wire: Flaky, sender: TransactionSender
) -> None:
    receiver = NOBODY
    wire.lose, wire.deliver = broken, False
    with pytest.raises(OutcomeUnknown) as caught:
        await sender.send(receiver, value=1, gas=21_000)
    wire.lose = None
    sender.before_wait = chain.mine_pending
    receipt = await caught.value.resolve(resend=True, timeout=5)
    assert receipt.tx_hash == caught.value.tx_hash
    assert await balance(chain, receiver) == 1


async def test_the_next_send_takes_the_nonce_of_a_lost_one(
    chain: DevChain, wire: Flaky, sender: TransactionSender
) -> None:
    wire.lose, wire.deliver = broken, False
    with pytest.raises(OutcomeUnknown) as caught:
        await sender.send(NOBODY, value=1, gas=21_000)
    wire.lose = None
    sender.before_wait = chain.mine_pending
    pending = await sender.send(chain.accounts[1], value=2, gas=21_000)
    assert pending.nonce == 0
    await pending.receipt(5)
    with pytest.raises(TransactionDropped, match="another transaction"):
        await caught.value.resolve(timeout=5)


async def test_a_cancelled_send_is_found_out_before_the_next(
    chain: DevChain, wire: Flaky, sender: TransactionSender
) -> None:
    await sender.send(chain.accounts[1], gas=21_000)
    stopped = asyncio.create_task(sender.send(chain.accounts[1], gas=21_000))
    await asyncio.sleep(0)  # signed and handed to the transport
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    third = await sender.send(chain.accounts[1], gas=21_000)
    await chain.mine()
    assert (await third.receipt(5)).succeeded
    assert third.nonce in (1, 2)  # whether the stopped one had left or not
    assert (
        int(await wire.request("eth_getTransactionCount", [sender.address, "latest"]), 16) == third.nonce + 1
    )


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


async def test_recovery_after_a_crash(chain: DevChain, wire: Flaky, tmp_path: Path) -> None:
    path = tmp_path / "journal" / "sends.jsonl"
    key = LocalSigner(chain.keys[0])
    journal = FileJournal(path)
    before = TransactionSender(wire, key, chain.chain_id, journal=journal)
    mined = await before.send(chain.accounts[1], value=1, gas=21_000)
    await chain.mine()
    await mined.receipt(5)
    open_mined = await before.send(chain.accounts[1], value=2, gas=21_000)
    wire.lose, wire.deliver = broken, False
    with pytest.raises(OutcomeUnknown):
        await before.send(chain.accounts[1], value=3, gas=21_000)
    wire.lose = None
    journal.close()  # the process dies here: nothing more is written
    await chain.mine()

    after = TransactionSender(chain.transport, key, chain.chain_id, journal=FileJournal(path))
    found = await after.recover()
    assert [(item.intent.nonce, item.outcome) for item in found] == [(1, Outcome.SUCCEEDED), (2, None)]
    assert found[0].intent.tx_hash == open_mined.hash
    assert found[1].pending is None
    pending = await after.send(chain.accounts[1], value=4, gas=21_000)
    await chain.mine()
    await pending.receipt(5)
    assert pending.nonce == 2
    found = await after.recover()
    assert [(item.intent.nonce, item.outcome) for item in found] == [(2, Outcome.DROPPED)]
    assert after.journal.open_intents() == []
    await after.close()


async def test_recovery_of_what_still_waits(chain: DevChain, wire: Flaky, tmp_path: Path) -> None:
    path = tmp_path / "sends.jsonl"
    key = LocalSigner(chain.keys[0])
    journal = FileJournal(path)
    await TransactionSender(wire, key, chain.chain_id, journal=journal).send(chain.accounts[1], gas=21_000)
    journal.close()
    after = TransactionSender(chain.transport, key, chain.chain_id, journal=FileJournal(path))
    (found,) = await after.recover()
    assert found.pending is not None
    assert (await after.send(chain.accounts[1], gas=21_000)).nonce == 1
    await chain.mine()
    assert (await found.pending.receipt(5)).succeeded
    await after.close()


async def test_the_node_dies_while_a_receipt_is_awaited(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)
    pending = await sender.send(chain.accounts[1], gas=21_000)
    waiting = asyncio.create_task(pending.receipt(30))
    await asyncio.sleep(0.05)
    await wire.close()
    with pytest.raises(OutcomeUnknown, match="lost sight"):
        await asyncio.wait_for(waiting, 5)
