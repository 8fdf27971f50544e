"""The chain as a venue: views from the mirror, orders through the client of one account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from olivepress.events import BlockEvents, EventStream, RoundAccepted, RoundConfirmed, StreamItem
from olivepress.exchange import Cancel as CancelOrder
from olivepress.exchange import ExchangeClient, Operation
from olivepress.exchange import Place as PlaceOrder
from olivepress.mirror import Mirror
from olivepress.mirror.state import SeriesState
from olivepress.types import Phase, Series, Side
from olivepress.units import day_start
from olivepress_bots.actions import Action, Cancel, CancelAll
from olivepress_bots.view import MarketView, OwnOrder

_BPS = 10_000
DEPTH = 20


class SharedMirror:
    """One mirror and its stream, shared by every bot of a process, so each log is read once.

    The stream must cover the oracle too: `index` is the last value of each feed, USD x 1e8.
    """

    def __init__(self, mirror: Mirror, stream: EventStream) -> None:
        self.mirror = mirror
        self.stream = stream
        self.listeners: list[Callable[[StreamItem], None]] = []
        """Called with every item of the stream, after the mirror has taken it in."""
        self.index: dict[int, int] = {}
        self._reading = asyncio.Lock()

    async def sync(self) -> Mirror:
        """The mirror at the chain's head."""
        async with self._reading:
            for item in await self.stream.catch_up():
                self.mirror.apply(item)
                self._take_index(item)
                for listener in self.listeners:
                    listener(item)
        return self.mirror

    def _take_index(self, item: StreamItem) -> None:
        # After a rollback the last value of the abandoned branch stays until the next round comes.
        if isinstance(item, BlockEvents):
            for event in item.events:
                if isinstance(event, RoundAccepted | RoundConfirmed):
                    self.index[event.feed] = event.price


class ChainVenue:
    """One account on a chain.

    Args:
        client: signs with the account's key.
        shared: the mirror to read books, positions and the index from.
        account: the account's number.
    """

    def __init__(self, client: ExchangeClient, shared: SharedMirror, account: int) -> None:
        self.client = client
        self.shared = shared
        self.account = account

    async def view(self, symbol: str) -> MarketView:
        """Book, position and index from the logs; mark, phase and margin as the chain computes them now."""
        mirror = await self.shared.sync()
        series, terms = mirror.series(symbol), mirror.terms(symbol)
        reads = [("seriesInfo", (series.id,)), ("accountInfo", (self.account,))]
        status, money = (next(iter(answer.values())) for answer in await self.client.lens.read_many(reads))
        mark, now = int(status["mark"]), mirror.timestamp
        per_lot = margin_per_lot(terms, mark)
        index = self.shared.index.get(terms.feed)
        return MarketView(
            symbol=symbol,
            phase=Phase(status["phase"]),
            observed_at=now,
            tick_size=terms.tick_size,
            price_cap=terms.spec.price_cap,
            min_lots=terms.spec.min_lots,
            index=None if index is None else index_tick(index, terms),
            mark=mark,
            stale=status["stale"],
            reduce_only=status["reduceOnly"],
            lowest=-(-mark * (_BPS - terms.spec.band_bps) // _BPS),
            highest=mark * (_BPS + terms.spec.band_bps) // _BPS,
            bids=_levels(series, Side.BUY, now),
            asks=_levels(series, Side.SELL, now),
            position=mirror.position(self.account, symbol).lots,
            orders=own_orders(series, self.account),
            buying_power=money["withdrawable"] + per_lot * _lots_in_use(series, self.account),
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


def index_tick(index: int, terms: Series) -> int:
    """The index (USD x 1e8) in ticks, rounded half up as the exchange does."""
    return (index + terms.spec.tick_size // 2) // terms.spec.tick_size


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
    """Resting orders of an account by id, those included that ran out and still hold margin."""
    orders = sorted(series.book.of_account(account), key=lambda order: order.id)
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
