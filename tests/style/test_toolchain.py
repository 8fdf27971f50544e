"""The parts of the toolchain that decide: which tools fit, what is shipped, what a test run counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import artifacts
import checks
import provision
from common import ToolError


def executable(directory: Path, name: str, prints: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("printed", "fits"),
    [
        ("forge Version: 1.7.1", True),
        ("forge Version: 1.7.9-v1.7.9", True),
        ("forge Version: 1.6.1", False),
        ("forge Version: 1.71.0", False),
        ("forge Version: 1.7.2-nightly", False),
        ("something else", False),
    ],
)
def test_a_foundry_of_the_same_minor_version_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, fits: bool
) -> None:
    executable(tmp_path, "forge", printed)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provision.user_tool("forge", "1.7.1") == (tmp_path / "forge" if fits else None)


def test_our_own_foundry_is_not_taken_for_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path, "forge", "forge Version: 1.7.1")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(provision, "NODE_MODULES", tmp_path.parent)
    assert provision.user_tool("forge", "1.7.1") is None


@pytest.mark.parametrize(("version", "fits"), [("0.8.37", True), ("0.8.36", False), ("0.8.370", False)])
def test_only_the_pinned_solc_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    executable(tmp_path, "solc", f"Version: {version}+commit.f401782d.Linux.g++")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provision.user_solc("0.8.37") == (tmp_path / "solc" if fits else None)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-amd64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "darwin-arm64"),
    ],
)
def test_platforms_have_the_names_of_foundrys_packages(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, name: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert provision.platform_name() == name


def code(text: str, references: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"object": text, "linkReferences": references or {}}


def artifact(bytecode: dict[str, Any], source: str = "contracts/A.sol") -> dict[str, Any]:
    return {
        "abi": [],
        "bytecode": bytecode,
        "deployedBytecode": bytecode,
        "metadata": {"compiler": {"version": "0.8.37"}},
        "source": source,
    }


LINK = {"contracts/libraries/L.sol": {"L": [{"start": 1, "length": 20}]}}
PLACEHOLDER = "__$" + "ab" * 17 + "$__"


def test_linked_libraries_are_shipped_and_test_contracts_are_not() -> None:
    found = {
        "A": artifact(code(f"0x73{PLACEHOLDER}00", LINK)),
        "IA": artifact(code("0x"), "contracts/interfaces/IA.sol"),
        "L": artifact(code("0x6001"), "contracts/libraries/L.sol"),
        "Unused": artifact(code("0x6001"), "contracts/libraries/Unused.sol"),
        "MockUSDC": artifact(code("0x6001"), "contracts/mocks/MockUSDC.sol"),
        "Evil": artifact(code("0x6001"), "contracts/mocks/Evil.sol"),
    }
    assert artifacts.shipped_names(found) == {"A", "L", "MockUSDC"}


def test_link_places_are_zero_listed_and_masked() -> None:
    shipped = artifacts.shipped("A", artifact(code(f"0x60{PLACEHOLDER}00", LINK)))
    assert shipped["bytecode"] == "0x60" + "00" * 21
    assert shipped["links"] == {"L": [1]}
    assert shipped["deployedMask"] == [[1, 20]]
    assert shipped["deployedSize"] == 22


def test_the_shipped_files_are_compared_by_name_and_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "ABI", tmp_path)
    artifacts.write({"A.json": "1", "B.json": "2"})
    assert artifacts.differences({"A.json": "1", "B.json": "2"}) == []
    wrong = artifacts.differences({"A.json": "changed", "C.json": "3"})
    assert wrong == ["C.json is missing", "B.json has no source", "A.json is of other sources"]


def test_counts_are_read_from_the_runners_closing_lines() -> None:
    forge = "Ran 2 test suites in 1s (1s CPU time): 11 tests passed, 1 failed, 2 skipped (14 total tests)\n"
    assert checks.count_forge(forge) == (11, 1, 2)
    assert checks.count_forge("No tests found in project!") is None
    assert checks.count_pytest("== 1 failed, 20 passed, 3 skipped, 2 errors in 1.20s ==\n") == (20, 3, 3)
    assert checks.count_pytest("== no tests ran in 0.01s ==\n") == (0, 0, 0)


@pytest.mark.parametrize("closing", ["no tests ran in 0.01s", "3 skipped in 0.01s", "nothing at all"])
def test_a_run_without_a_test_is_a_failure(closing: str, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = checks.run(checks.Check("pytest", ["echo", closing], checks.count_pytest), [])
    assert not outcome.ok
    assert outcome.failed == 1
    assert "no test was run" in capsys.readouterr().out


def test_a_missing_venv_module_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "output", lambda *_: None)
    with pytest.raises(ToolError, match="python3-venv"):
        provision.make_venv()
