"""Pages point at what exists, and the glossary is in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
# `docs/gas.md`, `tests/style/test_docs.py`; not `libraries/Mark.sol`, which is short for contracts/libraries.
PLACE = re.compile(r"`((?:\./)?(?:bots|contracts|docs|scripts|sdk|tests)/[\w./-]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_places_exist(page: Path) -> None:
    text = page.read_text()
    linked = [one for one in LINK.findall(text) if not (page.parent / one).exists()]
    named = [one for one in PLACE.findall(text) if not (ROOT / one).exists()]
    assert linked + named == []


def test_the_glossary_is_in_order() -> None:
    text = (ROOT / "docs" / "GLOSSARY.md").read_text()
    words = [word.lower() for word in re.findall(r"^\*\*([\w' -]+)", text, re.MULTILINE)]
    assert len(words) > 50
    assert words == sorted(words)
