"""JSON documents and files: wherever the quotes are, and every way in which they can be bad."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from olivepress.prices import JsonFile, Layout, QuoteError, SourceError, collect
from olivepress.prices.json_data import read_json

NOW = datetime(2026, 11, 2, tzinfo=UTC)
RECORD = {"observed_at": "2026-11-01T10:00:00Z", "venue": "lambda", "item": "H100-SXM", "unit": "GPU-hour"}
OFFERS = """{"data": {"offers": {
  "runpod": {"gpu": {"name": "H100-SXM"}, "usd": 2.69, "n": 1, "prices": [9, 2.69]},
  "aws":    {"gpu": {"name": "H100-SXM"}, "usd": 55.04, "n": 8, "prices": [9, 55.04]},
  "bad":    {"gpu": {"name": "H100-SXM"}, "usd": -1, "n": 1, "prices": []},
  "worse":  "rubbish"}}}"""
LAYOUT = Layout(
    "data.offers",
    {"venue": "@key", "item": "gpu.name", "price": "usd", "count": "n"},
    {"unit": "GPU-hour", "kind": "offer"},
)


def test_records_of_an_object_with_nested_fields() -> None:
    reading = read_json(OFFERS, LAYOUT, "feed", NOW)
    assert [(q.venue, q.price, q.observed_at) for q in reading.quotes] == [
        ("runpod", Decimal("2.69"), NOW),
        ("aws", Decimal("6.88"), NOW),
    ]
    assert [rejected.entry for rejected in reading.rejected] == ["bad", "worse"]


def test_a_field_may_be_a_place_in_a_list() -> None:
    layout = Layout("data.offers", {**LAYOUT.fields, "price": "prices.1"}, LAYOUT.constants)
    assert [q.venue for q in read_json(OFFERS, layout, "feed", NOW).quotes] == ["runpod", "aws"]


def test_a_list_in_our_own_format_needs_no_layout() -> None:
    text = json.dumps([{**RECORD, "price": "2.99"}, {**RECORD, "price": "0"}])
    reading = read_json(text, Layout(), "f")
    assert [q.price for q in reading.quotes] == [Decimal("2.99")]
    assert reading.rejected[0].entry == "1"


def test_numbers_are_read_exactly() -> None:
    head = '"observed_at": "2026-11-01", "venue": "v", "item": "i", "unit": "GPU-hour"'
    text = f'[{{{head}, "price": 2.1000000000000001}}]'
    assert str(read_json(text, Layout(), "f").quotes[0].price) == "2.1000000000000001"


def test_without_a_time_a_file_is_rejected_and_an_endpoint_is_not() -> None:
    text = json.dumps([{"venue": "v", "item": "i", "unit": "GPU-hour", "price": "1"}])
    assert "observed_at" in read_json(text, Layout(), "f").rejected[0].reason
    assert read_json(text, Layout(), "f", NOW).quotes[0].observed_at == NOW


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("", "", "not JSON"),
        ("<html>", "", "not JSON"),
        ('[{"price": NaN}]', "", "NaN is no number"),
        ('{"data": 3}', "data", "found int"),
        ('{"data": {}}', "data.offers", "found NoneType"),
        ("[" * 200_000, "", "nested deeper than 100"),
        ('{"a":' * 200_000, "", "nested deeper than 100"),
        ('["' + '\\"' * 200_000, "", "not JSON"),
    ],
)
def test_a_document_without_records_is_unreadable(text: str, path: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read_json(text, Layout(path), "feed", NOW)


def test_a_deep_document_does_no_harm_where_a_package_raised_the_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # as py_ecc does, which eth_account imports
    try:
        with pytest.raises(SourceError, match="nested deeper than 100"):
            read_json(b"[" * 1_000_000, Layout(), "feed", NOW)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_inside_text_are_no_nesting() -> None:
    record = {**RECORD, "price": "2.99", "note": '[{"' * 200}
    (quote,) = read_json(json.dumps([record]).encode(), Layout(), "feed").quotes
    assert quote.price == Decimal("2.99")


def test_an_unknown_field_is_refused_at_once() -> None:
    with pytest.raises(QuoteError, match="cost"):
        Layout(fields={"cost": "usd"})


async def test_files_are_read_up_to_now_and_missing_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    rows = [{**RECORD, "price": "2.99"}, {**RECORD, "price": "3", "observed_at": "2026-11-03"}]
    path.write_text(json.dumps(rows), encoding="utf-8")
    reading = await collect([JsonFile(path), JsonFile(tmp_path / "none.json")], NOW)
    assert [q.price for q in reading.quotes] == [Decimal("2.99")]
    assert [(f.source, f.error) for f in reading.failures] == [("none.json", "unreadable")]
