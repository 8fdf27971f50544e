"""Text records (a CSV row, a JSON object) to quotes: one reader for every source of our own fields."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar

from olivepress.prices.errors import QuoteError
from olivepress.prices.quote import Kind, Market, Quote, Unit, to_decimal, to_utc

REQUIRED = ("observed_at", "venue", "item", "price", "unit")
OPTIONAL = ("count", "currency", "kind", "market", "tier")

#: Prices per unit are kept to this step where dividing by `count` does not come out even.
PRICE_STEP = Decimal("1e-12")

_Choice = TypeVar("_Choice", bound=StrEnum)


def quote_from_record(record: Mapping[str, object], source: str) -> Quote:
    """Read one quote. `price / count` is the price of one unit; `count` is 1 where it is absent or empty.

    Values are text, or an int or Decimal for numbers. Raises QuoteError naming the field.
    """
    for field in REQUIRED:
        if _text(record, field) == "":
            raise QuoteError(field, record.get(field), "a value: the field is required")
    price = to_decimal("price", record["price"])
    count = to_decimal("count", record["count"]) if _text(record, "count") else Decimal(1)
    if count <= 0:
        raise QuoteError("count", str(count), "more than zero")
    return Quote(
        venue=_text(record, "venue").lower(),
        item=_text(record, "item"),
        price=price if count == 1 else (price / count).quantize(PRICE_STEP, ROUND_HALF_UP),
        unit=_choice(record, "unit", Unit, None),
        observed_at=to_utc("observed_at", _text(record, "observed_at")),
        source=source,
        kind=_choice(record, "kind", Kind, Kind.LIST),
        market=_choice(record, "market", Market, Market.ON_DEMAND),
        currency=_text(record, "currency") or "USD",
        tier=_text(record, "tier"),
    )


def _text(record: Mapping[str, object], field: str) -> str:
    value = record.get(field)
    return "" if value is None else str(value).strip()


def _choice(
    record: Mapping[str, object], field: str, kind: type[_Choice], default: _Choice | None
) -> _Choice:
    text = _text(record, field)
    if not text and default is not None:
        return default
    try:
        return kind(text)
    except ValueError:
        raise QuoteError(field, text, ", ".join(kind)) from None
