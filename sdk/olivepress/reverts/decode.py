"""Revert data to exceptions."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError

from olivepress.contracts.abi import Entry
from olivepress.contracts.artifacts import load, shared_entries
from olivepress.errors import Reverted
from olivepress.reverts.base import ContractError, Panic, RequireFailed

_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_MODULES = ("exchange", "oracle", "tokens")


@cache
def _known() -> dict[bytes, tuple[Entry, type[ContractError]]]:
    modules = [import_module(f"olivepress.reverts.{name}") for name in _MODULES]
    entries = [*shared_entries("error"), *load("MockUSDC").interface.errors.values()]
    known: dict[bytes, tuple[Entry, type[ContractError]]] = {}
    for entry in entries:
        for module in modules:
            if cls := vars(module).get(entry.name):
                known[entry.selector] = (entry, cls)
                break
    return known


def decode(data: bytes) -> Reverted:
    """The exception for revert data: of the same name as the Solidity error, Panic, RequireFailed, or plain
    Reverted."""
    selector, rest = data[:4], data[4:]
    try:
        if selector == _ERROR:
            return RequireFailed(data, abi_decode(["string"], rest)[0])
        if selector == _PANIC:
            return Panic(data, abi_decode(["uint256"], rest)[0])
        found = _known().get(selector)
        if found is not None:
            entry, cls = found
            return cls(data, entry.decode_input(rest))
    except DecodingError:
        pass  # cut off or of another contract with the same selector: shown raw
    return Reverted(data)
