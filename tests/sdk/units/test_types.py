"""Order ids, flags and the conversions of a series."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_kit import SPEC
from olivepress.errors import OutOfRange, ValidationError, WrongTick
from olivepress.types import OrderFlags, OrderId, Series, Side, TimeInForce

SERIES = Series(1, replace(SPEC, window_start=20_788, price_cap=20_000), 6)


@given(
    st.integers(0, 2**16 - 1),
    st.sampled_from(Side),
    st.integers(0, 2**24 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
)
def test_order_id_round_trip(series: int, side: Side, tick: int, index: int, generation: int) -> None:
    order_id = OrderId.pack(series, side, tick, index, generation)
    assert (order_id.series, order_id.side, order_id.tick) == (series, side, tick)
    assert (order_id.index, order_id.generation) == (index, generation)
    assert OrderId(int(order_id)) == order_id
    assert pickle.loads(pickle.dumps(order_id)) == order_id
    assert json.loads(json.dumps(order_id)) == int(order_id)


def test_order_id_layout() -> None:
    # series 16 | side 8 | tick 24 | index 32 | generation 16, as IExchange.place returns it
    assert OrderId.pack(1, Side.SELL, 2, 3, 4) == 0x0001_01_000002_00000003_0004
    assert repr(OrderId(0x0001_01_000002_00000003_0004)) == (
        "OrderId(series=1, side=SELL, tick=2, index=3, generation=4)"
    )


@pytest.mark.parametrize("value", [-1, 1 << 96, True, "7"])
def test_order_ids_out_of_range(value: int) -> None:
    with pytest.raises(OutOfRange, match="order_id"):
        OrderId(value)


def test_order_id_with_a_third_side() -> None:
    with pytest.raises(ValidationError, match="side 0 or 1"):
        OrderId(2 << 72)


def test_time_in_force_flags() -> None:
    assert TimeInForce.IOC.flags == OrderFlags.IOC == 1
    assert TimeInForce.FOK.flags == 2
    assert TimeInForce.GTT.flags == TimeInForce.GTC.flags == 0
    assert (Side.BUY.sign, Side.SELL.sign, Side.BUY.opposite) == (1, -1, Side.SELL)


def test_series_in_human_units() -> None:
    assert SERIES.tick_size == Decimal("0.001")
    assert SERIES.tick_value == Decimal(1)
    assert SERIES.lot_size == Decimal(1000)
    assert SERIES.price_cap == Decimal(20)
    assert SERIES.window_start.isoformat() == "2026-12-01"
    assert SERIES.expiry.isoformat() == "2026-12-31T00:00:00+00:00"
    assert SERIES.to_ticks(Decimal("3.501")) == 3501
    assert SERIES.to_price(3501) == Decimal("3.501")
    assert SERIES.to_lots(Decimal(3000)) == 3
    assert SERIES.to_size(-3) == Decimal(-3000)
    # 2 lots at 3.500: 2 x 1000M tokens x $3.5 = $7000
    assert SERIES.to_amount(SERIES.notional(2, 3500)) == Decimal(7000)


def test_series_refuses_prices_above_its_cap() -> None:
    with pytest.raises(OutOfRange, match="0 to 20"):
        SERIES.to_ticks(Decimal("20.001"))
    with pytest.raises(WrongTick, match="3\\.5 or 3\\.501"):
        SERIES.to_ticks(Decimal("3.5001"))
