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
    SpreadResult,
    TxResult,
)
from olivepress.exchange.outcomes import (
    AuctionResult,
    Declaration,
    FlagResult,
    LiquidationResult,
    LotsMoved,
    RulingResult,
    TokenPair,
    TokenSide,
)
from olivepress.exchange.position_token import Permit, PositionTokenClient, SignedPermit
from olivepress.exchange.reader import ExchangeReader
from olivepress.exchange.terms import SeriesTerms

__all__ = [
    "AccountView",
    "AuctionResult",
    "BatchResult",
    "BookView",
    "Call",
    "Calls",
    "Cancel",
    "CancelResult",
    "Declaration",
    "ExchangeClient",
    "ExchangeReader",
    "FlagResult",
    "Level",
    "LiquidationResult",
    "LotsMoved",
    "MarkView",
    "OpenOrder",
    "Operation",
    "OrderFill",
    "OrderResult",
    "Pending",
    "Permit",
    "Place",
    "PositionTokenClient",
    "PositionView",
    "Principal",
    "RulingResult",
    "SeriesStatus",
    "SeriesTerms",
    "SignedPermit",
    "SpreadResult",
    "TokenPair",
    "TokenSide",
    "TxResult",
]
