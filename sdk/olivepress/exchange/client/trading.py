"""Trading: orders, batches, cancelling, pruning, marks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from olivepress.exchange.client.base import Sending
from olivepress.exchange.models import (
    BatchResult,
    Cancel,
    CancelResult,
    Operation,
    OrderResult,
    Place,
    SpreadResult,
    TxResult,
)
from olivepress.types import OrderId, Series, Side, TimeInForce


class TradingClient(Sending):
    """What a trader sends all day."""

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

    async def spread(
        self, buy: str, sell: str, lots: int, limit: Decimal, *, client_id: int = 0, max_steps: int = 0
    ) -> SpreadResult:
        """Buys one month and sells another of the same feed, both at once or not at all.

        Both legs take resting orders. Margin is checked for the two together, so rolling a position from one
        month to the next needs no margin in between. FillOrKill when a book is too thin, SpreadWorse when the
        difference would be.

        :param limit: most that the bought leg may cost above the sold one, USD; negative to demand a credit
        :param max_steps: most resting orders to look at in each book; 0 for the contract's default of 64
        """
        for symbol in (buy, sell):
            await self.series(symbol)
        call = self.calls.spread(buy, sell, lots, limit, client_id=client_id, max_steps=max_steps)
        return await self.run(call)

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

    async def refresh_mark(self, symbol: str) -> TxResult:
        """Refreshes the cached mark."""
        await self.series(symbol)
        return await self.run(self.calls.refresh_mark(symbol))

    async def _load_series_of(self, order_id: int) -> Series:
        number = OrderId(order_id).series
        if all(one.id != number for one in self._known.values()):
            await self.series_list()
        return self.calls.series_of(order_id)
