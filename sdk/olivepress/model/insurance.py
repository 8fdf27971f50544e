"""Insurance of a feed, the deficits declared against it, and the brake (Insurance.sol;
docs/spec/liquidation.md).

While the declared deficits of a feed exceed its insurance, its series are reduce-only and nothing is drawn
from them: no winner runs while a loss is unassigned (LIQ-12).
"""

from __future__ import annotations

from olivepress.model.state import State


def add(state: State, feed: int, amount: int) -> None:
    state.journal.put(state.insurance, feed, state.insurance.get(feed, 0) + amount)
    brake(state, feed)


def take(state: State, feed: int, amount: int) -> None:
    state.journal.put(state.insurance, feed, state.insurance.get(feed, 0) - amount)
    brake(state, feed)


def declare(state: State, account: int, feed: int, amount: int) -> None:
    """Sets what an account is declared to be short of in a feed; 0 clears it."""
    before = state.declared.get((account, feed), 0)
    state.journal.put(state.deficits, feed, state.deficits.get(feed, 0) + amount - before)
    state.journal.put(state.declared, (account, feed), amount)
    brake(state, feed)


def brake(state: State, feed: int) -> None:
    """Puts the brake of a feed on its live series, or takes it off."""
    on = state.deficits.get(feed, 0) > state.insurance.get(feed, 0)
    for number in state.feed_series.get(feed, ()):
        hot = state.series[number].hot
        if hot.deficit != on:
            state.journal.keep(hot)
            hot.deficit = on


def delist(state: State, feed: int, series: int) -> None:
    """A settled series leaves its feed's list."""
    left = tuple(number for number in state.feed_series.get(feed, ()) if number != series)
    state.journal.put(state.feed_series, feed, left)
