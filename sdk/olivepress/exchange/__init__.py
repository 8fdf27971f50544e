"""Typed clients of the exchange: Decimal in, Decimal out, symbols instead of numbers."""

from olivepress.exchange.calls import Call, Calls, Pending
from olivepress.exchange.client import ExchangeClient
from olivepress.exchange.models import (
    AccountView,
    BatchResult,
    BookView,
    Cancel,
    CancelResult,
    Level,
    MarkView,
    OpenOrder,
    Operation,
    OrderFill,
    OrderResult,
    Place,
    PositionView,
    Principal,
    SeriesStatus,
    TxResult,
)
from olivepress.exchange.reader import ExchangeReader
from olivepress.exchange.terms import SeriesTerms

__all__ = [
    "AccountView",
    "BatchResult",
    "BookView",
    "Call",
    "Calls",
    "Cancel",
    "CancelResult",
    "ExchangeClient",
    "ExchangeReader",
    "Level",
    "MarkView",
    "OpenOrder",
    "Operation",
    "OrderFill",
    "OrderResult",
    "Pending",
    "Place",
    "PositionView",
    "Principal",
    "SeriesStatus",
    "SeriesTerms",
    "TxResult",
]
