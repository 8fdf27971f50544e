"""Exact conversions between what people write and what the contracts store.

Prices are integer ticks, sizes integer lots, money integer base units of the collateral, oracle values
USD x 1e8, days UTC days since 1970-01-01. Decimals go in and out, never a float; nothing is rounded: a
value off the grid is an error.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext

from olivepress.errors import OutOfRange, ValidationError, WrongLots, WrongTick, WrongType

ORACLE_DECIMALS = 8
SECONDS_PER_DAY = 86_400
MAX_TICK = 2**24 - 1
MAX_LOTS = 2**32 - 1

_EPOCH = date(1970, 1, 1)
# Wide enough for a uint256 with 18 decimals: no step below ever rounds.
_EXACT = Context(prec=160)


def require_int(value: object, field: str, lowest: int, highest: int) -> int:
    """The value itself when it is an int (no bool) within [lowest, highest]."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongType(field, value, "an int")
    if not lowest <= value <= highest:
        raise OutOfRange(field, value, f"{lowest} to {highest}")
    return value


def require_decimal(value: object, field: str) -> Decimal:
    """The value as a finite Decimal. Takes Decimal and int; refuses float, bool, str and the rest."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise WrongType(field, value, "a Decimal or an int (never a float)")
    number = Decimal(value)
    if not number.is_finite():
        raise OutOfRange(field, value, "a finite number")
    return number


def _quotient(number: Decimal, step: Decimal) -> Decimal:
    with localcontext(_EXACT):
        return number / step


def _whole_steps(number: Decimal, step: Decimal) -> int | None:
    """number / step when that is whole, None otherwise."""
    with localcontext(_EXACT):
        count = number // step
        return int(count) if count * step == number else None


def _neighbours(number: Decimal, step: Decimal) -> str:
    with localcontext(_EXACT):
        quotient = number / step
        low = quotient.to_integral_value(ROUND_FLOOR) * step
        high = quotient.to_integral_value(ROUND_CEILING) * step
    return f"{plain(low)} or {plain(high)}" if low > 0 else plain(high)


def _require_step(step: object, field: str) -> Decimal:
    number = require_decimal(step, field)
    if number <= 0:
        raise OutOfRange(field, step, "above 0")
    return number


def plain(value: Decimal) -> str:
    """A Decimal without exponent and without trailing zeros: 0.5, 1000."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def price_to_ticks(price: Decimal | int, tick_size: Decimal, *, field: str = "price") -> int:
    """Price in index units to integer ticks. Raises WrongTick naming the nearest allowed prices."""
    number = require_decimal(price, field)
    step = _require_step(tick_size, "tick_size")
    if number < 0 or _quotient(number, step) > MAX_TICK:
        raise OutOfRange(field, price, f"0 to {plain(MAX_TICK * step)}")
    ticks = _whole_steps(number, step)
    if ticks is None:
        raise WrongTick(field, price, f"a multiple of {plain(step)}, nearest {_neighbours(number, step)}")
    return ticks


def ticks_to_price(ticks: int, tick_size: Decimal, *, field: str = "ticks") -> Decimal:
    """Integer ticks to a price in index units, exactly."""
    require_int(ticks, field, -MAX_TICK, MAX_TICK)
    with localcontext(_EXACT):
        return ticks * _require_step(tick_size, "tick_size")


def size_to_lots(size: Decimal | int, lot_size: Decimal | int = 1, *, field: str = "size") -> int:
    """A size in units of the underlying to integer lots (`lot_size` 1: the size is given in lots already)."""
    number = require_decimal(size, field)
    step = _require_step(lot_size, "lot_size")
    if number <= 0 or _quotient(number, step) > MAX_LOTS:
        raise WrongLots(field, size, f"{plain(step)} to {plain(MAX_LOTS * step)}")
    lots = _whole_steps(number, step)
    if lots is None:
        raise WrongLots(field, size, f"a multiple of {plain(step)}, nearest {_neighbours(number, step)}")
    return lots


def lots_to_size(lots: int, lot_size: Decimal | int = 1, *, field: str = "lots") -> Decimal:
    """Integer lots (negative: short) to a size in units of the underlying."""
    require_int(lots, field, -MAX_LOTS, MAX_LOTS)
    with localcontext(_EXACT):
        return lots * _require_step(lot_size, "lot_size")


def amount_to_base(amount: Decimal | int, decimals: int, *, field: str = "amount") -> int:
    """Collateral in whole tokens to base units. Raises OutOfRange when negative or finer than the token."""
    number = require_decimal(amount, field)
    require_int(decimals, "decimals", 0, 77)
    if number < 0:
        raise OutOfRange(field, amount, "0 or more")
    units = _whole_steps(number, Decimal(1).scaleb(-decimals))
    if units is None:
        raise OutOfRange(field, amount, f"at most {decimals} decimals")
    if units >= 2**256:
        raise OutOfRange(field, amount, "below 2**256 base units")
    return units


def base_to_amount(units: int, decimals: int, *, field: str = "units") -> Decimal:
    """Base units (of either sign) to whole tokens, with the token's number of decimals."""
    require_int(units, field, -(2**256), 2**256)
    with localcontext(_EXACT):
        return Decimal(units).scaleb(-decimals)


def price_to_oracle(value: Decimal | int, *, field: str = "value") -> int:
    """An index value in USD to the oracle's USD x 1e8 (uint64)."""
    units = amount_to_base(value, ORACLE_DECIMALS, field=field)
    if units >= 2**64:
        raise OutOfRange(field, value, "below 2**64 / 1e8")
    return units


def oracle_to_price(value: int, *, field: str = "value") -> Decimal:
    """The oracle's USD x 1e8 to USD."""
    return base_to_amount(value, ORACLE_DECIMALS, field=field)


def day_of(moment: date | datetime | int, *, field: str = "day") -> int:
    """UTC day number (days since 1970-01-01) of a date, an aware datetime or a unix time in seconds."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValidationError(field, moment, "a datetime with a time zone")
        days = (moment.astimezone(UTC).date() - _EPOCH).days
    elif isinstance(moment, date):
        days = (moment - _EPOCH).days
    else:
        days = require_int(moment, field, 0, 2**63) // SECONDS_PER_DAY
    return require_int(days, field, 0, 2**16 - 1)


def day_to_date(day: int, *, field: str = "day") -> date:
    """The UTC date of a day number."""
    return _EPOCH + timedelta(days=require_int(day, field, 0, 2**16 - 1))


def day_start(day: int, *, field: str = "day") -> int:
    """Unix time in seconds of the UTC midnight at which a day begins."""
    return require_int(day, field, 0, 2**16 - 1) * SECONDS_PER_DAY


def to_datetime(timestamp: int, *, field: str = "timestamp") -> datetime:
    """Unix seconds to an aware UTC datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=require_int(timestamp, field, 0, 2**37))
