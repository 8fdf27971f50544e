"""What Slither passes over has its reason in place, and Slither sees every source."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

import analysis
from common import ROOT, ToolError

SUPPRESSION = re.compile(r"slither-disable-(?:next-line|start)\b(.*)")
REMAPPINGS = ["@openzeppelin/=node_modules/@openzeppelin/", "solady/=node_modules/solady/src/"]


def test_every_suppression_names_its_detector_and_its_reason() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{number}": match[1]
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := SUPPRESSION.search(line))
    }
    assert found
    assert [place for place, rest in found.items() if not re.fullmatch(r" [a-z-]+ \(.{8,}\)", rest)] == []


def test_every_detector_that_is_off_has_its_reason_in_the_page() -> None:
    off = json.loads((ROOT / "slither.config.json").read_text())["detectors_to_exclude"].split(",")
    page = (ROOT / "docs" / "slither.md").read_text()
    named = {
        name for row in re.findall(r"^\| ([a-z, -]+) \| .{10,} \|$", page, re.M) for name in row.split(", ")
    }
    assert named - {"detector"} == set(off)


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("./Book.sol", "contracts/libraries/Book.sol"),
        ("../interfaces/Types.sol", "contracts/interfaces/Types.sol"),
        ("solady/utils/LibBit.sol", "node_modules/solady/src/utils/LibBit.sol"),
        ("@openzeppelin/contracts/A.sol", "node_modules/@openzeppelin/contracts/A.sol"),
    ],
)
def test_imports_are_found(target: str, file: str) -> None:
    assert analysis.resolved("contracts/libraries/Margin.sol", target, REMAPPINGS) == file


def test_an_import_without_a_remapping_is_named() -> None:
    with pytest.raises(ToolError, match=r"forge-std/Test.sol.*A.sol"):
        analysis.resolved("contracts/A.sol", "forge-std/Test.sol", REMAPPINGS)


def test_every_source_of_ours_is_analysed() -> None:
    config = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    found = analysis.sources(config["remappings"])
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol")}
    assert ours < found.keys()
    assert "node_modules/solady/src/utils/LibBit.sol" in found
