"""Every reason for which the exchange refuses an action is the exact reason that some forge test expects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ERRORS = ROOT / "contracts" / "interfaces" / "IExchangeErrors.sol"
# Errors under these headings belong to the desks.
OF_DESKS = {"liquidation", "challenges and tokens"}


def sources(directory: str) -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / directory).rglob("*.sol")))


def raised_errors() -> list[str]:
    """Errors of the exchange that its code raises, but for those of the desks."""
    contracts = sources("contracts")
    found = []
    heading = ""
    for line in ERRORS.read_text().splitlines():
        if match := re.match(r"\s*// --- (.+) ---", line):
            heading = match[1]
        match = re.match(r"\s*error (\w+)\(", line)
        if match and heading not in OF_DESKS and re.search(rf"revert (?:\w+\.)?{match[1]}\(", contracts):
            found.append(match[1])
    return found


TESTS = sources("tests/contracts")


@pytest.mark.parametrize("error", raised_errors())
def test_a_forge_test_expects_the_error(error: str) -> None:
    assert f"IExchangeErrors.{error}.selector" in TESTS


def test_errors_are_found() -> None:
    assert len(raised_errors()) > 40
