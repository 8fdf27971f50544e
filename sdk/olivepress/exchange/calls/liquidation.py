"""Calls on accounts below their margin. ILiquidation."""

from __future__ import annotations

from decimal import Decimal

from olivepress import events as ev
from olivepress.errors import OutOfRange
from olivepress.exchange import gas
from olivepress.exchange.calls.base import U16, U32, Builder, Call, feed_of
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import (
    AuctionResult,
    Declaration,
    FlagResult,
    LiquidationResult,
    LotsMoved,
)
from olivepress.exchange.results import ResultReader, events_of, tx_hash_of
from olivepress.tx import Receipt
from olivepress.units import amount_to_base, base_to_amount, require_int, size_to_lots

_FRACTION_DECIMALS = 6


class LiquidationCalls(Builder):
    """Every step is anyone's to take."""

    def cancel_orders(self, account: int) -> Call[TxResult]:
        """Every order of an account whose equity is below its orders margin."""
        return self._cold("cancelOrders", _account(account), limit=gas.ASSESS)

    def liquidate(
        self, account: int, symbol: str, lots: int, limit: Decimal, *, max_steps: int = 0
    ) -> Call[LiquidationResult]:
        """At most `lots` of a position; `limit` is the worst price for the account."""
        series = self.series(symbol)
        number, tick = _account(account), series.to_ticks(limit, field="limit")
        most = size_to_lots(lots, 1, field="lots")
        steps = require_int(max_steps, "max_steps", 0, U16)

        def read(receipt: Receipt) -> LiquidationResult:
            told = events_of(receipt, ev.Liquidated, self._to)
            return LiquidationResult(
                account=number,
                symbol=series.symbol,
                lots=sum(event.lots for event in told),
                reward=series.to_amount(sum(event.reward for event in told)),
                fills=ResultReader(series, receipt, self._to).taken() if told else (),
                tx_hash=tx_hash_of(receipt),
                block=receipt.block_number,
            )

        limit_of_gas = gas.liquidate(steps)
        return self._cold("liquidate", number, series.id, most, tick, steps, read=read, limit=limit_of_gas)

    def auction(self, account: int, feed: int, fraction: Decimal) -> Call[AuctionResult]:
        """A fraction, 0.000001 to 1, of every position of an account in a feed."""
        number, millionths = _account(account), _millionths(fraction)

        def read(receipt: Receipt) -> AuctionResult:
            event = events_of(receipt, ev.Auctioned, self._to)[0]
            return AuctionResult(
                account=event.account,
                feed=event.feed,
                fraction=base_to_amount(event.fraction, _FRACTION_DECIMALS),
                paid=base_to_amount(event.paid, self._decimals),
                insured=base_to_amount(event.insured, self._decimals),
                moved=tuple(map(self._moved, events_of(receipt, ev.PositionMoved, self._to))),
                tx_hash=tx_hash_of(receipt),
                block=receipt.block_number,
            )

        return self._cold("auction", number, feed_of(feed), millionths, read=read, limit=gas.AUCTION)

    def flag(self, account: int) -> Call[FlagResult]:
        number = _account(account)

        def read(receipt: Receipt) -> FlagResult:
            told = events_of(receipt, ev.Flagged, self._to)
            since, negative = (told[0].since, told[0].negative_since) if told else (None, None)
            return FlagResult(number, since, negative, tx_hash_of(receipt), receipt.block_number)

        return self._cold("flag", number, read=read, limit=gas.ASSESS)

    def declare(self, account: int, feed: int) -> Call[Declaration]:
        number = _account(account)

        def read(receipt: Receipt) -> Declaration:
            event = events_of(receipt, ev.DeficitDeclared, self._to)[0]
            amount = base_to_amount(event.amount, self._decimals)
            return Declaration(event.account, event.feed, amount, tx_hash_of(receipt), receipt.block_number)

        return self._cold("declare", number, feed_of(feed), read=read, limit=gas.ASSESS)

    def _moved(self, event: ev.PositionMoved) -> LotsMoved:
        series = self.series_by_id(event.series)
        return LotsMoved(series.symbol, event.lots, series.to_price(event.tick))


def _account(account: int) -> int:
    return require_int(account, "account", 1, U32)


def _millionths(fraction: Decimal) -> int:
    parts = amount_to_base(fraction, _FRACTION_DECIMALS, field="fraction")
    if not 1 <= parts <= 10**_FRACTION_DECIMALS:
        raise OutOfRange("fraction", fraction, "0.000001 to 1")
    return parts
