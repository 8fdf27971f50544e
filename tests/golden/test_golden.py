"""Every example holds on the model and on the contracts, to the unit."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden.play import play
from golden.venues import ContractsVenue, ModelVenue, Venue

EXAMPLES = sorted(Path(__file__).parent.glob("*.json"))


def _load(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(path.read_text())
    return example


@pytest.mark.parametrize("venue", [ModelVenue, ContractsVenue])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, venue: Callable[[], Venue]) -> None:
    assert play(_load(path), venue()) > 0


def test_there_are_examples_with_their_arithmetic() -> None:
    assert len(EXAMPLES) >= 12
    for path in EXAMPLES:
        assert any("=" in line for line in _load(path)["comment"]), path.name


def test_a_wrong_figure_is_told() -> None:
    example = copy.deepcopy(_load(EXAMPLES[0]))
    for step in example["steps"]:
        for figures in step.get("then", {}).values():
            for name in figures:
                figures[name] = -987
    with pytest.raises(AssertionError, match="not -987"):
        play(example, ModelVenue())
