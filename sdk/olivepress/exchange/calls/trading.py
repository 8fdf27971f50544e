"""Calls that trade: orders, batches, cancelling, pruning, marks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from olivepress.contracts import packing
from olivepress.errors import OutOfRange, ValidationError, WrongLots, WrongType
from olivepress.exchange import gas
from olivepress.exchange.calls.base import U16, U32, U64, Builder, Call
from olivepress.exchange.models import (
    BatchResult,
    Cancel,
    CancelResult,
    Operation,
    OrderResult,
    Place,
    SpreadResult,
    TxResult,
)
from olivepress.exchange.results import ResultReader, tx_hash_of
from olivepress.tx import Receipt
from olivepress.types import OrderFlags, OrderId, Series, Side, TimeInForce
from olivepress.units import require_int, size_to_lots


class TradingCalls(Builder):
    """Called at the address of the exchange; ITrading."""

    def place(self, symbol: str, order: Place, *, max_steps: int = 0) -> Call[OrderResult]:
        """One order."""
        series = self.series(symbol)
        flags, tick, lots = self._order(series, order)
        steps = require_int(max_steps, "max_steps", 0, U16)
        data = packing.place(series.id, flags, tick, lots, order.expiry, order.client_id, steps)

        def read(receipt: Receipt) -> OrderResult:
            return ResultReader(series, receipt, self._to).order(order)

        return Call(self._to, data, gas.place(order.post_only, steps), read)

    def cancel(self, order_id: int) -> Call[CancelResult]:
        """One resting order, by its id."""
        order = OrderId(order_id)
        series = self.series_of(order)

        def read(receipt: Receipt) -> CancelResult:
            return ResultReader(series, receipt, self._to).cancel(Cancel(order))

        return Call(self._to, packing.cancel(order), gas.cancel(), read)

    def batch(
        self, symbol: str, operations: Iterable[Operation], *, strict: bool = False, max_steps: int = 0
    ) -> Call[BatchResult]:
        """Many operations on one book; see IExchange.batch for what `strict` does."""
        series = self.series(symbol)
        steps = require_int(max_steps, "max_steps", 0, U16)
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

    def spread(
        self, buy: str, sell: str, lots: int, limit: Decimal, *, client_id: int = 0, max_steps: int = 0
    ) -> Call[SpreadResult]:
        """Two legs at once or not at all; `limit` is the most that the bought may cost above the sold one."""
        bought, sold = self.series(buy), self.series(sell)
        alike = (bought.spec.feed, bought.spec.tick_value) == (sold.spec.feed, sold.spec.tick_value)
        if buy == sell or not alike:
            raise ValidationError("sell", sell, f"another month of {buy}, with its feed and tick value")
        number = size_to_lots(lots, 1, field="lots")
        ticks = bought.to_ticks(abs(limit), field="limit") * (-1 if limit < 0 else 1)
        client = require_int(client_id, "client_id", 0, U64)
        steps = require_int(max_steps, "max_steps", 0, U16)

        def read(receipt: Receipt) -> SpreadResult:
            return SpreadResult(
                buy_symbol=buy,
                sell_symbol=sell,
                lots=number,
                bought=ResultReader(bought, receipt, self._to).taken(),
                sold=ResultReader(sold, receipt, self._to).taken(),
                client_id=client,
                tx_hash=tx_hash_of(receipt),
                block=receipt.block_number,
            )

        values = (bought.id, sold.id, number, ticks, client, steps)
        return self._cold("spread", *values, read=read, limit=gas.spread(steps))

    def mass_cancel(self, symbol: str) -> Call[TxResult]:
        """Every order of the account in a series."""
        data = packing.mass_cancel(self.series(symbol).id)
        return Call(self._to, data, gas.MASS_CANCEL, self._done)

    def mass_cancel_all(self) -> Call[TxResult]:
        """Every order of the account."""
        return self._cold("massCancelAll")

    def prune(self, symbol: str, side: Side, max_steps: int) -> Call[TxResult]:
        """Dead orders in front of a side's best live one."""
        steps = require_int(max_steps, "max_steps", 1, U16)
        return self._cold("prune", self.series(symbol).id, side is Side.SELL, steps)

    def refresh_mark(self, symbol: str) -> Call[TxResult]:
        return self._cold("refreshMark", self.series(symbol).id, limit=gas.REFRESH_MARK)

    def _operation(self, series: Series, operation: Operation) -> bytes:
        if isinstance(operation, Place):
            flags, tick, lots = self._order(series, operation)
            return packing.place_op(flags, tick, lots, operation.expiry, operation.client_id)
        if not isinstance(operation, Cancel):
            raise WrongType("operations", operation, "Place and Cancel")
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
        require_int(order.client_id, "client_id", 0, U64)
        if order.tif is TimeInForce.GTT:
            require_int(order.expiry, "expiry", 1, U32)
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
