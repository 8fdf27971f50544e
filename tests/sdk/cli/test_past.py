"""`index history` and `index chart` over the recorded prices of the package, without a chain; times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from olivepress import cli
from olivepress.cli.past import to_time
from olivepress.errors import ValidationError

JUNE = ["LLM-FLAGSHIP", "--recorded", "--from", "2026-05-30", "--to", "2026-06-09"]


def test_the_recorded_days_of_june_2026() -> None:
    done = CliRunner().invoke(cli.app, ["index", "history", *JUNE, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    values = [row["value"] for row in told["rounds"]]
    assert values == ["5.0625"] * 2 + ["3.3375"] * 5 + ["3.03125"] * 3
    assert (told["coverage"], told["stale"]) == ("1", [])
    short = CliRunner().invoke(cli.app, ["index", "history", *JUNE, "--last", "2", "--csv"])
    assert [line.split(",")[1] for line in short.stdout.splitlines()] == ["value", "3.03125", "3.03125"]


def test_the_table_fits_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(cli.app, ["index", "history", *JUNE]).stdout
    assert all(len(line.rstrip()) <= 80 for line in shown.splitlines())
    assert "…" not in shown
    assert "2026-05-30 00:00 UTC to 2026-06-09 00:00 UTC\n" in shown
    (rolled,) = [line for line in shown.splitlines() if "2026-06-01" in line]
    assert [cell.strip() for cell in rolled.split("│")[1:-1]] == [
        "2026-06-01 00:00",
        "3.3375",
        "-34.07%",
        "-",
    ]


def test_the_picture_of_june_2026(tmp_path: Path) -> None:
    file = tmp_path / "june.svg"
    done = CliRunner().invoke(cli.app, ["index", "chart", *JUNE, "--out", str(file)])
    assert done.exit_code == 0, done.output
    text = file.read_text(encoding="utf-8")
    assert "recomputed from list prices recorded in the package" in text
    assert "USD per 1M tokens" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["GPU-H100-SXM", "--recorded"], "LLM list prices only"),
        (["NOTHING", "--recorded"], "not shipped"),
        (["LLM-FLAGSHIP", "--recorded", "--to", "2020-01-01"], "2023-11-01 or later"),
        (["LLM-FLAGSHIP", "--recorded", "--to", "soon"], "to: 'soon'"),
    ],
)
def test_what_is_not_recorded_is_refused(words: list[str], says: str) -> None:
    done = CliRunner().invoke(cli.app, ["index", "history", *words])
    assert done.exit_code == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 86_400),
        ("1970-01-01T00:01", 60),
        ("1970-01-01T02:00+01:00", 3_600),
        ("1970-01-01 00:00:07Z", 7),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(text: str, seconds: int) -> None:
    assert to_time("from", text) == seconds


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "1764547200", "01.11.2026"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        to_time("from", text)
    assert (refused.value.field, refused.value.value) == ("from", text)
