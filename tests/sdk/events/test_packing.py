"""Hand-packed calldata is, byte for byte, what a general encoder makes."""

from __future__ import annotations

from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from olivepress.contracts import packing
from olivepress.contracts.artifacts import exchange_interface


def uint(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


def expected(signature: str, *values: object) -> bytes:
    kinds = signature[signature.index("(") + 1 : -1].split(",")
    return keccak(text=signature)[:4] + encode(kinds, values)


@given(st.tuples(uint(16), uint(8), uint(24), uint(32), uint(32), uint(64), uint(16)))
def test_place(values: tuple[int, ...]) -> None:
    signature = "place(uint16,uint8,uint24,uint32,uint32,uint64,uint16)"
    assert packing.place(*values) == expected(signature, *values)


@given(uint(96))
def test_cancel(order_id: int) -> None:
    assert packing.cancel(order_id) == expected("cancel(uint96)", order_id)


@given(uint(16), st.binary(max_size=200), st.booleans(), uint(16))
def test_batch(series: int, operations: bytes, strict: bool, steps: int) -> None:
    assert packing.batch(series, operations, strict, steps) == expected(
        "batch(uint16,bytes,bool,uint16)", series, operations, strict, steps
    )


@given(uint(16))
def test_mass_cancel(series: int) -> None:
    assert packing.mass_cancel(series) == expected("massCancel(uint16)", series)


@given(uint(32), uint(256))
def test_deposit(account: int, amount: int) -> None:
    assert packing.deposit(account, amount) == expected("deposit(uint32,uint256)", account, amount)


@given(uint(8), uint(24), uint(32), uint(32), uint(64))
def test_place_operation(flags: int, tick: int, lots: int, expiry: int, client: int) -> None:
    parts = ((1, 1), (flags, 1), (tick, 3), (lots, 4), (expiry, 4), (client, 8))
    wanted = b"".join(value.to_bytes(size, "big") for value, size in parts)
    assert packing.place_op(flags, tick, lots, expiry, client) == wanted
    assert len(wanted) == packing.PLACE_OP_BYTES == 21


@given(uint(16), st.integers(0, 1), uint(24), uint(32), uint(16))
def test_cancel_operation(series: int, side: int, tick: int, index: int, gen: int) -> None:
    order_id = (((series << 8 | side) << 24 | tick) << 32 | index) << 16 | gen
    parts = ((2, 1), (side, 1), (tick, 3), (index, 4), (gen, 2))
    wanted = b"".join(value.to_bytes(size, "big") for value, size in parts)
    assert packing.cancel_op(order_id) == wanted
    assert len(wanted) == packing.CANCEL_OP_BYTES == 11


def test_selectors_are_those_of_the_shipped_contract() -> None:
    functions = exchange_interface().functions
    assert {
        name: functions[name].selector for name in ("place", "cancel", "batch", "massCancel", "deposit")
    } == {
        "place": packing.PLACE,
        "cancel": packing.CANCEL,
        "batch": packing.BATCH,
        "massCancel": packing.MASS_CANCEL,
        "deposit": packing.DEPOSIT,
    }
