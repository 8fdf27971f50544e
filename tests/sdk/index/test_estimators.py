"""Exact estimators: medians, blends, capped weights and the oracle's integer."""

from __future__ import annotations

import statistics
from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress.index.estimators import blend, capped_weights, median, to_e8, weighted_median

prices = st.decimals(min_value="0.01", max_value="1000", places=6)


def test_blend_is_three_input_to_one_output() -> None:
    assert blend([Decimal(30), Decimal(60)], [3, 1]) == Decimal("37.5")
    assert blend([Decimal("11.02"), Decimal("32.68")], [3, 1]) == Decimal("16.435")


def test_a_blend_without_a_finite_decimal_raises() -> None:
    with pytest.raises(Inexact):
        blend([Decimal(1), Decimal(1), Decimal(2)], [1, 1, 1])


def test_an_even_count_takes_the_mean_of_the_middle_two() -> None:
    """[IDX-5]"""
    assert median([Decimal("37.5"), Decimal("16.435")]) == Decimal("26.9675")
    assert median([Decimal(4), Decimal(1), Decimal(3), Decimal(2)]) == Decimal("2.5")
    assert median([Decimal(9), Decimal(1), Decimal(5)]) == 5


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        median([])
    with pytest.raises(ValueError, match="more than zero"):
        weighted_median([Decimal(1)], [Fraction(0)])


@given(st.lists(prices, min_size=1, max_size=30))
def test_median_agrees_with_the_standard_library(values: list[Decimal]) -> None:
    assert median(values) == statistics.median(values)


@given(st.lists(st.tuples(prices, st.integers(1, 5)), min_size=1, max_size=12))
def test_a_weight_counts_like_that_many_values(pairs: list[tuple[Decimal, int]]) -> None:
    """[IDX-11]"""
    repeated = [value for value, weight in pairs for _ in range(weight)]
    values = [value for value, _ in pairs]
    assert weighted_median(values, [Fraction(weight) for _, weight in pairs]) == statistics.median(repeated)


@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20), st.sampled_from(["1/4", "1/3", "1/2", "1"])
)
def test_capped_weights_sum_to_one_and_hold_the_cap_where_it_can_hold(groups: list[str], text: str) -> None:
    """[IDX-10]"""
    cap = Fraction(text)
    weights = capped_weights(groups, cap)
    assert sum(weights) == 1
    assert min(weights) > 0
    share = {name: sum(w for g, w in zip(groups, weights, strict=True) if g == name) for name in set(groups)}
    if cap * len(share) >= 1:
        assert max(share.values()) <= cap
    else:
        assert set(share.values()) == {Fraction(1, len(share))}


def test_a_group_of_many_weighs_no_more_than_the_cap() -> None:
    """[IDX-10]"""
    groups = ["big"] * 6 + ["a", "b", "c", "d"]
    assert capped_weights(groups, Fraction(1, 4))[0] == Fraction(1, 24)
    assert capped_weights(groups, Fraction(1, 4))[6] == Fraction(3, 16)
    # Without a cap every provider weighs the same.
    assert set(capped_weights(groups, Fraction(1))) == {Fraction(1, 10)}


def test_the_oracles_integer_is_rounded_half_up() -> None:
    """[IDX-5]"""
    assert to_e8(Decimal("3.5")) == 350_000_000
    assert to_e8(Decimal("0.000000005")) == 1
    assert to_e8(Decimal("1.234567885")) == 123_456_789
    assert to_e8(Decimal("1.234567884999")) == 123_456_788


@pytest.mark.parametrize("value", ["0", "0.000000004", "-1", "184467440737.09551616"])
def test_a_value_the_oracle_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        to_e8(Decimal(value))
