"""Compiled contracts that ship inside the package, read on first use. Written by `scripts/build`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import orjson

from olivepress.contracts.abi import Abi, Entry, Interface, canonical
from olivepress.errors import ConfigurationError
from olivepress.hashing import keccak256

_ADDRESS_BYTES = 20


@dataclass(frozen=True)
class Artifact:
    """ABI and code of one contract.

    `bytecode` is creation code with zeros where library addresses go; `links` maps each external library to
    the offsets of its address. `deployed_hash` is keccak256 of the runtime code with the bytes of
    `deployed_mask` (start, length: immutables and library addresses) set to zero.
    """

    name: str
    abi: Abi
    bytecode: bytes
    links: Mapping[str, Sequence[int]]
    deployed_hash: str
    deployed_mask: Sequence[tuple[int, int]]

    @cached_property
    def interface(self) -> Interface:
        return Interface(self.abi)

    def creation_code(self, libraries: Mapping[str, bytes], **arguments: Any) -> bytes:
        """Linked creation code with constructor arguments.

        :param libraries: 20-byte addresses of the external libraries, by name
        :raises ConfigurationError: a library is missing, or the arguments do not fit the constructor
        """
        code = bytearray(self.bytecode)
        for library, offsets in self.links.items():
            if library not in libraries:
                raise ConfigurationError(f"{self.name} needs the address of library {library}")
            for offset in offsets:
                code[offset : offset + _ADDRESS_BYTES] = libraries[library]
        try:
            return bytes(code) + self.interface.encode_constructor(**arguments)
        except ValueError as error:
            raise ConfigurationError(f"{self.name}: {error}") from error

    def code_hash(self, runtime: bytes) -> str:
        """keccak256 of code found on a chain, masked: equals `deployed_hash` for this contract."""
        code = bytearray(runtime)
        for start, length in self.deployed_mask:
            code[start : start + length] = bytes(length)
        return "0x" + keccak256(bytes(code[: len(runtime)])).hex()


def _read(name: str) -> Mapping[str, Any] | None:
    path = resources.files("olivepress") / "abi" / f"{name}.json"
    if not path.is_file():
        return None
    content: Mapping[str, Any] = orjson.loads(path.read_bytes())
    return content


def ships(name: str) -> bool:
    """Whether the package ships a contract of this name."""
    return _read(name) is not None


@cache
def load(name: str) -> Artifact:
    """An artifact by contract name. ConfigurationError when the package does not ship it."""
    content = _read(name)
    if content is None:
        raise ConfigurationError(
            f"this package ships no contract {name!r}; from a checkout, run scripts/build"
        )
    return Artifact(
        name=content["name"],
        abi=content["abi"],
        bytecode=bytes.fromhex(content["bytecode"][2:]),
        links=content["links"],
        deployed_hash=content["deployedHash"],
        deployed_mask=[(start, length) for start, length in content["deployedMask"]],
    )


@cache
def shared_entries(kind: str) -> tuple[Entry, ...]:
    """Every 'error' or 'event' of all contracts, each signature once."""
    content = _read("interfaces")
    if content is None:
        raise ConfigurationError("this package ships no ABIs; from a checkout, run scripts/build")
    return tuple(
        Entry(item["name"], tuple(item["inputs"])) for item in content["abi"] if item["type"] == kind
    )


@cache
def exchange_abi() -> Abi:
    """Everything that can be called at the exchange's address: its own functions and those of its desks,
    with their events and errors, each once. No constructors."""
    names = ("Exchange", "BackOffice", "ClearingDesk", "RiskDesk", "TokenDesk", "SpreadDesk")
    entries = [entry for name in names for entry in load(name).abi if entry["type"] != "constructor"]
    return list({_identity(entry): entry for entry in entries}.values())


def _identity(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    types = ",".join(canonical(one) for one in entry.get("inputs", ()))
    return entry["type"], entry.get("name", ""), types


@cache
def exchange_interface() -> Interface:
    """`exchange_abi`, ready to encode and decode."""
    return Interface(exchange_abi())
