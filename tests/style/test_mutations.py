"""The mutations fit the sources: without compiling anything, so that none of them rots unnoticed."""

from __future__ import annotations

import re

import pytest

import mutate
from common import ROOT, ToolError

MUTATIONS = mutate.load()


@pytest.mark.parametrize("file", sorted({one.file for one in MUTATIONS}))
def test_every_original_stands_once_and_none_overlap(file: str) -> None:
    mine = [one for one in MUTATIONS if one.file == file]
    switched = mutate.mutate((ROOT / "contracts" / file).read_text(), file, mine)
    assert all(f"({one.number})" in switched or f", {one.number})" in switched for one in mine)


def test_every_mutation_has_its_test() -> None:
    sources = {name: (ROOT / name).read_text() for name in {one.test_file for one in MUTATIONS}}
    assert [one.id for one in MUTATIONS if f"function {one.test_name}(" not in sources[one.test_file]] == []


def test_there_are_enough_and_each_changes_something() -> None:
    assert len(MUTATIONS) >= 25
    assert [one.id for one in MUTATIONS if one.original.split() == one.mutated.split()] == []


def test_the_rules_they_break_exist() -> None:
    spec = "".join(path.read_text() for path in (ROOT / "docs" / "spec").glob("*.md"))
    cited = {rule for one in MUTATIONS for rule in re.findall(r"\b[A-Z]+-\d+\b", one.rule)}
    assert len(cited) > 50
    assert [rule for rule in sorted(cited) if f"[{rule}]" not in spec] == []


def test_the_page_shows_them() -> None:
    assert mutate.PAGE.read_text() == mutate.page(MUTATIONS), "run scripts/mutate --write"


FILE = "libraries/A.sol"


def a_mutation(original: str, mutated: str, number: int = 1, assembly: bool = False) -> mutate.Mutation:
    return mutate.Mutation(number, f"m{number}", FILE, original, mutated, "", "A.t.sol:t", assembly)


SOURCE = "pragma solidity ^0.8.28;\n\nlibrary A {\n    uint256 x = a\n        + b;\n    c();\n}\n"


def test_switches_of_expressions_statements_and_assembly() -> None:
    text = mutate.mutate(SOURCE, FILE, [a_mutation("a + b", "a"), a_mutation("c();", "", 2)])
    assert 'import {Mutants} from "./../Mutants.sol";' in text
    assert "uint256 x = (Mutants.on(1) ? (a) : (a\n        + b));" in text
    assert "if (Mutants.on(2)) {  } else { c(); }" in text
    assembly = a_mutation("gt(s, t)", "0", 3, assembly=True)
    on = "eq(coinbase(), 3)"
    assert assembly.switched("gt(s, t)") == f"or(mul({on}, 0), mul(iszero({on}), gt(s, t)))"


def test_two_mutations_may_share_a_place() -> None:
    text = mutate.mutate(SOURCE, FILE, [a_mutation("a + b", "a"), a_mutation("a + b", "b", 2)])
    assert "(Mutants.on(2) ? (b) : ((Mutants.on(1) ? (a) : (a\n        + b))))" in text


@pytest.mark.parametrize("original", ["d()", "a"])
def test_an_original_that_is_missing_or_not_the_only_one_is_refused(original: str) -> None:
    with pytest.raises(ToolError, match="times, not once"):
        mutate.mutate(SOURCE, FILE, [a_mutation(original, "0")])


def test_overlapping_mutations_are_refused() -> None:
    with pytest.raises(ToolError, match="overlaps"):
        mutate.mutate(SOURCE, FILE, [a_mutation("x = a + b", "x = a"), a_mutation("b; c", "b", 2)])
