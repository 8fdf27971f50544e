"""Events of exchange and oracle as frozen dataclasses, named as in Solidity, fields in snake_case.

Money is base units, prices ticks, index values USD x 1e8, exactly as logged.
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.events.records import Record
from olivepress.types import SeriesSpec


@dataclass(frozen=True, slots=True)
class Event:
    """Where a log stands: block number, index in the block, transaction, block hash."""

    block: int
    log_index: int
    tx_hash: bytes
    block_hash: bytes


# --- exchange: accounts ---


@dataclass(frozen=True, slots=True)
class AccountOpened(Event):
    account: int
    owner: str


@dataclass(frozen=True, slots=True)
class Deposited(Event):
    account: int
    from_: str
    amount: int


@dataclass(frozen=True, slots=True)
class Withdrawn(Event):
    account: int
    to: str
    amount: int


@dataclass(frozen=True, slots=True)
class AgentInvited(Event):
    account: int
    agent: str
    expiry: int
    permissions: int


@dataclass(frozen=True, slots=True)
class AgentAccepted(Event):
    account: int
    agent: str
    expiry: int
    permissions: int


@dataclass(frozen=True, slots=True)
class AgentRemoved(Event):
    account: int
    agent: str


# --- exchange: trading ---


@dataclass(frozen=True, slots=True)
class Book(Event):
    """What one call of `account` did to one book, in order."""

    series: int
    account: int
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class MassCancelled(Event):
    """All orders of the account in the series with an older epoch are dead."""

    series: int
    account: int
    epoch: int


@dataclass(frozen=True, slots=True)
class SpreadTraded(Event):
    """One account bought `lots` of a series and sold as many of another; the two Book events stand before it.

    `bought` and `sold` are sums of lots x tick.
    """

    account: int
    buy_series: int
    sell_series: int
    lots: int
    bought: int
    sold: int


@dataclass(frozen=True, slots=True)
class MarkRefreshed(Event):
    series: int
    mark: int
    stale: bool


@dataclass(frozen=True, slots=True)
class SeriesListed(Event):
    series: int
    feed: int
    spec: SeriesSpec


@dataclass(frozen=True, slots=True)
class GuardianReduceOnly(Event):
    series: int
    until: int


@dataclass(frozen=True, slots=True)
class GuardianSet(Event):
    guardian: str


# --- exchange: money and settlement ---


@dataclass(frozen=True, slots=True)
class Realised(Event):
    """Value became cash (positive) or cash paid a loss (negative)."""

    account: int
    series: int
    amount: int


@dataclass(frozen=True, slots=True)
class SeriesSettled(Event):
    series: int
    settlement_tick: int
    fresh_seconds: int
    elapsed: int


@dataclass(frozen=True, slots=True)
class AccountSettled(Event):
    """`lots` became money: a claim (or, negative, a debt), and `paid` cash taken for the loss."""

    account: int
    series: int
    lots: int
    claim: int
    paid: int


@dataclass(frozen=True, slots=True)
class SeriesClosed(Event):
    series: int
    claims: int
    collected: int
    advanced: int


@dataclass(frozen=True, slots=True)
class ClaimDrawn(Event):
    account: int
    series: int
    amount: int


@dataclass(frozen=True, slots=True)
class DebtPaid(Event):
    account: int
    series: int
    amount: int


@dataclass(frozen=True, slots=True)
class InsuranceToppedUp(Event):
    feed: int
    from_: str
    amount: int


@dataclass(frozen=True, slots=True)
class InsuranceRepaid(Event):
    feed: int
    series: int
    amount: int


@dataclass(frozen=True, slots=True)
class FeesCollected(Event):
    series: int
    amount: int


@dataclass(frozen=True, slots=True)
class TreasuryWithdrawn(Event):
    to: str
    amount: int


# --- exchange: liquidation, challenges, tokens ---


@dataclass(frozen=True, slots=True)
class ArbiterSet(Event):
    arbiter: str


@dataclass(frozen=True, slots=True)
class Liquidated(Event):
    """`lots` were closed through the book (the Book event before it); the keeper earned `reward`."""

    account: int
    series: int
    keeper: int
    lots: int
    reward: int


@dataclass(frozen=True, slots=True)
class PositionMoved(Event):
    """`lots` (signed) went from one account to another at `tick`, without a trade."""

    from_: int
    to: int
    series: int
    lots: int
    tick: int


@dataclass(frozen=True, slots=True)
class Auctioned(Event):
    """The bidder got `paid` by the account and `insured` by insurance, in the last series that moved."""

    account: int
    feed: int
    bidder: int
    fraction: int
    paid: int
    insured: int


@dataclass(frozen=True, slots=True)
class Flagged(Event):
    """A clock of an account started or stopped: below maintenance margin `since`, equity below zero
    `negative_since`; 0 for not."""

    account: int
    since: int
    negative_since: int


@dataclass(frozen=True, slots=True)
class DeficitDeclared(Event):
    account: int
    feed: int
    amount: int


@dataclass(frozen=True, slots=True)
class Challenged(Event):
    series: int
    account: int
    bond: int


@dataclass(frozen=True, slots=True)
class BondReturned(Event):
    account: int
    amount: int


@dataclass(frozen=True, slots=True)
class Ruled(Event):
    series: int
    tick: int
    evidence: bytes
    upheld: bool


@dataclass(frozen=True, slots=True)
class BountyPaid(Event):
    series: int
    account: int
    amount: int


@dataclass(frozen=True, slots=True)
class TokensCreated(Event):
    series: int
    long_token: str
    short_token: str
    long_account: int
    short_account: int


@dataclass(frozen=True, slots=True)
class Wrapped(Event):
    account: int
    series: int
    long: bool
    lots: int
    paid: int


@dataclass(frozen=True, slots=True)
class Unwrapped(Event):
    account: int
    series: int
    long: bool
    lots: int


@dataclass(frozen=True, slots=True)
class Redeemed(Event):
    account: int
    series: int
    long: bool
    lots: int
    claim: int


# --- oracle ---


@dataclass(frozen=True, slots=True)
class OperatorsSet(Event):
    operator_set: int
    quorum: int
    version: int
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedAdded(Event):
    feed: int
    operator_set: int
    symbol: bytes
    heartbeat: int
    deviation_bps: int


@dataclass(frozen=True, slots=True)
class MethodologySet(Event):
    feed: int
    methodology: bytes
    version: int


@dataclass(frozen=True, slots=True)
class FeedHaltSet(Event):
    feed: int
    halted: bool


@dataclass(frozen=True, slots=True)
class RoundAccepted(Event):
    """A value in force from `time` on. Bit i of `signers` is set when operator i of the set signed."""

    feed: int
    round: int
    time: int
    price: int
    signers: int


@dataclass(frozen=True, slots=True)
class RoundPending(Event):
    """A round beyond the bound: it counts only when the next one agrees."""

    feed: int
    round: int
    time: int
    price: int
    signers: int


@dataclass(frozen=True, slots=True)
class RoundConfirmed(Event):
    feed: int
    round: int
    time: int
    price: int


@dataclass(frozen=True, slots=True)
class RoundDropped(Event):
    feed: int
    round: int


@dataclass(frozen=True, slots=True)
class CheckpointFixed(Event):
    feed: int
    day: int
    price_seconds: int
    fresh_seconds: int


@dataclass(frozen=True, slots=True)
class RangeNoted(Event):
    feed: int
    day: int
    low: int
    high: int


def event_classes() -> dict[str, type[Event]]:
    """Every event class by its Solidity name."""
    classes = (item for item in globals().values() if isinstance(item, type) and issubclass(item, Event))
    return {cls.__name__: cls for cls in classes if cls is not Event}
