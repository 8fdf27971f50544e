"""Where an answer turns is found by trying on the contracts; then both sides of it are played."""

from __future__ import annotations

from collections.abc import Callable

from differential.actions import Action
from differential.generator.basics import fund
from differential.generator.world import Plan, World

MOST_CASH = 2**60


Seen = Callable[[], object]
"""What is looked at when the actions are done."""


def nothing() -> object:
    """Only the answer counts."""
    return None


def answer(w: World, actions: list[Action], seen: Seen) -> tuple[str, object]:
    """What would become of the last of some actions: the name of its error, or nothing; and what is seen.
    Nothing changes."""
    with w.contracts.undone():
        for one in actions:
            w.contracts.set_time(one.at)
            error = w.contracts.send(one.sender, w.contracts.addresses[one.target], one.calldata()).error
        found = seen()
    return type(error).__name__ if error is not None else "", found


def turn(
    w: World, make: Callable[[int], list[Action]], low: int, high: int, seen: Seen = nothing
) -> int | None:
    """The least number above `low` at which the answer to the last action is no longer that at `low`; None
    where the one at `high` is the same."""
    first = answer(w, make(low), seen)
    if answer(w, make(high), seen) == first:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if answer(w, make(middle), seen) == first else (low, middle)
    return high


def by_cash(w: World, owner: str, action: Callable[[], Action], seen: Seen = nothing) -> Plan:
    """Acts when a unit of cash is missing for another answer, and when it is there."""

    def richer(amount: int) -> list[Action]:
        return [*fund(w, owner, amount), action()]

    found = turn(w, richer, 1, MOST_CASH, seen)
    if found is not None:
        yield from fund(w, owner, found - 1)
        yield action()
        yield from fund(w, owner, 1)
    yield action()


def by_number(w: World, action: Callable[[int], Action], low: int, high: int) -> Plan:
    """Acts with the number at which the answer turns, and with the one before it."""
    found = turn(w, lambda number: [action(number)], low, high)
    for number in (low,) if found is None else (found, found - 1):
        yield action(number)
