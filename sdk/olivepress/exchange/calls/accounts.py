"""Calls for one account: deposit, withdrawal, agents."""

from __future__ import annotations

from decimal import Decimal

from olivepress import events as ev
from olivepress.contracts import packing
from olivepress.exchange import gas
from olivepress.exchange.calls.base import U32, U40, Builder, Call, address_of
from olivepress.exchange.models import TxResult
from olivepress.exchange.results import events_of
from olivepress.tx import Receipt
from olivepress.units import require_int


class AccountCalls(Builder):
    """Money in and out, and who trades for whom."""

    def deposit(self, amount: Decimal, account: int = 0) -> Call[TxResult]:
        """Collateral of the sender into an account; 0 for its own. The allowance is the caller's business."""
        number = require_int(account, "account", 0, U32)
        data = packing.deposit(number, self.base(amount))
        return Call(self._to, data, gas.DEPOSIT, self._amount_of(ev.Deposited))

    def withdraw(self, amount: Decimal, to: str) -> Call[TxResult]:
        return self._cold(
            "withdraw", self.base(amount), address_of(to, "to"), read=self._amount_of(ev.Withdrawn)
        )

    def open_account(self) -> Call[int]:
        def read(receipt: Receipt) -> int:
            return events_of(receipt, ev.AccountOpened, self._to)[0].account

        return self._cold("open", read=read)

    def invite_agent(self, agent: str, expiry: int, permissions: int) -> Call[TxResult]:
        when = require_int(expiry, "expiry", 1, U40)
        bits = require_int(permissions, "permissions", 1, 3)
        return self._cold("inviteAgent", address_of(agent, "agent"), when, bits)

    def accept_agent(self, account: int) -> Call[TxResult]:
        return self._cold("acceptAgent", require_int(account, "account", 1, U32))

    def remove_agent(self, agent: str) -> Call[TxResult]:
        return self._cold("removeAgent", address_of(agent, "agent"))
