"""Keys and signatures: EIP-1559 transactions and 32-byte digests, on coincurve.

RLP is written out by hand because the hot path signs thousands of transactions a second; the result is
cross-tested byte for byte against eth_account. A key is never shown: not in repr, not in an error.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import NamedTuple, Protocol

from coincurve import PrivateKey

from olivepress.errors import ConfigurationError, OutOfRange, ValidationError, WrongType
from olivepress.hashing import keccak256

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_EIP1559 = b"\x02"

MIN_PASSWORD = 8
"""Characters of a new keystore's password."""


class SignedTransaction(NamedTuple):
    """`raw` is what eth_sendRawTransaction takes, `hash` the transaction hash (32 bytes)."""

    raw: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """An EIP-1559 transaction. `to` is 20 bytes, or None to create a contract; fees in wei per gas."""

    chain_id: int
    nonce: int
    to: bytes | None
    data: bytes
    gas: int
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    value: int = 0

    @classmethod
    def from_raw(cls, raw: bytes) -> Transaction:
        """What was signed, from the bytes that eth_sendRawTransaction took."""
        from eth_account.typed_transactions.typed_transaction import TypedTransaction  # slow to import
        from hexbytes import HexBytes

        if raw[:1] != _EIP1559:
            raise ValidationError("raw", raw, "an EIP-1559 transaction")
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        return cls(
            fields["chainId"],
            fields["nonce"],
            bytes(fields["to"]) or None,
            bytes(fields["data"]),
            fields["gas"],
            fields["maxFeePerGas"],
            fields["maxPriorityFeePerGas"],
            fields["value"],
        )


class Signer(Protocol):
    """Whatever can sign for one address."""

    @property
    def address(self) -> str:
        """EIP-55 checksummed."""
        ...

    def sign_transaction(self, tx: Transaction) -> SignedTransaction: ...

    def sign_digest(self, digest: bytes) -> bytes:
        """r 32 | s 32 | v 1 (27 or 28)."""
        ...


def checksum_address(raw: bytes) -> str:
    """20 bytes to an EIP-55 address."""
    text = raw.hex()
    digest = keccak256(text.encode()).hex()
    return "0x" + "".join(c.upper() if d >= "8" else c for c, d in zip(text, digest, strict=False))


def address_bytes(address: str | bytes, *, field: str = "address") -> bytes:
    """An address to 20 bytes. A mixed-case text must carry a right EIP-55 checksum."""
    if isinstance(address, bytes):
        if len(address) != 20:
            raise ValidationError(field, address, "20 bytes")
        return address
    if not isinstance(address, str):
        raise WrongType(field, address, "a 0x address or 20 bytes")
    return _parsed_address(address, field)


@lru_cache(maxsize=4096)
def _parsed_address(address: str, field: str) -> bytes:
    digits = address[2:] if address[:2] in ("0x", "0X") else ""
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if len(raw) != 20 or len(digits) != 40:
        raise ValidationError(field, address, "0x and 40 hex digits")
    if digits not in (digits.lower(), digits.upper()) and checksum_address(raw)[2:] != digits:
        raise ValidationError(field, address, f"a right EIP-55 checksum: {checksum_address(raw)}")
    return raw


def contract_address(sender: str | bytes, nonce: int) -> str:
    """Address of the contract that a creation transaction of `sender` makes."""
    return checksum_address(keccak256(_rlp_list(_rlp_bytes(address_bytes(sender)) + _rlp_int(nonce)))[12:])


def _rlp_int(value: int) -> bytes:
    if value < 0x80:
        return value.to_bytes(1, "big") if value else b"\x80"
    size = (value.bit_length() + 7) >> 3
    return bytes((0x80 + size,)) + value.to_bytes(size, "big")


def _rlp_bytes(value: bytes) -> bytes:
    size = len(value)
    if size < 56:
        return value if size == 1 and value[0] < 0x80 else bytes((0x80 + size,)) + value
    width = (size.bit_length() + 7) >> 3
    return bytes((0xB7 + width,)) + size.to_bytes(width, "big") + value


def _rlp_list(body: bytes) -> bytes:
    size = len(body)
    if size < 56:
        return bytes((0xC0 + size,)) + body
    width = (size.bit_length() + 7) >> 3
    return bytes((0xF7 + width,)) + size.to_bytes(width, "big") + body


class LocalSigner:
    """A private key in this process."""

    __slots__ = ("_key", "address")

    def __init__(self, private_key: bytes | str | int) -> None:
        """Takes 32 bytes, 64 hex digits (with or without 0x) or an int; never repeats it in an error."""
        self._key = PrivateKey(_key_bytes(private_key))
        public = self._key.public_key.format(compressed=False)
        self.address: str = checksum_address(keccak256(public[1:])[12:])

    @classmethod
    def random(cls) -> LocalSigner:
        """A fresh key from the operating system's randomness."""
        return cls(1 + secrets.randbelow(_CURVE_ORDER - 1))

    @classmethod
    def from_keystore(cls, path: str | PathLike[str], password: str) -> LocalSigner:
        """Reads an encrypted keystore file (web3 secret storage). Raises ConfigurationError."""
        from eth_account import Account  # slow to import, and only needed here

        try:
            return cls(bytes(Account.decrypt(json.loads(Path(path).read_text()), password)))
        except OSError as error:
            raise ConfigurationError(f"keystore {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, NotImplementedError) as error:
            reason = "wrong password" if "MAC" in str(error) else "not a keystore file"
            raise ConfigurationError(f"keystore {path}: {reason}") from None

    def to_keystore(self, path: str | PathLike[str], password: str) -> None:
        """Writes an encrypted keystore file (web3 secret storage) for its owner only, and reads it back.

        Raises ConfigurationError when the file exists, ValidationError for a password that is too short.
        """
        from eth_account import Account

        if len(password) < MIN_PASSWORD:
            raise ValidationError("password", "<not shown>", f"{MIN_PASSWORD} characters or more")
        encrypted = json.dumps(Account.encrypt(self._key.secret, password)).encode()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise ConfigurationError(f"keystore {path}: {error.strerror}") from None
        with os.fdopen(handle, "wb") as file:
            file.write(encrypted)
            file.flush()
            os.fsync(file.fileno())
        if LocalSigner.from_keystore(path, password).address != self.address:
            raise ConfigurationError(f"keystore {path}: what was written does not give the key back")

    def sign_digest(self, digest: bytes) -> bytes:
        if not isinstance(digest, bytes) or len(digest) != 32:
            raise ValidationError("digest", digest, "32 bytes")
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + 27,))

    def sign_transaction(self, tx: Transaction) -> SignedTransaction:
        body = (
            _rlp_int(tx.chain_id)
            + _rlp_int(tx.nonce)
            + _rlp_int(tx.max_priority_fee_per_gas)
            + _rlp_int(tx.max_fee_per_gas)
            + _rlp_int(tx.gas)
            + (b"\x94" + tx.to if tx.to is not None else b"\x80")
            + _rlp_int(tx.value)
            + _rlp_bytes(tx.data)
            + b"\xc0"
        )
        signature = self._key.sign_recoverable(keccak256(_EIP1559 + _rlp_list(body)), hasher=None)
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:64], "big")
        raw = _EIP1559 + _rlp_list(body + _rlp_int(signature[64]) + _rlp_int(r) + _rlp_int(s))
        return SignedTransaction(raw, keccak256(raw))

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a signer is not pickled: its key stays in this process")


def _key_bytes(private_key: bytes | str | int) -> bytes:
    allowed = "32 bytes, 64 hex digits or an int, from 1 to the order of the curve"
    hidden = f"<{type(private_key).__name__}, not shown>"
    if isinstance(private_key, bool) or not isinstance(private_key, (bytes, str, int)):
        raise WrongType("private_key", hidden, allowed)
    if isinstance(private_key, str):
        digits = private_key.removeprefix("0x")
        try:
            raw = bytes.fromhex(digits) if len(digits) == 64 else b""
        except ValueError:
            raw = b""
    elif isinstance(private_key, int):
        raw = private_key.to_bytes(32, "big") if 0 < private_key < _CURVE_ORDER else b""
    else:
        raw = private_key
    if len(raw) != 32 or not 0 < int.from_bytes(raw, "big") < _CURVE_ORDER:
        raise OutOfRange("private_key", hidden, allowed)
    return raw


__all__ = [
    "LocalSigner",
    "SignedTransaction",
    "Signer",
    "Transaction",
    "address_bytes",
    "checksum_address",
    "contract_address",
]
