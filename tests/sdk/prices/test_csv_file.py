"""The documented CSV format, other files' columns, and every way in which a file can be bad."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from olivepress.prices import CsvFile, Kind, Market, QuoteError, SourceError, collect

NOW = datetime(2026, 11, 2, tzinfo=UTC)
TEXT = """\
# quotes of our own desk
observed_at,venue,item,price,unit,count,kind,market,tier
2026-11-01T10:00:00Z,RunPod,H100-SXM,2.69,GPU-hour,,offer,on_demand,secure
2026-11-01T10:00:00Z,aws,H100-SXM,55.04,GPU-hour,8,list,on_demand,
2026-11-01T10:00:00Z,vast,H100-SXM,-1,GPU-hour,,,,

2026-11-01T10:00:00Z,vast,H100-SXM,269,GPU-hour,,,,
2026-11-01T10:00:00Z,vast,H100-SXM,1.8,GPU-hour,,,spot,
2026-11-03T10:00:00Z,vast,H100-SXM,1.9,GPU-hour,,,,
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "gpu.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_good_rows_count_and_bad_rows_are_named_by_line(tmp_path: Path) -> None:
    reading = CsvFile(write(tmp_path, TEXT)).load()
    assert [(quote.venue, quote.price) for quote in reading.quotes] == [
        ("runpod", Decimal("2.69")),
        ("aws", Decimal("6.88")),
        ("vast", Decimal("1.8")),
        ("vast", Decimal("1.9")),
    ]
    assert reading.quotes[0].kind is Kind.OFFER
    assert reading.quotes[2].market is Market.SPOT
    assert [rejected.entry for rejected in reading.rejected] == ["line 5", "line 7"]
    assert "'-1'" in reading.rejected[0].reason
    assert "'269'" in reading.rejected[1].reason
    assert {quote.source for quote in reading.quotes} == {"gpu.csv"}


async def test_reading_at_a_time_leaves_later_rows_for_later(tmp_path: Path) -> None:
    reading = await collect([CsvFile(write(tmp_path, TEXT))], NOW)
    assert max(quote.observed_at for quote in reading.quotes) == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert len(reading.quotes) == 3


def test_other_columns_and_constants(tmp_path: Path) -> None:
    text = "ts_utc,provider,usd\n2026-11-01,lambda,2.99\n"
    file = CsvFile(
        write(tmp_path, text),
        columns={"observed_at": "ts_utc", "venue": "provider", "price": "usd"},
        constants={"item": "H100-SXM", "unit": "GPU-hour"},
    )
    (quote,) = file.load().quotes
    assert (quote.venue, quote.item, quote.price) == ("lambda", "H100-SXM", Decimal("2.99"))


def test_an_unknown_field_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(QuoteError, match="prize"):
        CsvFile(tmp_path / "x.csv", columns={"prize": "usd"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column"),
        ("observed_at,venue,item,unit\n2026-11-01,a,b,GPU-hour\n", "no column price"),
        ("\n\n# only a comment\n", "no column"),
    ],
)
def test_a_file_of_another_shape_is_unreadable(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        CsvFile(write(tmp_path, text)).load()
    assert caught.value.source == "gpu.csv"


def test_a_short_row_is_rejected_by_line(tmp_path: Path) -> None:
    reading = CsvFile(write(tmp_path, "observed_at,venue,item,price,unit\n2026-11-01,aws\n")).load()
    assert reading.quotes == []
    assert reading.rejected[0].entry == "line 2"


def test_binary_rubbish_and_a_missing_file_are_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "gpu.csv"
    path.write_bytes(b"\xff\xfe\x00rubbish\x80")
    with pytest.raises(SourceError, match=r"gpu\.csv"):
        CsvFile(path).load()
    with pytest.raises(SourceError, match="No such file"):
        CsvFile(tmp_path / "none.csv").load()


async def test_a_missing_file_is_a_named_failure_in_a_collection(tmp_path: Path) -> None:
    reading = await collect([CsvFile(tmp_path / "none.csv"), CsvFile(write(tmp_path, TEXT))], NOW)
    assert [failure.source for failure in reading.failures] == ["none.csv"]
    assert len(reading.quotes) == 3
