"""One observed price, whatever it is the price of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from olivepress.prices.errors import QuoteError


class Unit(StrEnum):
    """What one price buys. Sources convert to these once, so that nothing downstream scales a price."""

    INPUT_MTOK = "1M input tokens"
    OUTPUT_MTOK = "1M output tokens"
    CACHED_INPUT_MTOK = "1M cached input tokens"
    GPU_HOUR = "GPU-hour"
    COIN = "coin"


class Kind(StrEnum):
    """How firm the price is: a published list price, an offer one could take, or a trade that was made."""

    LIST = "list"
    OFFER = "offer"
    TRADE = "trade"


class Market(StrEnum):
    """Guaranteed capacity, or capacity the venue may take back."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"


#: A price outside its unit's band (USD) is a mistake of the source: a wrong unit, a missing or an extra
#: factor.
SANE_USD: dict[Unit, tuple[Decimal, Decimal]] = {
    Unit.INPUT_MTOK: (Decimal("0.001"), Decimal(1_000)),
    Unit.OUTPUT_MTOK: (Decimal("0.001"), Decimal(5_000)),
    Unit.CACHED_INPUT_MTOK: (Decimal("0.0001"), Decimal(1_000)),
    Unit.GPU_HOUR: (Decimal("0.01"), Decimal(200)),
    Unit.COIN: (Decimal("0.000001"), Decimal(10_000_000)),
}

#: Clocks of sources may run ahead of ours by this much.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Quote:
    """One price of one item at one venue.

    venue         vendor, cloud or exchange, lower case: `openai`, `runpod`, `kraken`
    item          what is priced: a model (`gpt-5`), a GPU (`H100-SXM`), a coin (`TAO`)
    price         USD for one `unit`, more than zero, inside `SANE_USD`
    unit          what the price buys
    observed_at   when the source is known to have carried the price; aware, kept in UTC
    source        package and version (`genai-prices==0.2.3`), file name, or endpoint
    kind, market  see `Kind` and `Market`
    tier          the venue's own price tier, free text, empty where there is one tier

    Raises QuoteError, which names the field, on anything else.
    """

    venue: str
    item: str
    price: Decimal
    unit: Unit
    observed_at: datetime
    source: str
    kind: Kind = Kind.LIST
    market: Market = Market.ON_DEMAND
    currency: str = "USD"
    tier: str = ""

    def __post_init__(self) -> None:
        for field in ("venue", "item", "source"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip() or value != value.strip():
                raise QuoteError(field, value, "a non-empty text without spaces around it")
        if self.venue != self.venue.lower():
            raise QuoteError("venue", self.venue, "lower case")
        if self.currency != "USD":
            raise QuoteError("currency", self.currency, "USD")
        for field, kind in (("unit", Unit), ("kind", Kind), ("market", Market)):
            if not isinstance(getattr(self, field), kind):
                raise QuoteError(field, getattr(self, field), ", ".join(kind))
        self._check_price()
        if not isinstance(self.observed_at, datetime) or self.observed_at.tzinfo is None:
            raise QuoteError("observed_at", self.observed_at, "a date and time with a time zone")
        object.__setattr__(self, "observed_at", self.observed_at.astimezone(UTC))

    def _check_price(self) -> None:
        if not isinstance(self.price, Decimal):
            raise QuoteError("price", self.price, "a Decimal")
        low, high = SANE_USD[self.unit]
        # A NaN answers no comparison, so finiteness is asked first.
        if not self.price.is_finite() or not low <= self.price <= high:
            raise QuoteError("price", str(self.price), f"{low} to {high} USD per {self.unit}")
        object.__setattr__(self, "price", plain(self.price))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent, so that equal prices are written alike."""
    return Decimal(format(value.normalize(), "f"))


def to_decimal(field: str, text: object) -> Decimal:
    """Read text, an int or a Decimal exactly; floats are refused. Raises QuoteError naming `field`."""
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise QuoteError(field, text, "a decimal number as text")
    try:
        value = Decimal(text.strip() if isinstance(text, str) else text)
    except InvalidOperation:
        raise QuoteError(field, text, "a decimal number") from None
    if not value.is_finite():
        raise QuoteError(field, text, "a finite decimal number")
    return value


def to_utc(field: str, text: str) -> datetime:
    """Read an ISO 8601 date (midnight UTC) or date and time with a zone. Raises QuoteError naming `field`."""
    allowed = "an ISO 8601 date, or date and time with a zone: 2026-11-01, 2026-11-01T12:30:00Z"
    try:
        value = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError):
        raise QuoteError(field, text, allowed) from None
    if value.tzinfo is None:
        if len(text.strip()) > len("2026-11-01"):
            raise QuoteError(field, text, allowed)
        value = value.replace(tzinfo=UTC)
    return value.astimezone(UTC)
