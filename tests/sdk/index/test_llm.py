"""LLM-FLAGSHIP's rules on small hand-made markets: what counts, what does not, and the reason given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from olivepress.index import AuditRecord, LlmBlend, compute, history, load, names
from olivepress.index.estimators import median
from olivepress.index.methodology import parse
from olivepress.prices import Kind, Market, Quote, QuoteError, Reading, Rejected, Unit
from olivepress.prices.source import Failure

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)

HEAD = """
id = "LLM-TEST"
version = 3
title = "t"
unit = "USD per 1M tokens"
kind = "llm-blend"
sources = ["first", "second"]
max_age_days = 30
minimum_vendors = 2
majority = 0.5
max_above = 10
max_below = 50
[blend]
input = 3
output = 1
"""


def vendor(name: str, *flagships: str) -> str:
    rolls = [
        f'[[vendor.flagship]]\neffective = 2026-01-01\nmodel = "{flagships[0]}"\nitems = ["{flagships[0]}"]\n'
    ]
    rolls += [
        f'[[vendor.flagship]]\neffective = 2026-12-01\nannounced = 2026-11-20\nmodel = "{m}"\n'
        f'items = ["{m}"]\n'
        for m in flagships[1:]
    ]
    return f'[[vendor]]\nname = "{name}"\nvenues = ["{name}", "{name}-cloud"]\n{"".join(rolls)}'


def methodology(*vendors: str) -> LlmBlend:
    market = vendors or (vendor("a", "m1", "m2"), vendor("b", "n1"), vendor("c", "o1"))
    found = parse("test", HEAD + "".join(market))
    assert isinstance(found, LlmBlend)
    return found


def offer(
    venue: str, item: str, low: str, high: str, source: str = "first==1", at: datetime = NOW
) -> list[Quote]:
    units = ((Unit.INPUT_MTOK, low), (Unit.OUTPUT_MTOK, high))
    return [Quote(venue, item, Decimal(price), unit, at, source) for unit, price in units]


THREE = offer("a", "m1", "2", "10") + offer("b", "n1", "3", "15") + offer("c", "o1", "1", "1")


def run(quotes: list[Quote], now: datetime = NOW) -> AuditRecord:
    return compute(methodology(), Reading(quotes=quotes), now)


def reasons(record: AuditRecord, used: bool) -> list[str]:
    return [entry.reason for entry in record.quotes if entry.used is used]


def test_the_median_of_three_blends() -> None:
    """[IDX-5]"""
    record = run(THREE)
    assert {member.name: member.value for member in record.members} == {"a": 4, "b": 6, "c": 1}
    assert (record.status, record.value, record.value_e8) == ("published", Decimal(4), 400_000_000)
    assert record.methodology.hash == methodology().hash.hex()
    assert len(reasons(record, True)) == 6


def test_two_vendors_give_the_mean() -> None:
    """[IDX-5]"""
    assert run(THREE[:4]).value == 5


def test_one_of_three_vendors_is_no_majority() -> None:
    """[IDX-6]"""
    record = run(THREE[:2])
    assert (record.status, record.value, record.value_e8) == ("withheld", None, None)
    assert record.reason == "1 of 3 designated vendors have a price; at least 2 are needed"
    assert [entry.source for entry in record.absent] == ["b", "c"]


def test_half_of_the_vendors_is_no_majority() -> None:
    """[IDX-6]"""
    four = methodology(*(vendor(name, name) for name in "abcd"))
    quotes = offer("a", "a", "1", "1") + offer("b", "b", "1", "1")
    assert compute(four, Reading(quotes=quotes), NOW).status == "withheld"
    assert compute(four, Reading(quotes=quotes + offer("c", "c", "1", "1")), NOW).status == "published"


def test_the_roll_happens_at_midnight_and_not_before() -> None:
    """[IDX-1]"""
    quotes = THREE + offer("a", "m2", "9", "9")
    before = run(quotes, datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    after = run(quotes, datetime(2026, 12, 1, tzinfo=UTC))
    assert {m.item for m in before.members} == {"m1", "n1", "o1"}
    assert {m.item for m in after.members} == {"m2", "n1", "o1"}
    assert "a m2 is not a designated flagship on 2026-11-30" in reasons(before, False)
    assert "a m1 is not a designated flagship on 2026-12-01" in reasons(after, False)


def test_the_preferred_source_comes_first_and_the_other_is_left_out() -> None:
    """[IDX-3]"""
    record = run(THREE + offer("a", "m1", "20", "20", "second==9"))
    assert record.value == 4
    assert reasons(record, False) == ["first==1 comes first for a"] * 2


def test_the_second_source_fills_in() -> None:
    record = run(THREE[2:] + offer("a-cloud", "m1", "20", "20", "second==9"))
    assert {m.name: (m.value, m.source) for m in record.members}["a"] == (Decimal(20), "second==9")


def test_an_offer_without_an_output_price_gives_way_to_a_whole_one() -> None:
    """[IDX-3]"""
    record = run([THREE[0], *THREE[2:], *offer("a", "m1", "20", "20", "second==9")])
    assert {m.name: m.value for m in record.members}["a"] == 20
    assert reasons(record, False) == ["first==1 has no price for 1M output tokens"]


def test_prices_of_different_times_are_not_mixed() -> None:
    """[IDX-3]"""
    older = offer("a", "m1", "8", "8", at=NOW - timedelta(days=1))
    record = run([THREE[0], *older, *THREE[2:]])
    assert {m.name: m.value for m in record.members}["a"] == 8


def test_the_newest_offer_of_a_source_counts() -> None:
    """[IDX-3]"""
    record = run(offer("a", "m1", "8", "8", at=NOW - timedelta(days=1)) + THREE)
    assert {m.name: m.value for m in record.members}["a"] == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source": "third==1"}, "source third is not one of first, second"),
        ({"observed_at": NOW - timedelta(days=31)}, "stale: older than 30 days"),
        ({"observed_at": NOW + timedelta(seconds=1)}, "observed after 2026-11-10T12:00:00+00:00"),
        ({"kind": Kind.OFFER}, "on_demand offer price; only on-demand list prices count"),
        ({"market": Market.SPOT}, "spot list price; only on-demand list prices count"),
        ({"unit": Unit.CACHED_INPUT_MTOK}, "the blend has no part for 1M cached input tokens"),
    ],
)
def test_an_ineligible_quote_is_left_out_with_its_reason(change: dict[str, object], says: str) -> None:
    """[IDX-2]"""
    bad = replace(THREE[0], **change)  # type: ignore[arg-type]
    record = run([bad, *THREE[1:]])
    assert says in reasons(record, False)
    assert [entry.source for entry in record.absent] == ["a"]
    assert record.value == Decimal("3.5")


def test_every_quote_has_one_verdict_and_unrelated_ones_are_counted() -> None:
    others = offer("zoo", "m1", "1", "1") + offer("a", "mini", "1", "1")
    record = run(THREE + others + offer("a", "m2", "9", "9"))
    assert len(record.quotes) == 8
    assert record.unrelated == 4


def test_the_order_of_quotes_does_not_matter() -> None:
    forward = run(THREE + offer("a", "m1", "20", "20", "second==9"))
    backward = run(list(reversed(THREE + offer("a", "m1", "20", "20", "second==9"))))
    assert (forward.value, forward.members) == (backward.value, backward.members)


def test_failures_and_rejected_entries_are_in_the_record() -> None:
    reading = Reading(THREE, [Rejected("x.csv", "line 3", "price -1")], [Failure("net", "timeout", "30 s")])
    record = compute(methodology(), reading, NOW)
    assert (record.rejected[0].source, record.rejected[0].entry) == ("x.csv", "line 3")
    assert (record.failures[0].source, record.failures[0].entry) == ("net", "timeout")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(QuoteError, match="as_of"):
        run(THREE, NOW.replace(tzinfo=None))


def test_a_hundredfold_price_gives_way_to_the_next_source() -> None:
    """[IDX-4]"""
    wrong = offer("a", "m1", "200", "1000", "first==1") + offer("a", "m1", "2", "10", "second==1")
    record = run(wrong + THREE[2:])
    assert {m.name: (m.value, m.source) for m in record.members}["a"] == (Decimal(4), "second==1")
    assert record.value == 4
    outliers = [reason for reason in reasons(record, False) if reason.startswith("outlier")]
    limits = "allowed is 10 times above to 50 times below"
    assert outliers == [f"outlier: 400 against a median of 6 over the vendors; {limits}"] * 2


def test_one_part_of_the_blend_a_hundredfold_is_found_out_too() -> None:
    """[IDX-4]"""
    record = run(offer("a", "m1", "200", "10") + THREE[2:])
    assert [m.name for m in record.members] == ["b", "c"]
    assert [r.split(" over")[0] for r in reasons(record, False)] == [
        "outlier: 152.5 against a median of 6"
    ] * 2


@pytest.mark.parametrize("factor", ["100", "0.01"])
def test_of_two_vendors_one_wrong_price_gives_no_value(factor: str) -> None:
    """[IDX-4]: a mean of the two would let it in, and leave the right one out."""
    two = methodology(vendor("a", "m1"), vendor("b", "n1"))
    bad = [replace(quote, price=quote.price * Decimal(factor)) for quote in THREE[:2]]
    record = compute(two, Reading(quotes=bad + THREE[2:4]), NOW)
    assert record.status == "withheld"
    assert sum(reason.startswith("outlier") for reason in reasons(record, False)) == 2


@pytest.mark.parametrize("index", [name for name in names() if name.startswith("LLM-")])
def test_a_hundredfold_price_of_any_vendor_of_today_is_named(index: str) -> None:
    """[IDX-4]: on the newest recorded day, one by one; those below a tenth of the median cannot be told."""
    day = history.span()[1]
    today, quotes = history.record(day, index), history.quotes_on(day)
    middle = median([member.value for member in today.members])
    known = [one for one in today.members if one.value * 100 > middle * 10]
    assert len(known) >= len(today.members) - 1
    for member in known:
        bad = [
            replace(quote, price=quote.price * 100)
            if (quote.item, quote.source) == (member.item, member.source)
            else quote
            for quote in quotes
        ]
        record = compute(load(index), Reading(quotes=bad), today.as_of)
        told = [one for one in record.quotes if one.quote.item == member.item and "outlier" in one.reason]
        assert told, member.name
        assert member.item not in {one.item for one in record.members if one.source == member.source}


def test_a_price_of_a_hundredth_without_another_source_leaves_the_vendor_out() -> None:
    """[IDX-4]"""
    record = run(offer("a", "m1", "0.002", "0.01") + THREE[2:])
    assert [m.name for m in record.members] == ["b", "c"]
    assert [entry.source for entry in record.absent] == ["a"]


def test_a_price_given_twice_counts_once() -> None:
    record = run([*THREE, replace(THREE[0], price=Decimal(500))])
    assert record.value == 4
    assert reasons(record, False) == ["first==1 gives this price twice; the first counts"]
