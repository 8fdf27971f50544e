"""What a receipt says happened: the records of the book, matched with the operations that were sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from olivepress.events import Book, Event, LogDecoder, default_decoder
from olivepress.events.decode import BOOK_TOPIC, decode_book
from olivepress.events.records import (
    Cancelled,
    Filled,
    MalformedLog,
    Missed,
    Placed,
    Record,
    Rejected,
    TakeEnd,
    Taken,
)
from olivepress.exchange.models import Cancel, CancelResult, Operation, OrderFill, OrderResult, Place
from olivepress.mirror import fill_fees
from olivepress.mirror.fold import FEES_WAIVED
from olivepress.tx import Receipt
from olivepress.types import OrderId, Series

E = TypeVar("E", bound=Event)

_ENDS = {
    TakeEnd.FILLED: "filled",
    TakeEnd.RESTS: "rests",
    TakeEnd.IOC: "immediate or cancel",
    TakeEnd.STEP_BOUND: "step bound",
    TakeEnd.SELF_TRADE: "self-trade",
    TakeEnd.NOTHING_TO_REDUCE: "nothing left to reduce",
}
REJECTED = "rejected"


def tx_hash_of(receipt: Receipt) -> str:
    """Hash of the transaction, 0x-hex."""
    return "0x" + receipt.tx_hash.hex()


def events_of(receipt: Receipt, kind: type[E], contract: str, decoder: LogDecoder | None = None) -> list[E]:
    """Events of one kind that a contract logged in a transaction."""
    decoder = decoder or default_decoder()
    own = [log for log in receipt.logs if log["address"].lower() == contract.lower()]
    return [event for event in decoder.decode_all(own) if isinstance(event, kind)]


def book_of(receipt: Receipt, exchange: str, series: int) -> Book | None:
    """What a transaction did to the book of a series; None when nothing."""
    for log in receipt.logs:
        if log["topics"][0] == BOOK_TOPIC and log["address"].lower() == exchange.lower():
            book = decode_book(log)
            if book.series == series:
                return book
    return None


class ResultReader:
    """Walks the records of one transaction along its operations, in their order."""

    def __init__(self, series: Series, receipt: Receipt, exchange: str) -> None:
        self.series = series
        self.tx_hash = tx_hash_of(receipt)
        self.block = receipt.block_number
        book = book_of(receipt, exchange, series.id)
        self._records: Iterator[Record] = iter(book.records if book else ())

    def results(self, operations: Sequence[Operation]) -> list[OrderResult | CancelResult]:
        """One result for each operation. Raises MalformedLog when the records are of other operations."""
        return [
            self.order(operation) if isinstance(operation, Place) else self.cancel(operation)
            for operation in operations
        ]

    def order(self, order: Place) -> OrderResult:
        """The next operation's records, which are of a placing."""
        fills: list[OrderFill] = []
        end = "rests"
        for record in self._records:
            match record:
                case Filled():
                    fills.append(self._fill(record))
                case Taken():
                    end = _ENDS[TakeEnd(record.end)]
                    if record.end != TakeEnd.RESTS:
                        return self._order(order, fills, 0, 0, end)
                case Placed():
                    return self._order(order, fills, record.order_id, record.lots, end)
                case Rejected():
                    return self._order(order, fills, 0, 0, REJECTED)
                case Cancelled():
                    continue  # a dead order that was met on the way
                case Missed():
                    break
        raise MalformedLog(f"transaction {self.tx_hash} has no record of the order {order}")

    def cancel(self, cancel: Cancel) -> CancelResult:
        """The next operation's record, which is of a cancelling."""
        order_id = OrderId(cancel.order_id)
        match next(self._records, None):
            case Cancelled(order_id=found, lots=lots) if found == cancel.order_id:
                return CancelResult(order_id, lots, False, self.tx_hash, self.block)
            case Missed(order_id=found) if found == cancel.order_id:
                return CancelResult(order_id, 0, True, self.tx_hash, self.block)
            case record:
                raise MalformedLog(f"transaction {self.tx_hash}: {record} is not of {cancel}")

    def taken(self) -> tuple[OrderFill, ...]:
        """The fills up to the end of a taking order: a liquidation, or a leg of a spread."""
        fills: list[Filled] = []
        for record in self._records:
            match record:
                case Filled():
                    fills.append(record)
                case Taken():
                    waived = bool(record.flags & FEES_WAIVED)
                    return tuple(self._fill(fill, waived) for fill in fills)
        raise MalformedLog(f"transaction {self.tx_hash} has no record of a taking order")

    def _fill(self, record: Filled, waived: bool = False) -> OrderFill:
        spec = self.series.spec
        amount = self.series.notional(record.lots, record.tick)
        fee = 0 if waived else fill_fees(amount, spec.taker_fee, spec.maker_rebate)[0]
        return OrderFill(
            price=self.series.to_price(record.tick),
            lots=record.lots,
            maker=record.maker,
            order_id=OrderId(record.order_id),
            fee=self.series.to_amount(fee),
        )

    def _order(
        self, order: Place, fills: list[OrderFill], order_id: int, resting: int, end: str
    ) -> OrderResult:
        return OrderResult(
            symbol=self.series.symbol,
            side=order.side,
            price=order.price,
            lots=order.lots,
            order_id=OrderId(order_id) if order_id else None,
            filled=sum(fill.lots for fill in fills),
            resting=resting,
            fills=tuple(fills),
            end=end,
            client_id=order.client_id,
            tx_hash=self.tx_hash,
            block=self.block,
        )
