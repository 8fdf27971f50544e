"""Deploys a whole exchange in one call."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from olivepress.contracts.abi import snake_case
from olivepress.contracts.artifacts import Artifact, load
from olivepress.contracts.contract import Contract
from olivepress.errors import ConfigurationError, TransactionError
from olivepress.manifest import ContractInfo, Deployment, code_hash
from olivepress.rpc import Transport
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import PendingTx, TransactionSender
from olivepress.units import require_int

LOCAL_CHAINS = frozenset({1337, 31337})
MAX_DECIMALS = 8
# The exchange hands what it lacks to its desks, each desk to the next: the last is deployed first.
DESKS = ("SpreadDesk", "TokenDesk", "RiskDesk", "ClearingDesk", "BackOffice")
_SETTING_OF = {
    "MockUSDC": "collateral",
    "IndexOracle": "oracle",
    "TokenFactory": "factory",
    **dict.fromkeys(DESKS, "next"),
    "BackOffice": "desks",
}


async def deploy_all(
    sender: TransactionSender,
    *,
    collateral: str | None = None,
    owner: str | None = None,
    max_lag: int = 3600,
) -> Deployment:
    """Deploys the index oracle, the exchange with its desks, and the lens.

    :param collateral: address of an ERC-20 with at most 8 decimals; None deploys MockUSDC, on local chains
        only
    :param owner: who lists series and adds feeds, as a rule a timelock; the sender's address by default
    :param max_lag: seconds after which the oracle refuses a report
    :raises ConfigurationError: no collateral on a chain that is not local, or an address that is no such
        token
    :raises TransactionError: a deployment failed; what was deployed before it stays on the chain, unused
    """
    return await _Deployer(sender, collateral, owner or sender.address, max_lag).run()


async def deploy_timelock(
    sender: TransactionSender, *, delay: int, proposers: Sequence[str], executors: Sequence[str] = ()
) -> str:
    """Deploys a timelock to own exchange and oracle; returns its address. See `olivepress.timelock`.

    :param delay: seconds between scheduling and executing
    :param proposers: may schedule, and cancel what is scheduled
    :param executors: may execute what is due; none named: anyone may
    :raises ConfigurationError: nobody could propose
    """
    if not proposers:
        raise ConfigurationError("proposers: nobody could ever schedule a call; name at least one")
    arguments = {
        "minDelay_": require_int(delay, "delay", 0, 365 * 86_400),
        "proposers_": [checksum_address(address_bytes(one, field="proposers")) for one in proposers],
        "executors_": [checksum_address(address_bytes(one, field="executors")) for one in executors]
        or ["0x" + "00" * 20],
    }
    receipt = await sender.execute(None, load("Timelock").creation_code({}, **arguments))
    if receipt.contract_address is None:
        raise TransactionError("Timelock was not created", tx_hash=receipt.tx_hash)
    return checksum_address(address_bytes(receipt.contract_address))


class _Deployer:
    """Remembers what is deployed already. Contracts that do not need each other go out together."""

    def __init__(self, sender: TransactionSender, collateral: str | None, owner: str, max_lag: int) -> None:
        self.sender = sender
        self.transport: Transport = sender.transport
        self.collateral = collateral and checksum_address(address_bytes(collateral, field="collateral"))
        owner = checksum_address(address_bytes(owner, field="owner"))
        self.settings: dict[str, Any] = {
            "owner": owner,
            "next": "0x" + "00" * 20,
            "max_lag": require_int(max_lag, "max_lag", 1, 86_400),
        }
        self.addresses: dict[str, str] = {}

    async def run(self) -> Deployment:
        if self.collateral is None and self.sender.chain_id not in LOCAL_CHAINS:
            raise ConfigurationError(
                f"chain {self.sender.chain_id} is not local: name the collateral; MockUSDC has no value"
            )
        first_block = int(await self.transport.request("eth_blockNumber"), 16) + 1
        if self.collateral is not None:
            self.settings["collateral"] = self.collateral
            await self._require_code(self.collateral)
            token = await self._token()
        libraries = [name for contract in (*DESKS, "Exchange") for name in _libraries(load(contract))]
        mock = ["MockUSDC"] if self.collateral is None else []
        await self._deploy([*mock, "IndexOracle", "TokenFactory", *dict.fromkeys(libraries)])
        if self.collateral is None:
            token = await self._token()
        for contract in (*DESKS, "Exchange", "Lens"):
            await self._deploy([contract])
        return await self._manifest(first_block, token)

    async def _deploy(self, names: Sequence[str]) -> None:
        """Deploys contracts that do not need each other. A constructor's arguments are taken from the
        settings by name; an address deployed here becomes a setting itself."""
        pending: dict[str, PendingTx] = {}
        for name in names:
            artifact = load(name)
            libraries = {library: address_bytes(self.addresses[library]) for library in artifact.links}
            wanted = [one["name"] for one in artifact.interface.constructor.inputs]
            arguments = {one: self.settings[snake_case(one)] for one in wanted}
            pending[name] = await self.sender.send(None, artifact.creation_code(libraries, **arguments))
        for name, tx in pending.items():
            receipt = await tx.receipt()
            if receipt.contract_address is None:
                raise TransactionError(f"{name} was not created", tx_hash=receipt.tx_hash)
            address = checksum_address(address_bytes(receipt.contract_address))
            self.addresses[name] = address
            self.settings[_SETTING_OF.get(name, snake_case(name))] = address

    async def _require_code(self, address: str) -> None:
        if await self.transport.request("eth_getCode", [address, "latest"]) == "0x":
            raise ConfigurationError(f"collateral {address}: no contract there")

    async def _token(self) -> tuple[str, int]:
        """Symbol and decimals."""
        address = self.settings["collateral"]
        token = Contract(address, load("MockUSDC").interface, self.transport)
        try:
            symbol, decimals = await token.value("symbol"), await token.value("decimals")
        except Exception as error:
            raise ConfigurationError(f"collateral {address}: not an ERC-20 token: {error}") from error
        if decimals > MAX_DECIMALS:
            raise ConfigurationError(
                f"collateral {address}: {decimals} decimals, at most {MAX_DECIMALS} are allowed"
            )
        return str(symbol), int(decimals)

    async def _manifest(self, first_block: int, token: tuple[str, int]) -> Deployment:
        addresses = dict(self.addresses)
        addresses.pop("MockUSDC", None)
        addresses["collateral"] = self.settings["collateral"]
        calls: list[tuple[str, list[Any]]] = [("eth_getBlockByNumber", ["0x0", False])]
        calls += [("eth_getCode", [address, "latest"]) for address in addresses.values()]
        genesis, *codes = await self.transport.batch(calls)
        contracts = {}
        for (name, address), code in zip(addresses.items(), codes, strict=True):
            build = None
            if name != "collateral" or self.collateral is None:
                artifact = load("MockUSDC" if name == "collateral" else name)
                build = artifact.deployed_hash
                if artifact.code_hash(bytes.fromhex(code[2:])) != build:
                    raise ConfigurationError(f"{name} at {address} does not have the code that was sent")
            contracts[name] = ContractInfo(address=address, code_hash=code_hash(code), build_hash=build)
        return Deployment(
            chain_id=self.sender.chain_id,
            genesis=genesis["hash"],
            block=first_block,
            contracts=contracts,
            collateral_symbol=token[0],
            collateral_decimals=token[1],
            versions={"olivepress": version("olivepress")},
            spec={"owner": self.settings["owner"], "max_lag": self.settings["max_lag"]},
        )


def _libraries(artifact: Artifact) -> list[str]:
    """External libraries of a contract, those that others need first."""
    ordered: list[str] = []
    for name in artifact.links:
        for library in [*_libraries(load(name)), name]:
            if library not in ordered:
                ordered.append(library)
    return ordered
