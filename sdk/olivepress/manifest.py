"""The manifest of a deployment: where it is, what code it runs, and from which block to read its logs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as PydanticError

from olivepress.contracts import artifacts
from olivepress.errors import ConfigurationError, ManifestError
from olivepress.hashing import keccak256
from olivepress.rpc import Transport

FORMAT = 1

Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]


class ContractInfo(BaseModel):
    """One deployed contract.

    `code_hash` is keccak256 of its code on the chain; `build_hash` that of the compiled contract it came
    from, without immutables and library addresses (None for a token that was there before).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Address
    code_hash: Hash
    build_hash: Hash | None = None


class Deployment(BaseModel):
    """A deployment; saves and loads as JSON. `verify` compares it with a chain and with this package.

    :param genesis: hash of block 0, which tells two local chains with the same id apart
    :param block: first block in which the deployment's logs can stand
    :param contracts: 'Exchange', 'IndexOracle', 'Lens', 'collateral' and the external libraries
    :param spec: what was chosen at deployment: owner, max_lag
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    chain_id: Annotated[int, Field(ge=1)]
    genesis: Hash
    block: Annotated[int, Field(ge=0)]
    contracts: dict[str, ContractInfo]
    collateral_symbol: str
    collateral_decimals: Annotated[int, Field(ge=0, le=8)]
    versions: dict[str, str]
    spec: dict[str, Any] = {}

    def address(self, contract: str) -> str:
        """Address of a contract. ManifestError when the deployment has none of that name."""
        info = self.contracts.get(contract)
        if info is None:
            raise ManifestError("contracts", sorted(self.contracts), f"{contract} among them")
        return info.address

    @property
    def exchange(self) -> str:
        """Address of the exchange."""
        return self.address("Exchange")

    @property
    def oracle(self) -> str:
        """Address of the index oracle."""
        return self.address("IndexOracle")

    @property
    def lens(self) -> str:
        """Address of the lens."""
        return self.address("Lens")

    @property
    def collateral(self) -> str:
        """Address of the collateral token."""
        return self.address("collateral")

    def save(self, path: Path | str) -> None:
        """Writes the manifest, whole or not at all."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        with os.fdopen(handle, "w") as file:
            file.write(self.model_dump_json(indent=2) + "\n")
        Path(name).replace(target)

    @classmethod
    def load(cls, path: Path | str) -> Deployment:
        """Reads a manifest. ManifestError names the first field that is wrong."""
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            raise ManifestError(
                "file", str(path), f"one that `devnet` or `deploy` wrote ({error.strerror})"
            ) from error
        try:
            manifest = cls.model_validate_json(text)
        except PydanticError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            if not field:
                raise ManifestError("file", str(path), f"a manifest ({first['msg']})") from error
            raise ManifestError(field, first["input"], first["msg"]) from error
        if manifest.format != FORMAT:
            raise ManifestError("format", manifest.format, FORMAT)
        return manifest

    @classmethod
    async def open(cls, path: Path | str, transport: Transport) -> Deployment:
        """Reads a manifest and refuses it when the chain behind `transport` is another or has other code.

        :raises ManifestError: as `load` and `verify`
        """
        manifest = cls.load(path)
        await manifest.verify(transport)
        return manifest

    async def verify(self, transport: Transport) -> None:
        """Compares chain id, genesis block and every contract's code with the chain and with this package.

        :raises ManifestError: another chain, other code at an address, or contracts of another version of
            this package
        """
        calls: list[tuple[str, list[Any]]] = [
            ("eth_chainId", []),
            ("eth_getBlockByNumber", ["0x0", False]),
        ]
        calls += [("eth_getCode", [info.address, "latest"]) for info in self.contracts.values()]
        chain_id, genesis, *codes = await transport.batch(calls)
        if int(chain_id, 16) != self.chain_id:
            raise ManifestError("chain_id", self.chain_id, int(chain_id, 16))
        if genesis["hash"] != self.genesis:
            raise ManifestError("genesis", self.genesis, genesis["hash"])
        for (name, info), code in zip(self.contracts.items(), codes, strict=True):
            found = code_hash(code)
            if found != info.code_hash:
                raise ManifestError(f"contracts.{name}.code_hash", info.code_hash, found)
            if info.build_hash is not None:
                shipped = artifacts.load(name if name != "collateral" else "MockUSDC").deployed_hash
                if info.build_hash != shipped:
                    raise ManifestError(f"contracts.{name}.build_hash", info.build_hash, shipped)


def require_new(path: Path) -> None:
    """ConfigurationError when there is a file already: a manifest may be all that tells where money is."""
    if path.exists():
        raise ConfigurationError(
            f"{path} exists and is not overwritten; name another file with --manifest, or remove it"
        )


def code_hash(code: str) -> str:
    """keccak256 of a contract's code as eth_getCode tells it."""
    return "0x" + keccak256(bytes.fromhex(code[2:])).hex()
