"""GPU indices: lowest price of each provider, carry, minimum of fresh ones, capped groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from olivepress.index import AuditRecord, ProviderMedian, compute, load
from olivepress.prices import Kind, Market, Quote, Reading, Unit, simulate_gpu

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
FRESH = timedelta(minutes=60)


def methodology(**changes: object) -> ProviderMedian:
    found = load("GPU-H100-SXM")
    assert isinstance(found, ProviderMedian)
    return found.model_copy(update=changes)


def gpu(venue: str, price: str, age: timedelta = timedelta(0)) -> Quote:
    return Quote(venue, "H100-SXM", Decimal(price), Unit.GPU_HOUR, NOW - age, "test", kind=Kind.OFFER)


def run(quotes: list[Quote], **changes: object) -> AuditRecord:
    return compute(methodology(**changes), Reading(quotes=quotes), NOW)


THREE = [gpu("a", "2"), gpu("b", "3"), gpu("c", "2.5")]


def test_the_lowest_price_of_each_provider_and_the_median_of_them() -> None:
    """[IDX-8] [IDX-11]"""
    record = run([*THREE, gpu("a", "9"), gpu("b", "2.9"), gpu("c", "4")])
    assert {m.name: m.value for m in record.members} == {"a": 2, "b": Decimal("2.9"), "c": Decimal("2.5")}
    assert (record.value, record.value_e8) == (Decimal("2.5"), 250_000_000)
    assert "b has a lower price, 2.9" in [entry.reason for entry in record.quotes if not entry.used]


def test_four_providers_give_the_mean_of_the_middle_two() -> None:
    """[IDX-11]"""
    assert run([*THREE, gpu("d", "2.7")]).value == Decimal("2.6")


def test_a_missing_quote_is_carried_for_24_hours() -> None:
    """[IDX-8]"""
    for age, there in [(timedelta(hours=24), True), (timedelta(hours=24, seconds=1), False)]:
        record = run([*THREE, gpu("d", "2.7", age)])
        assert ("d" in {m.name for m in record.members}) is there
    carried = run([*THREE, gpu("d", "2.7", timedelta(hours=5))])
    assert [m.name for m in carried.members if m.carried] == ["d"]
    assert carried.value == Decimal("2.6")


def test_a_fresh_quote_replaces_a_carried_one_even_if_dearer() -> None:
    """[IDX-8]"""
    record = run([*THREE[1:], gpu("a", "1.5", timedelta(hours=2)), gpu("a", "2.8")])
    assert {m.name: m.value for m in record.members}["a"] == Decimal("2.8")
    reasons = [entry.reason for entry in record.quotes]
    assert "test has a later quote of a, 2026-11-10T12:00:00+00:00" in reasons


def test_carried_quotes_do_not_count_towards_the_minimum() -> None:
    """[IDX-12]"""
    two = [*THREE[:2], gpu("c", "2.5", FRESH + timedelta(seconds=1)), gpu("d", "2.7", timedelta(hours=3))]
    record = run(two)
    assert (record.status, record.value) == ("withheld", None)
    assert record.reason == "2 providers have a fresh price (2 carried); at least 3 are needed"
    assert (
        run([*THREE[:2], gpu("c", "2.5", FRESH), gpu("d", "2.7", timedelta(hours=3))]).status == "published"
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"market": Market.SPOT}, "spot; only on_demand counts"),
        ({"kind": Kind.TRADE}, "trade price; only list, offer count"),
        ({"observed_at": NOW + timedelta(seconds=1)}, "observed after"),
        ({"observed_at": NOW - timedelta(hours=25)}, "stale"),
    ],
)
def test_an_ineligible_quote_is_left_out_with_its_reason(change: dict[str, object], says: str) -> None:
    """[IDX-7]"""
    record = run([*THREE, replace(gpu("d", "0.5"), **change)])  # type: ignore[arg-type]
    (left,) = (entry.reason for entry in record.quotes if not entry.used)
    assert says in left
    assert record.value == Decimal("2.5")


def test_other_items_are_counted_as_unrelated() -> None:
    assert run([*THREE, replace(THREE[0], item="A100-80GB")]).unrelated == 1


def test_one_owner_cannot_move_the_median_with_many_names() -> None:
    """[IDX-10]"""
    honest = [gpu(name, price) for name, price in zip("abcd", ("2.0", "2.1", "2.2", "2.3"), strict=True)]
    shills = [gpu(f"shill-{number}", "4.2") for number in range(5)]
    assert run(honest + shills).value == Decimal("4.2")
    groups = {f"shill-{number}": "shill" for number in range(5)}
    assert run(honest + shills, groups=groups).value == Decimal("2.2")


def test_no_quotes_at_all_withhold_the_value() -> None:
    record = run([])
    assert (record.status, record.value, record.members) == ("withheld", None, ())


def test_a_simulated_month_publishes_every_day_inside_the_band() -> None:
    quotes = simulate_gpu("H100-SXM", 11, date(2026, 11, 1), 30)
    values = []
    for day in range(1, 31):
        record = compute(methodology(), Reading(quotes=quotes), datetime(2026, 11, day, tzinfo=UTC))
        assert record.value is not None
        assert {member.source for member in record.members} == {"simulated"}
        values.append(record.value)
    assert Decimal("1.40") <= min(values) < max(values) <= Decimal("4.27")


@pytest.mark.parametrize("price", ["0.025", "150"])
def test_an_outlier_gives_way_to_the_providers_next_price(price: str) -> None:
    """[IDX-9]"""
    record = run([*THREE, gpu("d", price), gpu("d", "2.7")])
    assert {m.name: m.value for m in record.members}["d"] == Decimal("2.7")
    alone = run([*THREE, gpu("d", price)])
    assert alone.value == Decimal("2.5")
    assert [entry.source for entry in alone.absent] == ["d"]


def test_several_sources_of_one_provider_are_compared_while_fresh() -> None:
    """[IDX-8]"""
    earlier = replace(gpu("a", "1.9", timedelta(minutes=20)), source="other")
    assert {m.name: m.value for m in run([*THREE, earlier]).members}["a"] == Decimal("1.9")
    old = replace(gpu("a", "1.9", timedelta(hours=3)), source="other")
    record = run([*THREE, old])
    assert {m.name: m.value for m in record.members}["a"] == 2
    reason = "another source has a later quote of a, 2026-11-10T12:00:00+00:00"
    assert [entry.reason for entry in record.quotes if not entry.used] == [reason]
