"""The mirror: folds a stream of blocks, and rolls back with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from olivepress.errors import UnknownAccount, UnknownSymbol
from olivepress.events.stream import BlockEvents, EventStream, Rollback, StreamItem
from olivepress.mirror.book import OrderBook
from olivepress.mirror.fold import fold
from olivepress.mirror.lookup import MirrorError
from olivepress.mirror.state import AccountState, ExchangeState, SeriesState
from olivepress.types import Order, Position, Series, Trade


class Mirror:
    """The exchange as its logs tell it. Integers as on the chain; `terms` converts to Decimal.

    :param decimals: of the collateral, for `terms`
    :param reorg_depth: blocks that can be taken back; 0 for chains that never switch (saves half of the work)

    A second state trails `reorg_depth` blocks behind. A rollback copies it and replays the blocks that still
    stand; one to before the first block clears the mirror.
    """

    def __init__(self, *, decimals: int = 6, reorg_depth: int = 64) -> None:
        self.decimals = decimals
        self.reorg_depth = reorg_depth
        self._clear()

    def _clear(self) -> None:
        self.state = ExchangeState()
        self.trades: list[Trade] = []
        self._base = ExchangeState()
        self._recent: deque[BlockEvents] = deque()
        self._first: int | None = None

    def apply(self, item: StreamItem) -> None:
        """Takes in one item of a stream. Raises MirrorError when the stream began too late, or rolled back
        further than `reorg_depth`."""
        if isinstance(item, Rollback):
            self._roll_back(item.to_block)
            return
        if self._first is None:
            self._first = item.number
        fold(self.state, item, self.trades)
        if self.reorg_depth:
            self._recent.append(item)
            while self._recent[0].number <= item.number - self.reorg_depth:
                fold(self._base, self._recent.popleft())

    def apply_all(self, items: Iterable[StreamItem]) -> None:
        """Takes in many items."""
        for item in items:
            self.apply(item)

    async def sync(self, stream: EventStream) -> int:
        """Takes in everything up to the chain's head; returns the block reached."""
        self.apply_all(await stream.catch_up())
        return self.state.block

    async def follow(self, stream: EventStream) -> None:
        """Takes in everything for ever; run it as a task."""
        async for item in stream:
            self.apply(item)

    def _roll_back(self, to_block: int) -> None:
        if self._first is None or to_block < self._first:
            self._clear()
            return
        if to_block < self._base.block or (not self.reorg_depth and to_block < self.block):
            raise MirrorError(
                f"rolled back to block {to_block}, further than {self.reorg_depth} blocks: build a new mirror"
            )
        self.trades = [trade for trade in self.trades if trade.block <= to_block]
        while self._recent and self._recent[-1].number > to_block:
            self._recent.pop()
        self.state = self._base.copy()
        for block in self._recent:
            fold(self.state, block)

    # --- reading ---

    @property
    def block(self) -> int:
        """Number of the last block taken in; -1 before the first."""
        return self.state.block

    @property
    def timestamp(self) -> int:
        """Its time, unix seconds."""
        return self.state.timestamp

    @property
    def symbols(self) -> list[str]:
        """Symbols of all series, in order of listing."""
        return [series.spec.symbol for series in self.state.series.values()]

    def series(self, key: str | int) -> SeriesState:
        """A series by symbol or number. UnknownSymbol names the known ones."""
        if isinstance(key, int):
            found = self.state.series.get(key)
        else:
            matching = (one for one in self.state.series.values() if one.spec.symbol == key)
            found = next(matching, None)
        if found is None:
            raise UnknownSymbol("symbol", key, ", ".join(self.symbols) or "no series is listed")
        return found

    def terms(self, key: str | int) -> Series:
        """The terms of a series, with conversions to Decimal."""
        found = self.series(key)
        return Series(found.id, found.spec, self.decimals)

    def book(self, key: str | int) -> OrderBook:
        """The order book of a series."""
        return self.series(key).book

    def account(self, account: int) -> AccountState:
        """Cash, owner and agents. UnknownAccount when it was never opened."""
        found = self.state.accounts.get(account)
        if found is None:
            raise UnknownAccount("account", account, f"1 to {len(self.state.accounts)}")
        return found

    def account_of(self, address: str) -> AccountState | None:
        """The account that an address owns or serves."""
        wanted = address.lower()
        for account in self.state.accounts.values():
            if account.owner.lower() == wanted or wanted in account.agents:
                return account
        return None

    def position(self, account: int, key: str | int) -> Position:
        """A position with its open lots; zeros when there is none."""
        return self.series(key).view(account, self.timestamp)

    def orders(self, account: int, key: str | int | None = None) -> list[Order]:
        """Live orders of an account, in one series or in all."""
        chosen = self.state.series.values() if key is None else [self.series(key)]
        return [order for series in chosen for order in series.book.of_account(account, self.timestamp)]

    def equity(self, account: int) -> int:
        """Cash plus the value of every position at the last known marks, base units."""
        total = self.account(account).cash
        for series in self.state.series.values():
            position = series.positions.get(account)
            if position is not None:
                total += position.quote + position.lots * (series.mark or 0) * series.spec.tick_value
        return total
