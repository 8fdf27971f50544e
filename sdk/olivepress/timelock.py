"""The owner of exchange and oracle behind a delay: schedule calls, wait, execute them.

    timelock = TimelockClient(sender, address)
    listing = timelock.operation(exchange.calls.list_series(terms))
    ready = await timelock.schedule(listing)
    ...
    (series,) = await timelock.execute(listing)  # by anyone, from `ready` on

The contract is OpenZeppelin's TimelockController without an administrator; docs/roles.md says what it may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.errors import OutOfRange, Reverted
from olivepress.exchange.calls import Call
from olivepress.hashing import keccak256
from olivepress.reverts import decode
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import Receipt, TransactionSender
from olivepress.units import require_int

_NO_PREDECESSOR = bytes(32)


class OperationState(StrEnum):
    """Where an operation stands; the timelock forgets one that was cancelled."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    READY = "ready"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Operation:
    """Calls that take effect together, in their order. `id` is the timelock's own, 32 bytes."""

    calls: tuple[Call[Any], ...]
    salt: bytes
    id: bytes


class TimelockClient:
    """Writes raise what those of the exchange client raise: reverts.TimelockUnexpectedOperationState before
    the delay is over, reverts.AccessControlUnauthorizedAccount without the role, or the error of the call.

    :param sender: a proposer to schedule and cancel; executing may be open to anyone
    :param address: of the timelock
    """

    def __init__(self, sender: TransactionSender, address: str) -> None:
        if sender.decode_error is Reverted:
            sender.decode_error = decode
        self._sender = sender
        address = checksum_address(address_bytes(address, field="address"))
        self.contract = Contract(address, load("Timelock").interface, sender.transport)

    @property
    def address(self) -> str:
        """Of the timelock."""
        return self.contract.address

    def operation(self, *calls: Call[Any], salt: int = 0) -> Operation:
        """Calls to schedule and execute together.

        :param salt: another number for calls that were scheduled before
        """
        if not calls:
            raise OutOfRange("calls", 0, "at least one")
        number = require_int(salt, "salt", 0, 2**256 - 1).to_bytes(32, "big")
        encoded = self.contract.interface.encode("hashOperationBatch", *_arguments(calls, number))
        return Operation(calls, number, keccak256(encoded[4:]))

    async def delay(self) -> int:
        """Least seconds between scheduling and executing."""
        return int(await self.contract.value("getMinDelay"))

    async def schedule(self, operation: Operation, *, delay: int | None = None) -> int:
        """Makes an operation public. Proposers only.

        :param delay: seconds until it may be executed; the least by default
        :return: from when on it may be executed, unix seconds
        """
        wait = await self.delay() if delay is None else require_int(delay, "delay", 0, 2**40)
        await self._run("scheduleBatch", *_arguments(operation.calls, operation.salt), wait)
        return int(await self.contract.value("getTimestamp", operation.id))

    async def execute(self, operation: Operation) -> tuple[Any, ...]:
        """Carries an operation out once its time has come; returns the results of its calls."""
        receipt = await self._run("executeBatch", *_arguments(operation.calls, operation.salt))
        parts = self._parts(receipt)
        return tuple(call.read(part) for call, part in zip(operation.calls, parts, strict=True))

    async def cancel(self, operation: Operation) -> None:
        """Takes a scheduled operation back. Proposers only."""
        await self._run("cancel", operation.id)

    async def state(self, operation: Operation) -> OperationState:
        """Where an operation stands at the newest block."""
        return tuple(OperationState)[int(await self.contract.value("getOperationState", operation.id))]

    def _parts(self, receipt: Receipt) -> Iterator[Receipt]:
        """The receipt for each call, with its own logs: the timelock logs the end of each."""
        end = "0x" + self.contract.interface.events["CallExecuted"].topic.hex()
        start = 0
        for number, log in enumerate(receipt.logs):
            if log["address"].lower() == self.address.lower() and log["topics"][0] == end:
                yield replace(receipt, logs=receipt.logs[start:number])
                start = number + 1

    async def _run(self, function: str, *arguments: Any) -> Receipt:
        return await self._sender.execute(self.address, self.contract.interface.encode(function, *arguments))


def _arguments(calls: tuple[Call[Any], ...], salt: bytes) -> tuple[Any, ...]:
    """Targets, values, payloads, predecessor, salt."""
    payloads = [call.data for call in calls]
    return [call.to for call in calls], [0] * len(calls), payloads, _NO_PREDECESSOR, salt
