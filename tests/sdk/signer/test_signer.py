"""Byte for byte the same as eth_account; and a key that never shows."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from olivepress.errors import ConfigurationError, OutOfRange, ValidationError, WrongType
from olivepress.hashing import keccak256
from olivepress.signer import LocalSigner, Transaction, address_bytes, checksum_address, contract_address

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

keys = st.integers(1, ORDER - 1)
words = st.one_of(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x100]), st.integers(0, 2**63 - 1))
# Lengths around the borders of RLP: 1, 55, 56, 255, 256, 65536.
payloads = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"\x00", b"\x7f", b"\x80", b"x" * 55, b"x" * 56, b"x" * 255, b"x" * 256, b"x" * 65_536]),
)


@given(
    keys,
    st.integers(1, 2**63 - 1),
    words,
    st.one_of(st.none(), st.binary(min_size=20, max_size=20)),
    payloads,
    words,
    words,
    words,
    st.integers(0, 2**256 - 1),
)
def test_transactions_equal_eth_account(
    key: int,
    chain_id: int,
    nonce: int,
    to: bytes | None,
    data: bytes,
    gas: int,
    fee: int,
    priority: int,
    value: int,
) -> None:
    fee, priority = max(fee, priority), min(fee, priority)
    raw, tx_hash = LocalSigner(key).sign_transaction(
        Transaction(chain_id, nonce, to, data, gas, fee, priority, value)
    )
    fields = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": b"" if to is None else to,
        "data": data,
        "gas": gas,
        "maxFeePerGas": fee,
        "maxPriorityFeePerGas": priority,
        "value": value,
    }
    expected = Account.sign_transaction(fields, key.to_bytes(32, "big"))
    assert raw == bytes(expected.raw_transaction)
    assert tx_hash == bytes(expected.hash)


@given(keys, st.binary(min_size=32, max_size=32))
def test_digests_and_addresses_equal_eth_account(key: int, digest: bytes) -> None:
    signer = LocalSigner(key)
    account = Account.from_key(key.to_bytes(32, "big"))
    assert signer.address == account.address
    assert signer.sign_digest(digest) == bytes(account.unsafe_sign_hash(digest).signature)
    assert keccak256(digest) == keccak(digest)


@given(st.binary(min_size=20, max_size=20))
def test_checksum_round_trip(raw: bytes) -> None:
    address = checksum_address(raw)
    assert address_bytes(address) == address_bytes(address.lower()) == raw


def test_every_way_to_give_a_key() -> None:
    for key in (KEY, KEY[2:], bytes.fromhex(KEY[2:]), int(KEY, 16)):
        assert LocalSigner(key).address == ADDRESS
    assert LocalSigner.random().address != LocalSigner.random().address


def test_contract_address_is_the_known_one() -> None:
    # The first contract of Anvil's first account.
    assert contract_address(ADDRESS, 0) == "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.mark.parametrize("key", ["0x12", "zz" * 32, b"\0" * 32, b"\1" * 31, 0, ORDER, -1, "0x" + "f" * 64])
def test_bad_keys_are_refused_unseen(key: bytes | str | int) -> None:
    with pytest.raises(OutOfRange, match="private_key") as caught:
        LocalSigner(key)
    assert str(key) not in str(caught.value)
    assert caught.value.value == f"<{type(key).__name__}, not shown>"


@pytest.mark.parametrize("key", [True, None, 1.5])
def test_keys_of_wrong_type(key: object) -> None:
    with pytest.raises(WrongType, match="private_key"):
        LocalSigner(key)  # type: ignore[arg-type]


def test_the_key_never_shows() -> None:
    signer = LocalSigner(KEY)
    assert repr(signer) == str(signer) == f"LocalSigner({ADDRESS})"
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(signer)


@pytest.mark.parametrize("digest", [b"", b"x" * 31, b"x" * 33, "x" * 32])
def test_digests_have_32_bytes(digest: bytes) -> None:
    with pytest.raises(ValidationError, match="32 bytes"):
        LocalSigner(KEY).sign_digest(digest)


@pytest.mark.parametrize("address", ["", "0x12", "f39F" * 10, "0x" + "zz" * 20, b"x" * 19, ADDRESS + "00"])
def test_bad_addresses(address: str | bytes) -> None:
    with pytest.raises(ValidationError, match="to"):
        address_bytes(address, field="to")


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(ValidationError, match="checksum"):
        address_bytes(ADDRESS.replace("f39F", "F39f"))
    with pytest.raises(WrongType, match="0x address"):
        address_bytes(7)  # type: ignore[arg-type]


def test_keystore_files(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "secret", kdf="pbkdf2", iterations=2)))
    assert LocalSigner.from_keystore(path, "secret").address == ADDRESS
    with pytest.raises(ConfigurationError, match="wrong password"):
        LocalSigner.from_keystore(path, "other")
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match="not a keystore"):
        LocalSigner.from_keystore(path, "secret")
    with pytest.raises(ConfigurationError, match="No such file"):
        LocalSigner.from_keystore(tmp_path / "none.json", "secret")
