"""A connection that breaks at the worst moment: every outcome is found out, nothing runs twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from flaky_transport import NOBODY, Flaky, balance, broken, hanging, unreachable
from olivepress.devchain import DevChain
from olivepress.errors import (
    ConnectionFailed,
    OutcomeUnknown,
    TransactionDropped,
)
from olivepress.signer import LocalSigner
from olivepress.tx import FileJournal, Outcome, TransactionSender


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
    wire.hang = True
    stopped = asyncio.create_task(sender.send(chain.accounts[1], gas=21_000))
    await asyncio.sleep(0.02)  # signed, and stuck on its way out
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    wire.hang = False
    third = await sender.send(chain.accounts[1], value=3, gas=21_000)
    assert third.nonce == 1
    await chain.mine()
    assert (await third.receipt(5)).succeeded


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


async def test_what_still_waits_after_a_crash_can_be_bumped(chain: DevChain, tmp_path: Path) -> None:
    key = LocalSigner(chain.keys[0])
    journal = FileJournal(tmp_path / "sends.jsonl")
    before = TransactionSender(chain.transport, key, chain.chain_id, journal=journal)
    sent = await before.send(NOBODY, data=b"\x01\x02", value=7, gas=50_000)
    journal.close()
    after = TransactionSender(
        chain.transport, key, chain.chain_id, journal=FileJournal(tmp_path / "sends.jsonl")
    )
    (found,) = await after.recover()
    assert found.pending is not None
    assert found.pending.transaction == sent.transaction
    await found.pending.bump()
    await chain.mine()
    receipt = await found.pending.receipt(5)
    assert receipt.tx_hash == found.pending.attempts[1].hash != sent.hash
    assert await balance(chain, NOBODY) == 7
    await after.close()


async def test_the_node_dies_while_a_receipt_is_awaited(chain: DevChain, wire: Flaky) -> None:
    sender = TransactionSender(wire, LocalSigner(chain.keys[0]), chain.chain_id)
    pending = await sender.send(chain.accounts[1], gas=21_000)
    waiting = asyncio.create_task(pending.receipt(30))
    await asyncio.sleep(0.05)
    await wire.close()
    with pytest.raises(OutcomeUnknown, match="lost sight"):
        await asyncio.wait_for(waiting, 5)
