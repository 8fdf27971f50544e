"""What a price source is, and how many of them are read so that none can stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from olivepress.prices.errors import PriceError, QuoteError, SourceError
from olivepress.prices.quote import CLOCK_SKEW, Quote


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry of a source that is no quote: where it stood, and what is wrong with it."""

    source: str
    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that gave nothing: its name, the kind of failure, and what it said."""

    source: str
    error: str
    reason: str


@dataclass(slots=True)
class Reading:
    """What came out of one source, or of several: good quotes, bad entries, sources that failed."""

    quotes: list[Quote] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def extend(self, other: Reading) -> None:
        """Add everything that `other` holds."""
        self.quotes += other.quotes
        self.rejected += other.rejected
        self.failures += other.failures


class Source(Protocol):
    """Anything that can be asked for quotes."""

    @property
    def name(self) -> str:
        """Name under which failures and rejections are reported."""
        ...

    async def read(self, now: datetime) -> Reading:
        """Quotes known at `now` (aware). Raises SourceError when nothing can be read."""
        ...


async def collect(sources: Iterable[Source], now: datetime, timeout_seconds: int = 30) -> Reading:
    """Read every source at once and join what they give, in the order of `sources`.

    A source that raises or takes longer than `timeout_seconds` becomes a `Failure`; a quote from the future
    is rejected. Neither stops the others. Raises QuoteError if `now` has no time zone.
    """
    if now.tzinfo is None:
        raise QuoteError("now", now, "a date and time with a time zone")
    readings = await asyncio.gather(*(_read_one(source, now, timeout_seconds) for source in sources))
    joined = Reading()
    for reading in readings:
        joined.extend(reading)
    return joined


async def _read_one(source: Source, now: datetime, timeout_seconds: int) -> Reading:
    try:
        reading = await asyncio.wait_for(source.read(now), timeout_seconds)
    except TimeoutError:
        return Reading(failures=[Failure(source.name, "timeout", f"no answer within {timeout_seconds} s")])
    except SourceError as error:
        return Reading(failures=[Failure(source.name, "unreadable", error.reason)])
    except PriceError as error:
        return Reading(failures=[Failure(source.name, "unreadable", str(error))])
    except Exception as error:  # a defect in one source must not stop the others; it is named instead
        return Reading(failures=[Failure(source.name, type(error).__name__, str(error) or "no message")])
    return _without_future(reading, source.name, now.astimezone(UTC))


def _without_future(reading: Reading, name: str, now: datetime) -> Reading:
    kept = Reading(rejected=list(reading.rejected), failures=list(reading.failures))
    for quote in reading.quotes:
        if quote.observed_at > now + CLOCK_SKEW:
            reason = f"observed at {quote.observed_at.isoformat()}, which is after {now.isoformat()}"
            kept.rejected.append(Rejected(name, f"{quote.venue} {quote.item}", reason))
        else:
            kept.quotes.append(quote)
    return kept
