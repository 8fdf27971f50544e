"""Writes on the exchange, for one key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from olivepress.exchange.calls import Call, Calls, Pending
from olivepress.exchange.models import (
    BatchResult,
    CancelResult,
    Operation,
    OrderResult,
    Place,
    TxResult,
)
from olivepress.exchange.reader import ExchangeReader
from olivepress.exchange.terms import SeriesTerms
from olivepress.manifest import Deployment
from olivepress.tx import TransactionSender
from olivepress.types import Series, Side, TimeInForce

T = TypeVar("T")


class ExchangeClient(ExchangeReader):
    """Everything a trader, an owner or a keeper sends. Each method checks its arguments, sends one transaction, waits
    for its receipt and returns what happened, or raises.

    :raises ValidationError: before anything is sent
    :raises Reverted: the contract refused; a subclass of the same name as the Solidity error, in `olivepress.reverts`
    :raises OutcomeUnknown: sent, but the node no longer answers; `.resolve()` finds out
    """

    calls: Calls

    def __init__(self, sender: TransactionSender, deployment: Deployment) -> None:
        self.sender = sender

    async def submit(self, call: Call[T]) -> Pending[T]:
        """Sends a call and returns without waiting for its receipt."""
        raise NotImplementedError

    async def account_id(self) -> int:
        """The account that this key owns or serves. UnknownAccount when there is none."""
        raise NotImplementedError

    # --- account ---

    async def open_account(self) -> int:
        raise NotImplementedError

    async def deposit(self, amount: Decimal, account: int = 0) -> TxResult:
        """Deposits, after an approval when the allowance is short. Account 0: the own one, opened when missing."""
        raise NotImplementedError

    async def withdraw(self, amount: Decimal, to: str | None = None) -> TxResult:
        raise NotImplementedError

    async def invite_agent(self, agent: str, expiry: int, *, permissions: int = 7) -> TxResult:
        raise NotImplementedError

    async def accept_agent(self, account: int) -> TxResult:
        raise NotImplementedError

    async def remove_agent(self, agent: str) -> TxResult:
        raise NotImplementedError

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
        raise NotImplementedError

    async def cancel(self, order_id: int) -> CancelResult:
        raise NotImplementedError

    async def batch(
        self, symbol: str, operations: Iterable[Operation], *, strict: bool = False, max_steps: int = 0
    ) -> BatchResult:
        raise NotImplementedError

    async def replace(self, order_id: int, order: Place) -> BatchResult:
        raise NotImplementedError

    async def mass_cancel(self, symbol: str) -> TxResult:
        raise NotImplementedError

    async def mass_cancel_all(self) -> TxResult:
        raise NotImplementedError

    async def prune(self, symbol: str, side: Side, *, max_steps: int = 64) -> TxResult:
        raise NotImplementedError

    # --- marks, settlement, money of series ---

    async def refresh_mark(self, symbol: str) -> TxResult:
        raise NotImplementedError

    async def realise(self, account: int, symbol: str, payers: Sequence[int] = ()) -> TxResult:
        """Turns the value of a flat position into cash; `amount` is what the account got (negative: paid)."""
        raise NotImplementedError

    async def settle(self, symbol: str) -> Decimal:
        """Fixes the settlement price of an expired series and returns it."""
        raise NotImplementedError

    async def settle_accounts(self, accounts: Sequence[int]) -> TxResult:
        raise NotImplementedError

    async def draw(self, account: int, symbol: str) -> TxResult:
        raise NotImplementedError

    async def collect_fees(self, symbol: str) -> TxResult:
        raise NotImplementedError

    async def withdraw_treasury(self, to: str, amount: Decimal) -> TxResult:
        raise NotImplementedError

    async def top_up_insurance(self, feed: int, amount: Decimal) -> TxResult:
        raise NotImplementedError

    async def list_series(self, terms: SeriesTerms) -> Series:
        """Lists a series. Owner only."""
        raise NotImplementedError
