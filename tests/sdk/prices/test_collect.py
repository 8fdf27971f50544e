"""Many sources at once: whatever one does, the others' quotes arrive and the bad one is named."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from olivepress.prices import Quote, QuoteError, Reading, Rejected, SourceError, Unit, collect

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUOTE = Quote("openai", "gpt-5", Decimal("1.25"), Unit.INPUT_MTOK, NOW, "good")


@dataclass
class Stub:
    """A source that does what its `act` does."""

    name: str
    act: Callable[[], Awaitable[Reading]]

    async def read(self, now: datetime) -> Reading:
        assert now == NOW
        return await self.act()


async def good() -> Reading:
    return Reading(quotes=[QUOTE], rejected=[Rejected("good", "line 7", "price -1")])


async def raises_source_error() -> Reading:
    raise SourceError("unreadable", "gone")


async def raises_quote_error() -> Reading:
    return Reading(quotes=[replace(QUOTE, price=Decimal(-3))])


async def is_broken() -> Reading:
    raise KeyError("prices")


async def hangs() -> Reading:
    await asyncio.sleep(60)
    return Reading(quotes=[QUOTE])


async def knows_the_future() -> Reading:
    return Reading(
        quotes=[replace(QUOTE, observed_at=NOW + timedelta(minutes=6)), replace(QUOTE, item="in time")]
    )


async def test_no_source_stops_the_others_and_each_failure_is_named() -> None:
    sources = [
        Stub("a", raises_source_error),
        Stub("b", raises_quote_error),
        Stub("c", is_broken),
        Stub("d", hangs),
        Stub("e", good),
    ]
    started = asyncio.get_running_loop().time()
    reading = await collect(sources, NOW, timeout_seconds=1)
    assert asyncio.get_running_loop().time() - started < 5
    assert reading.quotes == [QUOTE]
    assert [failure.source for failure in reading.failures] == ["a", "b", "c", "d"]
    assert [failure.error for failure in reading.failures] == [
        "unreadable",
        "unreadable",
        "KeyError",
        "timeout",
    ]
    assert "-3" in reading.failures[1].reason
    assert reading.rejected == [Rejected("good", "line 7", "price -1")]


async def test_a_quote_from_the_future_is_rejected_by_name() -> None:
    reading = await collect([Stub("f", knows_the_future)], NOW)
    assert [quote.item for quote in reading.quotes] == ["in time"]
    assert "2026-11-01T12:06:00" in reading.rejected[0].reason


async def test_now_needs_a_time_zone() -> None:
    with pytest.raises(QuoteError, match="now"):
        await collect([], NOW.replace(tzinfo=None))


def test_importing_prices_loads_nothing_heavy() -> None:
    heavy = "{'ccxt', 'genai_prices', 'pydantic', 'httpx'}"
    code = f"import sys, olivepress.prices; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
