"""What the exchange remembers. Each record stands for a word or struct of contracts/libraries/State.sol.

Prices are ticks, sizes lots, money collateral base units, times unix seconds, days UTC days since 1970-01-01.
Addresses are plain strings, compared as they are: use one spelling.

How the model is called: a verb is a method of `Exchange` (or of `IndexOracle`) named as the contract's
function, in snake_case, with the same parameters in the same order after a `Call`, which says who calls and
what time it is. Values must fit the types of the contract's parameters. A refused verb raises the exception
of `olivepress.reverts` that the contract would raise, and changes nothing: journal.py says how. What a verb
logs is in `log`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from olivepress.model.journal import Journal, Log, Record, record
from olivepress.types import SeriesSpec

DAY = 86_400
NO_ASK = (1 << 24) - 1
MAX_OPEN_ORDERS = 250
MAX_SERIES = 10
MAX_LIVE_SERIES = 16
BUYS, SELLS = 0, 1
ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"

# Permissions of a principal: bits for agents, all of them for the owner.
PLACE, CANCEL, OWNER = 1, 2, 255


class Call(NamedTuple):
    """Who calls, and the time of the block."""

    sender: str
    time: int


class OracleReads(Protocol):
    """What the exchange reads of the oracle: IIndexOracle.sol in snake_case. `now` is the time of the block,
    wherever the contract reads it."""

    def latest(self, feed: int, now: int) -> tuple[int, int, bool]:
        """(price, observation time, fresh)."""

    def accumulated(self, feed: int, at_time: int) -> tuple[int, int]:
        """(price seconds, fresh seconds) at a time that is not before the last report."""

    def checkpoint(self, feed: int, day: int, now: int) -> tuple[int, int, bool]:
        """(price seconds, fresh seconds, fixed) at the midnight that begins `day`."""

    def window(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int, int, bool]:
        """(price seconds, fresh seconds, elapsed, fixed)."""

    def window_range(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int]:
        """(lowest, highest) known value."""

    def last_before(self, feed: int, day: int, now: int) -> tuple[int, int]:
        """(price, observation time) of the last value before the midnight that begins `day`."""


# --- accounts ---


class Principal(NamedTuple):
    """For which account an address acts. `expiry` is 0 for the owner, who has all permissions."""

    account: int
    permissions: int
    expiry: int


class Invitation(NamedTuple):
    permissions: int
    expiry: int


@record
class Account(Record):
    """Cash, and the ids of the series in which the account is active: at most ten places, 0 for a free one.
    `is_token`: the account of a position token, which only holds."""

    id: int
    owner: str
    cash: int = 0
    series: tuple[int, ...] = ()
    is_token: bool = False


@record
class Position(Record):
    """One account in one series. `quote` is what its trades brought in less what they cost.

    Orders of an older `epoch` are dead. `checked_mark` is the mark at which margin was last found sufficient.
    Once `settled` the lots are money: `claim` is the whole claim, `quote` what is left of it (below zero: a
    debt), and all other fields are zero.
    """

    lots: int = 0
    quote: int = 0
    open_buy: int = 0
    open_sell: int = 0
    epoch: int = 0
    open_count: int = 0
    checked_mark: int = 0
    last_fill_day: int = 0
    settled: bool = False
    claim: int = 0

    def values(self) -> tuple[int, ...]:
        """Written out because it is faster: every order keeps a position."""
        return (
            self.lots,
            self.quote,
            self.open_buy,
            self.open_sell,
            self.epoch,
            self.open_count,
            self.checked_mark,
            self.last_fill_day,
            self.settled,
            self.claim,
        )

    @property
    def idle(self) -> bool:
        return not (self.lots or self.quote or self.open_count)


class Clock(NamedTuple):
    """Since when an account is below maintenance margin, and since when below zero; 0 when it is not.

    `looked_at` is when a step or a flag last found it so.
    """

    since: int = 0
    negative_since: int = 0
    looked_at: int = 0


# --- series ---


@record
class Hot(Record):
    """What changes with trades and marks. `basis` is in 1/256 tick; `mark` is the settlement price once
    `settled`. `guarded`: the guardian's brake was pulled, and Money.reduce_only_until says until when;
    `deficit`: the feed's brake.
    """

    mark: int
    mark_time: int
    basis: int
    basis_time: int
    open_interest: int = 0
    traded: bool = False
    stale: bool = False
    guarded: bool = False
    settled: bool = False
    closed: bool = False
    deficit: bool = False


@record
class Money(Record):
    """SeriesMoney of Types.sol. `fees` includes what the contract still carries in its hot word."""

    pool: int = 0
    advance: int = 0
    members: int = 0
    uncranked: int = 0
    claims: int = 0
    collected: int = 0
    reduce_only_until: int = 0
    drawn: int = 0
    fees: int = 0
    credited: int = 0
    bounty: int = 0


@record
class Order(Record):
    """A resting order with the lots that are left in it."""

    account: int
    lots: int
    epoch: int
    expiry: int
    flags: int
    generation: int
    client_id: int


def _shorts() -> array[int]:
    return array("H")


@record
class Level(Record):
    """The queue of one tick. Its orders have head <= index < tail; an index without an order is a tombstone.
    `id` are the high bits of the ids of its orders: series 16 | side 8 | tick 24, and 48 zeros.

    `generations` counts how often each index was used, two bytes each, so that an order id never comes twice.
    """

    id: int
    head: int = 1
    tail: int = 1
    orders: dict[int, Order] = field(default_factory=dict)
    generations: array[int] = field(default_factory=_shorts)


@dataclass(slots=True)
class Side:
    """One side of a book. `ticks` are those of the levels that are not empty, ascending.

    `side` is BUYS or SELLS, `id` the high bits of the ids of its orders: series 16 | side 8.
    """

    side: int
    id: int
    ticks: list[int] = field(default_factory=list)
    levels: dict[int, Level] = field(default_factory=dict)


@dataclass(slots=True)
class Series:
    """One contract month: frozen terms, and everything that moves. `fixing` and `expiry` are the first second
    of the averaging window and the one after its last. `sides` are the buys and the sells."""

    id: int
    spec: SeriesSpec
    hot: Hot
    sides: tuple[Side, Side]
    fixing: int
    expiry: int
    money: Money = field(default_factory=Money)
    positions: dict[int, Position] = field(default_factory=dict)


@record
class Challenge(Record):
    """A bonded challenge of a thinly covered settlement; `ruling` is a tick."""

    challenger: int
    since: int
    bond: int
    ruled: bool = False
    ruling: int = 0


# --- tokens ---


@dataclass(slots=True)
class Token:
    """An ERC-20 without allowances: who holds how much."""

    address: str
    balances: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class PositionToken(Token):
    """One side of a series as a token; `account` is the account that holds its lots."""

    account: int = 0


# --- everything ---


@record
class Office(Record):
    """Sums and roles that belong to no account and no series."""

    treasury: int = 0
    bonds: int = 0
    guardian: str = ZERO_ADDRESS
    arbiter: str = ZERO_ADDRESS


@dataclass(slots=True)
class State:
    """The whole exchange. `address` is its own; `owner` lists series, `pending_owner` may take over; `bond`
    is what a challenge costs; `factory` deploys position tokens, whose addresses follow from its own.

    `feed_series` are the live series of a feed, which its brake reaches. `cranks` counts what an account
    settled in a series and has not been paid for.
    """

    address: str
    owner: str
    oracle: OracleReads
    collateral: Token
    bond: int
    factory: str
    pending_owner: str = ZERO_ADDRESS
    office: Office = field(default_factory=Office)
    principals: dict[str, Principal] = field(default_factory=dict)
    invitations: dict[tuple[int, str], Invitation] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    series: dict[int, Series] = field(default_factory=dict)
    insurance: dict[int, int] = field(default_factory=dict)
    deficits: dict[int, int] = field(default_factory=dict)
    declared: dict[tuple[int, int], int] = field(default_factory=dict)  # (account, feed)
    feed_tick_size: dict[int, int] = field(default_factory=dict)
    feed_series: dict[int, tuple[int, ...]] = field(default_factory=dict)
    clocks: dict[int, Clock] = field(default_factory=dict)
    challenges: dict[int, Challenge] = field(default_factory=dict)
    cranks: dict[tuple[int, int], int] = field(default_factory=dict)  # (series, account)
    tokens: dict[tuple[int, bool], PositionToken] = field(default_factory=dict)  # (series, long)
    journal: Journal = field(default_factory=Journal)
    log: Log = field(default_factory=Log)

    def position(self, series: Series, account: int) -> Position:
        """The position of an account, an empty one where there was none. Keep it before changing it."""
        found = series.positions.get(account)
        if found is None:
            found = Position()
            self.journal.put(series.positions, account, found)
        return found
