"""The manifest of a deployment: where it is, what code it runs, and from which block to read its logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from olivepress.rpc import Transport


class ContractInfo(BaseModel):
    """One deployed contract. `code_hash` is keccak256 of its code on the chain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    code_hash: str


class Deployment(BaseModel):
    """A deployment; saves and loads as JSON, and `verify` compares it with a chain."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    chain_id: int
    genesis: str
    block: int
    contracts: dict[str, ContractInfo]
    collateral_decimals: int
    collateral_symbol: str
    versions: dict[str, str]
    spec: dict[str, Any] = {}

    @property
    def exchange(self) -> str:
        """Address of the exchange."""
        return self.contracts["Exchange"].address

    @property
    def oracle(self) -> str:
        """Address of the index oracle."""
        return self.contracts["IndexOracle"].address

    @property
    def collateral(self) -> str:
        """Address of the collateral token."""
        return self.contracts["collateral"].address

    @property
    def lens(self) -> str | None:
        """Address of the lens."""
        info = self.contracts.get("Lens")
        return info.address if info else None

    def save(self, path: Path | str) -> None:
        """Writes the manifest, whole or not at all."""
        raise NotImplementedError

    @classmethod
    def load(cls, path: Path | str) -> Deployment:
        """Reads a manifest. ManifestError names the field that is wrong."""
        raise NotImplementedError

    async def verify(self, transport: Transport) -> None:
        """Compares chain id, genesis block and code with the chain behind `transport`.

        :raises ManifestError: another chain, or other code at an address; names field, value and what was expected
        """
        raise NotImplementedError
