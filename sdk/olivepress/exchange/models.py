"""What goes into the exchange client and what comes out, in human units.

Prices are Decimal index units (USD), money is Decimal collateral units (USDC), sizes are whole lots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from olivepress.types import OrderId, Phase, Side, TimeInForce


@dataclass(frozen=True, slots=True)
class Place:
    """An order to place.

    `expiry` is the unix second at which a GTT order dies, 0 for the other kinds. `client_id` (64 bits) comes
    back in every record of the order. `cancel_taking` makes self-trade prevention cancel this order and not
    the resting one.
    """

    side: Side
    price: Decimal
    lots: int
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    cancel_taking: bool = False
    expiry: int = 0
    client_id: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    """A resting order to cancel, by the id that placing returned."""

    order_id: int


Operation = Place | Cancel


@dataclass(frozen=True, slots=True)
class OrderFill:
    """One trade against one resting order."""

    price: Decimal
    lots: int
    maker: int
    order_id: OrderId
    fee: Decimal


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What became of an order.

    `order_id` is None when nothing rests. `end` says what became of the part that did not trade: 'rests',
    'filled' (there is none), 'immediate or cancel', 'step bound', 'self-trade', 'nothing left to reduce', or
    'rejected': a post-only order of a batch that would have crossed.
    """

    symbol: str
    side: Side
    price: Decimal
    lots: int
    order_id: OrderId | None
    filled: int
    resting: int
    fills: tuple[OrderFill, ...]
    end: str
    client_id: int
    tx_hash: str
    block: int

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of the fills by lots; None when nothing traded."""
        if not self.filled:
            return None
        return sum((fill.price * fill.lots for fill in self.fills), Decimal(0)) / self.filled

    @property
    def fee(self) -> Decimal:
        """Taker fees of all fills."""
        return sum((fill.fee for fill in self.fills), Decimal(0))


@dataclass(frozen=True, slots=True)
class SpreadResult:
    """A calendar spread that traded: the fills of its bought and of its sold leg, in their order."""

    buy_symbol: str
    sell_symbol: str
    lots: int
    bought: tuple[OrderFill, ...]
    sold: tuple[OrderFill, ...]
    client_id: int
    tx_hash: str
    block: int

    @property
    def difference(self) -> Decimal:
        """Mean price of the bought less that of the sold leg."""
        cost = sum((fill.price * fill.lots for fill in self.bought), Decimal(0))
        return (cost - sum((fill.price * fill.lots for fill in self.sold), Decimal(0))) / self.lots

    @property
    def fee(self) -> Decimal:
        """Taker fees of both legs."""
        return sum((fill.fee for fill in self.bought + self.sold), Decimal(0))


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What became of a cancel: lots that were open, 0 when the order was not live any more (`missed`)."""

    order_id: OrderId
    lots: int
    missed: bool
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Results of a batch in the order of its operations."""

    results: tuple[OrderResult | CancelResult, ...]
    tx_hash: str
    block: int

    @property
    def orders(self) -> tuple[OrderResult, ...]:
        return tuple(result for result in self.results if isinstance(result, OrderResult))

    @property
    def cancels(self) -> tuple[CancelResult, ...]:
        return tuple(result for result in self.results if isinstance(result, CancelResult))


@dataclass(frozen=True, slots=True)
class TxResult:
    """A transaction that went through; `amount` where it moved money (collateral units, signed for the
    account)."""

    tx_hash: str
    block: int
    gas_used: int
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class MarkView:
    """The mark as a taking order would see it now. While the index is `stale` the series is reduce-only."""

    symbol: str
    price: Decimal
    stale: bool


@dataclass(frozen=True, slots=True)
class Level:
    """One price of a book: lots and how many live orders."""

    price: Decimal
    lots: int
    orders: int


@dataclass(frozen=True, slots=True)
class BookView:
    """Price levels, best first. `checksum` is the crc32 of the levels; a mirror at the same block has the
    same one."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int

    @property
    def bid(self) -> Decimal | None:
        return self.bids[0].price if self.bids else None

    @property
    def ask(self) -> Decimal | None:
        return self.asks[0].price if self.asks else None


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A live order as the chain holds it; `expiry` 0 for good till cancelled."""

    symbol: str
    order_id: OrderId
    side: Side
    price: Decimal
    lots: int
    expiry: int
    client_id: int
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position: signed lots, `quote` (what was received less what was paid for them, fees included), and
    its value at the mark.

    After settlement lots are 0, `claim` is the whole claim, and `quote` what is left of it; negative: still
    owed.
    """

    symbol: str
    lots: int
    quote: Decimal
    value: Decimal
    open_buy: int
    open_sell: int
    settled: bool = False
    claim: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountView:
    """Money, margin, positions and live orders of one account.

    Below `orders_margin` of equity anyone may cancel its orders, below `maintenance_margin` close its
    positions.
    """

    account: int
    owner: str
    cash: Decimal
    equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    orders_margin: Decimal
    withdrawable: Decimal
    stale: bool
    positions: tuple[PositionView, ...] = ()
    orders: tuple[OpenOrder, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Principal:
    """For whom an address acts. Owners have permissions 255 and expiry 0."""

    account: int
    permissions: int
    expiry: int

    @property
    def is_owner(self) -> bool:
        return self.permissions == 255


@dataclass(frozen=True, slots=True)
class SeriesStatus:
    """Life, prices and money of a series. Money is collateral units; the names are those of SeriesMoney in
    Types.sol.

    `members` accounts list it, `uncranked` of them are still to be settled.
    """

    symbol: str
    phase: Phase
    mark: Decimal
    stale: bool
    reduce_only: bool
    bid: Decimal | None
    ask: Decimal | None
    pool: Decimal
    fees: Decimal
    advance: Decimal
    claims: Decimal
    collected: Decimal
    drawn: Decimal
    open_interest: int
    members: int
    uncranked: int
