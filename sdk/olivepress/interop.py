"""A deployment as web3.py contracts, for programs that use web3.py already.

    contracts = web3_contracts(Web3(Web3.HTTPProvider(url)), Deployment.load("olivepress.json"))
    contracts["lens"].functions.markOf(1).call()

Values are the contracts' own: ticks, lots and base units, as contracts/interfaces documents them. Nothing of
`ExchangeClient` happens here: no checks before sending, no errors under their names. Not imported by
`olivepress`, so web3.py is loaded only by who asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_typing import ChecksumAddress
from web3 import AsyncWeb3, Web3
from web3.contract import AsyncContract, Contract

from olivepress.contracts.abi import Abi
from olivepress.contracts.artifacts import exchange_abi, load
from olivepress.errors import ManifestError, WrongType
from olivepress.manifest import Deployment


def web3_contracts(w3: Web3, deployment: Deployment) -> Mapping[str, Contract]:
    """Contracts of a deployment, bound to `w3`.

    :return: 'exchange' (with the functions of its desks), 'oracle', 'lens' and 'collateral'
    :raises ManifestError: `w3` is connected to another chain than the manifest's
    :raises WrongType: `w3` is no Web3; an AsyncWeb3 goes to `async_web3_contracts`
    """
    if not isinstance(w3, Web3):
        raise WrongType("w3", w3, "a Web3; an AsyncWeb3 goes to async_web3_contracts")
    _require_chain(deployment, w3.eth.chain_id, w3.eth.get_block(0)["hash"])
    return {name: w3.eth.contract(address=address, abi=abi) for name, address, abi in _parts(deployment)}


async def async_web3_contracts(w3: AsyncWeb3[Any], deployment: Deployment) -> Mapping[str, AsyncContract]:
    """The same for AsyncWeb3."""
    if not isinstance(w3, AsyncWeb3):
        raise WrongType("w3", w3, "an AsyncWeb3; a Web3 goes to web3_contracts")
    _require_chain(deployment, await w3.eth.chain_id, (await w3.eth.get_block(0))["hash"])
    return {name: w3.eth.contract(address=address, abi=abi) for name, address, abi in _parts(deployment)}


def _parts(deployment: Deployment) -> list[tuple[str, ChecksumAddress, Abi]]:
    parts = (
        ("exchange", deployment.exchange, exchange_abi()),
        ("oracle", deployment.oracle, load("IndexOracle").abi),
        ("lens", deployment.lens, load("Lens").abi),
        ("collateral", deployment.collateral, load("MockUSDC").abi),
    )
    return [(name, Web3.to_checksum_address(at), abi) for name, at, abi in parts]


def _require_chain(deployment: Deployment, chain_id: int, genesis: bytes) -> None:
    """Two local chains often have the same id; their first blocks differ."""
    if chain_id != deployment.chain_id:
        raise ManifestError("chain_id", deployment.chain_id, chain_id)
    if "0x" + genesis.hex() != deployment.genesis:
        raise ManifestError("genesis", deployment.genesis, "0x" + genesis.hex())
