"""Calldata of the calls that trade, packed by hand.

One `struct.pack` a call, about fifty times faster than a general ABI encoder; the tests compare every byte
with `eth_abi`. Arguments are plain integers in contract units (ticks, lots, base units) and must be in range:
the typed clients check them before they come here.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

PLACE = bytes.fromhex("39625e9b")
CANCEL = bytes.fromhex("8eae8235")
BATCH = bytes.fromhex("3cb36204")
MASS_CANCEL = bytes.fromhex("e6102788")
DEPOSIT = bytes.fromhex("aaf10398")

_PLACE = Struct(">4s30xH31xB28xI28xI28xI24xQ30xH")
_CANCEL = Struct(">4s20x12s")
_BATCH = Struct(">4s30xH31xB31xB30xH28xI")
_SERIES = Struct(">4s30xH")
_DEPOSIT = Struct(">4s28xI32s")
_PLACE_OP = Struct(">BIIIQ")
_CANCEL_OP = Struct(">BIIH")

_OP_PLACE, _OP_CANCEL = 1, 2
PLACE_OP_BYTES = _PLACE_OP.size
CANCEL_OP_BYTES = _CANCEL_OP.size


def place(
    series: int, flags: int, tick: int, lots: int, expiry: int, client_id: int, max_steps: int
) -> bytes:
    """Calldata of `place`."""
    return _PLACE.pack(PLACE, series, flags, tick, lots, expiry, client_id, max_steps)


def cancel(order_id: int) -> bytes:
    """Calldata of `cancel`."""
    return _CANCEL.pack(CANCEL, order_id.to_bytes(12, "big"))


def batch(series: int, operations: bytes, strict: bool, max_steps: int) -> bytes:
    """Calldata of `batch`; `operations` from `place_op` and `cancel_op`, back to back."""
    size = len(operations)
    head = _BATCH.pack(BATCH, series, 0x80, strict, max_steps, size)
    return head + operations + bytes(-size % 32)


def place_op(flags: int, tick: int, lots: int, expiry: int, client_id: int) -> bytes:
    """One placing inside a batch, 21 bytes."""
    return _PLACE_OP.pack(_OP_PLACE, flags << 24 | tick, lots, expiry, client_id)


def cancel_op(order_id: int) -> bytes:
    """One cancelling inside a batch, 11 bytes. The series of the id is not part of it."""
    return _CANCEL_OP.pack(
        _OP_CANCEL, order_id >> 48 & 0xFFFFFFFF, order_id >> 16 & 0xFFFFFFFF, order_id & 0xFFFF
    )


def mass_cancel(series: int) -> bytes:
    """Calldata of `massCancel`."""
    return _SERIES.pack(MASS_CANCEL, series)


def deposit(account: int, amount: int) -> bytes:
    """Calldata of `deposit`."""
    return _DEPOSIT.pack(DEPOSIT, account, amount.to_bytes(32, "big"))


def join(operations: Iterable[bytes]) -> bytes:
    """Operations of a batch, back to back."""
    return b"".join(operations)
