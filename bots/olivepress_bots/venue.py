"""The chain as a venue: views from the mirror, orders through the client of one account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from olivepress.events import EventStream, StreamItem
from olivepress.exchange import Cancel as CancelOrder
from olivepress.exchange import ExchangeClient, Operation
from olivepress.exchange import Place as PlaceOrder
from olivepress.mirror import Mirror
from olivepress.mirror.state import SeriesState
from olivepress.oracle.client import OracleClient
from olivepress.types import Series, Side
from olivepress.units import amount_to_base, day_start
from olivepress_bots.actions import Action, Cancel, CancelAll
from olivepress_bots.view import MarketView, OwnOrder

_BPS = 10_000
DEPTH = 20


class SharedMirror:
    """One mirror and its stream, shared by every bot of a process, so each log is read once."""

    def __init__(self, mirror: Mirror, stream: EventStream) -> None:
        self.mirror = mirror
        self.stream = stream
        self.listeners: list[Callable[[StreamItem], None]] = []
        """Called with every item of the stream, after the mirror has taken it in."""
        self._reading = asyncio.Lock()

    async def sync(self) -> Mirror:
        """The mirror at the chain's head."""
        async with self._reading:
            for item in await self.stream.catch_up():
                self.mirror.apply(item)
                for listener in self.listeners:
                    listener(item)
        return self.mirror


class ChainVenue:
    """One account on a chain.

    Args:
        client: signs with the account's key.
        oracle: reads the index.
        shared: the mirror to read books and positions from.
        account: the account's number.
    """

    def __init__(
        self, client: ExchangeClient, oracle: OracleClient, shared: SharedMirror, account: int
    ) -> None:
        self.client = client
        self.oracle = oracle
        self.shared = shared
        self.account = account

    async def view(self, symbol: str) -> MarketView:
        """Book and position from the mirror; mark, phase and margin as the chain computes them now."""
        mirror = await self.shared.sync()
        mark = await self.client.mark(symbol)
        phase = await self.client.phase(symbol)
        margin = await self.client.account(self.account)
        series, terms = mirror.series(symbol), mirror.terms(symbol)
        index = await self.oracle.latest(terms.feed)
        ticks = terms.to_ticks(mark.price)
        free = amount_to_base(margin.withdrawable, mirror.decimals)
        per_lot = margin_per_lot(terms, ticks)
        now = mirror.timestamp
        return MarketView(
            symbol=symbol,
            phase=phase,
            observed_at=now,
            tick_size=terms.tick_size,
            price_cap=terms.spec.price_cap,
            min_lots=terms.spec.min_lots,
            index=index_tick(index.value, terms.tick_size) if index.time else None,
            mark=ticks,
            stale=mark.stale,
            reduce_only=series.reduce_only_until > now,
            lowest=-(-ticks * (_BPS - terms.spec.band_bps) // _BPS),
            highest=ticks * (_BPS + terms.spec.band_bps) // _BPS,
            bids=_levels(series, Side.BUY, now),
            asks=_levels(series, Side.SELL, now),
            position=mirror.position(self.account, symbol).lots,
            orders=own_orders(series, self.account),
            buying_power=free + per_lot * _lots_in_use(series, self.account),
            margin_per_lot=per_lot,
            fixing_from=day_start(terms.spec.window_start),
            expires_at=terms.expiry_timestamp,
        )

    async def execute(self, symbol: str, actions: Sequence[Action]) -> None:
        """A mass cancel where the strategy asks for one; the rest as one batch."""
        terms = await self.client.series(symbol)
        if any(isinstance(action, CancelAll) for action in actions):
            await self.client.mass_cancel(symbol)
        operations = [to_operation(action, terms) for action in actions if not isinstance(action, CancelAll)]
        if operations:
            await self.client.batch(symbol, operations)

    async def cancel_everything(self) -> None:
        """Kills every order of the account, in every series."""
        await self.client.mass_cancel_all()


def margin_per_lot(terms: Series, mark: int) -> int:
    """Initial margin of one lot at the mark with the whole surcharge for concentration, rounded up, base
    units.

    More than the contract asks of most accounts, so a bot that keeps to it is not refused.
    """
    spec = terms.spec
    return -(-mark * spec.tick_value * spec.im_bps * (100 + spec.concentration_pct) // (_BPS * 100))


def index_tick(index: Decimal, tick_size: Decimal) -> int:
    """The index in ticks, rounded half up as the exchange does."""
    return int((index / tick_size + Decimal("0.5")) // 1)


def to_operation(action: Action, terms: Series) -> Operation:
    """One action as an operation of the client's batch."""
    if isinstance(action, Cancel):
        return CancelOrder(action.order_id)
    if isinstance(action, CancelAll):
        raise TypeError("CancelAll is a call of its own, not part of a batch")
    return PlaceOrder(
        action.side,
        terms.to_price(action.tick),
        action.lots,
        tif=action.tif,
        post_only=action.post_only,
        expiry=action.expiry,
        client_id=action.client_id,
    )


def own_orders(series: SeriesState, account: int) -> tuple[OwnOrder, ...]:
    """Resting orders of an account, those included that ran out and still hold margin."""
    orders = series.book.of_account(account)
    return tuple(
        OwnOrder(order.id, order.side, order.tick, order.lots, order.expiry, order.client_id)
        for order in orders
    )


def _levels(series: SeriesState, side: Side, now: int) -> tuple[tuple[int, int], ...]:
    return tuple((level.tick, level.lots) for level in series.book.levels(side, DEPTH, now))


def _lots_in_use(series: SeriesState, account: int) -> int:
    """Lots that the account holds margin for: its position with all buys or with all sells, the larger."""
    lots = series.positions[account].lots if account in series.positions else 0
    orders = series.book.of_account(account)
    buys = sum(order.lots for order in orders if order.side is Side.BUY)
    sells = sum(order.lots for order in orders if order.side is Side.SELL)
    return max(abs(lots + buys), abs(lots - sells))
