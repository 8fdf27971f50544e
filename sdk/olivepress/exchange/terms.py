"""Terms of a series in human units, checked before anything is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic import ValidationError as PydanticError

from olivepress.errors import OutOfRange, ValidationError
from olivepress.types import SeriesSpec
from olivepress.units import (
    MAX_TICK,
    amount_to_base,
    base_to_amount,
    day_of,
    day_to_date,
    oracle_to_price,
    plain,
    price_to_oracle,
    price_to_ticks,
    require_int,
    ticks_to_price,
)

MAX_WINDOW_DAYS = 31
_BPS_PER_PERCENT = 100
_FEE_PER_PERCENT = 10_000


def _no_binary_fraction(value: Any) -> Any:
    """Money and prices are Decimal, int or text: a binary fraction is somebody's rounding error."""
    if isinstance(value, (Decimal, int, str)) and not isinstance(value, bool):
        return value
    raise ValueError("give a Decimal, an int or a decimal text")


def _typed(error: PydanticError) -> ValidationError:
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ValidationError):
        return cause
    return ValidationError(".".join(map(str, first["loc"])) or "terms", first["input"], first["msg"])


Number = Annotated[Decimal, BeforeValidator(_no_binary_fraction), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
Percent = Annotated[Number, Field(ge=0, le=100)]


class SeriesTerms(BaseModel):
    """One contract month, frozen at listing.

    Prices are Decimal index units (USD per unit), money Decimal collateral units, dates UTC days, margins and
    fees percent (20 means 20%, fees to 0.0001%). `tick_value` is what one tick of one lot is worth.

    Example: 1,000M tokens a lot at a tick of $0.001 per 1M tokens is a `tick_value` of $1.

    :param window_start: first day of the averaging window; after today
    :param expiry: day at whose first second the window ends; 1 to 31 days after `window_start`
    :param initial_mark: mark at listing, within `max_basis` of the index
    :param position_limit: largest |position + open orders| of an account, lots
    :param band: orders and fills stay within mark +- this
    :param gap: a maker's order is retired when its mark moved against it by more than this
    :param concentration: initial margin grows by up to this with the account's share of open interest
    :param gain_credit: at which unrealised gains count for initial margin
    :param max_mark_age: seconds for which placing may rely on a cached mark

    Initial margin must be at least maintenance margin + 2 x band + gap + taker fee.

    :raises ValidationError: names the field, the value and what is allowed
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,30}$")]
    feed: Annotated[int, Field(ge=1, le=65535)]
    window_start: date
    expiry: date
    tick_size: Positive
    tick_value: Positive
    price_cap: Positive
    initial_mark: Positive
    max_basis: Annotated[Number, Field(ge=0)]
    min_lots: Annotated[int, Field(ge=1, le=255)] = 1
    position_limit: Annotated[int, Field(ge=1, le=2**30)] = 100_000
    open_interest_cap: Annotated[int, Field(ge=1, le=2**32 - 1)] = 1_000_000
    initial_margin: Percent = Decimal(25)
    maintenance_margin: Percent = Decimal(10)
    spread_margin: Percent = Decimal(3)
    band: Percent = Decimal(5)
    gap: Percent = Decimal(2)
    concentration: Annotated[Number, Field(ge=0, le=255)] = Decimal(50)
    gain_credit: Annotated[Number, Field(ge=0, le=100)] = Decimal(80)
    taker_fee: Annotated[Number, Field(ge=0, le=5)] = Decimal("0.05")
    maker_rebate: Annotated[Number, Field(ge=0, le=5)] = Decimal("0.01")
    max_mark_age: Annotated[int, Field(ge=1, le=3600)] = 60

    if not TYPE_CHECKING:  # the signature stays the fields'

        def __init__(self, **fields: Any) -> None:
            try:
                super().__init__(**fields)
            except PydanticError as error:
                raise _typed(error) from None

    @model_validator(mode="after")
    def _fits_together(self) -> SeriesTerms:
        days = (self.expiry - self.window_start).days
        if not 1 <= days <= MAX_WINDOW_DAYS:
            raise OutOfRange("expiry", self.expiry, f"1 to {MAX_WINDOW_DAYS} days after {self.window_start}")
        if self.maker_rebate > self.taker_fee:
            raise OutOfRange("maker_rebate", self.maker_rebate, f"at most the taker fee, {self.taker_fee}")
        if self.spread_margin > self.maintenance_margin:
            raise OutOfRange("spread_margin", self.spread_margin, f"at most {self.maintenance_margin}")
        least = self.maintenance_margin + 2 * self.band + self.gap + self.taker_fee
        if self.initial_margin < least:
            raise OutOfRange(
                "initial_margin",
                self.initial_margin,
                f"at least {plain(least)}: maintenance margin + 2 x band + gap + taker fee",
            )
        if self.initial_mark > self.price_cap:
            raise OutOfRange("initial_mark", self.initial_mark, f"at most the price cap, {self.price_cap}")
        return self

    def to_spec(self, decimals: int) -> SeriesSpec:
        """The contract's integers. `decimals` of the collateral.

        :raises ValidationError: a price off the tick grid, a rate too fine, or a value that does not fit its
            field
        """
        most_ticks = MAX_TICK - 1
        spec = SeriesSpec(
            symbol=self.symbol,
            feed=self.feed,
            window_start=day_of(self.window_start, field="window_start"),
            expiry_day=day_of(self.expiry, field="expiry"),
            tick_size=price_to_oracle(self.tick_size, field="tick_size"),
            tick_value=require_int(
                amount_to_base(self.tick_value, decimals, field="tick_value"), "tick_value", 1, 2**32 - 1
            ),
            price_cap=require_int(self._ticks("price_cap"), "price_cap", 2, most_ticks),
            initial_mark=require_int(self._ticks("initial_mark"), "initial_mark", 1, most_ticks),
            max_basis=require_int(self._ticks("max_basis"), "max_basis", 0, MAX_TICK >> 1),
            min_lots=self.min_lots,
            position_limit=self.position_limit,
            open_interest_cap=self.open_interest_cap,
            im_bps=self._rate("initial_margin", _BPS_PER_PERCENT),
            mm_bps=self._rate("maintenance_margin", _BPS_PER_PERCENT),
            spread_bps=self._rate("spread_margin", _BPS_PER_PERCENT),
            band_bps=self._rate("band", _BPS_PER_PERCENT),
            gap_bps=self._rate("gap", _BPS_PER_PERCENT),
            concentration_pct=self._rate("concentration", 1),
            gain_pct=self._rate("gain_credit", 1),
            taker_fee=self._rate("taker_fee", _FEE_PER_PERCENT),
            maker_rebate=self._rate("maker_rebate", _FEE_PER_PERCENT),
            max_mark_age=self.max_mark_age,
        )
        most = 2**78 // (spec.price_cap * spec.tick_value)
        if spec.position_limit > most:
            raise OutOfRange(
                "position_limit", spec.position_limit, f"at most {most} at this cap and tick value"
            )
        return spec

    @classmethod
    def from_spec(cls, spec: SeriesSpec, decimals: int) -> SeriesTerms:
        """The terms of a listed series."""

        def price(ticks: int) -> Decimal:
            return ticks_to_price(ticks, oracle_to_price(spec.tick_size))

        return cls(
            symbol=spec.symbol,
            feed=spec.feed,
            window_start=day_to_date(spec.window_start),
            expiry=day_to_date(spec.expiry_day),
            tick_size=oracle_to_price(spec.tick_size),
            tick_value=base_to_amount(spec.tick_value, decimals),
            price_cap=price(spec.price_cap),
            initial_mark=price(spec.initial_mark),
            max_basis=price(spec.max_basis),
            min_lots=spec.min_lots,
            position_limit=spec.position_limit,
            open_interest_cap=spec.open_interest_cap,
            initial_margin=Decimal(spec.im_bps) / _BPS_PER_PERCENT,
            maintenance_margin=Decimal(spec.mm_bps) / _BPS_PER_PERCENT,
            spread_margin=Decimal(spec.spread_bps) / _BPS_PER_PERCENT,
            band=Decimal(spec.band_bps) / _BPS_PER_PERCENT,
            gap=Decimal(spec.gap_bps) / _BPS_PER_PERCENT,
            concentration=Decimal(spec.concentration_pct),
            gain_credit=Decimal(spec.gain_pct),
            taker_fee=Decimal(spec.taker_fee) / _FEE_PER_PERCENT,
            maker_rebate=Decimal(spec.maker_rebate) / _FEE_PER_PERCENT,
            max_mark_age=spec.max_mark_age,
        )

    def _ticks(self, field: str) -> int:
        return price_to_ticks(getattr(self, field), self.tick_size, field=field)

    def _rate(self, field: str, per_percent: int) -> int:
        value: Decimal = getattr(self, field)
        scaled = value * per_percent
        if scaled != scaled.to_integral_value():
            raise ValidationError(field, value, f"steps of {plain(Decimal(1) / per_percent)} percent")
        return int(scaled)
