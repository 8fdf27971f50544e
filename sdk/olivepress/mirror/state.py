"""What the mirror holds: accounts, series, money. Integers as on the chain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from olivepress.events.model import PositionMoved
from olivepress.mirror.book import OrderBook
from olivepress.types import Position, SeriesSpec


@dataclass(slots=True)
class AccountState:
    """Cash is base units; `deposited` and `withdrawn` are running totals. `agents` by lower-case address.

    `flagged_since` is when its auction began, `negative_since` when its equity was seen below zero, unix
    seconds, 0 for none; `declared` its declared deficits by feed, base units.
    """

    id: int
    owner: str
    cash: int = 0
    deposited: int = 0
    withdrawn: int = 0
    agents: dict[str, tuple[int, int]] = field(default_factory=dict)
    flagged_since: int = 0
    negative_since: int = 0
    declared: dict[int, int] = field(default_factory=dict)

    def copy(self) -> AccountState:
        return replace(self, agents=self.agents.copy(), declared=self.declared.copy())


@dataclass(slots=True)
class PositionState:
    """`quote` is what the lots cost, fees included; in a settled position what can still be drawn, or is
    owed."""

    lots: int = 0
    quote: int = 0
    settled: bool = False
    claim: int = 0
    epoch: int = 0
    last_fill_day: int = 0
    traded_lots: int = 0
    fees_paid: int = 0


@dataclass(slots=True)
class SeriesState:
    """One series: its book, its positions, and the money of `SeriesMoney`.

    `mark` is the last one that an event told; None before the first. `settlement_tick` is None until settled.
    `token_accounts` hold the lots behind the LONG and the SHORT token; 0 while there are none.
    """

    id: int
    spec: SeriesSpec
    book: OrderBook = field(default_factory=OrderBook)
    positions: dict[int, PositionState] = field(default_factory=dict)
    pool: int = 0
    fees: int = 0
    advance: int = 0
    claims: int = 0
    collected: int = 0
    drawn: int = 0
    mark: int | None = None
    stale: bool = False
    last_tick: int | None = None
    volume_lots: int = 0
    settlement_tick: int | None = None
    closed: bool = False
    reduce_only_until: int = 0
    bond: int = 0
    token_accounts: tuple[int, int] = (0, 0)

    @property
    def open_interest(self) -> int:
        """Sum of all long lots; equals the sum of all short lots."""
        return sum(position.lots for position in self.positions.values() if position.lots > 0)

    def position(self, account: int) -> PositionState:
        """The account's position, made when there is none."""
        found = self.positions.get(account)
        if found is None:
            found = self.positions[account] = PositionState()
        return found

    def view(self, account: int, now: int = 0) -> Position:
        """The position with its live orders, frozen."""
        state = self.positions.get(account) or PositionState()
        orders = self.book.of_account(account, now)
        return Position(
            account=account,
            series=self.id,
            lots=state.lots,
            quote=state.quote,
            open_buy=sum(order.lots for order in orders if not order.side),
            open_sell=sum(order.lots for order in orders if order.side),
            open_count=len(orders),
            epoch=state.epoch,
            last_fill_day=state.last_fill_day,
        )

    def identity(self) -> int:
        """Sum of quotes + fees + advance - pool, with lots not yet settled at the settlement price: always
        0."""
        price = (self.settlement_tick or 0) * self.spec.tick_value
        values = sum(position.quote + position.lots * price for position in self.positions.values())
        return values + self.fees + self.advance - self.pool

    def copy(self) -> SeriesState:
        positions = {account: replace(position) for account, position in self.positions.items()}
        return replace(self, book=self.book.copy(), positions=positions)


@dataclass(slots=True)
class ExchangeState:
    """Everything at the end of one block. `moves` are those of the transaction being folded."""

    block: int = -1
    timestamp: int = 0
    accounts: dict[int, AccountState] = field(default_factory=dict)
    series: dict[int, SeriesState] = field(default_factory=dict)
    insurance: dict[int, int] = field(default_factory=dict)
    treasury: int = 0
    guardian: str | None = None
    arbiter: str | None = None
    moves: list[PositionMoved] = field(default_factory=list)

    def tokens(self) -> int:
        """Collateral that the exchange must hold: cash + pools + bonds + insurance + treasury."""
        cash = sum(account.cash for account in self.accounts.values())
        pools = sum(series.pool + series.bond for series in self.series.values())
        return cash + pools + sum(self.insurance.values()) + self.treasury

    def copy(self) -> ExchangeState:
        return replace(
            self,
            accounts={key: account.copy() for key, account in self.accounts.items()},
            series={key: series.copy() for key, series in self.series.items()},
            insurance=self.insurance.copy(),
            moves=self.moves.copy(),
        )
