"""Every reason for which a verb refuses is reached by a named forge test, or it is said why it never is.

`tests/contracts/refusals.toml` has the pairs of verb and error, which are held against the sources here.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from solidity_reasons import block_end, reasons

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "contracts"
TABLE = tomllib.loads((TESTS / "refusals.toml").read_text())
NEVER = TABLE.pop("never")
REASONS = reasons()
PAIRS = [(verb, error, test) for verb, errors in TABLE.items() for error, test in errors.items()]


def never_reached(verb: str) -> list[str]:
    return [error for entry in NEVER if verb in entry["verbs"] for error in entry["errors"]]


def test_the_verbs_are_those_of_the_exchange() -> None:
    assert set(TABLE) == set(REASONS)
    assert len(REASONS) > 30
    assert sum(map(len, REASONS.values())) > 250


@pytest.mark.parametrize("verb", REASONS)
def test_every_reason_of_a_verb_is_listed_once(verb: str) -> None:
    listed = [*TABLE[verb], *never_reached(verb)]
    assert REASONS[verb] - set(listed) == set()
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(("verb", "error", "test"), PAIRS)
def test_the_test_names_the_verb_and_the_error(verb: str, error: str, test: str) -> None:
    file, name = test.split(":")
    text = reached_text(file, name)
    assert re.search(rf"\b{verb}\b", text), f"{test} does not call {verb}"
    assert re.search(rf"\b{error}\b", text), f"{test} does not name {error}"


def test_whatever_is_never_reached_says_why() -> None:
    assert all(len(entry["why"].split()) >= 3 for entry in NEVER)


def reached_text(file: str, name: str) -> str:
    """A test with every helper that it calls, by name."""
    known = functions(file)
    waiting, seen = ["setUp", name], set[str]()
    assert name in known, f"no {name} in {file}"
    while waiting:
        one = waiting.pop()
        if one in seen or one not in known:
            continue
        seen.add(one)
        waiting.extend(re.findall(r"\b(\w+)\(", known[one]))
    return "\n".join(known[one] for one in seen)


@cache
def functions(file: str) -> dict[str, str]:
    """Functions of a test file and of what it imports from the tests; overloads together."""
    text = (TESTS / file).read_text()
    known: dict[str, str] = {}
    for path in re.findall(r'from "(\.{1,2}/[^"]+)"', text):
        imported = ((TESTS / file).parent / path).resolve()
        if imported.is_relative_to(TESTS):
            known |= functions(str(imported.relative_to(TESTS)))
    for found in re.finditer(r"\bfunction (\w+)\([^{;]*\{", text):
        body = text[found.start() : block_end(text, found.end())]
        known[found[1]] = known.get(found[1], "") + body
    return known
