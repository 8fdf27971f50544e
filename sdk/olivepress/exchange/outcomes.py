"""What became of liquidations, auctions, rulings and position tokens, in human units.

Prices are Decimal index units (USD), money is Decimal collateral units (USDC), sizes are whole lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from olivepress.errors import WrongType
from olivepress.exchange.models import OrderFill


class TokenSide(StrEnum):
    """A LONG token is worth the settlement price, a SHORT token the price cap less it."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def is_long(self) -> bool:
        return self is TokenSide.LONG


def require_token_side(side: object) -> TokenSide:
    """The side itself. WrongType when it is none."""
    if not isinstance(side, TokenSide):
        raise WrongType("side", side, "TokenSide.LONG or TokenSide.SHORT")
    return side


@dataclass(frozen=True, slots=True)
class LiquidationResult:
    """Lots of an account that were closed through the book. `reward` went to the keeper's account.

    The fees of `fills` were the account's; none are paid at no equity. No lots: the steps went into removing
    dead orders, and the next call comes further.
    """

    account: int
    symbol: str
    lots: int
    reward: Decimal
    fills: tuple[OrderFill, ...]
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class LotsMoved:
    """Lots that changed hands at the mark, signed as the bidder now has them."""

    symbol: str
    lots: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class AuctionResult:
    """A slice that went to the bidder. Of the discount the account `paid` a part, insurance `insured` the
    rest."""

    account: int
    feed: int
    fraction: Decimal
    paid: Decimal
    insured: Decimal
    moved: tuple[LotsMoved, ...]
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class FlagResult:
    """`since` is when the account's auction began, `negative_since` when its equity fell below zero, unix
    seconds; 0: the clock is stopped. Both None: nothing changed, see `flagged_at`, `negative_since`."""

    account: int
    since: int | None
    negative_since: int | None
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an account is declared to lack in a feed; 0 when it was cured."""

    account: int
    feed: int
    amount: Decimal
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class RulingResult:
    """The arbiter's settlement price. `upheld`: it differs from the average, so the bond went back to the
    challenger."""

    symbol: str
    price: Decimal
    upheld: bool
    evidence: str
    tx_hash: str
    block: int


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Addresses of a series' tokens, and the accounts of the exchange that hold the lots behind them."""

    symbol: str
    long: str
    short: str
    long_account: int
    short_account: int
    tx_hash: str
    block: int
