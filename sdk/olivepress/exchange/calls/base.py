"""What every call is made of: the call as a value, its result on the way, and the checks they share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from olivepress import events as ev
from olivepress.contracts.abi import Interface
from olivepress.contracts.artifacts import exchange_interface
from olivepress.errors import OutOfRange, UnknownSymbol
from olivepress.exchange.models import TxResult
from olivepress.exchange.results import events_of, tx_hash_of
from olivepress.manifest import Deployment
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import PendingTx, Receipt
from olivepress.types import OrderId, Series
from olivepress.units import amount_to_base, base_to_amount, require_int

T = TypeVar("T")
Moved = (
    ev.Deposited
    | ev.Withdrawn
    | ev.ClaimDrawn
    | ev.FeesCollected
    | ev.TreasuryWithdrawn
    | ev.InsuranceToppedUp
    | ev.BountyPaid
)
"""Events that tell of one amount."""

U16, U32, U40, U64 = 2**16 - 1, 2**32 - 1, 2**40 - 1, 2**64 - 1


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A checked call: where it goes, its calldata, its gas limit (None: estimated) and how to read its
    receipt."""

    to: str
    data: bytes
    gas: int | None
    read: Callable[[Receipt], T]


class Pending(Generic[T]):
    """A call on its way. `await pending` gives its result or raises."""

    def __init__(self, tx: PendingTx, call: Call[T]) -> None:
        self.tx = tx
        self.call = call

    @property
    def hash(self) -> str:
        """Hash of the transaction, 0x-hex."""
        return "0x" + self.tx.hash.hex()

    async def result(self, timeout: float = 60.0) -> T:
        """Waits for the receipt. Raises Reverted, TransactionDropped, OutcomeUnknown, ReceiptTimeout."""
        return self.call.read(await self.tx.receipt(timeout))

    def __await__(self) -> Generator[Any, None, T]:
        return self.result().__await__()


class Builder:
    """Builds calls. Every argument is checked here, before anything is sent.

    :raises ValidationError: of every method; names the field, the value and what is allowed
    """

    def __init__(self, deployment: Deployment, series: dict[str, Series]) -> None:
        self._to = deployment.exchange
        self._decimals = deployment.collateral_decimals
        self._series = series
        self._interface: Interface = exchange_interface()

    # --- checks ---

    def series(self, symbol: str) -> Series:
        """A series that the client has loaded. UnknownSymbol names the known ones."""
        found = self._series.get(symbol)
        if found is None:
            known = ", ".join(self._series)
            raise UnknownSymbol("symbol", symbol, known or "a series that was read before (series_list)")
        return found

    def series_by_id(self, series: int) -> Series:
        """The same by number."""
        for one in self._series.values():
            if one.id == series:
                return one
        raise UnknownSymbol(
            "series", series, ", ".join(str(one.id) for one in self._series.values()) or "none"
        )

    def series_of(self, order_id: int) -> Series:
        """The series of an order, by its id."""
        try:
            return self.series_by_id(OrderId(order_id).series)
        except UnknownSymbol as error:
            raise UnknownSymbol("order_id", order_id, f"an order of series {error.allowed}") from None

    def base(self, amount: Decimal) -> int:
        """A positive amount of collateral in base units."""
        units = amount_to_base(amount, self._decimals)
        if units == 0:
            raise OutOfRange("amount", amount, f"at least {base_to_amount(1, self._decimals)}")
        return units

    # --- building ---

    def _cold(
        self,
        function: str,
        *arguments: Any,
        read: Callable[[Receipt], T] | None = None,
        limit: int | None = None,
    ) -> Call[Any]:
        """A call that is not in a hurry: encoded by the ABI; its gas is estimated unless there is a limit."""
        return Call(self._to, self._interface.encode(function, *arguments), limit, read or self._done)

    def _done(self, receipt: Receipt, amount: int = 0) -> TxResult:
        money = base_to_amount(amount, self._decimals)
        return TxResult(tx_hash_of(receipt), receipt.block_number, receipt.gas_used, money)

    def _amount_of(self, kind: type[Moved]) -> Callable[[Receipt], TxResult]:
        def read(receipt: Receipt) -> TxResult:
            told = events_of(receipt, kind, self._to)
            return self._done(receipt, sum(event.amount for event in told))

        return read


def address_of(address: str, field: str) -> str:
    """An address, checked and with its EIP-55 checksum."""
    return checksum_address(address_bytes(address, field=field))


def feed_of(feed: int) -> int:
    """The number of a feed, checked."""
    return require_int(feed, "feed", 1, U16)
