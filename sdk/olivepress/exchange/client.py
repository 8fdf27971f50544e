"""Writes on the exchange, for one key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.errors import Reverted, UnknownAccount
from olivepress.exchange import gas
from olivepress.exchange.calls import Call, Calls, Pending
from olivepress.exchange.models import (
    BatchResult,
    Cancel,
    CancelResult,
    Operation,
    OrderResult,
    Place,
    TxResult,
)
from olivepress.exchange.reader import ExchangeReader
from olivepress.exchange.terms import SeriesTerms
from olivepress.manifest import Deployment
from olivepress.reverts import decode
from olivepress.tx import TransactionSender
from olivepress.types import OrderId, Series, Side, TimeInForce

T = TypeVar("T")


class ExchangeClient(ExchangeReader):
    """Everything that a trader, an owner or a keeper sends. Each method checks its arguments, sends one
    transaction, waits for its receipt and returns what happened, or raises:

    - ValidationError before anything is sent
    - Reverted: the contract refused; the subclass in `olivepress.reverts` has the name of the Solidity error
    - OutcomeUnknown: sent, but the node no longer answers; `.resolve()` finds out

    To send now and wait later, build a call with `calls` and hand it to `submit`. Load the series before (any
    read of a symbol does, or `series_list`).
    """

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

    # --- account ---

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

    # --- orders ---

    async def place(
        self,
        symbol: str,
        side: Side,
        price: Decimal,
        lots: int,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        cancel_taking: bool = False,
        expiry: int = 0,
        client_id: int = 0,
        max_steps: int = 0,
    ) -> OrderResult:
        """Places an order; see `Place` for the arguments.

        :param max_steps: most resting orders to look at; 0 for the contract's default of 64
        """
        await self.series(symbol)
        order = Place(side, price, lots, tif, post_only, reduce_only, cancel_taking, expiry, client_id)
        return await self.run(self.calls.place(symbol, order, max_steps=max_steps))

    async def cancel(self, order_id: int) -> CancelResult:
        """Cancels a resting order. OrderNotLive when it is filled, cancelled or another account's."""
        await self._load_series_of(order_id)
        return await self.run(self.calls.cancel(order_id))

    async def batch(
        self, symbol: str, operations: Iterable[Operation], *, strict: bool = False, max_steps: int = 0
    ) -> BatchResult:
        """Many operations on one book in one transaction.

        A cancel that finds nothing live is `missed`, a post-only order that would cross 'rejected'; with
        `strict` these revert the whole batch, as anything else wrong always does.
        """
        await self.series(symbol)
        return await self.run(self.calls.batch(symbol, operations, strict=strict, max_steps=max_steps))

    async def replace(self, order_id: int, order: Place) -> BatchResult:
        """Cancels one order and places another in one transaction; nothing happens when the first is not
        live."""
        series = await self._load_series_of(order_id)
        return await self.batch(series.symbol, [Cancel(order_id), order], strict=True)

    async def mass_cancel(self, symbol: str) -> TxResult:
        """Kills every order of the account in a series."""
        await self.series(symbol)
        return await self.run(self.calls.mass_cancel(symbol))

    async def mass_cancel_all(self) -> TxResult:
        """Kills every order of the account."""
        return await self.run(self.calls.mass_cancel_all())

    async def prune(self, symbol: str, side: Side, *, max_steps: int = 64) -> TxResult:
        """Removes dead orders in front of a side's best live one."""
        await self.series(symbol)
        return await self.run(self.calls.prune(symbol, side, max_steps))

    # --- marks, settlement, money of series ---

    async def refresh_mark(self, symbol: str) -> TxResult:
        """Refreshes the cached mark."""
        await self.series(symbol)
        return await self.run(self.calls.refresh_mark(symbol))

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

    async def _load_series_of(self, order_id: int) -> Series:
        number = OrderId(order_id).series
        if all(one.id != number for one in self._known.values()):
            await self.series_list()
        return self.calls.series_by_id(number)
