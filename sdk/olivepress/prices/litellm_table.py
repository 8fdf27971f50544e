"""LLM list prices from the table inside the `litellm` package (MIT, BerriAI), read offline without importing
it.

litellm is no dependency of olivepress; this source works where it is installed. Its prices are in USD per
token. An entry without a price per token, or with a price of zero, says nothing about a price and is passed
over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.json_data import load_json
from olivepress.prices.quote import Quote, Unit, to_decimal
from olivepress.prices.source import Reading, Rejected

PACKAGE = "litellm"
FILE = "litellm/model_prices_and_context_window_backup.json"

FIELDS = {
    "input_cost_per_token": Unit.INPUT_MTOK,
    "output_cost_per_token": Unit.OUTPUT_MTOK,
    "cache_read_input_token_cost": Unit.CACHED_INPUT_MTOK,
}


class LitellmTable:
    """The table of the installed litellm package as a price source.

    `venues` limits it to some of the table's providers, such as `openai`; None reads them all.
    """

    def __init__(self, venues: Iterable[str] | None = None) -> None:
        self._venues = None if venues is None else frozenset(venues)

    @property
    def name(self) -> str:
        """`litellm`."""
        return PACKAGE

    async def read(self, now: datetime) -> Reading:
        """List prices as the installed release has them. Raises SourceError when it is not installed."""
        return await asyncio.to_thread(self._read, now)

    def _read(self, now: datetime) -> Reading:
        from importlib.metadata import PackageNotFoundError, distribution

        try:
            package = distribution(PACKAGE)
            with open(str(package.locate_file(FILE)), encoding="utf-8") as file:
                text = file.read()
        except PackageNotFoundError as error:
            raise SourceError(PACKAGE, f"not installed; pip install {PACKAGE}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(PACKAGE, f"no price table in the package: {error}") from error
        return read_table(text, now, f"{PACKAGE}=={package.version}", self._venues)


def read_table(
    text: str | bytes, now: datetime, source: str, venues: frozenset[str] | None = None
) -> Reading:
    """Quotes of a price table in litellm's format. Raises SourceError when it is no such table."""
    entries = load_json(text, source)
    if not isinstance(entries, dict):
        raise SourceError(source, f"not a table of models: found {type(entries).__name__}")
    reading = Reading()
    for item, entry in entries.items():
        venue = str(entry.get("litellm_provider", "unknown")).lower() if isinstance(entry, dict) else ""
        if not venue or (venues is not None and venue not in venues):
            continue
        for field, unit in FIELDS.items():
            try:
                price = to_decimal(field, entry.get(field, 0)) * 1_000_000
                if price:
                    reading.quotes.append(Quote(venue, item, price, unit, now, source))
            except QuoteError as error:
                reading.rejected.append(Rejected(source, f"{venue} {item} {field}", str(error)))
    return reading
