"""Terms of a series in human units, checked before anything is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

EPOCH = date(1970, 1, 1)
INDEX_UNIT = 10**8

Percent = Annotated[Decimal, Field(ge=0)]


class SeriesTerms(BaseModel):
    """One contract month, frozen at listing.

    Prices are Decimal index units (USD per unit), money Decimal collateral units, dates UTC days, margins and fees
    percent (20 means 20%). `tick_value` is what one tick of one lot is worth.

    Example: 1,000M tokens a lot at a tick of $0.001 is a `tick_value` of $1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Annotated[str, Field(min_length=1, max_length=32)]
    feed: Annotated[int, Field(ge=1, le=65535)]
    window_start: date
    expiry: date
    tick_size: Annotated[Decimal, Field(gt=0)]
    tick_value: Annotated[Decimal, Field(gt=0)]
    price_cap: Annotated[Decimal, Field(gt=0)]
    initial_mark: Annotated[Decimal, Field(gt=0)]
    max_basis: Annotated[Decimal, Field(ge=0)]
    min_lots: Annotated[int, Field(ge=1, le=255)] = 1
    position_limit: Annotated[int, Field(ge=1, le=2**30)] = 100_000
    open_interest_cap: Annotated[int, Field(ge=1, le=2**32 - 1)] = 1_000_000
    initial_margin: Percent = Decimal(25)
    maintenance_margin: Percent = Decimal(10)
    spread_margin: Percent = Decimal(3)
    band: Percent = Decimal(5)
    gap: Percent = Decimal(2)
    concentration: Percent = Decimal(50)
    gain_credit: Percent = Decimal(80)
    taker_fee: Percent = Decimal("0.05")
    maker_rebate: Percent = Decimal("0.01")
    max_mark_age: Annotated[int, Field(ge=1, le=65535)] = 60
