"""Exact estimators over Decimals. Nothing here rounds, except `to_e8`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from fractions import Fraction

#: An inexact result raises instead of passing: the index is recomputed by others, to the last digit.
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero])

#: Oracle values are USD x 1e8 in a uint64.
E8 = Decimal(10) ** 8
MAX_E8 = 2**64 - 1


def blend(prices: Sequence[Decimal], weights: Sequence[int]) -> Decimal:
    """Weighted mean of prices (USD per 1M tokens). Raises decimal.Inexact if it has no finite decimal."""
    with localcontext(EXACT):
        total = sum((price * weight for price, weight in zip(prices, weights, strict=True)), Decimal(0))
        return total / sum(weights)


def median(values: Sequence[Decimal]) -> Decimal:
    """Median; of an even count the mean of the middle two. Raises ValueError on no values."""
    return weighted_median(values, [Fraction(1)] * len(values))


def yardstick(values: Sequence[Decimal]) -> Decimal:
    """What outliers are told by: the median, but of two values the lower. Raises ValueError on no values.

    The mean of two would be half of what the wrong one says.
    """
    return min(values) if len(values) == 2 else median(values)


def weighted_median(values: Sequence[Decimal], weights: Sequence[Fraction]) -> Decimal:
    """Smallest value with half of the weight at or below it; at exactly half, the mean with the next.

    Weights are positive and need not sum to 1; equal ones give the median. Raises ValueError on no values.
    """
    if not values:
        raise ValueError("no values: a median needs at least one")
    if min(weights) <= 0:
        raise ValueError(f"weights = {weights}: every weight must be more than zero")
    ordered = sorted(zip(values, weights, strict=True))
    half = sum(weights, Fraction(0)) / 2
    reached = Fraction(0)
    for position, (value, weight) in enumerate(ordered):
        reached += weight
        if reached == half:
            with localcontext(EXACT):
                return (value + ordered[position + 1][0]) / 2
        if reached > half:
            return value
    raise AssertionError("the weights sum to more than their half")


def capped_weights(groups: Sequence[str], cap: Fraction) -> list[Fraction]:
    """Weights that sum to 1: equal for every member, then no group above `cap`, the rest shared among the
    others.

    `groups` names the group of each member. Where there are too few groups for the cap to hold, groups weigh
    alike.
    """
    names = sorted(set(groups))
    sizes = {name: groups.count(name) for name in names}
    shares = {name: Fraction(sizes[name], len(groups)) for name in names}
    if cap * len(names) < 1:
        shares = {name: Fraction(1, len(names)) for name in names}
    while any(share > cap for share in shares.values()) and cap * len(names) >= 1:
        capped = {name for name, share in shares.items() if share >= cap}
        free = sum(sizes[name] for name in names if name not in capped)
        left = 1 - cap * len(capped)
        shares = {name: cap if name in capped else left * Fraction(sizes[name], free) for name in names}
    return [shares[group] / sizes[group] for group in groups]


def is_outlier(value: Decimal, middle: Decimal, above: Decimal, below: Decimal) -> bool:
    """Whether `value` is more than `above` times `middle`, or less than a `below`-th part of it."""
    return value > middle * above or value * below < middle


def to_e8(value: Decimal) -> int:
    """USD as the oracle's integer, USD x 1e8, rounded half up. Raises ValueError outside 1 .. 2**64 - 1."""
    scaled = int((value * E8).to_integral_value(ROUND_HALF_UP))
    if not 1 <= scaled <= MAX_E8:
        raise ValueError(f"value = {value} USD: allowed is 0.00000001 to {Decimal(MAX_E8) / E8} USD")
    return scaled
