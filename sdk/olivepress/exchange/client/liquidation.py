"""Accounts below their margin: docs/spec/liquidation.md."""

from __future__ import annotations

from decimal import Decimal

from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import AuctionResult, Declaration, FlagResult, LiquidationResult


class LiquidationClient(Sending):
    """Anyone's to send. `reverts.Healthy` says that the account's equity is not below what a step needs."""

    async def cancel_orders(self, account: int) -> TxResult:
        """Kills every order of an account whose equity is below its orders margin."""
        return await self.run(self.calls.cancel_orders(await self.require_account(account)))

    async def liquidate(
        self, account: int, symbol: str, lots: int, limit: Decimal, *, max_steps: int = 0
    ) -> LiquidationResult:
        """Closes part of a position of an account below maintenance margin through the book, immediate or
        cancel, for a reward to the own account.

        :param lots: at most; no more is closed than restores the account's initial margin
        :param limit: worst price for the account; one outside the band counts as the band's edge
        :param max_steps: most resting orders to look at; 0 for the contract's default of 64
        """
        await self.series(symbol)
        await self.require_account(account)
        return await self.run(self.calls.liquidate(account, symbol, lots, limit, max_steps=max_steps))

    async def auction(self, account: int, feed: int, fraction: Decimal) -> AuctionResult:
        """Takes a fraction of every position that an account below maintenance margin has in a feed, at the
        mark less a discount that grows for 30 minutes from when the account was flagged.

        :param fraction: 0.000001 to 1; lots are rounded towards zero
        """
        await self.require_account(account)
        await self.series_list()
        return await self.run(self.calls.auction(account, feed, fraction))

    async def flag(self, account: int) -> FlagResult:
        """Starts the auction's clock of an account below maintenance margin, or stops that of one that
        recovered."""
        return await self.run(self.calls.flag(await self.require_account(account)))

    async def declare(self, account: int, feed: int) -> Declaration:
        """Declares what an account lacks in a feed after a whole auction below zero; clears it once cured."""
        return await self.run(self.calls.declare(await self.require_account(account), feed))
