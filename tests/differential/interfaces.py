"""What can be called: the functions, events and errors of each kind of contract."""

from __future__ import annotations

from functools import cache

from olivepress.contracts.abi import Interface
from olivepress.contracts.artifacts import exchange_abi, exchange_interface, load

KINDS = {"oracle": "IndexOracle", "lens": "Lens", "usdc": "MockUSDC", "token": "PositionToken"}
"""What can be called, by the contract that it is; besides 'exchange', which is several. 'token' is any
position token."""


@cache
def interface_of(target: str) -> Interface:
    """The functions, events and errors of a kind of contract."""
    return exchange_interface() if target == "exchange" else load(KINDS[target]).interface


@cache
def views_of(target: str) -> frozenset[str]:
    """The functions of which the ABI says that they change nothing."""
    abi = exchange_abi() if target == "exchange" else load(KINDS[target]).abi
    functions = [one for one in abi if one["type"] == "function"]
    return frozenset(one["name"] for one in functions if one["stateMutability"] in ("view", "pure"))
