"""What all errors of the contracts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from olivepress.contracts.abi import snake_case
from olivepress.errors import Reverted

_TAKEN = frozenset(dir(Reverted()))


def attribute_of(name: str) -> str:
    """The attribute that holds a value: snake_case, with an underscore where every exception has one."""
    attribute = snake_case(name)
    return f"{attribute}_" if attribute in _TAKEN else attribute


class ContractError(Reverted):
    """A custom error of the contracts. Its values are attributes, in snake_case, and stand in `values`."""

    def __init__(self, data: bytes, values: Mapping[str, Any]) -> None:
        super().__init__(data, name=type(self).__name__, values=values)
        for name, value in values.items():
            setattr(self, attribute_of(name), value)


class Panic(Reverted):
    """A failed check of the compiler: `code` is Solidity's panic code."""

    def __init__(self, data: bytes, code: int) -> None:
        meaning = _PANICS.get(code, "unknown reason")
        super().__init__(data, name="Panic", values={"code": code}, message=f"Panic(0x{code:02x}): {meaning}")
        self.code = code


class RequireFailed(Reverted):
    """A revert with a text, Solidity's Error(string)."""

    def __init__(self, data: bytes, reason: str) -> None:
        super().__init__(data, name="Error", values={"reason": reason}, message=f"reverted: {reason}")
        self.reason = reason


_PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "value outside an enum",
    0x22: "broken storage encoding",
    0x31: "pop from an empty array",
    0x32: "index outside an array",
    0x41: "too much memory",
    0x51: "call of an uninitialised function",
}
