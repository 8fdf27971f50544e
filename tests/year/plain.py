"""What the chain should have come to, in plain Python: from the rounds that were sent, and the trades.

Written from docs/spec/oracle.md, settlement.md and book.md; imports nothing of the package. Values are
USD x 1e8, times unix seconds, prices ticks, money base units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

TAKER_PPM, REBATE_PPM = 500, 100
BOUNTY_SHARE = Fraction(1, 10)


class Told(NamedTuple):
    """The median of one round."""

    time: int
    value: int


def in_force(told: Sequence[Told], bound_bps: int, heartbeat: int) -> list[Told]:
    """The values that count: within the bound of the last one, or confirmed by the next round."""

    def beyond(value: int, last: int) -> bool:
        return abs(Fraction(value, last) - 1) > Fraction(bound_bps, 10_000)

    valid: list[Told] = []
    waiting: Told | None = None
    for this in told:
        agrees = waiting is not None and not beyond(this.value, waiting.value)
        if waiting is not None and agrees and this.time - waiting.time < heartbeat:
            valid.append(waiting)
        waiting = this if valid and beyond(this.value, valid[-1].value) else None
        if waiting is None:
            valid.append(this)
    return valid


def integral(valid: Iterable[Told], heartbeat: int, start: int, end: int) -> tuple[int, int]:
    """Sum of value x fresh seconds in [start, end), and the fresh seconds."""
    ordered = sorted(valid)
    total = fresh = 0
    for this, following in zip(ordered, [*ordered[1:], Told(end, 0)], strict=True):
        held = range(max(this.time, start), min(following.time, this.time + heartbeat, end))
        total += this.value * len(held)
        fresh += len(held)
    return total, fresh


def settlement_tick(
    valid: Sequence[Told], heartbeat: int, start: int, end: int, tick_size: int, cap: int
) -> int:
    """The average over fresh seconds, else the last value before the window; to the tick, half up, capped."""
    total, fresh = integral(valid, heartbeat, start, end)
    average = Fraction(total, fresh) if fresh else Fraction(max(v for v in valid if v.time < start).value)
    return min(floor(average / tick_size + Fraction(1, 2)), cap)


class Trade(NamedTuple):
    """`lots` at `tick`; the taker buys, or sells."""

    maker: str
    taker: str
    buys: bool
    lots: int
    tick: int


class Payout(NamedTuple):
    """What a settled series pays or takes (negative), by owner; and who gets its fees."""

    by_owner: dict[str, int]
    bounty: int
    treasury: int


def payout(trades: Iterable[Trade], tick_value: int, settled: int) -> Payout:
    """Every position against the settlement price, fees and rebates included; whole base units."""
    by_owner: dict[str, int] = defaultdict(int)
    fees = 0
    for trade in trades:
        amount = trade.lots * trade.tick * tick_value
        gain = (settled - trade.tick) * trade.lots * tick_value * (1 if trade.buys else -1)
        fee = -(-amount * TAKER_PPM // 1_000_000)
        rebate = amount * REBATE_PPM // 1_000_000
        by_owner[trade.taker] += gain - fee
        by_owner[trade.maker] += rebate - gain
        fees += fee - rebate
    each = floor(fees * BOUNTY_SHARE) // max(len(by_owner), 1)
    bounty = each * len(by_owner)
    return Payout(dict(by_owner), bounty, fees - bounty)
