"""Seeded GPU-hour price paths for demos and tests. Every quote says `simulated` in its source.

Integers only, so one seed gives the same path on every machine and every Python. Prices are in steps of
$0.01.

One market level walks inside the band and is pulled to its middle; each provider follows it with a spread of
its own, and only on the days on which it changes its list, as providers do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from olivepress.prices.errors import QuoteError
from olivepress.prices.quote import Kind, Market, Quote, Unit

#: Lowest and highest H100 SXM rental price seen in the market, USD per GPU-hour, and the same for H200.
BANDS: dict[str, tuple[Decimal, Decimal]] = {
    "H100-SXM": (Decimal("1.40"), Decimal("4.27")),
    "H200-SXM": (Decimal("2.34"), Decimal("5.00")),
}

PROVIDERS = tuple(f"sim-cloud-{letter}" for letter in "abcdefgh")

#: Chances are in parts of 1,000.
REPRICES = 250
OFFERS_SPOT = 500
OUTAGE = 20


@dataclass(slots=True)
class _Provider:
    name: str
    spread: int
    price: int


def simulate_gpu(
    item: str,
    seed: int,
    first_day: date,
    days: int,
    providers: Sequence[str] = PROVIDERS,
    steps_per_day: int = 1,
) -> list[Quote]:
    """Quotes of `item` (a key of BANDS) by every provider, `steps_per_day` times on each of `days` days
    (UTC).

    A provider is missing now and then, and some also offer spot capacity below their on-demand price. Sorted
    by time. Raises QuoteError naming the argument.
    """
    if item not in BANDS:
        raise QuoteError("item", item, ", ".join(BANDS))
    if days < 1:
        raise QuoteError("days", days, "1 or more")
    if not 1 <= steps_per_day <= 1440:
        raise QuoteError("steps_per_day", steps_per_day, "1 to 1440")
    if not providers or len(set(providers)) != len(providers):
        raise QuoteError("providers", providers, "one or more different names")
    low, high = (int(price * 100) for price in BANDS[item])
    draws = _draws(f"{item}/{seed}")
    level = low + (high - low) * (300 + next(draws) % 400) // 1000
    spreads = [next(draws) % 201 - 100 for _ in providers]
    states = [
        _Provider(name, spread, level + spread) for name, spread in zip(providers, spreads, strict=True)
    ]
    quotes: list[Quote] = []
    for step in range(days * steps_per_day):
        moment = datetime.combine(first_day, time(), UTC) + timedelta(minutes=step * (1440 // steps_per_day))
        level = _next_level(level, low, high, next(draws))
        for state in states:
            quotes += _provider_quotes(state, level, (low, high), item, moment, draws)
    return quotes


def _next_level(level: int, low: int, high: int, draw: int) -> int:
    pull = ((low + high) // 2 - level) // 25
    return min(high, max(low, level + pull + draw % 15 - 7))


def _provider_quotes(
    state: _Provider, level: int, band: tuple[int, int], item: str, moment: datetime, draws: Iterator[int]
) -> list[Quote]:
    # The draws are taken in any case, so that one provider's luck never shifts another's.
    reprices, missing, discount = next(draws) % 1000, next(draws) % 1000, next(draws) % 1000
    if reprices < REPRICES:
        state.price = level + state.spread
    state.price = min(band[1], max(band[0], state.price))
    if missing < OUTAGE:
        return []
    quotes = [_quote(state.name, item, state.price, moment, Market.ON_DEMAND)]
    if discount < OFFERS_SPOT:
        quotes.append(_quote(state.name, item, state.price * 6 // 10, moment, Market.SPOT))
    return quotes


def _quote(venue: str, item: str, cents: int, moment: datetime, market: Market) -> Quote:
    price = Decimal(cents).scaleb(-2)
    return Quote(venue, item, price, Unit.GPU_HOUR, moment, "simulated", kind=Kind.OFFER, market=market)


def _draws(key: str) -> Iterator[int]:
    """Endless 32-bit integers from a hash in counter mode; `random` promises no stable sequence."""
    counter = 0
    while True:
        block = hashlib.sha256(f"{key}/{counter}".encode()).digest()
        yield from (int.from_bytes(block[at : at + 4], "big") for at in range(0, 32, 4))
        counter += 1
