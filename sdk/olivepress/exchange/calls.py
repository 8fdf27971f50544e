"""Calls on the exchange as values: checked, packed, with the reading of their result.

A `Call` is what a client sends. Build one to send it now and await it later, for instance to mine in between:

    call = client.calls.place("LLM-FLAGSHIP-DEC26", Place(Side.BUY, Decimal("3.5"), 10))
    pending = await client.submit(call)
    await chain.mine()
    result = await pending
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from olivepress.exchange.models import BatchResult, CancelResult, Operation, OrderResult, Place, TxResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A checked call: where it goes, its calldata, its gas limit (None: estimated) and how to read its receipt."""

    to: str
    data: bytes
    gas: int | None
    read: Callable[[dict[str, Any]], T]


class Pending(Generic[T]):
    """A call on its way. `await pending` gives its result or raises."""

    hash: str

    def __await__(self) -> Generator[Any, None, T]:
        raise NotImplementedError


class Calls:
    """Builds calls. Every argument is checked here, before anything is sent.

    :raises ValidationError: of every method; names the field, the value and what is allowed
    """

    def place(self, symbol: str, order: Place, *, max_steps: int = 0) -> Call[OrderResult]:
        raise NotImplementedError

    def cancel(self, order_id: int) -> Call[CancelResult]:
        raise NotImplementedError

    def batch(
        self, symbol: str, operations: Iterable[Operation], *, strict: bool = False, max_steps: int = 0
    ) -> Call[BatchResult]:
        raise NotImplementedError

    def mass_cancel(self, symbol: str) -> Call[TxResult]:
        raise NotImplementedError

    def deposit(self, amount: Decimal, account: int = 0) -> Call[TxResult]:
        raise NotImplementedError
