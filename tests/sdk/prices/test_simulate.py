"""The simulated GPU market: the same on every machine, inside the band, and marked."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pytest

from olivepress.prices import Kind, Market, QuoteError, simulate_gpu
from olivepress.prices.simulate import BANDS, PROVIDERS

FIRST = date(2026, 11, 1)


def digest(seed: int) -> str:
    quotes = simulate_gpu("H100-SXM", seed, FIRST, 30, steps_per_day=4)
    return hashlib.sha256("\n".join(map(repr, quotes)).encode()).hexdigest()


def test_a_seed_gives_one_path_for_ever() -> None:
    # The digest pins the path: another Python or machine must give the same.
    assert digest(7) == "e635f21fad88f46b725821ba57ca378bd303e2c9307a81bffe4b2360158f0036"
    assert digest(7) == digest(7)
    assert digest(7) != digest(8)


@pytest.mark.parametrize("item", sorted(BANDS))
@pytest.mark.parametrize("seed", range(20))
def test_on_demand_prices_stay_inside_the_band_and_move(item: str, seed: int) -> None:
    low, high = BANDS[item]
    quotes = simulate_gpu(item, seed, FIRST, 365)
    on_demand = [quote.price for quote in quotes if quote.market is Market.ON_DEMAND]
    assert low <= min(on_demand) <= max(on_demand) <= high
    assert len(set(on_demand)) > 20
    assert {quote.source for quote in quotes} == {"simulated"}
    assert {quote.kind for quote in quotes} == {Kind.OFFER}
    assert {quote.venue for quote in quotes} == set(PROVIDERS)


def test_quotes_come_in_order_of_time_from_the_first_midnight() -> None:
    times = [quote.observed_at for quote in simulate_gpu("H100-SXM", 1, FIRST, 2, steps_per_day=24)]
    assert times == sorted(times)
    assert times[0] == datetime(2026, 11, 1, tzinfo=UTC)
    assert times[-1] == datetime(2026, 11, 2, 23, tzinfo=UTC)
    assert len(set(times)) == 48


def test_a_longer_path_begins_with_the_shorter_one() -> None:
    short, long = (simulate_gpu("H100-SXM", 3, FIRST, days) for days in (10, 20))
    assert long[: len(short)] == short


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("item", {"item": "B300"}),
        ("days", {"days": 0}),
        ("steps_per_day", {"steps_per_day": 0}),
        ("steps_per_day", {"steps_per_day": 1441}),
        ("providers", {"providers": []}),
        ("providers", {"providers": ["a", "a"]}),
    ],
)
def test_a_bad_argument_is_named(field: str, arguments: dict[str, object]) -> None:
    good: dict[str, object] = {"item": "H100-SXM", "seed": 1, "first_day": FIRST, "days": 1}
    with pytest.raises(QuoteError) as caught:
        simulate_gpu(**(good | arguments))  # type: ignore[arg-type]
    assert caught.value.field == field
