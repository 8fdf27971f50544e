"""What every client that sends has: a key, the sending, and the approval of what is spent."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.errors import Reverted, UnknownAccount
from olivepress.exchange import gas
from olivepress.exchange.calls import Call, Calls, Pending
from olivepress.exchange.models import TxResult
from olivepress.exchange.reader import ExchangeReader
from olivepress.manifest import Deployment
from olivepress.reverts import decode
from olivepress.tx import TransactionSender

T = TypeVar("T")


class Sending(ExchangeReader):
    """Reads, and sends for one key."""

    def __init__(self, sender: TransactionSender, deployment: Deployment) -> None:
        super().__init__(sender.transport, deployment)
        if sender.decode_error is Reverted:
            sender.decode_error = decode
        self.sender = sender
        self.calls = Calls(deployment, self._known)
        self._account: int | None = None

    @property
    def address(self) -> str:
        """Address of the key."""
        return self.sender.address

    async def submit(self, call: Call[T]) -> Pending[T]:
        """Sends a call; returns once the node has taken it. Await the result for its outcome."""
        return Pending(await self.sender.send(call.to, call.data, gas=call.gas), call)

    async def run(self, call: Call[T]) -> T:
        """Sends a call and waits for its outcome."""
        return await (await self.submit(call))

    async def account_id(self) -> int:
        """The account that this key owns or serves. UnknownAccount when there is none."""
        if self._account is None:
            principal = await self.principal(self.address)
            if not principal.account:
                raise UnknownAccount(
                    "address", self.address, "an address with an account: open one, or deposit"
                )
            self._account = principal.account
        return self._account

    async def _spend(self, amount: Decimal, call: Call[TxResult]) -> TxResult:
        """Sends a call that moves collateral of this key, right behind an approval when one is needed."""
        token = Contract(self.deployment.collateral, load("MockUSDC").interface, self.transport)
        wanted = self.calls.base(amount)
        approval = None
        if await token.value("allowance", self.address, self.deployment.exchange) < wanted:
            data = token.interface.encode("approve", self.deployment.exchange, wanted)
            approval = await self.sender.send(token.address, data, gas=gas.APPROVE)
        pending = await self.submit(call)
        if approval is not None:
            await approval.receipt()
        return await pending
