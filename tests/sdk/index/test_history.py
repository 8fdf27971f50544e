"""The shipped table of flagship prices and the index path that follows from it."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from olivepress.index import HistoryError, LlmBlend, explain, history, load
from olivepress.index.catalogues import PACKAGES
from olivepress.index.table import NAME, read_rows, write_rows

FIRST, LAST = history.span()
SHARED = Path(os.environ.get("OLIVEPRESS_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")


def table() -> str:
    return (resources.files("olivepress") / "data" / NAME).read_text(encoding="utf-8")


def test_every_row_names_its_package_version_and_days() -> None:
    rows = read_rows(table())
    assert len(rows) > 1_000
    assert set(PACKAGES) == {row.package for row in rows}
    assert all(row.version and FIRST <= row.released_by <= row.day <= LAST for row in rows)
    assert write_rows(rows) == table()


def test_the_ends_of_the_path_are_the_levels_known_of_the_market() -> None:
    # $26.97 in late 2023 (gpt-4 and claude-2), $3.50 in November 2026 (six vendors).
    assert date(2023, 11, 1) == FIRST
    assert history.record(FIRST).value == Decimal("26.9675")
    assert history.record(date(2026, 11, 1)).value == Decimal("3.5")
    assert len(history.record(date(2026, 11, 1)).members) == 6


def test_every_day_has_a_value_that_recomputes() -> None:
    records = history.path(FIRST, LAST)
    assert len(records) == (LAST - FIRST).days + 1
    assert all(record.status == "published" and record.value_e8 for record in records)
    for record in records[::45]:
        assert explain(record).matches


def test_june_2026_really_moved() -> None:
    # On the 1st gpt-5.5, v4-pro and grok-4.3 rolled in; on the 6th DeepSeek cut v4-pro to a quarter.
    moves = list(history.moves(date(2026, 5, 25), date(2026, 6, 30)))
    assert [(move.day, move.before, move.after) for move in moves] == [
        (date(2026, 6, 1), Decimal("5.0625"), Decimal("3.3375")),
        (date(2026, 6, 6), Decimal("3.3375"), Decimal("3.03125")),
    ]
    assert moves[0].rolled == ("deepseek", "openai", "xai")
    assert (moves[1].vendors, moves[1].rolled) == (("deepseek",), ())


def test_repricings_inside_a_month_are_dated_to_the_day() -> None:
    inside = [move for move in history.moves(FIRST, LAST) if not move.rolled and move.day.day > 1]
    assert [(str(move.day), *move.vendors) for move in inside] == [
        ("2023-12-13", "anthropic"),
        ("2024-06-16", "mistral"),
        ("2024-11-17", "openai"),
        ("2026-06-06", "deepseek"),
    ]


def test_rolls_obey_the_rule_a_catalogue_carried_the_model_on_the_day_of_notice() -> None:
    methodology = load("LLM-FLAGSHIP")
    assert isinstance(methodology, LlmBlend)
    rows = read_rows(table())
    checked = 0
    for vendor in methodology.vendor:
        for roll in vendor.flagship:
            carried = [r.day for r in rows if r.venue in vendor.venues and r.item in roll.items]
            notice = roll.announced or roll.effective
            if notice >= FIRST and roll.announced:
                assert min(carried) <= notice, (vendor.name, roll.model, min(carried))
                checked += 1
    assert checked > 30


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), LAST + timedelta(days=1)])
def test_a_day_outside_the_table_is_refused(day: date) -> None:
    with pytest.raises(HistoryError, match=f"day = {day}.*{FIRST} to {LAST}"):
        history.record(day)


def test_a_path_backwards_and_a_gpu_index_are_refused() -> None:
    with pytest.raises(HistoryError, match="last = 2026-06-01"):
        history.path(date(2026, 6, 2), date(2026, 6, 1))
    with pytest.raises(HistoryError, match="LLM list prices only"):
        history.record(date(2026, 6, 1), "GPU-H100-SXM")


def test_the_path_agrees_with_an_independent_monthly_series() -> None:
    """Where both name the same flagships the medians agree; the rest are rolls and two catalogue errors."""
    path = SHARED / "llm_flagship_blended_monthly.csv"
    if not path.exists():
        pytest.skip("the independent series is not on this machine; set OLIVEPRESS_SHARED_DATA to its folder")
    result = Counter[bool]()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ours = history.record(date.fromisoformat(row["date"])).value
            assert ours is not None
            result[abs(ours - Decimal(row["median_blended_3to1"])) < Decimal("0.0001")] += 1
    assert result == {True: 23, False: 12}
