"""Positions as ERC-20 tokens: docs/spec/tokens.md."""

from __future__ import annotations

from olivepress.errors import UnknownSymbol
from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import TokenPair, TokenSide
from olivepress.exchange.position_token import PositionTokenClient


class TokenClient(Sending):
    """Wrapping and unwrapping are for owners of an account; tokens are whole lots."""

    async def create_tokens(self, symbol: str) -> TokenPair:
        """Deploys the LONG and the SHORT token of a series. By anyone, once."""
        await self.series(symbol)
        return await self.run(self.calls.create_tokens(symbol))

    async def wrap(self, symbol: str, side: TokenSide, lots: int, to: str | None = None) -> TxResult:
        """Turns lots of the own position into tokens for `to`, by default this key. Before expiry.

        `amount` is the loss at the mark that was paid into the pool, zero or below. Cash + losses - initial
        margin must not be negative afterwards.
        """
        await self.series(symbol)
        return await self.run(self.calls.wrap(symbol, side, lots, to or self.address))

    async def unwrap(self, symbol: str, side: TokenSide, lots: int) -> TxResult:
        """Burns tokens of this key and moves their lots into the own account. Before expiry."""
        await self.series(symbol)
        return await self.run(self.calls.unwrap(symbol, side, lots))

    async def redeem(self, symbol: str, side: TokenSide, lots: int) -> TxResult:
        """Burns tokens of this key and moves their claim (`amount`) into the own account, where `draw` makes
        cash of it. After closing."""
        await self.series(symbol)
        return await self.run(self.calls.redeem(symbol, side, lots))

    async def position_token(self, symbol: str, side: TokenSide) -> PositionTokenClient:
        """The token of a series and side, for this key. UnknownSymbol when it was not created."""
        address = await self.token_of(symbol, side)
        if address is None:
            raise UnknownSymbol("token", f"{symbol}-{side}", "a token that exists: create_tokens makes it")
        return PositionTokenClient(self.sender, address)
