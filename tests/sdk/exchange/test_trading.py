"""Accounts and orders against the real contracts."""

from __future__ import annotations

from decimal import Decimal

from market_kit import SYMBOL, Market
from olivepress.types import Phase, Side

D = Decimal


async def test_a_market_opens(market: Market) -> None:
    a = market.traders[0]
    assert await a.account_id() == 1
    view = await a.account(1)
    assert view.cash == 100_000
    assert await a.phase(SYMBOL) is Phase.LISTED
    mark = await a.mark(SYMBOL)
    assert mark.price == D("3.5")
    result = await a.place(SYMBOL, Side.BUY, D("3.49"), 5, client_id=9)
    print(result)
    print(await a.book(SYMBOL))
    taken = await market.traders[1].place(SYMBOL, Side.SELL, D("3.48"), 8)
    print(taken)
    print(await a.account(1), await a.account(2))
    print(await a.status(SYMBOL))
