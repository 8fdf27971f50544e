"""Reports of the index oracle: EIP-712 digest, signature, and the packed calldata of `IndexOracle.update`.

An operator makes a `Report`, signs it with `sign_report`, and hands the `SignedReport` to a relay. The relay
checks each with `recover_operator` and packs at least a quorum of them with `pack_update`. The layouts are in
docs/spec/oracle.md. Values are integers, USD x 1e8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from types import MappingProxyType

from coincurve import PublicKey

from olivepress.errors import OutOfRange, ValidationError, WrongType
from olivepress.hashing import keccak256
from olivepress.signer import Signer, address_bytes, checksum_address
from olivepress.units import require_int

MAX_VALUE = 2**52 - 1
MAX_OPERATORS = 31
MAX_FEEDS = 255

DOMAIN_NAME = "olivepress IndexOracle"
DOMAIN_VERSION = "1"
REPORT_TYPE = "Report(uint32 observedAt,uint16 version,uint16[] feeds,uint64[] values)"
UPDATE = keccak256(b"update(bytes)")[:4]

_DOMAIN_TYPEHASH = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME_HASH = keccak256(DOMAIN_NAME.encode())
_VERSION_HASH = keccak256(DOMAIN_VERSION.encode())
_REPORT_TYPEHASH = keccak256(REPORT_TYPE.encode())

_HEADER = Struct(">IHHIB")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class Report:
    """What one operator observed.

    :param observed_at: unix seconds; all operators of an update report the same
    :param version: methodology version of the operator set
    :param values: feed id to USD x 1e8, 1 to 2**52 - 1
    """

    observed_at: int
    version: int
    values: Mapping[int, int]

    def __post_init__(self) -> None:
        require_int(self.observed_at, "observed_at", 1, 2**32 - 1)
        require_int(self.version, "version", 1, 2**16 - 1)
        if not 1 <= len(self.values) <= MAX_FEEDS:
            raise OutOfRange("values", len(self.values), f"1 to {MAX_FEEDS} feeds")
        for feed, value in self.values.items():
            require_int(feed, "feed", 1, 2**16 - 1)
            require_int(value, f"values[{feed}]", 1, MAX_VALUE)
        ordered = MappingProxyType(dict(sorted(self.values.items())))
        object.__setattr__(self, "values", ordered)

    def __hash__(self) -> int:
        return hash((self.observed_at, self.version, tuple(self.values.items())))

    @property
    def feeds(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(self.values)


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report and its signature.

    :param operator: EIP-55 address of the signer
    :param signature: r 32 | vs 32 (EIP-2098)
    """

    report: Report
    operator: str
    signature: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "operator", checksum_address(address_bytes(self.operator, field="operator")))
        if not isinstance(self.signature, bytes):
            raise WrongType("signature", self.signature, "64 bytes, r and vs")
        if len(self.signature) != 64:
            raise ValidationError("signature", self.signature, "64 bytes, r and vs")


@dataclass(frozen=True, slots=True)
class OracleDomain:
    """The chain and the contract that a signature is good for."""

    chain_id: int
    oracle: str

    def separator(self) -> bytes:
        """EIP-712 domain separator, 32 bytes."""
        chain_id = require_int(self.chain_id, "chain_id", 1, 2**256 - 1)
        contract = address_bytes(self.oracle, field="oracle")
        return keccak256(
            _DOMAIN_TYPEHASH + _NAME_HASH + _VERSION_HASH + _word(chain_id) + contract.rjust(32, b"\0")
        )


def report_digest(report: Report, domain: OracleDomain) -> bytes:
    """The 32 bytes that an operator signs."""
    feeds = b"".join(map(_word, report.values))
    values = b"".join(map(_word, report.values.values()))
    struct_hash = keccak256(
        _REPORT_TYPEHASH
        + _word(report.observed_at)
        + _word(report.version)
        + keccak256(feeds)
        + keccak256(values)
    )
    return keccak256(b"\x19\x01" + domain.separator() + struct_hash)


def sign_report(report: Report, signer: Signer, domain: OracleDomain) -> SignedReport:
    """Signs with the operator's key."""
    signature = signer.sign_digest(report_digest(report, domain))
    r, s, v = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    return SignedReport(report, signer.address, r + _word(s | (v - 27) << 255))


def recover_operator(signed: SignedReport, domain: OracleDomain) -> str:
    """EIP-55 address of whoever signed. A relay compares it with `signed.operator`.

    Raises `ValidationError` for a signature that fits no key or that the contract refuses as malleable.
    """
    vs = int.from_bytes(signed.signature[32:])
    s = vs & (2**255 - 1)
    if s > _HALF_ORDER:
        raise ValidationError("signature", signed.signature.hex(), "s at most half of the curve's order")
    recoverable = signed.signature[:32] + _word(s) + bytes((vs >> 255,))
    try:
        key = PublicKey.from_signature_and_message(recoverable, report_digest(signed.report, domain), None)
    except ValueError as error:  # coincurve's word for a signature that fits no key
        raise ValidationError("signature", signed.signature.hex(), "a valid signature") from error
    return checksum_address(keccak256(key.format(compressed=False)[1:])[12:])


def sort_operators(operators: Sequence[str]) -> list[str]:
    """The order of the set on the chain: ascending by address. `ValidationError` for one given twice."""
    raw = sorted(address_bytes(operator, field="operators") for operator in operators)
    for before, after in pairwise(raw):
        if before == after:
            raise ValidationError("operators", checksum_address(after), "each operator once")
    return [checksum_address(address) for address in raw]


def operators_hash(operators: Sequence[str]) -> bytes:
    """What the contract keeps of a set, in its order: the first 24 bytes of the addresses' keccak256."""
    return keccak256(b"".join(address_bytes(one, field="operators") for one in operators))[:24]


def pack_update(operator_set: int, operators: Sequence[str], reports: Sequence[SignedReport]) -> bytes:
    """The argument of `IndexOracle.update`.

    :param operators: the whole set; its order does not matter here
    :param reports: of one observation time, version and list of feeds, each operator once, at least a quorum
    """
    require_int(operator_set, "operator_set", 1, 2**16 - 1)
    if not 1 <= len(operators) <= MAX_OPERATORS:
        raise OutOfRange("operators", len(operators), f"1 to {MAX_OPERATORS}")
    if not reports:
        raise OutOfRange("reports", 0, "at least one")
    ordered = sort_operators(operators)
    by_bit = _by_bit(ordered, reports)

    first = reports[0].report
    signers = sum(1 << bit for bit in by_bit)
    parts = [_HEADER.pack(first.observed_at, first.version, operator_set, signers, len(first.values))]
    in_order = [by_bit[bit].report.values for bit in sorted(by_bit)]
    for feed in first.feeds:
        values = [report[feed] for report in in_order]
        parts.append(feed.to_bytes(2) + values.index(lower_median(values)).to_bytes(1))
    parts += (address_bytes(operator) for bit, operator in enumerate(ordered) if bit not in by_bit)
    for bit in sorted(by_bit):
        signed = by_bit[bit]
        parts += (value.to_bytes(8) for value in signed.report.values.values())
        parts.append(signed.signature)
    return b"".join(parts)


def update_calldata(packed: bytes) -> bytes:
    """Calldata of `update(packed)`: selector, offset, length, bytes padded to a word."""
    return UPDATE + _word(32) + _word(len(packed)) + packed + bytes(-len(packed) % 32)


def lower_median(values: Sequence[int]) -> int:
    """The median the contract stores: of an even number of values the lower middle one."""
    if not values:
        raise OutOfRange("values", 0, "at least one value")
    return sorted(values)[(len(values) - 1) // 2]


def _by_bit(ordered: list[str], reports: Sequence[SignedReport]) -> dict[int, SignedReport]:
    first = reports[0].report
    bits = {operator: bit for bit, operator in enumerate(ordered)}
    by_bit: dict[int, SignedReport] = {}
    for signed in reports:
        bit = bits.get(signed.operator)
        if bit is None:
            raise ValidationError("operator", signed.operator, "an operator of the set")
        if bit in by_bit:
            raise ValidationError("reports", signed.operator, "one report of each operator")
        report = signed.report
        if report.observed_at != first.observed_at:
            raise ValidationError(
                "observed_at", report.observed_at, f"{first.observed_at}, as in the first report"
            )
        if report.version != first.version:
            raise ValidationError("version", report.version, f"{first.version}, as in the first report")
        if report.feeds != first.feeds:
            raise ValidationError("feeds", report.feeds, f"{first.feeds}, as in the first report")
        by_bit[bit] = signed
    return by_bit


def _word(value: int) -> bytes:
    return value.to_bytes(32)
