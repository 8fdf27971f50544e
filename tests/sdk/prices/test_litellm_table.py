"""litellm's price table, read from an installed package that is never imported."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from olivepress.prices import LitellmTable, SourceError, Unit
from olivepress.prices.litellm_table import FILE, read_table

NOW = datetime(2026, 11, 2, tzinfo=UTC)
TABLE = {
    "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of many"},
    "gpt-x": {
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "litellm_provider": "openai",
    },
    "typo": {"input_cost_per_token": "free", "output_cost_per_token": -1e-06, "litellm_provider": "openai"},
    "hundredfold": {"input_cost_per_token": 0.01, "litellm_provider": "openai"},
    "other": {"input_cost_per_token": 1e-06, "litellm_provider": "zoo"},
    "no": "entry",
}


def test_prices_per_token_become_exact_prices_per_million() -> None:
    reading = read_table(json.dumps(TABLE), NOW, "litellm==1", frozenset({"openai"}))
    assert {(q.item, q.unit): str(q.price) for q in reading.quotes} == {
        ("gpt-x", Unit.INPUT_MTOK): "1.25",
        ("gpt-x", Unit.OUTPUT_MTOK): "10",
        ("gpt-x", Unit.CACHED_INPUT_MTOK): "0.125",
    }
    assert [r.entry for r in reading.rejected] == [
        "openai typo input_cost_per_token",
        "openai typo output_cost_per_token",
        "openai hundredfold input_cost_per_token",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "not JSON"), ("{bad", "not JSON"), ("[]", "not a table of models"), ("3", "not a table of models")],
)
def test_another_document_is_refused(text: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        read_table(text, NOW, "litellm==1")


async def test_the_installed_package_is_read_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    (tmp_path / FILE).write_text(json.dumps(TABLE), encoding="utf-8")
    info = tmp_path / "litellm-7.8.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: litellm\nVersion: 7.8.9\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    reading = await LitellmTable(["openai"]).read(NOW)
    assert {q.source for q in reading.quotes} == {"litellm==7.8.9"}
    assert {q.price for q in reading.quotes} == {Decimal("1.25"), Decimal(10), Decimal("0.125")}
    assert "litellm" not in sys.modules
    (tmp_path / FILE).unlink()
    with pytest.raises(SourceError, match="no price table in the package"):
        await LitellmTable().read(NOW)


async def test_a_missing_package_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(SourceError, match="pip install litellm"):
        await LitellmTable().read(NOW)
