"""Series terms: human units to the contract's integers and back, and every refusal before anything is
sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from market_kit import terms
from olivepress.errors import OutOfRange, ValidationError, WrongTick
from olivepress.exchange import SeriesTerms

D = Decimal


def test_units() -> None:
    spec = terms(
        initial_margin=D("25.5"), taker_fee=D("0.0375"), maker_rebate=D("0.01"), tick_value=D("0.1")
    ).to_spec(6)
    assert (spec.tick_size, spec.tick_value, spec.price_cap, spec.initial_mark) == (
        100_000,
        100_000,
        30_000,
        3_500,
    )
    assert (spec.im_bps, spec.taker_fee, spec.maker_rebate, spec.concentration_pct) == (2_550, 375, 100, 50)
    assert (spec.window_start, spec.expiry_day) == (20_811, 20_818)


def test_terms_survive_the_way_there_and_back() -> None:
    told = terms(taker_fee=D("0.0375"), gap=D("2.25"), min_lots=3)
    assert SeriesTerms.from_spec(told.to_spec(6), 6) == told
    spec = told.to_spec(6)
    assert SeriesTerms.from_spec(replace(spec, max_basis=7), 6).max_basis == D("0.007")


@pytest.mark.parametrize(
    ("field", "value", "kind", "message"),
    [
        ("symbol", "llm", ValidationError, "symbol"),
        ("symbol", "X" * 32, ValidationError, "symbol"),
        ("feed", 0, ValidationError, "feed"),
        ("tick_size", 0.001, ValidationError, "tick_size.*Decimal, an int or a decimal text"),
        ("tick_size", D(0), ValidationError, "tick_size"),
        ("initial_mark", D("NaN"), ValidationError, "initial_mark"),
        ("initial_mark", D(31), OutOfRange, "at most the price cap, 30"),
        ("initial_margin", D(20), OutOfRange, r"at least 22\.05"),
        ("maker_rebate", D(1), OutOfRange, "at most the taker fee"),
        ("spread_margin", D(11), OutOfRange, "at most 10"),
        ("expiry", date(2026, 12, 24), OutOfRange, "1 to 31 days after 2026-12-24"),
        ("expiry", date(2027, 2, 24), OutOfRange, "1 to 31 days after 2026-12-24"),
        ("min_lots", 256, ValidationError, "min_lots"),
        ("max_mark_age", 3601, ValidationError, "max_mark_age"),
        ("colour", "red", ValidationError, "colour"),
    ],
)
def test_terms_that_cannot_be(field: str, value: Any, kind: type[ValidationError], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        terms(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"price_cap": D("30.0005")}, WrongTick, "price_cap"),
        ({"initial_mark": D("3.5001")}, WrongTick, "initial_mark"),
        ({"tick_value": D("0.0000001")}, OutOfRange, "tick_value.*6 decimals"),
        ({"tick_value": D(5000)}, OutOfRange, "tick_value"),
        ({"tick_size": D("0.000000001")}, OutOfRange, "tick_size"),
        ({"price_cap": D(20_000)}, OutOfRange, "price_cap"),
        ({"band": D("5.001"), "initial_margin": D(30)}, ValidationError, "band.*0.01 percent"),
        ({"concentration": D("50.5")}, ValidationError, "concentration.*steps of 1 percent"),
        (
            {"position_limit": 2**30, "tick_value": D(4000), "price_cap": D(16_000)},
            OutOfRange,
            "position_limit",
        ),
    ],
)
def test_terms_that_do_not_fit_the_contract(
    changes: dict[str, Any], kind: type[ValidationError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        terms(**changes).to_spec(6)


def test_decimals_of_the_collateral_count() -> None:
    assert terms().to_spec(6).tick_value == 10**6
    assert terms().to_spec(8).tick_value == 10**8
