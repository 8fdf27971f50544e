"""One action on the exchange, on its oracle or on a token, as a value that prints as Python."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cache
from typing import Any

from differential.interfaces import interface_of, views_of
from differential.updates import Update
from olivepress.contracts import packing
from olivepress.contracts.abi import snake_case
from olivepress.types import SeriesSpec

_PACKED = {
    "place": packing.place,
    "cancel": packing.cancel,
    "batch": packing.batch,
    "massCancel": packing.mass_cancel,
    "deposit": packing.deposit,
}


@dataclass(frozen=True, slots=True)
class Action:
    """A call.

    :param at: time of its block, unix seconds
    :param sender: 0x address
    :param verb: target and function as the contracts name it, e.g. 'exchange.place'; a position token is
        'token' and its address the first argument
    :param args: arguments in contract units; bytes as bytes, structs as their Python types or tuples
    :param appended: bytes behind the arguments, which nothing may heed
    """

    at: int
    sender: str
    verb: str
    args: tuple[Any, ...] = ()
    appended: bytes = b""

    @property
    def target(self) -> str:
        return self.verb.partition(".")[0]

    @property
    def function(self) -> str:
        return self.verb.partition(".")[2]

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the function itself."""
        return self.args[1:] if self.target == "token" else self.args

    def calldata(self) -> bytes:
        """Packed by hand where the SDK does so, by the ABI for the rest."""
        if self.target == "exchange" and self.function in _PACKED:
            return _PACKED[self.function](*self.arguments)
        if self.function == "":  # raw bytes at the exchange
            return bytes(self.args[0])
        entry = interface_of(self.target).functions[self.function]
        return entry.encode(*map(_plain, self.arguments)) + self.appended


def _plain(value: Any) -> Any:
    if isinstance(value, SeriesSpec):
        return astuple(value)
    return value.packed() if isinstance(value, Update) else value


@cache
def verbs() -> frozenset[str]:
    """Every function of exchange and oracle that changes something."""
    targets = ("exchange", "oracle")
    return frozenset(
        f"{one}.{name}" for one in targets for name in interface_of(one).functions.keys() - views_of(one)
    )


def python_name(function: str) -> str:
    """The model's name of a function."""
    return snake_case(function)
