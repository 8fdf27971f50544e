"""Reads of one contract through a transport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.exceptions import DecodingError

from olivepress.contracts.abi import Interface
from olivepress.errors import RpcError, TransportError
from olivepress.reverts.decode import decode
from olivepress.rpc import Transport
from olivepress.tx import revert_data

Read = tuple[str, Sequence[Any]]
"""Function name and arguments."""

_SHOWN = 100


class Contract:
    """A contract at an address. Reverts arrive as the exceptions of `olivepress.reverts`."""

    def __init__(self, address: str, interface: Interface, transport: Transport) -> None:
        self.address = address
        self.interface = interface
        self.transport = transport

    async def read(self, function: str, *arguments: Any, block: int | str = "latest") -> dict[str, Any]:
        """Return values by name; structs as dictionaries. One without a name is called 'value0'."""
        return (await self.read_many([(function, arguments)], block=block))[0]

    async def value(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:
        """The first return value."""
        return next(iter((await self.read(function, *arguments, block=block)).values()))

    async def read_many(self, reads: Sequence[Read], *, block: int | str = "latest") -> list[dict[str, Any]]:
        """Many reads at one block in one message."""
        tag = hex(block) if isinstance(block, int) else block
        calls = []
        for function, arguments in reads:
            data = self.interface.encode(function, *arguments)
            calls.append(("eth_call", [{"to": self.address, "data": "0x" + data.hex()}, tag]))
        results = await self.transport.batch(calls, return_errors=True)
        values = []
        for (function, _), result in zip(reads, results, strict=True):
            if isinstance(result, RpcError):
                revert = revert_data(result)
                raise result if revert is None else decode(revert)
            try:
                values.append(self.interface.functions[function].named_output(bytes.fromhex(result[2:])))
            except (DecodingError, TypeError, ValueError):
                # Such as "0x": a node that does not know the contract yet.
                shown = str(result)[:_SHOWN]
                raise TransportError(
                    f"{function}: {shown!r} is no answer of the contract {self.address}",
                    url=self.transport.url,
                ) from None
        return values
