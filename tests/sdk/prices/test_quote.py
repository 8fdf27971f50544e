"""One quote: what it accepts, what it refuses, and how it says so."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress.errors import ValidationError
from olivepress.prices import Kind, Market, PriceError, Quote, QuoteError, Unit
from olivepress.prices.quote import SANE_USD, plain, to_decimal, to_utc
from olivepress.prices.record import quote_from_record

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOOD = Quote("openai", "gpt-5", Decimal("1.25"), Unit.INPUT_MTOK, NOW, "genai-prices==0.2.3")
RECORD = {"observed_at": "2026-11-01T12:00:00Z", "venue": "RunPod", "item": "H100-SXM", "price": "2.69"}
RECORD["unit"] = "GPU-hour"


def test_defaults_are_an_on_demand_list_price_in_usd() -> None:
    assert (GOOD.kind, GOOD.market, GOOD.currency, GOOD.tier) == (Kind.LIST, Market.ON_DEMAND, "USD", "")


def test_a_quote_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        GOOD.price = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", Decimal(0)),
        ("price", Decimal("-1.25")),
        ("price", Decimal("NaN")),
        ("price", Decimal("sNaN")),
        ("price", Decimal("Infinity")),
        ("price", Decimal("1000.01")),
        ("price", Decimal("0.0009")),
        ("price", 1.25),
        ("price", "1.25"),
        ("venue", ""),
        ("venue", " openai"),
        ("venue", "OpenAI"),
        ("item", "  "),
        ("source", ""),
        ("currency", "EUR"),
        ("unit", "USD"),
        ("kind", "rumour"),
        ("market", None),
        ("observed_at", datetime(2026, 11, 1)),  # noqa: DTZ001 - a naive time is what is refused
        ("observed_at", "2026-11-01"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(field: str, value: object) -> None:
    with pytest.raises(QuoteError) as caught:
        replace(GOOD, **{field: value})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert field in str(caught.value)
    assert caught.value.allowed in str(caught.value)
    assert isinstance(caught.value, PriceError)
    assert isinstance(caught.value, ValidationError)


@pytest.mark.parametrize("unit", list(Unit))
def test_the_ends_of_the_sane_band_are_inside(unit: Unit) -> None:
    low, high = SANE_USD[unit]
    for price in (low, high):
        assert replace(GOOD, unit=unit, price=price).price == price
    for price in (low / 2, high * 2):
        with pytest.raises(QuoteError):
            replace(GOOD, unit=unit, price=price)


def test_time_is_kept_in_utc() -> None:
    there = datetime(2026, 11, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert replace(GOOD, observed_at=there) == GOOD
    assert replace(GOOD, observed_at=there).observed_at.tzinfo is UTC


def test_equal_prices_are_written_alike() -> None:
    assert str(replace(GOOD, price=Decimal("1.2500")).price) == "1.25"
    assert str(replace(GOOD, price=Decimal("3E+1")).price) == "30"


@given(st.decimals(min_value="-1e12", max_value="1e12", places=12))
def test_plain_keeps_the_number(value: Decimal) -> None:
    assert plain(value) == value
    assert "E" not in str(plain(value)).upper() or plain(value) == 0 or abs(value) < Decimal("1e-6")


@pytest.mark.parametrize("text", ["", "abc", "1,5", "NaN", "inf", None, 1.5, True, "0x10"])
def test_to_decimal_refuses(text: object) -> None:
    with pytest.raises(QuoteError, match="price"):
        to_decimal("price", text)


def test_to_decimal_is_exact() -> None:
    assert to_decimal("price", " 0.1 ") * 3 == Decimal("0.3")
    assert to_decimal("price", 7) == 7


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-11-01T10:00:00"])
def test_to_utc_refuses(text: str) -> None:
    with pytest.raises(QuoteError, match="observed_at"):
        to_utc("observed_at", text)


def test_a_date_is_its_midnight_utc() -> None:
    assert to_utc("observed_at", "2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_record_is_read() -> None:
    quote = quote_from_record({**RECORD, "kind": "offer", "market": "spot", "tier": "community"}, "gpu.csv")
    assert quote == Quote(
        "runpod",
        "H100-SXM",
        Decimal("2.69"),
        Unit.GPU_HOUR,
        NOW,
        "gpu.csv",
        kind=Kind.OFFER,
        market=Market.SPOT,
        tier="community",
    )


def test_a_node_of_eight_is_priced_per_gpu() -> None:
    # AWS p5.48xlarge, eight H100, before and after June 2025.
    assert quote_from_record({**RECORD, "price": "98.32", "count": "8"}, "a").price == Decimal("12.29")
    assert quote_from_record({**RECORD, "price": "55.04", "count": "8"}, "a").price == Decimal("6.88")
    assert quote_from_record({**RECORD, "price": "10", "count": "3"}, "a").price == Decimal("3.333333333333")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", "0"),
        ("count", "-8"),
        ("count", "eight"),
        ("unit", "hour"),
        ("kind", "x"),
        ("market", "x"),
        ("price", ""),
    ],
)
def test_a_bad_record_names_the_field(field: str, value: str) -> None:
    with pytest.raises(QuoteError) as caught:
        quote_from_record({**RECORD, field: value}, "gpu.csv")
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["observed_at", "venue", "item", "price", "unit"])
def test_required_fields_are_required(field: str) -> None:
    record = {name: value for name, value in RECORD.items() if name != field}
    with pytest.raises(QuoteError) as caught:
        quote_from_record(record, "gpu.csv")
    assert caught.value.field == field
