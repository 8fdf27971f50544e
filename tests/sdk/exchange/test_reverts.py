"""Solidity errors arrive as exceptions of the same names, with their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak

from olivepress import reverts
from olivepress.contracts.abi import Entry, canonical
from olivepress.contracts.artifacts import load, shared_entries
from olivepress.errors import Reverted, TransactionError
from olivepress.reverts import generate
from olivepress.reverts.base import attribute_of

ERRORS = {
    entry.signature: entry
    for entry in (*shared_entries("error"), *load("MockUSDC").interface.errors.values())
}


def sample(kind: str) -> Any:
    if kind == "address":
        return "0x" + "ab" * 20
    if kind.startswith("int"):
        return -3
    samples = {"bytes4": b"\x05" * 4, "bytes32": b"\x05" * 32, "string": "text", "bool": True}
    return samples.get(kind, 4)


@pytest.mark.parametrize("entry", ERRORS.values(), ids=list(ERRORS))
def test_every_error_of_the_contracts(entry: Entry) -> None:
    values = [sample(canonical(one)) for one in entry.inputs]
    data = keccak(text=entry.signature)[:4] + encode([canonical(one) for one in entry.inputs], values)
    error = reverts.decode(data)
    assert type(error) is getattr(reverts, entry.name)
    assert isinstance(error, Reverted)
    assert error.data == data
    for parameter, value in zip(entry.inputs, values, strict=True):
        assert error.values[parameter["name"]] == value
        assert getattr(error, attribute_of(parameter["name"])) == value
        assert f"{parameter['name']}={value}" in str(error)
    assert str(error).startswith(entry.name)


def test_the_classes_are_those_of_the_shipped_abis() -> None:
    folder = Path(generate.__file__).parent
    for name, text in generate.sources().items():
        assert (folder / f"{name}.py").read_text() == text, (
            f"run python -m olivepress.reverts.generate ({name})"
        )


def test_panics_and_texts() -> None:
    panic = reverts.decode(bytes.fromhex("4e487b71") + (0x11).to_bytes(32))
    assert isinstance(panic, reverts.Panic)
    assert (panic.code, str(panic)) == (0x11, "Panic(0x11): arithmetic overflow or underflow")
    text = reverts.decode(bytes.fromhex("08c379a0") + encode(["string"], ["too bad"]))
    assert isinstance(text, reverts.RequireFailed)
    assert (text.reason, str(text)) == ("too bad", "reverted: too bad")


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01", bytes.fromhex("deadbeef") + bytes(32), keccak(text="NoAccount(address)")[:4] + b"\x01"],
    ids=["empty", "short", "unknown", "cut off"],
)
def test_what_no_abi_knows_stays_raw(data: bytes) -> None:
    error = reverts.decode(data)
    assert type(error) is Reverted
    assert error.data == data


def test_one_except_catches_all() -> None:
    error = reverts.decode(keccak(text="ZeroAmount()")[:4])
    assert isinstance(error, TransactionError)
    assert str(error) == "ZeroAmount()"
    with pytest.raises(reverts.ContractError):
        raise error
