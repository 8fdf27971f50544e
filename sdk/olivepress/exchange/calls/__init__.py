"""Calls on the exchange as values: checked, packed, with the reading of their result.

A `Call` is what a client sends. Build one to send it now and await it later, for instance to mine in between:

    call = client.calls.place("LLM-FLAGSHIP-DEC26", Place(Side.BUY, Decimal("3.5"), 10))
    pending = await client.submit(call)
    await chain.mine()
    result = await pending

The modules follow the interfaces of the contracts.
"""

from __future__ import annotations

from olivepress.exchange.calls.accounts import AccountCalls
from olivepress.exchange.calls.base import Call, Pending
from olivepress.exchange.calls.clearing import ClearingCalls
from olivepress.exchange.calls.liquidation import LiquidationCalls
from olivepress.exchange.calls.office import OfficeCalls
from olivepress.exchange.calls.tokens import TokenCalls
from olivepress.exchange.calls.trading import TradingCalls

__all__ = ["Call", "Calls", "Pending"]


class Calls(TradingCalls, AccountCalls, ClearingCalls, LiquidationCalls, TokenCalls, OfficeCalls):
    """Every call that the exchange takes; `ExchangeClient` has a method of the same name that sends it."""
