"""Sources from configuration tables."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from olivepress.prices import CcxtTickers, CsvFile, GenaiPrices, HttpJson, JsonFile, LitellmTable, collect
from olivepress.prices.config import SourceConfigError, sources_from

GOOD = """
[[source]]
type = "genai-prices"
venues = ["openai"]
[[source]]
type = "litellm"
[[source]]
type = "csv"
path = "gpu.csv"
constants = { unit = "GPU-hour" }
[[source]]
type = "json"
path = "gpu.json"
records = "data.offers"
fields = { venue = "@key" }
[[source]]
type = "http"
name = "feed"
url = "https://example.org/gpus"
headers = { Authorization = "env:FEED_KEY" }
[[source]]
type = "ccxt"
exchange = "kraken"
symbols = ["TAO/USD"]
"""


def tables(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text)["source"]
    return found


async def test_every_kind_of_source(tmp_path: Path) -> None:
    sources = sources_from(tables(GOOD), tmp_path)
    kinds = [GenaiPrices, LitellmTable, CsvFile, JsonFile, HttpJson, CcxtTickers]
    assert [type(source) for source in sources] == kinds
    names = ["genai-prices", "litellm", "gpu.csv", "gpu.json", "feed", "ccxt:kraken"]
    assert [source.name for source in sources] == names
    (tmp_path / "gpu.csv").write_text(
        "observed_at,venue,item,price\n2026-11-01,aws,H100-SXM,6.88\n", encoding="utf-8"
    )
    reading = await collect([sources[2]], datetime(2026, 11, 2, tzinfo=UTC))
    assert [quote.price for quote in reading.quotes] == [Decimal("6.88")]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('type = "csv"', 'type = "xls"', "source 3: .*xls"),
        ('path = "gpu.csv"\n', "", "source 3.*path"),
        ('path = "gpu.csv"', 'path = "gpu.csv"\npasswd = "x"', "source 3.*passwd"),
        ('{ venue = "@key" }', '{ cost = "@key" }', "source 4.*cost"),
        ("https://", "gopher://", "source 5.*url"),
        ('"TAO/USD"', '"TAO/EUR"', "source 6.*TAO/EUR"),
        ('"gpu.json"', '"other/gpu.csv"', "source 3: the name gpu.csv is used twice"),
        ("headers = {", "timeout_seconds = 0\nheaders = {", "source 5.*timeout_seconds"),
    ],
)
def test_a_wrong_table_is_named_by_number_and_field(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(SourceConfigError, match=says):
        sources_from(tables(GOOD.replace(old, new)), Path())
