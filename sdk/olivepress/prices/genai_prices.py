"""LLM list prices from the `genai-prices` package (MIT, Pydantic), read offline from its data module.

Its data model: providers hold models; a model's price is one `ModelPrice`, or a list of conditional prices
of which the last whose constraint holds is used. Constraints are a start date, or hours of the day. A price
may be tiered by the length of the prompt. This source reads it as follows:

- Hours of the day: the highest price of the UTC day counts. A cheaper hour is a discount, not the list price.
- Tiers: the base tier counts, which is the price of short prompts. The quote's `tier` then says `base`.
- Batch and other variants do not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.quote import Quote, Unit
from olivepress.prices.source import Reading, Rejected

PACKAGE = "genai-prices"

#: Attribute of a genai-prices `ModelPrice` -> our unit.
FIELDS = {
    "input_mtok": Unit.INPUT_MTOK,
    "output_mtok": Unit.OUTPUT_MTOK,
    "cache_read_mtok": Unit.CACHED_INPUT_MTOK,
}


class GenaiPrices:
    """The installed genai-prices package as a price source.

    `venues` limits it to some of the package's provider ids, such as `openai`; None reads them all.
    """

    def __init__(self, venues: Iterable[str] | None = None) -> None:
        self._venues = None if venues is None else frozenset(venues)

    @property
    def name(self) -> str:
        """`genai-prices`."""
        return PACKAGE

    async def read(self, now: datetime) -> Reading:
        """List prices valid at `now`. Raises SourceError when the package cannot be read."""
        return await asyncio.to_thread(self._read, now)

    def _read(self, now: datetime) -> Reading:
        from importlib.metadata import version

        try:
            # Loading its 1 MB of data takes 0.3 s, so nobody pays for it before prices are asked for.
            from genai_prices.data import providers
        except ImportError as error:
            raise SourceError(PACKAGE, f"not importable ({error}); pip install {PACKAGE}") from error
        return read_providers(providers, now, f"{PACKAGE}=={version(PACKAGE)}", self._venues)


def read_providers(
    providers: Iterable[Any], now: datetime, source: str, venues: frozenset[str] | None = None
) -> Reading:
    """Quotes of genai-prices `providers` at `now`. Works on every released version of its data model.

    Models without a price per token are passed over; unacceptable prices become `Rejected` entries.
    """
    reading = Reading()
    for provider in providers:
        if venues is not None and provider.id not in venues:
            continue
        for model in provider.models:
            for field, unit in FIELDS.items():
                price, tier = _list_price(model, field, now)
                if price is None:
                    continue
                try:
                    quote = Quote(provider.id.lower(), model.id, price, unit, now, source, tier=tier)
                except QuoteError as error:
                    reading.rejected.append(Rejected(source, f"{provider.id} {model.id} {field}", str(error)))
                else:
                    reading.quotes.append(quote)
    return reading


def _list_price(model: Any, field: str, now: datetime) -> tuple[Decimal | None, str]:
    """Highest price of `now`'s UTC day, and its tier."""
    found: list[tuple[Decimal, str]] = []
    for moment in _moments(model.prices, now):
        price = getattr(model.get_prices(moment), field, None)
        if price is None:
            continue
        tiered = hasattr(price, "base")
        found.append((price.base if tiered else price, "base" if tiered else ""))
    return max(found, default=(None, ""))


def _moments(prices: Any, now: datetime) -> Iterator[datetime]:
    """`now`, and the first and last hour of every price of the day that depends on the hour."""
    day = now.astimezone(UTC).date()
    yield now
    if not isinstance(prices, list):
        return
    for conditional in prices:
        for edge in ("start_time", "end_time"):
            hour: time | None = getattr(conditional.constraint, edge, None)
            if hour is not None:
                yield datetime.combine(day, hour if hour.tzinfo else hour.replace(tzinfo=UTC))
