"""Where the contracts keep what, and how their words are packed.

Written from contracts/libraries/State.sol, FeedState.sol, Types.sol and IndexOracle.sol. A word's fields are
listed from its low end; a negative width is a signed field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from olivepress.hashing import keccak256

# --- slots of the exchange (State begins at slot 2, after the two of Ownable2Step) ---
OWNER, PENDING_OWNER = 0, 1
PRINCIPALS, ACCOUNTS, POSITIONS, HOT, TERMS, TRADE_TERMS, ORDERS, LEVELS, BITMAP = range(2, 11)
MONEY, OWNERS, INVITATIONS, SYMBOLS, INITIAL_MARKS, INSURANCE, TICK_SIZES, FEED_SERIES = range(11, 19)
DEFICITS, DECLARED, CLOCKS, CHALLENGES, CRANKS, TOKENS = range(19, 25)
COUNTS, BONDS, GUARDIAN, ARBITER = range(25, 29)

# --- slots of the oracle ---
FEED_COUNT = 4
FEED_STATES = 5  # an array of 2**16
_MAPPINGS = FEED_STATES + 2**16
PENDINGS, DOCUMENTS, SET_COUNT, SETS, CHECKPOINTS, RANGES = range(_MAPPINGS, _MAPPINGS + 6)

NO_ASK = 2**24 - 1
SETTLED = 255
ACCOUNT_TOKEN = 1 << 88
HOT_TRADED, HOT_STALE, HOT_GUARDED, HOT_SETTLED, HOT_CLOSED, HOT_DEFICIT = 1, 2, 4, 8, 16, 32


class Field(NamedTuple):
    name: str
    shift: int
    width: int
    signed: bool


class Layout:
    """A packed word."""

    def __init__(self, fields: Iterable[tuple[str, int]]) -> None:
        self.fields: list[Field] = []
        shift = 0
        for name, width in fields:
            self.fields.append(Field(name, shift, abs(width), width < 0))
            shift += abs(width)
        if shift > 256:
            raise ValueError(f"{shift} bits do not fit a word")

    def pack(self, values: Mapping[str, int]) -> int:
        """A word. ValueError for a value that does not fit."""
        word = 0
        for name, shift, width, signed in self.fields:
            value = values[name]
            low = -(1 << (width - 1)) if signed else 0
            if not low <= value < low + (1 << width):
                raise ValueError(f"{name} {value} does not fit {width} bits")
            word |= (value & ((1 << width) - 1)) << shift
        return word

    def unsigned(self, name: str, word: int) -> int:
        """One field that has no sign."""
        field = next(one for one in self.fields if one.name == name)
        return word >> field.shift & ((1 << field.width) - 1)

    def unpack(self, word: int) -> dict[str, int]:
        found = {}
        for name, shift, width, signed in self.fields:
            value = word >> shift & ((1 << width) - 1)
            if signed and value >> (width - 1):
                value -= 1 << width
            found[name] = value
        return found


POSITION = Layout(
    [
        ("lots", -32),
        ("open_buy", 32),
        ("open_sell", 32),
        ("quote", -80),
        ("epoch", 32),
        ("open_count", 8),
        ("checked_mark", 24),
        ("last_fill_day", 16),
    ]
)
HOT_WORD = Layout(
    [
        ("bid", 24),
        ("ask", 24),
        ("mark", 24),
        ("mark_time", 32),
        ("basis", -32),
        ("basis_time", 32),
        ("open_interest", 32),
        ("fees", 48),
        ("flags", 8),
    ]
)
TERMS_WORD = Layout(
    [
        ("tick_value", 32),
        ("price_cap", 24),
        ("feed", 16),
        ("im_bps", 16),
        ("mm_bps", 16),
        ("spread_bps", 16),
        ("band_bps", 16),
        ("gap_bps", 16),
        ("position_limit", 32),
        ("window_start", 16),
        ("expiry_day", 16),
        ("max_mark_age", 16),
        ("min_lots", 8),
        ("concentration_pct", 8),
        ("gain_pct", 8),
    ]
)
TRADE_TERMS_WORD = Layout(
    [("tick_size", 64), ("max_basis", 24), ("open_interest_cap", 32), ("taker_fee", 16), ("maker_rebate", 16)]
)
ORDER = Layout(
    [
        ("account", 32),
        ("lots", 32),
        ("epoch", 32),
        ("expiry", 32),
        ("flags", 8),
        ("generation", 16),
        ("client_id", 64),
    ]
)
CLOCK = Layout([("since", 40), ("negative_since", 40), ("looked_at", 40)])
CHALLENGE = Layout([("challenger", 32), ("since", 40), ("ruling", 24), ("ruled", 8), ("bond", 128)])
MONEY_WORDS = (
    Layout([("pool", 96), ("advance", 96), ("members", 32), ("uncranked", 32)]),
    Layout([("claims", 96), ("collected", 96), ("reduce_only_until", 64)]),
    Layout([("drawn", 96), ("fees", 96), ("credited", 32)]),
    Layout([("bounty", 64)]),
)
PRINCIPAL = Layout([("account", 32), ("permissions", 8), ("expiry", 40)])
FEED_STATE = Layout(
    [
        ("price", 52),
        ("cumulative", 84),
        ("time", 32),
        ("stale", 32),
        ("round", 24),
        ("heartbeat_minutes", 11),
        ("bound_steps", 11),
        ("operator_set", 8),
        ("pending", 1),
        ("halted", 1),
    ]
)
PENDING = Layout([("price", 64), ("time", 32), ("round", 24)])
OPERATOR_SET = Layout([("operators_hash", 192), ("version", 16), ("operators", 8), ("quorum", 8)])
CHECKPOINT = Layout([("price_seconds", 88), ("fresh_seconds", 32), ("last_price", 64), ("last_time", 32)])


@lru_cache(maxsize=1 << 16)
def mapped(slot: int, key: int) -> int:
    """The slot of `mapping[key]` for a mapping of whole words at `slot`."""
    return int.from_bytes(keccak256(key.to_bytes(32) + slot.to_bytes(32)))


def position_key(account: int, series: int) -> int:
    return account << 16 | series


def side_key(series: int, side: int) -> int:
    return series << 8 | side


def order_slot(series: int, side: int, tick: int, index: int) -> int:
    return mapped(ORDERS, side_key(series, side) << 56 | tick << 32 | index)


def level_slot(series: int, side: int, tick: int) -> tuple[int, int]:
    """The slot of four levels, and the bits by which this one is shifted."""
    return mapped(LEVELS, side_key(series, side) << 22 | tick >> 2), (tick & 3) << 6


def bitmap_slot(series: int, side: int, height: int, index: int) -> int:
    return mapped(BITMAP, side_key(series, side) << 24 | height << 16 | index)


def short_string(text: str) -> int:
    """The word of a string of at most 31 bytes in storage."""
    raw = text.encode()
    if len(raw) > 31:
        raise ValueError(f"{text!r} does not fit one word")
    return int.from_bytes(raw.ljust(31, b"\0") + bytes((2 * len(raw),)))
