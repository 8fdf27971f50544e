"""Compiles Solidity that stands in a test, with the project's compiler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOLC = Path(__file__).resolve().parents[2] / "scripts" / "solc"
OUTPUT = ["abi", "evm.bytecode.object"]


@dataclass(frozen=True)
class Compiled:
    """One contract: its ABI and its creation code."""

    abi: list[dict[str, Any]]
    bytecode: bytes


Compile = Callable[[str], dict[str, Compiled]]
"""Source without imports -> its contracts by name. SolcError shows what the compiler says."""


def compile_source(source: str) -> dict[str, Compiled]:
    """See `Compile`."""
    import solcx  # makes a folder in the home directory: only where a test compiles

    job = {
        "language": "Solidity",
        "sources": {"Test.sol": {"content": source}},
        "settings": {"outputSelection": {"*": {"*": OUTPUT}}},
    }
    answer = solcx.compile_standard(job, solc_binary=SOLC)
    return {
        name: Compiled(one["abi"], bytes.fromhex(one["evm"]["bytecode"]["object"]))
        for name, one in answer["contracts"]["Test.sol"].items()
    }
