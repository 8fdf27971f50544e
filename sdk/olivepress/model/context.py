"""What one call on one book has at hand (Context.sol)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from olivepress.events.records import CancelReason, TakeEnd
from olivepress.model.journal import RawRecord
from olivepress.model.mark import Quote
from olivepress.model.state import Account, Position, Series, State

DEFAULT_STEPS = 64

# Why a resting order left the book, and what became of a taking one (IExchangeEvents.sol), as plain numbers.
BY_OWNER, BY_EXPIRY, BY_BAND, BY_GAP, BY_EPOCH, BY_SELF_TRADE, BY_REDUCE_ONLY = map(int, CancelReason)
END_FILLED, END_RESTS, END_IMMEDIATE, END_STEPS, END_SELF_TRADE, END_REDUCED = map(int, TakeEnd)
ALIVE = -1


@dataclass(slots=True)
class Context:
    """One account acting on one book.

    `before` are the values of the position, `open_before` the open interest when the call began. `steps` are
    resting orders that may still be looked at, `records` what happened to the book. `quote` is the mark of
    this second once it was asked for; the hot figures have it too. `margined`: the position or its orders
    grew, so margin is checked at the end. `traded_ticks` is the sum of lots x tick, `fees` those of the
    trades less their rebates; none where they are waived.
    """

    state: State
    now: int
    account: Account
    series: Series
    position: Position
    before: tuple[Any, ...]
    open_before: int
    steps: int
    records: list[RawRecord]
    quote: Quote | None = None
    fees_waived: bool = False
    margined: bool = False
    traded_lots: int = 0
    traded_ticks: int = 0
    fees: int = 0
