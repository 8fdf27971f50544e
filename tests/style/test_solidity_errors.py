"""Every reason for which the exchange refuses an action is the exact reason that some forge test expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ERRORS = ROOT / "contracts" / "interfaces" / "IExchangeErrors.sol"


def sources(directory: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / directory).rglob("*.sol")))


def raised_errors() -> list[str]:
    """Errors of the exchange that its code raises."""
    contracts = sources("contracts")
    declared = re.findall(r"^\s*error (\w+)\(", ERRORS.read_text(), re.M)
    return [error for error in declared if re.search(rf"revert (?:\w+\.)?{error}\(", contracts)]


TESTS = sources("tests/contracts")


@pytest.mark.parametrize("error", raised_errors())
def test_a_forge_test_expects_the_error(error: str) -> None:
    assert f"IExchangeErrors.{error}.selector" in TESTS


def test_errors_are_found() -> None:
    assert len(raised_errors()) > 40
