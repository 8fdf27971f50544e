"""The shipped contracts in an Ethereum machine inside this process (pyrevm): no node, no blocks, no keys.

About 30,000 transactions a second, so that whole market lives fit into a test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pyrevm import EVM, BlockEnv, CfgEnv, Env

from differential.interfaces import interface_of
from differential.setting import CHAIN_ID, DEPLOYER, NOBODY
from olivepress.contracts.abi import snake_case
from olivepress.contracts.artifacts import Artifact, load
from olivepress.deploy import DESKS
from olivepress.reverts import decode
from olivepress.signer import address_bytes

PLAIN = (
    ("MockUSDC", "collateral"),
    ("IndexOracle", "oracle"),
    ("TokenFactory", "factory"),
)
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
_UNLIMITED = 2**63


def read_artifacts(folder: Path) -> dict[str, Artifact]:
    """The contracts that `scripts/build` wrote into another folder."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        if "bytecode" in content:
            found[path.stem] = Artifact(
                name=content["name"],
                abi=content["abi"],
                bytecode=bytes.fromhex(content["bytecode"][2:]),
                links=content["links"],
                deployed_hash=content["deployedHash"],
                deployed_mask=[(start, length) for start, length in content["deployedMask"]],
            )
    return found


class Answer(NamedTuple):
    """What a transaction came to: its return data, or the exception of its revert; and its logs, as a
    node gives them."""

    data: bytes
    error: Exception | None
    logs: list[dict[str, Any]]


class Contracts:
    """An exchange with its oracle, desks and lens. Addresses are the same in every run.

    :param artifacts: other builds of some contracts, by name
    :param coinbase: address of the block's producer; nothing of the exchange reads it
    """

    def __init__(
        self,
        *,
        max_lag: int,
        time: int,
        artifacts: Mapping[str, Artifact] | None = None,
        coinbase: str = NOBODY,
    ) -> None:
        self._coinbase = coinbase
        self._built = artifacts or {}
        # Any size of code and any gas: instrumented builds run here too, and both have tests of their own.
        cfg = CfgEnv(chain_id=CHAIN_ID, limit_contract_code_size=2**24)
        self._evm = EVM(env=Env(cfg=cfg, block=self._block(time)), spec_id="CANCUN", gas_limit=_UNLIMITED)
        self.addresses: dict[str, str] = {}
        self.raw_storage: Callable[[str, int], int] = self._evm.storage
        self._deploy_all(max_lag)

    def _artifact(self, name: str) -> Artifact:
        return self._built.get(name) or load(name)

    def _deploy_all(self, max_lag: int) -> None:
        settings: dict[str, Any] = {"owner": DEPLOYER, "next": NOBODY, "max_lag": max_lag}
        for name, setting in PLAIN:
            settings[setting] = self._deploy(name, settings)
        for name in DESKS:
            settings["next"] = self._deploy(name, settings)
        settings["desks"] = settings["next"]
        settings["exchange"] = self._deploy("Exchange", settings)
        settings["lens"] = self._deploy("Lens", settings)
        settings["usdc"] = settings["collateral"]
        targets = ("exchange", "oracle", "lens", "usdc", "factory")
        self.addresses = {name: settings[name] for name in targets}

    def _deploy(self, name: str, settings: Mapping[str, Any]) -> str:
        artifact = self._artifact(name)
        libraries = {library: address_bytes(self._deploy(library, settings)) for library in artifact.links}
        wanted = [snake_case(one["name"]) for one in artifact.interface.constructor.inputs]
        names = [one["name"] for one in artifact.interface.constructor.inputs]
        arguments = {name: settings[key] for name, key in zip(names, wanted, strict=True)}
        address: str = self._evm.deploy(DEPLOYER, artifact.creation_code(libraries, **arguments))
        return address.lower()

    def _block(self, time: int) -> BlockEnv:
        return BlockEnv(timestamp=time, number=time, gas_limit=_UNLIMITED, coinbase=self._coinbase)

    def set_time(self, time: int) -> None:
        """The time of the block in which the next transactions are, unix seconds."""
        self._evm.set_block_env(self._block(time))

    def send(self, sender: str, to: str, data: bytes) -> Answer:
        """Runs a transaction. A refused one leaves nothing behind."""
        try:
            answer = bytes(self._evm.message_call(sender, to, data))
        except RuntimeError as failure:
            output = _OUTPUT.search(str(failure))
            if output is None:
                return Answer(b"", failure, [])
            return Answer(b"", decode(bytes.fromhex(output[1])), [])
        result = self._evm.result
        return Answer(answer, None, [_log(one) for one in result.logs] if result else [])

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is sent inside leaves nothing behind."""
        before = self._evm.snapshot()
        try:
            yield
        finally:
            self._evm.revert(before)

    def raw(self, target: str, calldata: bytes) -> bytes:
        """What a view returns, not decoded. Raises what it reverts with.

        :param target: a name, or any address
        """
        try:
            return bytes(self._evm.message_call(DEPLOYER, self.addresses.get(target, target), calldata))
        except RuntimeError as failure:
            output = _OUTPUT.search(str(failure))
            raise failure if output is None else decode(bytes.fromhex(output[1])) from None

    def read(self, target: str, function: str, *arguments: Any) -> tuple[Any, ...]:
        """The return values of a view. Raises what it reverts with."""
        entry = interface_of(target).functions[function]
        return entry.decode_output(self.raw(target, entry.encode(*arguments)))

    def storage(self, address: str, slot: int) -> int:
        """One word of storage."""
        return int(self._evm.storage(address, slot))

    def code_at(self, address: str) -> bytes:
        """The code of a contract, empty for any other address."""
        return bytes(self._evm.get_code(address) or b"")


def _log(log: Any) -> dict[str, Any]:
    return {
        "address": log.address,
        "topics": log.topics,
        "data": "0x" + bytes(log.data[1]).hex(),
        "blockNumber": "0x0",
        "logIndex": "0x0",
        "transactionHash": "0x",
        "blockHash": "0x",
    }
