"""AI-ASSETS: fixed quantities, outliers across venues, and no value with a hole in the basket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from olivepress.index import AuditRecord, Basket, compute, explain, load
from olivepress.index.methodology import parse
from olivepress.prices import Kind, Quote, Reading, Unit

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
TEXT = """
id = "COINS"
version = 1
title = "t"
unit = "index points"
kind = "basket"
fresh_minutes = 15
max_deviation = 0.05
minimum_venues = 2
[[asset]]
item = "TAO"
quantity = 2
[[asset]]
item = "FET"
quantity = 100
"""


def coin(venue: str, item: str, price: str, age: int = 0) -> Quote:
    moment = NOW - timedelta(minutes=age)
    return Quote(venue, item, Decimal(price), Unit.COIN, moment, f"ccxt:{venue}", kind=Kind.OFFER)


FOUR = [coin("a", "TAO", "400"), coin("b", "TAO", "404"), coin("a", "FET", "0.7"), coin("b", "FET", "0.72")]


def run(quotes: list[Quote]) -> AuditRecord:
    return compute(parse("test", TEXT), Reading(quotes=quotes), NOW)


def test_the_value_is_the_sum_of_quantities_at_median_prices() -> None:
    """[IDX-14]"""
    record = run(FOUR)
    assert record.value == 2 * Decimal(402) + 100 * Decimal("0.71") == 875
    assert record.value_e8 == 87_500_000_000
    assert [member.weight for member in record.members] == ["804/875", "71/875"]


@pytest.mark.parametrize("price", ["40000", "4", "425"])
def test_a_venue_far_from_the_others_is_left_out(price: str) -> None:
    """[IDX-13]"""
    record = run([*FOUR, coin("c", "TAO", price)])
    assert record.value == 875
    (reason,) = (entry.reason for entry in record.quotes if not entry.used)
    assert reason.startswith(f"outlier: {price} against a median of")


def test_two_venues_that_disagree_leave_a_hole_and_no_value() -> None:
    """[IDX-14]"""
    record = run([*FOUR[:1], coin("b", "TAO", "800"), *FOUR[2:]])
    assert (record.status, record.value) == ("withheld", None)
    assert record.reason == "no price of TAO; every asset of the basket needs one"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"observed_at": NOW - timedelta(minutes=16)}, "stale: older than 15 minutes"),
        ({"observed_at": NOW + timedelta(seconds=1)}, "observed after"),
        ({"kind": Kind.LIST}, "list price; only trade, offer count"),
    ],
)
def test_an_ineligible_price_is_left_out(change: dict[str, object], says: str) -> None:
    """[IDX-13]"""
    record = run([*FOUR[1:], replace(FOUR[0], **change)])  # type: ignore[arg-type]
    assert record.status == "withheld"
    (reason,) = (entry.reason for entry in record.quotes if not entry.used and entry.quote.item == "TAO")
    assert says in reason


def test_the_latest_price_of_a_venue_counts_in_any_order() -> None:
    """[IDX-13]"""
    older = coin("a", "TAO", "390", age=5)
    for quotes in ([older, *FOUR], [*FOUR, older]):
        record = run(quotes)
        assert record.value == 875
        assert [e.reason for e in record.quotes if not e.used] == ["a has a later quote"]


def test_the_shipped_basket_publishes_and_recomputes() -> None:
    methodology = load("AI-ASSETS")
    assert isinstance(methodology, Basket)
    quotes = [coin(venue, asset.item, "3.5") for asset in methodology.asset for venue in ("a", "b", "c")]
    record = compute(methodology, Reading(quotes=quotes), NOW)
    assert record.value == sum(asset.quantity for asset in methodology.asset) * Decimal("3.5")
    assert explain(record).matches
