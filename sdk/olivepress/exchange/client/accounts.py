"""One's own account: deposit, withdrawal, agents."""

from __future__ import annotations

from decimal import Decimal

from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import TxResult


class AccountClient(Sending):
    """Money in and out, and who trades for whom."""

    async def open_account(self) -> int:
        """Opens an account for this key and returns its number."""
        self._account = await self.run(self.calls.open_account())
        return self._account

    async def deposit(self, amount: Decimal, account: int = 0) -> TxResult:
        """Deposits collateral of this key, after an approval of that amount when the allowance is short.

        :param account: whom to credit; 0 for the own account, opened when there is none
        """
        call = self.calls.deposit(amount, account)
        if account:
            await self.require_account(account)
        return await self._spend(amount, call)

    async def withdraw(self, amount: Decimal, to: str | None = None) -> TxResult:
        """Pays out of the own account, to this key's address unless `to` is given. Owners only."""
        return await self.run(self.calls.withdraw(amount, to or self.address))

    async def invite_agent(self, agent: str, expiry: int, *, permissions: int = 3) -> TxResult:
        """Invites a key to trade for the own account until `expiry` (unix seconds).

        :param permissions: bits: 1 place, 2 cancel
        """
        return await self.run(self.calls.invite_agent(agent, expiry, permissions))

    async def accept_agent(self, account: int) -> TxResult:
        """Accepts an invitation: this key serves the account from now on."""
        result = await self.run(self.calls.accept_agent(await self.require_account(account)))
        self._account = account
        return result

    async def remove_agent(self, agent: str) -> TxResult:
        """Ends an agent's service or withdraws an invitation; an agent may end its own service."""
        result = await self.run(self.calls.remove_agent(agent))
        self._account = None
        return result
