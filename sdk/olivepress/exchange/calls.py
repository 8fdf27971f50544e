"""Calls on the exchange as values: checked, packed, with the reading of their result.

A `Call` is what a client sends. Build one to send it now and await it later, for instance to mine in between:

    call = client.calls.place("LLM-FLAGSHIP-DEC26", Place(Side.BUY, Decimal("3.5"), 10))
    pending = await client.submit(call)
    await chain.mine()
    result = await pending
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from olivepress import events as ev
from olivepress.contracts import packing
from olivepress.contracts.abi import Interface
from olivepress.contracts.artifacts import exchange_interface
from olivepress.errors import OutOfRange, UnknownSymbol, ValidationError, WrongLots, WrongType
from olivepress.exchange import gas
from olivepress.exchange.models import (
    BatchResult,
    Cancel,
    CancelResult,
    Operation,
    OrderResult,
    Place,
    TxResult,
)
from olivepress.exchange.results import ResultReader, events_of, tx_hash_of
from olivepress.exchange.terms import SeriesTerms
from olivepress.manifest import Deployment
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import PendingTx, Receipt
from olivepress.types import OrderFlags, OrderId, Series, Side, TimeInForce
from olivepress.units import amount_to_base, base_to_amount, require_int, size_to_lots

T = TypeVar("T")
Moved = (
    ev.Deposited
    | ev.Withdrawn
    | ev.ClaimDrawn
    | ev.FeesCollected
    | ev.TreasuryWithdrawn
    | ev.InsuranceToppedUp
)
"""Events that tell of one amount."""

_U16, _U32, _U40, _U64 = 2**16 - 1, 2**32 - 1, 2**40 - 1, 2**64 - 1


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


class Calls:
    """Builds calls. Every argument is checked here, before anything is sent.

    :raises ValidationError: of every method; names the field, the value and what is allowed
    """

    def __init__(self, deployment: Deployment, series: dict[str, Series]) -> None:
        self._to = deployment.exchange
        self._decimals = deployment.collateral_decimals
        self._series = series
        self._interface: Interface = exchange_interface()

    # --- orders ---

    def place(self, symbol: str, order: Place, *, max_steps: int = 0) -> Call[OrderResult]:
        """One order."""
        series = self.series(symbol)
        flags, tick, lots = self._order(series, order)
        steps = require_int(max_steps, "max_steps", 0, _U16)
        data = packing.place(series.id, flags, tick, lots, order.expiry, order.client_id, steps)

        def read(receipt: Receipt) -> OrderResult:
            return ResultReader(series, receipt, self._to).order(order)

        return Call(self._to, data, gas.place(order.post_only, steps), read)

    def cancel(self, order_id: int) -> Call[CancelResult]:
        """One resting order, by its id."""
        order = OrderId(order_id)
        series = self.series_by_id(order.series)

        def read(receipt: Receipt) -> CancelResult:
            return ResultReader(series, receipt, self._to).cancel(Cancel(order))

        return Call(self._to, packing.cancel(order), gas.cancel(), read)

    def batch(
        self, symbol: str, operations: Iterable[Operation], *, strict: bool = False, max_steps: int = 0
    ) -> Call[BatchResult]:
        """Many operations on one book; see IExchange.batch for what `strict` does."""
        series = self.series(symbol)
        steps = require_int(max_steps, "max_steps", 0, _U16)
        ordered = list(operations)
        if not ordered:
            raise OutOfRange("operations", 0, "at least one")
        packed = b"".join(self._operation(series, operation) for operation in ordered)
        places = [operation for operation in ordered if isinstance(operation, Place)]
        limit = gas.batch(
            len(places), len(ordered) - len(places), all(place.post_only for place in places), steps
        )

        def read(receipt: Receipt) -> BatchResult:
            results = ResultReader(series, receipt, self._to).results(ordered)
            return BatchResult(tuple(results), tx_hash_of(receipt), receipt.block_number)

        return Call(self._to, packing.batch(series.id, packed, strict, steps), limit, read)

    def mass_cancel(self, symbol: str) -> Call[TxResult]:
        """Every order of the account in a series."""
        data = packing.mass_cancel(self.series(symbol).id)
        return Call(self._to, data, gas.MASS_CANCEL, self._done)

    def mass_cancel_all(self) -> Call[TxResult]:
        """Every order of the account."""
        return self._cold("massCancelAll")

    def prune(self, symbol: str, side: Side, max_steps: int) -> Call[TxResult]:
        """Dead orders in front of a side's best live one."""
        steps = require_int(max_steps, "max_steps", 1, _U16)
        return self._cold("prune", self.series(symbol).id, side is Side.SELL, steps)

    # --- accounts ---

    def deposit(self, amount: Decimal, account: int = 0) -> Call[TxResult]:
        """Collateral of the sender into an account; 0 for its own. The allowance is the caller's business."""
        number = require_int(account, "account", 0, _U32)
        data = packing.deposit(number, self.base(amount))
        return Call(self._to, data, gas.DEPOSIT, self._amount_of(ev.Deposited))

    def withdraw(self, amount: Decimal, to: str) -> Call[TxResult]:
        return self._cold(
            "withdraw", self.base(amount), _address(to, "to"), read=self._amount_of(ev.Withdrawn)
        )

    def open_account(self) -> Call[int]:
        def read(receipt: Receipt) -> int:
            return events_of(receipt, ev.AccountOpened, self._to)[0].account

        return self._cold("open", read=read)

    def invite_agent(self, agent: str, expiry: int, permissions: int) -> Call[TxResult]:
        when = require_int(expiry, "expiry", 1, _U40)
        bits = require_int(permissions, "permissions", 1, 3)
        return self._cold("inviteAgent", _address(agent, "agent"), when, bits)

    def accept_agent(self, account: int) -> Call[TxResult]:
        return self._cold("acceptAgent", require_int(account, "account", 1, _U32))

    def remove_agent(self, agent: str) -> Call[TxResult]:
        return self._cold("removeAgent", _address(agent, "agent"))

    # --- series and settlement ---

    def list_series(self, terms: SeriesTerms) -> Call[Series]:
        spec = terms.to_spec(self._decimals)

        def read(receipt: Receipt) -> Series:
            event = events_of(receipt, ev.SeriesListed, self._to)[0]
            return Series(event.series, event.spec, self._decimals)

        return self._cold("listSeries", astuple(spec), read=read)

    def refresh_mark(self, symbol: str) -> Call[TxResult]:
        return self._cold("refreshMark", self.series(symbol).id, limit=gas.REFRESH_MARK)

    def realise(self, account: int, symbol: str, payers: Sequence[int] = ()) -> Call[TxResult]:
        number = require_int(account, "account", 1, _U32)
        named = [require_int(payer, "payers", 1, _U32) for payer in payers]

        def read(receipt: Receipt) -> TxResult:
            told = [one for one in events_of(receipt, ev.Realised, self._to) if one.account == number]
            return self._done(receipt, sum(one.amount for one in told))

        limit = gas.realise(len(named))
        return self._cold("realise", number, self.series(symbol).id, named, read=read, limit=limit)

    def settle(self, symbol: str) -> Call[Decimal]:
        series = self.series(symbol)

        def read(receipt: Receipt) -> Decimal:
            return series.to_price(events_of(receipt, ev.SeriesSettled, self._to)[0].settlement_tick)

        return self._cold("settle", series.id, read=read, limit=gas.SETTLE)

    def settle_accounts(self, accounts: Sequence[int]) -> Call[TxResult]:
        return self._cold("settleAccounts", [require_int(one, "accounts", 1, _U32) for one in accounts])

    def draw(self, account: int, symbol: str) -> Call[TxResult]:
        number = require_int(account, "account", 1, _U32)
        return self._cold("draw", number, self.series(symbol).id, read=self._amount_of(ev.ClaimDrawn))

    def collect_fees(self, symbol: str) -> Call[TxResult]:
        return self._cold("collectFees", self.series(symbol).id, read=self._amount_of(ev.FeesCollected))

    def withdraw_treasury(self, to: str, amount: Decimal) -> Call[TxResult]:
        read = self._amount_of(ev.TreasuryWithdrawn)
        return self._cold("withdrawTreasury", _address(to, "to"), self.base(amount), read=read)

    def top_up_insurance(self, feed: int, amount: Decimal) -> Call[TxResult]:
        read = self._amount_of(ev.InsuranceToppedUp)
        data = self._interface.encode("topUpInsurance", require_int(feed, "feed", 1, _U16), self.base(amount))
        return Call(self._to, data, gas.DEPOSIT, read)

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

    def base(self, amount: Decimal) -> int:
        """A positive amount of collateral in base units."""
        units = amount_to_base(amount, self._decimals)
        if units == 0:
            raise OutOfRange("amount", amount, f"at least {base_to_amount(1, self._decimals)}")
        return units

    def _operation(self, series: Series, operation: Operation) -> bytes:
        if isinstance(operation, Place):
            flags, tick, lots = self._order(series, operation)
            return packing.place_op(flags, tick, lots, operation.expiry, operation.client_id)
        order = OrderId(operation.order_id)
        if order.series != series.id:
            raise ValidationError("order_id", order, f"an order of {series.symbol} (series {series.id})")
        return packing.cancel_op(order)

    def _order(self, series: Series, order: Place) -> tuple[int, int, int]:
        """Flags, tick and lots, checked."""
        if not isinstance(order.side, Side):
            raise WrongType("side", order.side, "Side.BUY or Side.SELL")
        if not isinstance(order.tif, TimeInForce):
            raise WrongType("tif", order.tif, "a TimeInForce")
        tick = series.to_ticks(order.price)
        if tick == 0:
            raise OutOfRange("price", order.price, f"at least {series.tick_size}")
        lots = size_to_lots(order.lots, 1, field="lots")
        spec = series.spec
        if not spec.min_lots <= lots <= spec.position_limit:
            raise WrongLots("lots", order.lots, f"{spec.min_lots} to {spec.position_limit}")
        require_int(order.client_id, "client_id", 0, _U64)
        if order.tif is TimeInForce.GTT:
            require_int(order.expiry, "expiry", 1, _U32)
        elif order.expiry != 0:
            raise OutOfRange("expiry", order.expiry, f"0 for {order.tif.value}; GTT takes an expiry")
        flags = order.tif.flags
        if order.post_only:
            if flags:
                raise ValidationError("post_only", True, f"GTC and GTT only, not {order.tif.value}")
            flags |= OrderFlags.POST_ONLY
        if order.reduce_only:
            flags |= OrderFlags.REDUCE_ONLY
        if order.cancel_taking:
            flags |= OrderFlags.CANCEL_TAKING
        if order.side is Side.SELL:
            flags |= OrderFlags.SELL
        return int(flags), tick, lots

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


def _address(address: str, field: str) -> str:
    return checksum_address(address_bytes(address, field=field))
