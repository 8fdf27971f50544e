"""Calls that turn positions into ERC-20 tokens and back. ITokenDesk."""

from __future__ import annotations

from olivepress import events as ev
from olivepress.exchange.calls.base import Builder, Call, address_of
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import TokenPair, TokenSide, require_token_side
from olivepress.exchange.results import events_of, tx_hash_of
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import Receipt
from olivepress.units import size_to_lots


class TokenCalls(Builder):
    """Fully funded sides of a series as tokens."""

    def create_tokens(self, symbol: str) -> Call[TokenPair]:
        series = self.series(symbol)

        def read(receipt: Receipt) -> TokenPair:
            event = events_of(receipt, ev.TokensCreated, self._to)[0]
            return TokenPair(
                symbol=series.symbol,
                long=checksum_address(address_bytes(event.long_token)),
                short=checksum_address(address_bytes(event.short_token)),
                long_account=event.long_account,
                short_account=event.short_account,
                tx_hash=tx_hash_of(receipt),
                block=receipt.block_number,
            )

        return self._cold("createTokens", series.id, read=read)

    def wrap(self, symbol: str, side: TokenSide, lots: int, to: str) -> Call[TxResult]:
        """`amount` of the result: the loss that was paid into the pool, zero or below."""

        def read(receipt: Receipt) -> TxResult:
            return self._done(receipt, -events_of(receipt, ev.Wrapped, self._to)[0].paid)

        arguments = self._tokens(symbol, side, lots)
        return self._cold("wrap", *arguments, address_of(to, "to"), read=read)

    def unwrap(self, symbol: str, side: TokenSide, lots: int) -> Call[TxResult]:
        return self._cold("unwrap", *self._tokens(symbol, side, lots))

    def redeem(self, symbol: str, side: TokenSide, lots: int) -> Call[TxResult]:
        """`amount` of the result: the claim, which `draw` turns into cash."""

        def read(receipt: Receipt) -> TxResult:
            return self._done(receipt, events_of(receipt, ev.Redeemed, self._to)[0].claim)

        return self._cold("redeem", *self._tokens(symbol, side, lots), read=read)

    def _tokens(self, symbol: str, side: TokenSide, lots: int) -> tuple[int, bool, int]:
        return self.series(symbol).id, require_token_side(side).is_long, size_to_lots(lots, 1, field="lots")
