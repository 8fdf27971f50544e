"""Audit records: saved, read back, recomputed; whoever changes one is found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from olivepress.index import AuditError, AuditRecord, compute, explain, load, load_record
from olivepress.prices import Reading, Rejected, simulate_gpu
from olivepress.prices.source import Failure

NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def record() -> AuditRecord:
    quotes = simulate_gpu("H100-SXM", 5, date(2026, 11, 1), 3)
    reading = Reading(quotes, [Rejected("x.csv", "line 3", "price -1")], [Failure("net", "timeout", "30 s")])
    return compute(load("GPU-H100-SXM"), reading, NOW)


def test_a_record_comes_back_from_json_as_it_was(record: AuditRecord, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    record.save(path)
    assert load_record(path) == record
    raw = json.loads(path.read_text(encoding="utf-8"))
    # Money is text in JSON: a number would come back as a float in most languages.
    assert raw["value"] == str(record.value)
    assert all(isinstance(member["value"], str) for member in raw["members"])
    assert raw["quotes"][0]["quote"]["source"] == "simulated"


def test_a_record_recomputes_to_itself(record: AuditRecord) -> None:
    explanation = explain(record)
    assert explanation.matches
    assert explanation.recomputed == record
    text = explanation.text(every_quote=True)
    for part in (
        str(record.value),
        "sim-cloud-a",
        "x.csv: line 3",
        "net: timeout",
        record.methodology.hash,
        "spot",
    ):
        assert part in text
    assert "the same, in every field" in text


def _raise_value(raw: dict[str, Any]) -> None:
    raw["value"] = str(Decimal(raw["value"]) + 1)


def _shift_price(raw: dict[str, Any]) -> None:
    used = next(entry for entry in raw["quotes"] if entry["used"])
    used["quote"]["price"] = "4.00"


def _drop_quote(raw: dict[str, Any]) -> None:
    raw["quotes"] = [entry for entry in raw["quotes"] if not entry["used"]]


def _swap_verdict(raw: dict[str, Any]) -> None:
    raw["quotes"][0]["used"] = not raw["quotes"][0]["used"]


def _swap_weight(raw: dict[str, Any]) -> None:
    raw["members"][0]["weight"] = "1/2"


@pytest.mark.parametrize(
    ("tamper", "field"),
    [
        (_raise_value, "value"),
        (_shift_price, "members"),
        (_drop_quote, "status"),
        (_swap_verdict, "quotes"),
        (_swap_weight, "members"),
    ],
)
def test_a_changed_record_is_found_out(
    record: AuditRecord, tamper: Callable[[dict[str, Any]], None], field: str
) -> None:
    raw = json.loads(record.to_json())
    tamper(raw)
    explanation = explain(AuditRecord.model_validate(raw, strict=False))
    assert not explanation.matches
    assert any(difference.startswith(field) for difference in explanation.differences)
    assert "DIFFERENT" in explanation.text()


def test_another_methodology_is_refused(record: AuditRecord) -> None:
    with pytest.raises(AuditError, match=record.methodology.hash):
        explain(record, load("GPU-H200-SXM"))


@pytest.mark.parametrize(
    ("text", "says"),
    [("{}", "index"), ("not json", "JSON"), ('{"format": "olivepress-audit-9"}', "format"), ("[]", "file")],
)
def test_an_unreadable_record_is_refused_in_words(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AuditError, match=says) as caught:
        load_record(path)
    assert "bad.json" in str(caught.value)


def test_a_record_with_a_bad_price_is_refused(record: AuditRecord, tmp_path: Path) -> None:
    raw = json.loads(record.to_json())
    raw["quotes"][0]["quote"]["price"] = "-1"
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(AuditError, match=r"quotes\.0\.quote.*price"):
        load_record(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"none\.json"):
        load_record(tmp_path / "none.json")
