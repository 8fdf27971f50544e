"""The domain in frozen types. Prices are ticks, sizes lots, money collateral base units.

`Series` converts to Decimal and back.

Layouts follow contracts/interfaces (Types.sol, IExchange.sol, IExchangeEvents.sol).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag
from typing import Self

from olivepress import units
from olivepress.errors import OutOfRange, ValidationError


class Side(IntEnum):
    """Side of an order; the numbers are the contract's."""

    BUY = 0
    SELL = 1

    @property
    def opposite(self) -> Side:
        return Side(1 - self)

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what a filled lot does to the position."""
        return 1 - 2 * self


class TimeInForce(Enum):
    """How long an order lives. GTT is the contract's GTC with an expiry second."""

    GTC = "GTC"
    GTT = "GTT"
    IOC = "IOC"
    FOK = "FOK"

    @property
    def flags(self) -> OrderFlags:
        return _TIME_IN_FORCE_FLAGS[self]


class OrderFlags(IntFlag):
    """The `flags` byte of IExchange.place."""

    NONE = 0
    IOC = 1
    FOK = 2
    POST_ONLY = 4
    REDUCE_ONLY = 8
    CANCEL_TAKING = 16
    SELL = 128


_TIME_IN_FORCE_FLAGS = {
    TimeInForce.GTC: OrderFlags.NONE,
    TimeInForce.GTT: OrderFlags.NONE,
    TimeInForce.IOC: OrderFlags.IOC,
    TimeInForce.FOK: OrderFlags.FOK,
}


class Phase(IntEnum):
    """Where a series stands in its life (Types.sol)."""

    NONE = 0
    LISTED = 1
    TRADING = 2
    FIXING = 3
    EXPIRED = 4
    SETTLED = 5
    CLOSED = 6


class OrderId(int):
    """96 bits: series 16 | side 8 | tick 24 | index 32 | generation 16. An int that can be read."""

    __slots__ = ()

    def __new__(cls, value: int) -> Self:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 96:
            raise OutOfRange("order_id", value, "an int of 96 bits")
        if (value >> 72) & 0xFF > 1:
            raise ValidationError("order_id", value, "side 0 or 1 in bits 72 to 79")
        return int.__new__(cls, value)

    @classmethod
    def pack(cls, series: int, side: Side, tick: int, index: int, generation: int) -> Self:
        require = units.require_int
        return cls(
            require(series, "series", 0, 0xFFFF) << 80
            | Side(side) << 72
            | require(tick, "tick", 0, 0xFFFFFF) << 48
            | require(index, "index", 0, 0xFFFFFFFF) << 16
            | require(generation, "generation", 0, 0xFFFF)
        )

    @property
    def series(self) -> int:
        return self >> 80

    @property
    def side(self) -> Side:
        return Side((self >> 72) & 0xFF)

    @property
    def tick(self) -> int:
        return (self >> 48) & 0xFFFFFF

    @property
    def index(self) -> int:
        return (self >> 16) & 0xFFFFFFFF

    @property
    def generation(self) -> int:
        return self & 0xFFFF

    def __repr__(self) -> str:
        return (
            f"OrderId(series={self.series}, side={self.side.name}, tick={self.tick}, "
            f"index={self.index}, generation={self.generation})"
        )


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """The contract's SeriesSpec, field by field and in its order.

    Days are UTC days since 1970-01-01, tick_size is USD x 1e8, tick_value base units per tick per lot;
    price_cap, initial_mark and max_basis are ticks; *_bps 1e-4, *_pct 1e-2, fees 1e-6; max_mark_age seconds.
    """

    symbol: str
    feed: int
    window_start: int
    expiry_day: int
    tick_size: int
    tick_value: int
    price_cap: int
    initial_mark: int
    max_basis: int
    min_lots: int
    position_limit: int
    open_interest_cap: int
    im_bps: int
    mm_bps: int
    spread_bps: int
    band_bps: int
    gap_bps: int
    concentration_pct: int
    gain_pct: int
    taker_fee: int
    maker_rebate: int
    max_mark_age: int


@dataclass(frozen=True, slots=True)
class Series:
    """One contract month: the listed spec, its number, and the collateral's decimals. Converts both ways."""

    id: int
    spec: SeriesSpec
    decimals: int

    @property
    def symbol(self) -> str:
        return self.spec.symbol

    @property
    def feed(self) -> int:
        return self.spec.feed

    @property
    def tick_size(self) -> Decimal:
        """Price of one tick, in index units (USD)."""
        return units.oracle_to_price(self.spec.tick_size)

    @property
    def tick_value(self) -> Decimal:
        """What one tick is worth on one lot, in whole tokens of collateral."""
        return units.base_to_amount(self.spec.tick_value, self.decimals)

    @property
    def lot_size(self) -> Decimal:
        """Units of the underlying in one lot (e.g. 1000 x 1M tokens, or 100 GPU-hours)."""
        return self.tick_value / self.tick_size

    @property
    def price_cap(self) -> Decimal:
        """Highest price, in index units."""
        return self.to_price(self.spec.price_cap)

    @property
    def window_start(self) -> date:
        """First UTC day of the averaging window."""
        return units.day_to_date(self.spec.window_start)

    @property
    def expiry(self) -> datetime:
        """The UTC midnight at which the window ends and the series expires."""
        return units.to_datetime(self.expiry_timestamp)

    @property
    def expiry_timestamp(self) -> int:
        """The same in unix seconds."""
        return units.day_start(self.spec.expiry_day)

    def to_ticks(self, price: Decimal | int, *, field: str = "price") -> int:
        """Price to ticks, checked against the grid and [0, price_cap]."""
        ticks = units.price_to_ticks(price, self.tick_size, field=field)
        if ticks > self.spec.price_cap:
            raise OutOfRange(field, price, f"0 to {units.plain(self.price_cap)}")
        return ticks

    def to_price(self, ticks: int) -> Decimal:
        """Ticks (of either sign) to a price in index units."""
        return units.ticks_to_price(ticks, self.tick_size)

    def to_lots(self, size: Decimal | int, *, field: str = "size") -> int:
        """A size in units of the underlying to lots."""
        return units.size_to_lots(size, self.lot_size, field=field)

    def to_size(self, lots: int) -> Decimal:
        """Lots to a size in units of the underlying."""
        return units.lots_to_size(lots, self.lot_size)

    def notional(self, lots: int, ticks: int) -> int:
        """lots x ticks x tick_value: base units that change hands."""
        return lots * ticks * self.spec.tick_value

    def to_amount(self, base: int) -> Decimal:
        """Base units to whole tokens of collateral."""
        return units.base_to_amount(base, self.decimals)


@dataclass(frozen=True, slots=True)
class Order:
    """A resting order. `lots` are still open; `expiry` in unix seconds, 0: never; `epoch` None: not known."""

    id: OrderId
    account: int
    lots: int
    flags: OrderFlags = OrderFlags.NONE
    expiry: int = 0
    client_id: int = 0
    epoch: int | None = None

    @property
    def series(self) -> int:
        return self.id.series

    @property
    def side(self) -> Side:
        return self.id.side

    @property
    def tick(self) -> int:
        return self.id.tick


@dataclass(frozen=True, slots=True)
class Fill:
    """One resting order met by one taking order.

    `side` is the taker's. `amount` is lots x tick x tick_value; `taker_fee` and `maker_rebate` base units.
    """

    series: int
    order_id: OrderId
    side: Side
    tick: int
    lots: int
    maker: int
    taker: int
    maker_client_id: int
    taker_client_id: int
    left: int
    amount: int
    taker_fee: int
    maker_rebate: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill with its place in the chain; `timestamp` in unix seconds."""

    fill: Fill
    block: int
    log_index: int
    tx_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Position:
    """One account in one series. Value at a mark = quote + lots x mark x tick_value, base units."""

    account: int
    series: int
    lots: int
    quote: int
    open_buy: int = 0
    open_sell: int = 0
    open_count: int = 0
    epoch: int = 0
    checked_mark: int = 0
    last_fill_day: int = 0

    def value(self, mark: int, tick_value: int) -> int:
        """Base units at a mark in ticks."""
        return self.quote + self.lots * mark * tick_value


@dataclass(frozen=True, slots=True)
class Account:
    """What an account is worth and must keep (AccountMargin of Types.sol), base units."""

    id: int
    owner: str
    cash: int
    equity: int
    im_equity: int
    losses: int
    initial_margin: int
    maintenance_margin: int
    stale: bool
    positions: tuple[Position, ...] = ()

    @property
    def withdrawable(self) -> int:
        """cash + negative values - initial margin, floored at 0 (losses are zero or below)."""
        return max(self.cash + self.losses - self.initial_margin, 0)


@dataclass(frozen=True, slots=True)
class BookLevel:
    """All live orders at one tick, oldest first."""

    side: Side
    tick: int
    lots: int
    orders: int


@dataclass(frozen=True, slots=True)
class SeriesMoney:
    """Money of one series, base units (SeriesMoney of Types.sol, in its order)."""

    pool: int
    advance: int
    members: int
    uncranked: int
    claims: int
    collected: int
    reduce_only_until: int
    drawn: int
    fees: int
