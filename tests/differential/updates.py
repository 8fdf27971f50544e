"""Signed updates of the oracle as values, so that right and wrong ones are built and printed alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from coincurve import PublicKey

from differential.setting import NOBODY
from olivepress.hashing import keccak256
from olivepress.oracle.codec import OracleDomain as Domain
from olivepress.oracle.codec import Report, lower_median, pack_update, sign_report
from olivepress.signer import LocalSigner, address_bytes, checksum_address

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_REPORT = keccak256(b"Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)")

OPERATORS = sorted((LocalSigner(1_000 + n) for n in range(9)), key=lambda one: one.address.lower())
"""Keys of all operators that any set may have, in ascending order of address."""


class Update(NamedTuple):
    """The argument of `update`, unpacked. `values` and `signatures` are in the order of the bits of
    `signers`; feed by feed `medians` points to the signer whose value is the lower median."""

    observed_at: int
    version: int
    operator_set: int
    signers: int
    feeds: tuple[int, ...]
    medians: tuple[int, ...]
    silent: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    signatures: tuple[bytes, ...]

    def packed(self) -> bytes:
        """The bytes that the contract takes."""
        head = self.observed_at << 72 | self.version << 56 | self.operator_set << 40 | self.signers << 8
        parts = [(head | len(self.feeds)).to_bytes(13)]
        for feed, median in zip(self.feeds, self.medians, strict=True):
            parts.append(feed.to_bytes(2) + median.to_bytes(1))
        parts += map(address_bytes, self.silent)
        for values, signature in zip(self.values, self.signatures, strict=True):
            parts += [value.to_bytes(8) for value in values]
            parts.append(signature)
        return b"".join(parts)

    def recovered(self, domain: Domain) -> tuple[str, ...]:
        """Whom each signature names; the zero address where it names nobody."""
        return tuple(
            _recover(digest(self, values, domain), signature)
            for values, signature in zip(self.values, self.signatures, strict=True)
        )


def sign(
    domain: Domain,
    operator_set: int,
    version: int,
    operators: Sequence[LocalSigner],
    observed_at: int,
    told: Mapping[LocalSigner, Mapping[int, int]],
) -> Update:
    """A right update: each operator in `told` signs its values; packed by the SDK's codec and read back."""
    signed = [sign_report(Report(observed_at, version, told[one]), one, domain) for one in told]
    packed = pack_update(operator_set, [one.address for one in operators], signed)
    in_order = [one for one in operators if one in told]
    by_address = {one.operator: one for one in signed}
    reports = [by_address[one.address] for one in in_order]
    feeds = reports[0].report.feeds
    values = tuple(tuple(one.report.values.values()) for one in reports)
    columns = list(zip(*values, strict=True))
    update = Update(
        observed_at=observed_at,
        version=version,
        operator_set=operator_set,
        signers=sum(1 << bit for bit, one in enumerate(operators) if one in told),
        feeds=feeds,
        medians=tuple(column.index(lower_median(column)) for column in columns),
        silent=tuple(one.address for one in operators if one not in told),
        values=values,
        signatures=tuple(one.signature for one in reports),
    )
    if update.packed() != packed:
        raise AssertionError("the update packs otherwise than in the SDK")
    return update


def resign(update: Update, bit: int, signer: LocalSigner, domain: Domain) -> Update:
    """The update with the report at place `bit` signed again, as it stands now, by `signer`."""
    raw = signer.sign_digest(digest(update, update.values[bit], domain))
    s = int.from_bytes(raw[32:64]) | (raw[64] - 27) << 255
    signatures = list(update.signatures)
    signatures[bit] = raw[:32] + s.to_bytes(32)
    return update._replace(signatures=tuple(signatures))


def digest(update: Update, values: Sequence[int], domain: Domain) -> bytes:
    """What an operator signs who tells these values."""

    def words(numbers: Sequence[int]) -> bytes:
        return b"".join(number.to_bytes(32) for number in numbers)

    head = words([update.observed_at, update.version])
    struct = keccak256(_REPORT + head + keccak256(words(update.feeds)) + keccak256(words(values)))
    return keccak256(b"\x19\x01" + _separator(domain) + struct)


@lru_cache(maxsize=64)
def _separator(domain: Domain) -> bytes:
    return domain.separator()


def s_of(signature: bytes) -> int:
    """Its `s`, without the bit of v before it (EIP-2098)."""
    return int.from_bytes(signature[32:]) & (2**255 - 1)


@lru_cache(maxsize=4096)
def _recover(digest: bytes, signature: bytes) -> str:
    recoverable = signature[:32] + s_of(signature).to_bytes(32) + bytes((signature[32] >> 7,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, None)
    except ValueError:  # coincurve's word for a signature that fits no key
        return NOBODY
    return checksum_address(keccak256(key.format(compressed=False)[1:])[12:])


def unpack(packed: bytes, operators: int) -> Update:
    """The bytes of an update of a set of so many operators."""
    head = int.from_bytes(packed[:13])
    signers, feeds = head >> 8 & 0xFFFFFFFF, head & 0xFF
    count, at = signers.bit_count(), 13
    pointers = [packed[at + 3 * n : at + 3 * n + 3] for n in range(feeds)]
    at += 3 * feeds
    silent = [packed[at + 20 * n : at + 20 * n + 20] for n in range(operators - count)]
    at += 20 * len(silent)
    size = 8 * feeds + 64
    reports = [packed[at + size * n : at + size * (n + 1)] for n in range(count)]
    return Update(
        observed_at=head >> 72,
        version=head >> 56 & 0xFFFF,
        operator_set=head >> 40 & 0xFFFF,
        signers=signers,
        feeds=tuple(int.from_bytes(one[:2]) for one in pointers),
        medians=tuple(one[2] for one in pointers),
        silent=tuple(checksum_address(one) for one in silent),
        values=tuple(tuple(int.from_bytes(one[8 * n : 8 * n + 8]) for n in range(feeds)) for one in reports),
        signatures=tuple(one[8 * feeds :] for one in reports),
    )
