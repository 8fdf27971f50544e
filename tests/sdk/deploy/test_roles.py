"""docs/roles.md against the contracts: every function that changes state is in it, roles are enforced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from market_kit import open_market
from olivepress.contracts.abi import Entry
from olivepress.contracts.artifacts import exchange_interface, load
from olivepress.errors import RpcError
from olivepress.reverts import decode
from olivepress.tx import revert_data

PAGE = Path(__file__).parents[3] / "docs" / "roles.md"
ROW = re.compile(r"^\| (\w+) \| (\w+) \| ([^|]+) \|", re.M)
READS = ("view", "pure")
EXCHANGE = ("Exchange", "BackOffice", "ClearingDesk", "RiskDesk", "TokenDesk", "SpreadDesk")
STRANGER = "0x" + "5a" * 20
ENFORCED = {
    "owner": ("OwnableUnauthorizedAccount",),
    "pending owner": ("OwnableUnauthorizedAccount",),
    "guardian": ("NotAuthorised",),
    "arbiter": ("NotAuthorised",),
    "exchange": ("OnlyExchange",),
}


def rows() -> list[tuple[str, str, str]]:
    found = [(contract, name, who.strip()) for contract, name, who in ROW.findall(PAGE.read_text())]
    return [row for row in found if row[0] != "contract"]


def changing(contract: str) -> list[str]:
    names = EXCHANGE if contract == "Exchange" else (contract,)
    functions = [one for name in names for one in load(name).abi if one["type"] == "function"]
    return sorted({one["name"] for one in functions if one["stateMutability"] not in READS})


@pytest.mark.parametrize("contract", ["Exchange", "IndexOracle", "Timelock", "PositionToken", "TokenFactory"])
def test_every_function_that_changes_state_is_in_one_table(contract: str) -> None:
    assert sorted(name for where, name, _ in rows() if where == contract) == changing(contract)


def zeroes(entry: Entry) -> bytes:
    """Calldata with every argument zero; enough room for the offsets and lengths of dynamic ones."""
    return entry.selector + bytes(32 * 64)


async def test_roles_are_enforced_against_a_stranger() -> None:
    privileged = [row for row in rows() if row[2] in ENFORCED and row[0] != "PositionToken"]
    assert len(privileged) > 15
    async with open_market() as market:
        for contract, name, who in privileged:
            interface = exchange_interface() if contract == "Exchange" else load(contract).interface
            address = market.deployment.address(contract)
            call = {"from": STRANGER, "to": address, "data": "0x" + zeroes(interface.functions[name]).hex()}
            with pytest.raises(RpcError) as caught:
                await market.chain.transport.request("eth_call", [call, "latest"])
            error = decode(revert_data(caught.value) or b"")
            assert type(error).__name__ in ENFORCED[who], (contract, name, error)
