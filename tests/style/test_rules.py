"""Every rule of docs/spec is cited by a test, and every citation is of a rule.

A rule is a sentence with an id in brackets under docs/spec. A test cites it in its docstring, its comment or,
in an example of tests/golden, in the field "rules": one id in brackets, or several with commas between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "docs" / "spec"
TESTS = ROOT / "tests"
ID = r'"?[A-Z]+-\d+"?'
IN_BRACKETS = re.compile(rf"\[({ID}(?:, {ID})*)\]")


def ids(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """(id, file and line) of every id in brackets."""
    for path in sorted(paths):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for group in IN_BRACKETS.findall(line):
                for one in group.replace('"', "").split(", "):
                    yield one, f"{path.relative_to(ROOT)}:{number}"


def rules() -> list[tuple[str, str]]:
    return list(ids(SPEC.glob("*.md")))


def citations() -> list[tuple[str, str]]:
    sources = (path for path in TESTS.rglob("*") if path.suffix in {".py", ".sol", ".json"})
    return list(ids(path for path in sources if path != Path(__file__)))


def test_each_rule_has_an_id_of_its_own() -> None:
    places: dict[str, list[str]] = {}
    for one, place in rules():
        places.setdefault(one, []).append(place)
    assert len(places) >= 60
    twice = [f"{', '.join(found)}: {one}" for one, found in places.items() if len(found) > 1]
    assert not twice, "\n".join(twice)


def test_every_rule_is_cited() -> None:
    cited = {one for one, _ in citations()}
    uncited = [f"{place}: {one} is cited by no test" for one, place in rules() if one not in cited]
    assert not uncited, "\n".join(uncited)


def test_every_citation_is_of_a_rule() -> None:
    known = {one for one, _ in rules()}
    dangling = [f"{place}: there is no rule {one}" for one, place in citations() if one not in known]
    assert not dangling, "\n".join(dangling)
