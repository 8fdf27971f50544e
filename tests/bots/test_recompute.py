"""The plain-Python settlement check against a second, slower reading of the same rule: second by second."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress_bots.demo.recompute import Published, Window, integrate, settlement_tick


def second_by_second(published: list[Published], heartbeat: int, start: int, end: int) -> tuple[int, int]:
    """(value seconds, fresh seconds): at each second the newest value counts if it is not older than the
    heartbeat."""
    total = fresh = 0
    for second in range(start, end):
        known = [item for item in published if item.time <= second]
        if known and second - max(known).time < heartbeat:
            total += max(known).value
            fresh += 1
    return total, fresh


@given(
    st.dictionaries(st.integers(0, 120), st.integers(1, 1000), max_size=12),
    st.integers(1, 60),
    st.integers(0, 60),
    st.integers(1, 60),
)
def test_integral_equals_the_sum_over_seconds(
    values: dict[int, int], heartbeat: int, start: int, length: int
) -> None:
    published = [Published(time, value) for time, value in values.items()]
    window = integrate(published, heartbeat, start, start + length)
    expected = second_by_second(published, heartbeat, start, start + length)
    assert (window.value_seconds, window.fresh_seconds) == expected
    assert window.elapsed == length


def test_no_fresh_second_falls_back_to_the_last_value_before() -> None:
    window = integrate([Published(0, 100), Published(5, 300)], 10, 50, 60)
    assert window.fresh_seconds == 0
    assert window.average == Fraction(300)
    assert integrate([], 10, 50, 60).average is None
    assert settlement_tick(integrate([], 10, 50, 60), 100_000, 50_000) is None


@pytest.mark.parametrize(
    ("value_seconds", "tick"),
    [(4_000 * 10**5, 4_000), (40_005 * 10**4, 4_001), (40_005 * 10**4 - 1, 4_000), (10**12, 50_000), (1, 0)],
)
def test_tick_is_rounded_half_up_and_clamped(value_seconds: int, tick: int) -> None:
    assert settlement_tick(Window(value_seconds, 1, 1, None), 100_000, 50_000) == tick
