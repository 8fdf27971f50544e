"""The picture of an index: what is in it, read from the SVG; and what cannot be drawn."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from olivepress.errors import ConfigurationError, ValidationError
from olivepress.oracle import IndexPoint, Past, RoundStatus
from olivepress.oracle.picture import Picture, Window, save

D = Decimal
HOUR, DAY = 3600, 86_400
START = 20_780 * DAY
CONFIRMED, DROPPED = "confirmed by a second round", "never counted"


def past(*told: tuple[int, str, RoundStatus], hours: int) -> Past:
    """Rounds by hour, value and status; a heartbeat is six hours."""
    rounds = [
        IndexPoint(1, number, START + hour * HOUR, D(value), 31, number, status)
        for number, (hour, value, status) in enumerate(told, 1)
    ]
    return Past(tuple(rounds), 6 * HOUR, START + hours * HOUR)


OK, MOVED, LOST, OPEN = (
    RoundStatus.ACCEPTED,
    RoundStatus.CONFIRMED,
    RoundStatus.DROPPED,
    RoundStatus.PENDING,
)
HALVED = past(
    (0, "4", OK), (6, "2", MOVED), (12, "2", OK), (30, "9", LOST), (31, "2.5", OK), (35, "1", OPEN), hours=48
)
WINDOW = Window("LLM-FLAGSHIP-NOV26", START, START + DAY)


def picture(shown: Past = HALVED, **changes: object) -> Picture:
    whole = Picture("LLM-FLAGSHIP", shown, START, shown.until, "USD per 1M tokens", "chain 31337", [WINDOW])
    return replace(whole, **changes)  # type: ignore[arg-type]


def svg(folder: Path, what: Picture) -> str:
    save(what, folder / "index.svg")
    return (folder / "index.svg").read_text(encoding="utf-8")


def test_it_can_be_read_alone(tmp_path: Path) -> None:
    text = svg(tmp_path, picture())
    words = re.findall(r">([^<>]+)</text>", text)
    for word in ("LLM-FLAGSHIP", "USD per 1M tokens", "chain 31337", "NOV26", "published value"):
        assert word in words, word
    # Over the window: 4 for six hours, 2 for twelve, then stale for six.
    assert "2.66667" in words
    assert "75% fresh" in words
    # Over the whole: 31 to 37 at 2.5 on top; 24 of 48 hours.
    (facts,) = [word for word in words if " · " in word]
    assert facts == (
        "2026-11-23 00:00 to 2026-11-25 00:00 UTC · 4 values · 50% of the time fresh · average 2.625"
    )
    assert "2.5" in words


def test_each_thing_is_told_and_counted_only_where_it_is(tmp_path: Path) -> None:
    text = svg(tmp_path, picture())
    for phrase in (CONFIRMED, DROPPED, "waits for a second round"):
        assert f"{phrase} (1)</text>" in text
    assert "no fresh value" in text
    calm = past((0, "4", OK), (6, "4.1", OK), hours=12)
    quiet = svg(tmp_path, picture(calm, windows=()))
    for phrase in (CONFIRMED, DROPPED, "waits for", "no fresh value", "averaging window"):
        assert phrase not in quiet


def test_values_are_steps(tmp_path: Path) -> None:
    """The line goes level, then straight up or down: never across."""
    text = svg(tmp_path, picture(past((0, "4", OK), (6, "2", OK), (12, "3", OK), hours=18), windows=()))
    (line,) = [
        path for path in re.findall(r'<path d="([^"]+)"[^>]*stroke-width: 1\.8', text) if path.count("L") > 2
    ]
    corners = [tuple(map(Decimal, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", line)]
    assert len(corners) == 6
    for (x, y), (next_x, next_y) in pairwise(corners):
        assert x == next_x or y == next_y


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    assert svg(tmp_path, picture()) == svg(tmp_path, picture())


@pytest.mark.parametrize("name", ["index.png", "deep/er/index.PDF"])
def test_other_formats(tmp_path: Path, name: str) -> None:
    save(picture(), tmp_path / name)
    assert (tmp_path / name).read_bytes()[:4] in (b"\x89PNG", b"%PDF")


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="out") as refused:
        save(picture(), tmp_path / "index.gif")
    assert refused.value.value == "index.gif"
    for empty in (Past((), HOUR, START + HOUR), past((0, "4", OPEN), hours=1)):
        with pytest.raises(ValidationError, match="LLM-FLAGSHIP"):
            save(picture(empty), tmp_path / "index.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match=re.escape("olivepress[chart]")):
        save(picture(), tmp_path / "index.png")
