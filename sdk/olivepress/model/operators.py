"""Who signs the index, and what a packed update says (IndexOracle.sol; docs/spec/oracle.md).

With n operators up to f = (n - 1) // 3 may lie or be silent. A quorum is at least 2f + 1, so that the lower
median of the signed values lies within the honest ones (ORACLE-2), and at most n - f, so that the silent
cannot stop a feed (ORACLE-1).

The model recovers no signers. A `Batch` is an update as the contract sees it after it recovered them:
whoever they are, they and the silent operators that the relayer names must together hash to the set
(ORACLE-3, ORACLE-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from olivepress.hashing import keccak256
from olivepress.model.errors import refuse
from olivepress.reverts import (
    MalformedUpdate,
    MalleableSignature,
    NoFeeds,
    NotMedian,
    OperatorCountOutOfRange,
    OperatorsNotAscending,
    QuorumOutOfRange,
    ShortQuorum,
    SignerOutOfRange,
    WrongOperators,
)

MAX_OPERATORS = 31
MAX_SETS = 255
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half of the order of secp256k1, rounded down."""

_HEADER = 13
_FEED = 3
_ADDRESS = 20
_VALUE = 8
_SIGNATURE = 64


class OperatorSet(NamedTuple):
    """`operators_hash` is the first 24 bytes of keccak256 of the packed addresses."""

    operators_hash: bytes
    version: int
    operators: int
    quorum: int


class Report(NamedTuple):
    """What one operator signed: one value a feed. `signer` is whoever the signature recovers to; `s` is its
    second number: of the two that fit only the lower is taken."""

    signer: str
    values: tuple[int, ...]
    s: int = 0


class Batch(NamedTuple):
    """One update. Bit i of `signers` is set when operator i of the set signed.

    `medians` points, feed by feed, to the report whose value is the lower median. `silent` are the
    operators who did not sign, in ascending order; `reports` are in the order of the bits.
    """

    observed_at: int
    version: int
    operator_set: int
    signers: int
    feeds: tuple[int, ...]
    medians: tuple[int, ...]
    silent: tuple[str, ...]
    reports: tuple[Report, ...]


def make_batch(
    operator_set: int,
    operators: Sequence[str],
    observed_at: int,
    version: int,
    values: Mapping[str, Mapping[int, int]],
) -> Batch:
    """The update that an honest relay makes: `values` by operator, then by feed, the same feeds for each."""
    ordered = sorted(operators, key=_raw)
    signing = [operator for operator in ordered if operator in values]
    feeds = tuple(sorted(next(iter(values.values()), {})))
    reports = tuple(Report(one, tuple(values[one][feed] for feed in feeds)) for one in signing)
    medians = tuple(_lower_median([report.values[i] for report in reports]) for i in range(len(feeds)))
    return Batch(
        observed_at=observed_at,
        version=version,
        operator_set=operator_set,
        signers=sum(1 << bit for bit, operator in enumerate(ordered) if operator in values),
        feeds=feeds,
        medians=medians,
        silent=tuple(operator for operator in ordered if operator not in values),
        reports=reports,
    )


def make_set(operators: Sequence[str], quorum: int, version: int) -> OperatorSet:
    """Checks the size, the quorum and the order of a set."""
    count = len(operators)
    if not 1 <= count <= MAX_OPERATORS:
        refuse(OperatorCountOutOfRange, count, MAX_OPERATORS)
    faulty = (count - 1) // 3
    if not 2 * faulty + 1 <= quorum <= count - faulty:
        refuse(QuorumOutOfRange, quorum, 2 * faulty + 1, count - faulty)
    before = bytes(_ADDRESS)
    for place, operator in enumerate(operators):
        if _raw(operator) <= before:
            refuse(OperatorsNotAscending, place)
        before = _raw(operator)
    return OperatorSet(_hash(operators), version, count, quorum)


def verify(batch: Batch, operators: OperatorSet) -> None:
    """Refuses an update that a quorum of the set did not sign."""
    count = batch.signers.bit_count()
    if not batch.feeds:
        refuse(NoFeeds)
    if count < operators.quorum:
        refuse(ShortQuorum, batch.operator_set, count, operators.quorum)
    if batch.signers >> operators.operators:
        refuse(SignerOutOfRange, batch.signers, operators.operators)
    given, expected = _lengths(batch, operators.operators - count, count)
    if given != expected:
        refuse(MalformedUpdate, given, expected)
    for report in batch.reports:
        if report.s > HALF_ORDER:
            refuse(MalleableSignature, report.s.to_bytes(32))
    silent, reports = iter(batch.silent), iter(batch.reports)
    names = [
        next(reports).signer if batch.signers >> bit & 1 else next(silent)
        for bit in range(operators.operators)
    ]
    if _hash(names) != operators.operators_hash:
        # Solidity widens the 24 bytes to 32.
        padding = bytes(8)
        refuse(WrongOperators, batch.operator_set, operators.operators_hash + padding, _hash(names) + padding)


def lower_medians(batch: Batch) -> Iterator[tuple[int, int]]:
    """Each feed with the lower median of its values, checked when it is asked for (ORACLE-5)."""
    for place, (feed, pointer) in enumerate(zip(batch.feeds, batch.medians, strict=True)):
        values = [report.values[place] for report in batch.reports]
        middle = sorted(values)[(len(values) - 1) // 2]
        if pointer >= len(values) or values[pointer] != middle:
            refuse(NotMedian, feed, pointer)
        yield feed, middle


def _lengths(batch: Batch, silent: int, signers: int) -> tuple[int, int]:
    """Bytes that the update has, and must have."""
    fixed = _HEADER + _FEED * len(batch.feeds)
    report = _VALUE * len(batch.feeds) + _SIGNATURE
    given = fixed + _ADDRESS * len(batch.silent) + report * len(batch.reports)
    return given, fixed + _ADDRESS * silent + report * signers


def _lower_median(values: list[int]) -> int:
    """The place of the lower median; of equal values the first."""
    return values.index(sorted(values)[(len(values) - 1) // 2])


def _hash(operators: Sequence[str]) -> bytes:
    return keccak256(b"".join(map(_raw, operators)))[:24]


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
