"""From a flat or expired position to cash: realising, settlement, claims, challenges."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import RulingResult


class ClearingClient(Sending):
    """Anyone's to send, but for the arbiter's ruling."""

    async def realise(self, account: int, symbol: str, payers: Sequence[int] = ()) -> TxResult:
        """Turns the value of a flat position into cash; `amount` is what the account got (negative: paid).

        :param payers: accounts with a negative value that pay when the pool is short
        """
        await self.series(symbol)
        await self.require_account(account)
        return await self.run(self.calls.realise(account, symbol, payers))

    async def settle(self, symbol: str) -> Decimal:
        """Fixes the settlement price of an expired series and returns it."""
        await self.series(symbol)
        return await self.run(self.calls.settle(symbol))

    async def settle_accounts(self, accounts: Sequence[int]) -> TxResult:
        """Settles every settled series of each account; closes a series with its last account."""
        for account in accounts:
            await self.require_account(account)
        return await self.run(self.calls.settle_accounts(accounts))

    async def draw(self, account: int, symbol: str) -> TxResult:
        """Draws an account's claim from a closed series; its debts elsewhere are paid from it first."""
        await self.series(symbol)
        await self.require_account(account)
        return await self.run(self.calls.draw(account, symbol))

    async def collect_fees(self, symbol: str) -> TxResult:
        """Moves a closed series' fees to the treasury."""
        await self.series(symbol)
        return await self.run(self.calls.collect_fees(symbol))

    async def collect_bounty(self, symbol: str) -> TxResult:
        """Pays the own account for the accounts that it settled in a series, out of its fees; after
        closing."""
        await self.series(symbol)
        return await self.run(self.calls.collect_bounty(symbol))

    async def challenge(self, symbol: str) -> TxResult:
        """Challenges the average of a window that the index covered for less than 98%, within two days of
        expiry. Owners of an account only.

        Takes a bond of 1,000 collateral tokens from this key (`amount`), after an approval when the allowance
        is short. It returns to the account unless the arbiter rules for the average.
        """
        await self.series(symbol)
        return await self._spend(await self.challenge_bond(), self.calls.challenge(symbol))

    async def rule(self, symbol: str, price: Decimal, evidence: str) -> RulingResult:
        """Decides a challenge. Arbiter only, within five days.

        :param price: the settlement price, between the lowest and highest value published in the window
        :param evidence: hash of what the decision rests on, 32 bytes as 0x-hex
        """
        await self.series(symbol)
        return await self.run(self.calls.rule(symbol, price, evidence))
