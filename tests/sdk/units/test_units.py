"""Exactness both ways, and refusals that say what is allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress import units
from olivepress.errors import OutOfRange, ValidationError, WrongLots, WrongTick, WrongType

tick_sizes = st.sampled_from([Decimal(text) for text in ("0.001", "0.1", "1", "0.00000001", "0.025")])


@given(st.integers(0, units.MAX_TICK), tick_sizes)
def test_ticks_round_trip(ticks: int, tick_size: Decimal) -> None:
    assert units.price_to_ticks(units.ticks_to_price(ticks, tick_size), tick_size) == ticks


@given(st.integers(1, units.MAX_LOTS), st.sampled_from([Decimal(1), Decimal(1000), Decimal("0.1")]))
def test_lots_round_trip(lots: int, lot_size: Decimal) -> None:
    assert units.size_to_lots(units.lots_to_size(lots, lot_size), lot_size) == lots


@given(st.integers(0, 2**256 - 1), st.sampled_from([0, 6, 8, 18]))
def test_base_units_round_trip(base: int, decimals: int) -> None:
    assert units.amount_to_base(units.base_to_amount(base, decimals), decimals) == base


@given(st.decimals(min_value=0, max_value=16000, allow_nan=False, places=9))
def test_a_price_off_the_grid_names_its_neighbours(price: Decimal) -> None:
    step = Decimal("0.001")
    if price % step == 0:
        assert units.price_to_ticks(price, step) * step == price
        return
    with pytest.raises(WrongTick) as caught:
        units.price_to_ticks(price, step, field="limit")
    low = price // step * step
    assert caught.value.field == "limit"
    assert units.plain(low + step) in caught.value.allowed
    assert low == 0 or f"{units.plain(low)} or" in caught.value.allowed


def test_known_values() -> None:
    assert units.price_to_ticks(Decimal("3.500"), Decimal("0.001")) == 3500
    assert units.price_to_ticks(3, Decimal("0.001")) == 3000
    assert units.amount_to_base(Decimal("1.5"), 6) == 1_500_000
    assert units.base_to_amount(-1_500_000, 6) == Decimal("-1.5")
    assert units.price_to_oracle(Decimal("3.5")) == 350_000_000
    assert units.oracle_to_price(350_000_000) == Decimal("3.5")
    assert units.size_to_lots(Decimal(2000), Decimal(1000)) == 2


@pytest.mark.parametrize("value", [1.5, True, "1.5", None, b"1"])
def test_only_decimal_and_int_are_money(value: object) -> None:
    with pytest.raises(WrongType, match="never a float"):
        units.price_to_ticks(value, Decimal("0.001"))  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="never a float"):
        units.amount_to_base(value, 6)  # type: ignore[arg-type]
    with pytest.raises(WrongType, match="never a float"):
        units.size_to_lots(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal(-1), Decimal(16778)])
def test_prices_out_of_range(value: Decimal) -> None:
    with pytest.raises(OutOfRange) as caught:
        units.price_to_ticks(value, Decimal("0.001"))
    assert caught.value.field == "price"
    assert caught.value.value is value


@pytest.mark.parametrize("value", [Decimal(0), Decimal(-1), Decimal("0.5"), Decimal(2**32)])
def test_sizes_out_of_range(value: Decimal) -> None:
    with pytest.raises(WrongLots, match="size"):
        units.size_to_lots(value)


def test_amounts_finer_than_the_token() -> None:
    with pytest.raises(OutOfRange, match="at most 6 decimals"):
        units.amount_to_base(Decimal("0.0000001"), 6)
    with pytest.raises(OutOfRange, match="0 or more"):
        units.amount_to_base(Decimal(-1), 6)
    with pytest.raises(OutOfRange, match="256"):
        units.amount_to_base(2**256, 0)


def test_days_are_utc() -> None:
    assert units.day_of(date(1970, 1, 2)) == 1
    assert units.day_of(86_399) == 0
    assert units.day_of(86_400) == 1
    late = datetime(2026, 12, 30, 23, 0, tzinfo=timezone(timedelta(hours=-3)))
    assert units.day_to_date(units.day_of(late)) == date(2026, 12, 31)
    assert units.to_datetime(units.day_start(units.day_of(late))) == datetime(2026, 12, 31, tzinfo=UTC)
    with pytest.raises(ValidationError, match="time zone"):
        units.day_of(datetime(2026, 12, 30))  # noqa: DTZ001 - the subject of the test
    with pytest.raises(OutOfRange, match="0 to 65535"):
        units.day_of(date(1969, 12, 31))
    with pytest.raises(OutOfRange, match="0 to 65535"):
        units.day_to_date(2**16)
