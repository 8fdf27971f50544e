"""Bonded challenges of a settlement whose window is thinly covered (Challenges.sol;
docs/spec/settlement.md).

The settlement price is the window's average over its fresh seconds, rounded to the tick (SETTLE-6). When
fewer than 98% of the window's seconds were fresh, anyone may post a bond and challenge it (SETTLE-8); the
arbiter then decides, only between the lowest and highest value published in the window (SETTLE-9).
Unchallenged, or after the arbiter's silence, the average stands (SETTLE-10). With no fresh second at all, the
last value before the window does (SETTLE-12).
"""

from __future__ import annotations

from typing import NamedTuple

from olivepress.events.model import BondReturned, Challenged, Ruled
from olivepress.model import insurance, ledger
from olivepress.model.accounts import actor
from olivepress.model.errors import refuse
from olivepress.model.state import DAY, OWNER, Call, Challenge, Series, State
from olivepress.reverts import (
    AlreadyChallenged,
    AlreadySettled,
    CoverageTooLow,
    NotAuthorised,
    NotChallengeable,
    NotChallenged,
    NotExpired,
    RulingOutOfRange,
    UnknownSeries,
    WindowNotFixed,
)

WINDOW = 2 * DAY
"""Seconds after expiry in which a challenge can be posted."""
SILENCE = 5 * DAY
"""Seconds after a challenge in which the arbiter can rule."""
MIN_COVERAGE = 98
"""Coverage, in hundredths of the window, below which a settlement can be challenged."""


class Average(NamedTuple):
    """The settlement tick that the oracle gives. `fixed` once no report can change it."""

    tick: int
    fresh: int
    elapsed: int
    fixed: bool

    @property
    def thin(self) -> bool:
        """Covered too little to stand at once."""
        return self.fresh * 100 < self.elapsed * MIN_COVERAGE


def average(state: State, series: Series, now: int) -> Average:
    """The window's average over its fresh seconds; without one, the last value before the window (SETTLE-6,
    SETTLE-12)."""
    spec = series.spec
    total, fresh, elapsed, fixed = state.oracle.window(spec.feed, spec.window_start, spec.expiry_day, now)
    if fresh:
        tick = _ticks(total, fresh * spec.tick_size, spec.price_cap)
    else:
        last, _ = state.oracle.last_before(spec.feed, spec.window_start, now)
        tick = _ticks(last, spec.tick_size, spec.price_cap)
    return Average(tick, fresh, elapsed, fixed)


def challenge(state: State, call: Call, number: int) -> None:
    """Posts a bond against the average. By anyone with an account, into which the bond may return."""
    account = actor(state, call, OWNER)
    series = state.series.get(number)
    if series is None:
        refuse(UnknownSeries, number)
    if call.time < series.expiry:
        refuse(NotExpired, number, series.expiry)
    if series.hot.settled:
        refuse(AlreadySettled, number)
    found = average(state, series, call.time)
    if not found.fixed:
        refuse(WindowNotFixed, number)
    if not found.thin or call.time >= series.expiry + WINDOW:
        refuse(NotChallengeable, number)
    if number in state.challenges:
        refuse(AlreadyChallenged, number, state.challenges[number].challenger)
    state.journal.put(state.challenges, number, Challenge(account.id, call.time, state.bond))
    _add_to_bonds(state, state.bond)
    state.log.add(Challenged, number, account.id, state.bond)
    ledger.pull(state, call.sender, state.bond)


def rule(state: State, call: Call, number: int, tick: int, evidence: bytes) -> None:
    """The arbiter decides (SETTLE-9). Upheld when the ruling differs from the average: then the bond goes
    back to the challenger; otherwise to insurance (SETTLE-11)."""
    if call.sender != state.office.arbiter:
        refuse(NotAuthorised, call.sender)
    posted = state.challenges.get(number)
    if posted is None or posted.ruled or call.time >= posted.since + SILENCE:
        refuse(NotChallenged, number)
    series = state.series[number]
    mean = average(state, series, call.time).tick
    low, high = _range(state, series, call.time)
    # The value that was in force when the window began counts in the average, published in it or not.
    low, high = min(low, mean), max(high, mean)
    if not low <= tick <= high:
        refuse(RulingOutOfRange, tick, low, high)
    upheld = tick != mean
    state.journal.keep(posted)
    posted.ruled, posted.ruling = True, tick
    bond = _take_bond(state, posted)
    if not upheld:
        insurance.add(state, series.spec.feed, bond)
    state.log.add(Ruled, number, tick, evidence, upheld)
    if upheld:
        _refund(state, posted.challenger, bond)


def _range(state: State, series: Series, now: int) -> tuple[int, int]:
    """Lowest and highest tick that the arbiter may choose."""
    spec = series.spec
    low, high = state.oracle.window_range(spec.feed, spec.window_start, spec.expiry_day, now)
    if high == 0:
        low, _ = state.oracle.last_before(spec.feed, spec.window_start, now)
        high = low
    return _ticks(low, spec.tick_size, spec.price_cap), _ticks(high, spec.tick_size, spec.price_cap)


def decide(state: State, series: Series, found: Average, now: int) -> int:
    """The settlement tick of a thinly covered window, or a refusal that says from when on there is one."""
    posted = state.challenges.get(series.id)
    if posted is not None and posted.ruled:
        return posted.ruling
    stands_from = series.expiry + WINDOW if posted is None else posted.since + SILENCE
    if now < stands_from:
        refuse(CoverageTooLow, found.fresh, found.elapsed, stands_from)
    return found.tick


def release(state: State, number: int) -> None:
    """At settlement after the arbiter's silence the bond goes back (SETTLE-10)."""
    posted = state.challenges.get(number)
    if posted is not None and posted.bond:
        state.journal.keep(posted)
        _refund(state, posted.challenger, _take_bond(state, posted))


def _refund(state: State, challenger: int, amount: int) -> None:
    """Into the challenger's account, so that no token can block a settlement by refusing to pay out."""
    if amount:
        account = state.accounts[challenger]
        ledger.set_cash(state, account, account.cash + amount)
        state.log.add(BondReturned, challenger, amount)


def _take_bond(state: State, posted: Challenge) -> int:
    bond, posted.bond = posted.bond, 0
    _add_to_bonds(state, -bond)
    return bond


def _add_to_bonds(state: State, amount: int) -> None:
    state.journal.keep(state.office)
    state.office.bonds += amount


def _ticks(total: int, unit: int, cap: int) -> int:
    """total / unit, rounded half up, at most the cap."""
    return min((total + (unit >> 1)) // unit, cap)
