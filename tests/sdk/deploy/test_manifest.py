"""Deploying everything, and the manifest that refuses another chain or other code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from olivepress import devchain
from olivepress.contracts.artifacts import Artifact, load
from olivepress.contracts.contract import Contract
from olivepress.deploy import deploy_all
from olivepress.devchain import DevChain
from olivepress.errors import ConfigurationError, ManifestError, OutOfRange, Reverted, ValidationError
from olivepress.exchange import ExchangeReader
from olivepress.manifest import Deployment
from olivepress.signer import LocalSigner
from olivepress.tx import TransactionSender


def sender_of(chain: DevChain, chain_id: int | None = None) -> TransactionSender:
    return TransactionSender(
        chain.transport,
        LocalSigner(chain.keys[0]),
        chain_id or chain.chain_id,
        before_wait=chain.mine_pending,
    )


@pytest.fixture
async def deployed(chain: DevChain) -> AsyncIterator[tuple[DevChain, Deployment]]:
    return chain, await deploy_all(sender_of(chain))


async def test_everything_is_deployed_and_connected(deployed: tuple[DevChain, Deployment]) -> None:
    chain, manifest = deployed
    reader = ExchangeReader(chain.transport, manifest)
    assert (await reader.exchange.value("oracle")).lower() == manifest.oracle.lower()
    assert (await reader.exchange.value("collateral")).lower() == manifest.collateral.lower()
    assert (await reader.lens.value("exchange")).lower() == manifest.exchange.lower()
    assert (await reader.exchange.value("owner")).lower() == sender_of(chain).address.lower()
    oracle = Contract(manifest.oracle, load("IndexOracle").interface, chain.transport)
    assert await oracle.value("maxLag") == 3600
    assert (await oracle.value("owner")).lower() == sender_of(chain).address.lower()
    assert await reader.series_list() == []
    assert (manifest.collateral_symbol, manifest.collateral_decimals, manifest.block) == ("USDC", 6, 1)
    assert manifest.spec == {"owner": sender_of(chain).address, "max_lag": 3600}


async def test_a_manifest_survives_a_file(deployed: tuple[DevChain, Deployment], tmp_path: Path) -> None:
    chain, manifest = deployed
    path = tmp_path / "deep" / "manifest.json"
    manifest.save(path)
    again = Deployment.load(path)
    assert again == manifest
    assert [entry.name for entry in path.parent.iterdir()] == ["manifest.json"]
    await again.verify(chain.transport)


async def test_another_chain_is_refused(deployed: tuple[DevChain, Deployment]) -> None:
    chain, manifest = deployed
    other = manifest.model_copy(update={"chain_id": 1})
    with pytest.raises(ManifestError) as wrong:
        await other.verify(chain.transport)
    assert (wrong.value.field, wrong.value.value, wrong.value.expected) == ("chain_id", 1, 31337)
    async with devchain.launch(timestamp=1_800_000_000) as second:
        with pytest.raises(ManifestError) as genesis:
            await manifest.verify(second.transport)
    assert genesis.value.field == "genesis"
    assert genesis.value.value == manifest.genesis != genesis.value.expected


async def test_opening_checks_the_chain(deployed: tuple[DevChain, Deployment], tmp_path: Path) -> None:
    chain, manifest = deployed
    path = tmp_path / "manifest.json"
    manifest.save(path)
    assert await Deployment.open(path, chain.transport) == manifest
    manifest.model_copy(update={"chain_id": 1}).save(path)
    with pytest.raises(ManifestError, match="chain_id"):
        await Deployment.open(path, chain.transport)


async def test_other_code_is_refused(
    deployed: tuple[DevChain, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, manifest = deployed
    lens = load("Lens")
    newer = Artifact(lens.name, lens.abi, lens.bytecode, lens.links, "0x" + "77" * 32, lens.deployed_mask)
    with monkeypatch.context() as patch:
        patch.setattr(
            "olivepress.contracts.artifacts.load", lambda name: newer if name == "Lens" else load(name)
        )
        with pytest.raises(ManifestError, match=r"contracts\.Lens\.build_hash"):
            await manifest.verify(chain.transport)
    await chain.transport.request("anvil_setCode", [manifest.exchange, "0x6001"])
    with pytest.raises(ManifestError) as wrong:
        await manifest.verify(chain.transport)
    assert wrong.value.field == "contracts.Exchange.code_hash"
    assert wrong.value.value == manifest.contracts["Exchange"].code_hash


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"chain_id": "one"}, "chain_id"),
        ({"genesis": "0x12"}, "genesis"),
        ({"collateral_decimals": 18}, "collateral_decimals"),
        (
            {"contracts": {"Exchange": {"address": "0x12", "code_hash": "0x" + "00" * 32}}},
            "contracts.Exchange.address",
        ),
        ({"unknown": 1}, "unknown"),
        ({"format": 2}, "format"),
    ],
)
async def test_files_that_are_no_manifest(change: dict[str, Any], field: str, tmp_path: Path) -> None:
    info = {"address": "0x" + "01" * 20, "code_hash": "0x" + "00" * 32}
    content: dict[str, Any] = {
        "chain_id": 1,
        "genesis": "0x" + "00" * 32,
        "block": 1,
        "contracts": {"Exchange": info},
        "collateral_symbol": "USDC",
        "collateral_decimals": 6,
        "versions": {},
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(content))
    assert Deployment.load(path).exchange == info["address"]
    path.write_text(json.dumps(content | change))
    with pytest.raises(ManifestError) as wrong:
        Deployment.load(path)
    assert wrong.value.field == field


def test_missing_files_and_contracts(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        Deployment.load(tmp_path / "nothing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(
        ManifestError, match=r"manifest: file is '.*broken\.json', expected a manifest \(Invalid JSON"
    ):
        Deployment.load(tmp_path / "broken.json")


async def test_own_collateral_owner_and_lag(deployed: tuple[DevChain, Deployment]) -> None:
    chain, first = deployed
    owner = chain.accounts[2]
    second = await deploy_all(sender_of(chain), collateral=first.collateral, owner=owner, max_lag=600)
    assert second.collateral == first.collateral
    assert second.contracts["collateral"].build_hash is None
    assert second.exchange != first.exchange
    assert second.block > first.block
    reader = ExchangeReader(chain.transport, second)
    assert (await reader.exchange.value("owner")).lower() == owner.lower()
    await second.verify(chain.transport)


async def test_bad_collateral(deployed: tuple[DevChain, Deployment]) -> None:
    chain, first = deployed
    with pytest.raises(ConfigurationError, match="no contract there"):
        await deploy_all(sender_of(chain), collateral="0x" + "01" * 20)
    with pytest.raises(ConfigurationError, match="not an ERC-20 token"):
        await deploy_all(sender_of(chain), collateral=first.oracle)
    with pytest.raises(ValidationError, match="collateral"):
        await deploy_all(sender_of(chain), collateral="0x12")
    with pytest.raises(ConfigurationError, match="name the collateral"):
        await deploy_all(sender_of(chain, 8453))
    with pytest.raises(OutOfRange, match="max_lag"):
        await deploy_all(sender_of(chain), max_lag=0)


async def test_a_failing_constructor_is_told_by_its_error(deployed: tuple[DevChain, Deployment]) -> None:
    chain, _ = deployed
    code = load("IndexOracle").creation_code({}, owner_="0x" + "00" * 20, maxLag_=600)
    with pytest.raises(Reverted):
        await sender_of(chain).execute(None, code)


def test_linking_puts_addresses_where_the_zeros_are() -> None:
    code = bytes.fromhex("60016002") + bytes(20) + b"\x03" + bytes(20) + b"\x04"
    artifact = Artifact("Made", [], code, {"Library": (4, 25)}, "", ())
    address = bytes(range(1, 21))
    linked = artifact.creation_code({"Library": address})
    assert linked == code[:4] + address + b"\x03" + address + b"\x04"
    with pytest.raises(ConfigurationError, match="Made needs the address of library Library"):
        artifact.creation_code({})
    with pytest.raises(ConfigurationError, match="constructor takes"):
        artifact.creation_code({"Library": address}, owner=1)


def test_immutables_do_not_count_in_a_build_hash() -> None:
    artifact = Artifact("Made", [], b"", {}, "", ((1, 2),))
    assert artifact.code_hash(b"\x01\x02\x03\x04") == artifact.code_hash(b"\x01\x00\x09\x04")
    assert artifact.code_hash(b"\x01\x02\x03\x04") != artifact.code_hash(b"\x01\x02\x03\x05")
