"""One account on a simulated chain, as its bot sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from olivepress.contracts import packing
from olivepress.types import OrderFlags, Side
from olivepress_bots.actions import Action, Cancel, CancelAll, Place
from olivepress_bots.simulation.chain import SimulatedChain
from olivepress_bots.venue import DEPTH, index_tick, margin_per_lot
from olivepress_bots.view import Level, MarketView, OwnOrder

_BPS = 10_000


class SimulatedVenue:
    """Gives the views that `ChainVenue` gives of a real chain, and takes the same actions.

    Args:
        chain: where it trades.
        name: of the sender; it must have an account.
        account: the account's number.
    """

    def __init__(self, chain: SimulatedChain, name: str, account: int) -> None:
        self.chain = chain
        self.name = name
        self.account = account
        self.sent = 0
        """Transactions sent."""

    @classmethod
    async def open(cls, chain: SimulatedChain, name: str, deposit: int) -> SimulatedVenue:
        """An account with a deposit, base units."""
        chain.mint(name, deposit)
        account = await chain.send(name, chain.exchange.deposit, 0, deposit)
        return cls(chain, name, account)

    async def view(self, symbol: str) -> MarketView:
        """The newest block, as old as the way back is long when the bot sees it."""
        seen = self._view(symbol)
        if self.chain.conditions.latency:
            await asyncio.sleep(self.chain.conditions.latency / 1000)
        return seen

    def _view(self, symbol: str) -> MarketView:
        exchange, now, terms = self.chain.exchange, self.chain.time, self.chain.series[symbol]
        mark = exchange.mark_of(terms.id, now)
        price, observed_at, _ = self.chain.oracle.latest(terms.feed, now)
        position = exchange.position(self.account, terms.id)
        lots = position.lots
        in_use = max(abs(lots + position.open_buy), abs(lots - position.open_sell))
        per_lot = margin_per_lot(terms, mark.mark)
        return MarketView(
            symbol=symbol,
            phase=exchange.phase_of(terms.id, now),
            observed_at=now,
            tick_size=terms.tick_size,
            price_cap=terms.spec.price_cap,
            min_lots=terms.spec.min_lots,
            index=index_tick(price, terms) if observed_at else None,
            mark=mark.mark,
            stale=mark.stale,
            reduce_only=exchange.reduce_only(terms.id, now),
            lowest=-(-mark.mark * (_BPS - terms.spec.band_bps) // _BPS),
            highest=mark.mark * (_BPS + terms.spec.band_bps) // _BPS,
            bids=self._levels(terms.id, False),
            asks=self._levels(terms.id, True),
            position=lots,
            orders=self._own_orders(terms.id),
            buying_power=exchange.withdrawable(self.account, now) + per_lot * in_use,
            margin_per_lot=per_lot,
            fixing_from=terms.spec.window_start * 86_400,
            expires_at=terms.expiry_timestamp,
        )

    async def execute(self, symbol: str, actions: Sequence[Action]) -> None:
        """A mass cancel where the strategy asks for one; the rest as one batch."""
        number, exchange = self.chain.series[symbol].id, self.chain.exchange
        if any(isinstance(action, CancelAll) for action in actions):
            self.sent += 1
            await self.chain.send(self.name, exchange.mass_cancel, number)
        rest = [action for action in actions if not isinstance(action, CancelAll)]
        if rest:
            operations = b"".join(map(packed, rest))
            self.sent += 1
            await self.chain.send_batch(len(rest), self.name, exchange.batch, number, operations, False)

    async def cancel_everything(self) -> None:
        """Kills every order of the account, in every series."""
        self.sent += 1
        await self.chain.send(self.name, self.chain.exchange.mass_cancel_all)

    def _levels(self, series: int, sells: bool) -> tuple[Level, ...]:
        levels = self.chain.exchange.depth(series, sells, DEPTH, self.chain.time)
        return tuple((level.tick, level.lots) for level in levels)

    def _own_orders(self, series: int) -> tuple[OwnOrder, ...]:
        """Those included that ran out and still hold margin."""
        orders = self.chain.exchange.held_orders(self.account, series)
        return tuple(
            OwnOrder(
                order_id,
                Side.SELL if order.flags & OrderFlags.SELL else Side.BUY,
                order_id >> 48 & 0xFFFFFF,
                order.lots,
                order.expiry,
                order.client_id,
            )
            for order_id, order in orders
        )


def packed(action: Place | Cancel) -> bytes:
    """One action as an operation of a batch."""
    if isinstance(action, Cancel):
        return packing.cancel_op(action.order_id)
    flags = action.tif.flags
    if action.post_only:
        flags |= OrderFlags.POST_ONLY
    if action.side is Side.SELL:
        flags |= OrderFlags.SELL
    return packing.place_op(int(flags), action.tick, action.lots, action.expiry, action.client_id)
