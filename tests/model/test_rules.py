"""The model names the rules that it implements: each rule of the exchange and of the oracle, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATED = re.compile(r"^(?:\d+\. )?\[([A-Z]+-\d+)\]", re.MULTILINE)


def stated() -> set[str]:
    """Ids of all rules, where docs/spec states them."""
    return {one for page in (ROOT / "docs" / "spec").glob("*.md") for one in STATED.findall(page.read_text())}


def named() -> dict[str, str]:
    """Ids in the text of the model, each with a module that names it."""
    kinds = "|".join(sorted({one.partition("-")[0] for one in stated()}))
    modules = sorted((ROOT / "sdk" / "olivepress" / "model").glob("*.py"))
    return {
        one: path.name for path in modules for one in re.findall(rf"\b(?:{kinds})-\d+\b", path.read_text())
    }


def test_every_rule_of_the_exchange_and_of_the_oracle_is_named_in_the_model() -> None:
    """An index is computed elsewhere: olivepress.index."""
    rules = {one for one in stated() if not one.startswith("IDX-")}
    assert len(rules) > 80
    assert sorted(rules - named().keys()) == []


def test_every_name_in_the_model_is_of_a_rule() -> None:
    assert {one: module for one, module in named().items() if one not in stated()} == {}
