"""Writes on the exchange, for one key. The modules follow the interfaces of the contracts."""

from __future__ import annotations

from olivepress.exchange.client.accounts import AccountClient
from olivepress.exchange.client.clearing import ClearingClient
from olivepress.exchange.client.liquidation import LiquidationClient
from olivepress.exchange.client.office import OfficeClient
from olivepress.exchange.client.tokens import TokenClient
from olivepress.exchange.client.trading import TradingClient

__all__ = ["ExchangeClient"]


class ExchangeClient(
    TradingClient, AccountClient, ClearingClient, LiquidationClient, TokenClient, OfficeClient
):
    """Everything that a trader, an owner or a keeper sends. Each method checks its arguments, sends one
    transaction, waits for its receipt and returns what happened, or raises:

    - ValidationError before anything is sent
    - Reverted: the contract refused; the subclass in `olivepress.reverts` has the name of the Solidity error
    - OutcomeUnknown: sent, but the node no longer answers; `.resolve()` finds out

    To send now and wait later, build a call with `calls` and hand it to `submit`. Load the series before (any
    read of a symbol does, or `series_list`).
    """
