"""The same client without async, through the portal."""

from __future__ import annotations

from decimal import Decimal

import pytest

from market_kit import SYMBOL, open_market
from olivepress import reverts
from olivepress.errors import WrongTick
from olivepress.sync import Portal
from olivepress.types import Side


def test_trading_without_async() -> None:
    with Portal() as portal, portal.using(open_market(2)) as market:
        maker, taker = (portal.wrap(trader) for trader in market.traders)
        placed = maker.place(SYMBOL, Side.BUY, Decimal("3.49"), 2)
        assert placed.resting == 2
        taken = taker.place(SYMBOL, Side.SELL, Decimal("3.49"), 1)
        assert (taken.filled, taken.fills[0].order_id) == (1, placed.order_id)
        assert maker.account(1).positions[0].lots == 1
        assert maker.book(SYMBOL).bids[0].lots == 1
        with pytest.raises(WrongTick):
            maker.place(SYMBOL, Side.BUY, Decimal("3.4905"), 2)
        with pytest.raises(reverts.OrderNotLive):
            taker.cancel(placed.order_id)
