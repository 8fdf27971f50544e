"""From endpoints to the audit trail: whatever a source does, the value stands and the record names it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from local_server import Answer, serving
from olivepress.index import AuditRecord, compute, explain, load
from olivepress.prices import HttpJson, Layout, collect

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
GPU, ASSETS = "GPU-H100-SXM", "AI-ASSETS"
COINS = {"TAO": "400", "FET": "0.7", "RENDER": "4", "AKT": "3"}
#: What an endpoint does besides giving prices -> where and in which words the record must name it.
FAILS, HANGS, RUBBISH = Answer(b"", 500), Answer(wait_seconds=20), Answer(b"<html>busy</html>")
BAD_ANSWERS = {
    "fails": (FAILS, "HTTP status 500"),
    "hangs": (HANGS, "no answer within"),
    "rubbish": (RUBBISH, "not JSON"),
}
BAD_PRICES = {
    "negative": (Decimal(-1), timedelta(), "price"),
    "hundredfold": (Decimal(100), timedelta(), "outlier|price"),
    "hundredth": (Decimal("0.01"), timedelta(), "outlier|price"),
    "stale": (Decimal("1.01"), timedelta(days=2), "stale"),
}


def prices(index: str) -> dict[str, str]:
    if index == GPU:
        return {"H100-SXM": "2.40"}
    methodology = load(index)
    return {asset.item: COINS.get(asset.item, "5") for asset in methodology.asset}  # type: ignore[union-attr]


def body(index: str, venue: str, factor: Decimal = Decimal(1), age: timedelta = timedelta()) -> Answer:
    """An endpoint's answer: its price of every item, times `factor`, observed `age` ago."""
    unit, kind = ("GPU-hour", "list") if index == GPU else ("coin", "offer")
    seen = (NOW - age).isoformat()
    told = [
        {"venue": venue, "item": item, "price": f"{Decimal(price) * factor}", "unit": unit, "kind": kind}
        | {"observed_at": seen}
        for item, price in prices(index).items()
    ]
    return Answer(json.dumps(told).encode())


async def read(index: str, answers: dict[str, Answer]) -> AuditRecord:
    """The index over one endpoint for each of `answers`."""
    with serving(lambda path, number: answers[path.strip("/")]) as server:
        sources = [
            HttpJson(
                name,
                f"{server.url}/{name}",
                Layout(),
                timeout_seconds=1 if name == "hangs" else 20,
                retries=0,
            )
            for name in answers
        ]
        return compute(load(index), await collect(sources, NOW), NOW)


def good(index: str) -> dict[str, Answer]:
    return {f"good{n}": body(index, f"venue{n}") for n in range(5)}


def bad(index: str) -> dict[str, Answer]:
    answers = {name: answer for name, (answer, _) in BAD_ANSWERS.items()}
    return answers | {name: body(index, name, factor, age) for name, (factor, age, _) in BAD_PRICES.items()}


def reasons(record: AuditRecord, source: str) -> list[str]:
    """All that the record says against a source."""
    told = [entry.reason for entry in (*record.failures, *record.rejected) if entry.source == source]
    return told + [one.reason for one in record.quotes if one.quote.source == source and not one.used]


def check_what_is_told(record: AuditRecord, names: set[str]) -> None:
    """The record as a file recomputes to itself, and its text names the bad sources."""
    told = explain(record)
    assert told.matches
    text = told.text(every_quote=True)
    assert all(name in text for name in names)
    assert "recomputed from the quotes above: the same" in text


@pytest.mark.parametrize("index", [GPU, ASSETS])
async def test_every_bad_source_is_named_and_none_moves_the_value(index: str) -> None:
    alone = await read(index, good(index))
    record = await read(index, bad(index) | good(index))
    assert (alone.status, record.status) == ("published", "published")
    assert record.value == alone.value
    says = {name: words for name, (_, words) in BAD_ANSWERS.items()}
    says |= {name: words for name, (_, _, words) in BAD_PRICES.items()}
    for name, words in says.items():
        told = reasons(record, name)
        assert told, f"{name} is not named"
        assert any(word in reason for reason in told for word in words.split("|")), (name, told)
        assert not any(one.used for one in record.quotes if one.quote.source == name), name
    assert [reasons(record, name) for name in good(index)] == [[]] * 5
    check_what_is_told(AuditRecord.model_validate_json(record.to_json()), set(says))


async def test_all_sources_bad_is_no_value() -> None:
    record = await read(GPU, {name: answer for name, (answer, _) in BAD_ANSWERS.items() if name != "hangs"})
    assert (record.status, record.value, record.value_e8) == ("withheld", None, None)
    assert {entry.source for entry in record.failures} == {"fails", "rubbish"}
