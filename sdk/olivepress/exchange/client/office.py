"""Running the exchange: listing, roles, treasury, insurance."""

from __future__ import annotations

from decimal import Decimal

from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import TxResult
from olivepress.exchange.terms import SeriesTerms
from olivepress.types import Series


class OfficeClient(Sending):
    """What only an owner or a guardian may send, and topping insurance up, which anyone may."""

    async def withdraw_treasury(self, to: str, amount: Decimal) -> TxResult:
        """Pays the treasury out. Owner only."""
        return await self.run(self.calls.withdraw_treasury(to, amount))

    async def top_up_insurance(self, feed: int, amount: Decimal) -> TxResult:
        """Adds collateral of this key to a feed's insurance, after an approval when the allowance is
        short."""
        return await self._spend(amount, self.calls.top_up_insurance(feed, amount))

    async def list_series(self, terms: SeriesTerms) -> Series:
        """Lists a series. Owner only."""
        series = await self.run(self.calls.list_series(terms))
        self._known[series.symbol] = series
        return series

    async def set_guardian(self, guardian: str) -> TxResult:
        """Names the guardian, who can make series reduce-only. Owner only."""
        return await self.run(self.calls.set_guardian(guardian))

    async def set_arbiter(self, arbiter: str) -> TxResult:
        """Names the arbiter of challenged settlements. Owner only."""
        return await self.run(self.calls.set_arbiter(arbiter))

    async def transfer_ownership(self, owner: str) -> TxResult:
        """Offers the ownership, which the other must accept; a timelock does so by a scheduled call."""
        return await self.run(self.calls.transfer_ownership(owner))

    async def accept_ownership(self) -> TxResult:
        """Takes an offered ownership over."""
        return await self.run(self.calls.accept_ownership())

    async def set_reduce_only(self, symbol: str, on: bool) -> int:
        """Makes a series reduce-only, or lifts that. Guardian only.

        :return: when it lapses by itself, unix seconds; 0 when lifted
        """
        await self.series(symbol)
        return await self.run(self.calls.set_reduce_only(symbol, on))
