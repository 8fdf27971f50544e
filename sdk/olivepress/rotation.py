"""Replaces the operators of a set: what would change, the calldata, and the way through a timelock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from olivepress.errors import ConfigurationError, OutOfRange, ValidationError
from olivepress.exchange.calls import Call
from olivepress.exchange.models import TxResult
from olivepress.oracle.client import OracleClient
from olivepress.oracle.codec import MAX_OPERATORS, operators_hash, sort_operators
from olivepress.oracle.snapshot import read_state
from olivepress.signer import address_bytes
from olivepress.timelock import OperationState, TimelockClient
from olivepress.tx import TransactionSender
from olivepress.units import require_int

_DONE = OperationState.DONE


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation of one set. `operators` are in the order of their bits; hashes are what the chain keeps.

    :param calldata: of `IndexOracle.rotateOperators`, for a timelock or a multisig
    """

    operator_set: int
    oracle: str
    operators: tuple[str, ...]
    quorum: int
    operators_hash: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    quorum_before: int
    operators_hash_before: str
    calldata: bytes


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was done: `rotated`, `scheduled` until `ready_at` (unix seconds), or `waiting` until then."""

    what: str
    ready_at: int | None = None
    tx_hash: str | None = None


def quorum_bounds(operators: int) -> tuple[int, int]:
    """Least and greatest quorum of a set of this size: 2f + 1 and n - f, with f = (n - 1) / 3."""
    liars = (operators - 1) // 3
    return 2 * liars + 1, operators - liars


async def plan_rotation(
    client: OracleClient, operator_set: int, operators: Sequence[str], quorum: int | None = None
) -> Rotation:
    """What a rotation would do. The quorum stays where the new set allows it, else it is the least allowed.

    :raises ValidationError: a set that is not there, an operator given twice, a quorum out of its bounds, or
        nothing that would change
    """
    require_int(len(operators), "operators", 1, MAX_OPERATORS)
    ordered = sort_operators(operators)
    state = await read_state(client)
    current = state.sets.get(operator_set)
    if current is None:
        known = ", ".join(map(str, state.sets)) or "there is none"
        raise ValidationError("operator_set", operator_set, known)
    least, most = quorum_bounds(len(ordered))
    if quorum is None:
        quorum = current.quorum if least <= current.quorum <= most else least
    if not least <= quorum <= most:
        raise OutOfRange("quorum", quorum, f"{least} to {most} with {len(ordered)} operators")
    if tuple(ordered) == current.operators and quorum == current.quorum:
        raise ValidationError("operators", ", ".join(ordered), "another set or quorum than now")
    return Rotation(
        operator_set=operator_set,
        oracle=client.oracle.address,
        operators=tuple(ordered),
        quorum=quorum,
        operators_hash="0x" + operators_hash(ordered).hex(),
        added=tuple(one for one in ordered if one not in current.operators),
        removed=tuple(one for one in current.operators if one not in ordered),
        quorum_before=current.quorum,
        operators_hash_before="0x" + operators_hash(current.operators).hex(),
        calldata=client.calls.rotate_operators(operator_set, ordered, quorum).data,
    )


async def submit_rotation(client: OracleClient, sender: TransactionSender, rotation: Rotation) -> Submitted:
    """Rotates as the owner; or through the owner where that is a timelock: the first call schedules, a call
    after the delay executes.

    :raises ConfigurationError: the key is not the owner, and the owner is no timelock
    :raises TransactionError: the chain refuses
    """
    call = client.calls.rotate_operators(rotation.operator_set, rotation.operators, rotation.quorum)
    owner = await client.oracle.value("owner")
    if address_bytes(owner) == address_bytes(sender.address):
        receipt = await sender.execute(call.to, call.data)
        return Submitted("rotated", tx_hash="0x" + receipt.tx_hash.hex())
    if await client.transport.request("eth_getCode", [owner, "latest"]) == "0x":
        raise ConfigurationError(f"{sender.address} may not rotate: the oracle's owner is {owner}")
    return await _through_timelock(TimelockClient(sender, owner), call)


async def _through_timelock(timelock: TimelockClient, call: Call[TxResult]) -> Submitted:
    # A rotation there and back repeats itself; a timelock runs an operation only once.
    salt = 0
    while (state := await timelock.state(operation := timelock.operation(call, salt=salt))) is _DONE:
        salt += 1
    if state is OperationState.UNKNOWN:
        return Submitted("scheduled", await timelock.schedule(operation))
    if state is OperationState.WAITING:
        return Submitted("waiting", int(await timelock.contract.value("getTimestamp", operation.id)))
    (result,) = await timelock.execute(operation)
    return Submitted("rotated", tx_hash=result.tx_hash)
