"""When a feed is reported: on the schedule, when it is overdue, pending or moved, and never twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from olivepress.oracle.operator import Schedule, Trigger, due
from operator_kit import NOON, SCHEDULE, feed_state

PRICE = 230_000_000


@pytest.mark.parametrize(
    ("at", "value", "state", "expected"),
    [
        (NOON, PRICE, {}, Trigger.SCHEDULE),
        (NOON + 60, PRICE, {"time": NOON}, None),
        (NOON + 60, PRICE, {"time": NOON - 900}, None),  # the round of noon may be on its way
        (NOON + 120, PRICE, {"time": NOON - 900}, Trigger.OVERDUE),
        (NOON + 60, PRICE, {"time": 0, "price": 0}, Trigger.OVERDUE),
        (NOON + 60, PRICE * 101 // 100, {"time": NOON}, None),  # exactly the bound
        (NOON + 60, PRICE * 101 // 100 + 1, {"time": NOON}, Trigger.DEVIATION),
        (NOON + 60, PRICE * 99 // 100 - 1, {"time": NOON}, Trigger.DEVIATION),
        (NOON + 60, PRICE, {"time": NOON - 900, "pending_time": NOON, "pending_price": 1}, Trigger.PENDING),
        (NOON, PRICE, {"time": NOON - 900, "pending_time": NOON, "pending_price": 1}, None),
        (NOON, PRICE, {"halted": True}, None),
    ],
)
def test_what_makes_a_report_due(
    at: int, value: int, state: dict[str, Any], expected: Trigger | None
) -> None:
    assert due(SCHEDULE, 100, feed_state(**state), value, at) == expected


def test_without_the_chain_only_the_time_counts() -> None:
    moved = feed_state(pending_time=NOON - 60, pending_price=1)
    assert due(SCHEDULE, 100, moved, 2 * PRICE, NOON + 60, blind=True) is None
    assert due(SCHEDULE, 100, moved, 2 * PRICE, NOON, blind=True) is Trigger.SCHEDULE


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 2**52 - 1), st.booleans())
def test_nothing_is_due_that_the_chain_has(time: int, at: int, value: int, pending: bool) -> None:
    state = feed_state(time=NOON + time, pending_time=NOON + time + 60 if pending else 0)
    if due(SCHEDULE, 100, state, value, SCHEDULE.at(NOON + at)) is not None:
        assert SCHEDULE.at(NOON + at) > state.seen


@given(st.integers(1, 3600), st.integers(0, 10**9))
def test_times_are_on_the_grid(grid: int, now: int) -> None:
    at = Schedule(grid_seconds=max(grid, 2), interval_seconds=max(grid, 2)).at(now)
    assert at <= now < at + max(grid, 2)
    assert at % max(grid, 2) == 0


def test_the_interval_is_on_the_grid() -> None:
    with pytest.raises(ValidationError, match="interval_seconds = 100: allowed are multiples of"):
        Schedule(grid_seconds=60, interval_seconds=100)
