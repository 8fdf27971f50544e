"""keccak-256, the hash of Ethereum."""

from __future__ import annotations

from Crypto.Hash import keccak as _keccak


def keccak256(data: bytes) -> bytes:
    """32 bytes."""
    return _keccak.new(digest_bits=256, data=data).digest()
