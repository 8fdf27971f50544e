"""A contract's ABI: calldata, return values, logs and errors by name.

General and unhurried, on top of `eth_abi`; the calls that trade are packed in `packing`, the logs of the book
are unpacked in `olivepress.events.records`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from eth_abi.abi import decode as _decode
from eth_abi.abi import encode as _encode

from olivepress.hashing import keccak256

Abi = Sequence[Mapping[str, Any]]


@cache
def snake_case(name: str) -> str:
    """The Python name of a Solidity name: freshSeconds -> fresh_seconds, from -> from_, now_ -> now."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).strip("_").lower()
    return snake + "_" if snake in ("from", "is", "in", "not") else snake


def canonical(parameter: Mapping[str, Any]) -> str:
    """The canonical type of an ABI parameter: structs as `(type,...)`."""
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        inner = ",".join(canonical(part) for part in parameter["components"])
        return f"({inner}){kind[5:]}"
    return kind


def name_values(parameters: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> dict[str, Any]:
    """Decoded values by parameter name; structs become dictionaries, addresses stay 0x-strings."""
    return {
        parameter.get("name") or f"value{i}": _named(parameter, value)
        for i, (parameter, value) in enumerate(zip(parameters, values, strict=True))
    }


def _named(parameter: Mapping[str, Any], value: Any) -> Any:
    kind: str = parameter["type"]
    if kind == "tuple":
        return name_values(parameter["components"], value)
    if kind.startswith("tuple"):
        return tuple(name_values(parameter["components"], item) for item in value)
    return value


@dataclass(frozen=True)
class Entry:
    """One function, event or error of an ABI."""

    name: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def types(self) -> list[str]:
        return [canonical(parameter) for parameter in self.inputs]

    @cached_property
    def output_types(self) -> list[str]:
        return [canonical(parameter) for parameter in self.outputs]

    @cached_property
    def signature(self) -> str:
        return f"{self.name}({','.join(self.types)})"

    @cached_property
    def topic(self) -> bytes:
        """keccak256 of the signature: an event's first topic."""
        return keccak256(self.signature.encode())

    @property
    def selector(self) -> bytes:
        """First 4 bytes of `topic`: what calldata and revert data begin with."""
        return self.topic[:4]

    def encode(self, *values: Any) -> bytes:
        """Calldata: selector and arguments. Structs are given as tuples in the order of their fields."""
        return self.selector + _encode(self.types, values)

    def decode_output(self, data: bytes) -> tuple[Any, ...]:
        """Return values in their order; structs as tuples."""
        return tuple(_decode(self.output_types, data))

    def named_output(self, data: bytes) -> dict[str, Any]:
        """Return values by name; structs as dictionaries."""
        return name_values(self.outputs, self.decode_output(data))

    def decode_input(self, data: bytes) -> dict[str, Any]:
        """Arguments by name, from data that follows a selector."""
        return name_values(self.inputs, _decode(self.types, data))

    @cached_property
    def _indexed(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(parameter for parameter in self.inputs if parameter.get("indexed"))

    @cached_property
    def _plain(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(parameter for parameter in self.inputs if not parameter.get("indexed"))

    @cached_property
    def _indexed_types(self) -> list[str]:
        return [canonical(parameter) for parameter in self._indexed]

    @cached_property
    def _plain_types(self) -> list[str]:
        return [canonical(parameter) for parameter in self._plain]

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """An event's fields by name; `topics` as in the log, the signature first."""
        values = name_values(self._plain, _decode(self._plain_types, data))
        for parameter, kind, topic in zip(self._indexed, self._indexed_types, topics[1:], strict=True):
            values[parameter["name"]] = _decode([kind], topic)[0]
        return values


class Interface:
    """Functions, events and errors of one contract by name."""

    def __init__(self, abi: Abi) -> None:
        self.functions: dict[str, Entry] = {}
        self.events: dict[str, Entry] = {}
        self.errors: dict[str, Entry] = {}
        self.constructor = Entry("constructor", ())
        for item in abi:
            inputs = tuple(item.get("inputs", ()))
            match item["type"]:
                case "function":
                    self.functions[item["name"]] = Entry(item["name"], inputs, tuple(item["outputs"]))
                case "event":
                    self.events[item["name"]] = Entry(item["name"], inputs)
                case "error":
                    self.errors[item["name"]] = Entry(item["name"], inputs)
                case "constructor":
                    self.constructor = Entry("constructor", inputs)

    def encode(self, function: str, *values: Any) -> bytes:
        """Calldata of a function by name. KeyError when the contract has no such function."""
        return self.functions[function].encode(*values)

    def encode_constructor(self, **arguments: Any) -> bytes:
        """Constructor arguments by name, as appended to creation bytecode. ValueError names what does not
        fit."""
        entry = self.constructor
        names = [parameter["name"] for parameter in entry.inputs]
        if set(names) != set(arguments):
            raise ValueError(f"constructor takes {names}, not {sorted(arguments)}")
        return _encode(entry.types, [arguments[name] for name in names])
