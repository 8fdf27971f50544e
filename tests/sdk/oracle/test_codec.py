"""The oracle's codec against eth_account's EIP-712 and against the layout of the specification."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from eth_abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from olivepress.errors import OutOfRange, ValidationError, WrongType
from olivepress.oracle.codec import (
    MAX_VALUE,
    OracleDomain,
    Report,
    SignedReport,
    lower_median,
    pack_update,
    recover_operator,
    report_digest,
    sign_report,
    sort_operators,
    update_calldata,
)
from olivepress.signer import LocalSigner

DOMAIN = OracleDomain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
SIGNERS = sorted((LocalSigner((i + 1).to_bytes(32)) for i in range(7)), key=lambda s: s.address.lower())
OPERATORS = [signer.address for signer in SIGNERS]
TIME = 1_797_156_000

feeds_and_values = st.dictionaries(
    st.integers(1, 2**16 - 1), st.integers(1, MAX_VALUE), min_size=1, max_size=12
)
reports = st.builds(Report, st.integers(1, 2**32 - 1), st.integers(1, 2**16 - 1), feeds_and_values)


def typed_data(report: Report, domain: OracleDomain) -> dict[str, object]:
    """The report as any EIP-712 wallet would get it."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Report": [
                {"name": "observedAt", "type": "uint32"},
                {"name": "version", "type": "uint16"},
                {"name": "feeds", "type": "uint16[]"},
                {"name": "values", "type": "uint64[]"},
            ],
        },
        "primaryType": "Report",
        "domain": {
            "name": "olivepress IndexOracle",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.oracle,
        },
        "message": {
            "observedAt": report.observed_at,
            "version": report.version,
            "feeds": sorted(report.values),
            "values": [report.values[feed] for feed in sorted(report.values)],
        },
    }


def signed(count: int = 5, values: list[int] | None = None) -> list[SignedReport]:
    values = values or [100] * count
    return [
        sign_report(Report(TIME, 1, {1: value, 300: value + 1}), signer, DOMAIN)
        for signer, value in zip(SIGNERS, values, strict=False)
    ]


@given(reports, st.integers(1, 2**64))
@settings(max_examples=60, deadline=None)
def test_digest_equals_eth_account(report: Report, chain_id: int) -> None:
    domain = OracleDomain(chain_id, DOMAIN.oracle)
    message = encode_typed_data(full_message=typed_data(report, domain))
    expected = keccak(b"\x19" + message.version + message.header + message.body)
    assert report_digest(report, domain) == expected


@given(reports)
@settings(max_examples=20, deadline=None)
def test_signature_equals_eth_account(report: Report) -> None:
    message = encode_typed_data(full_message=typed_data(report, DOMAIN))
    theirs = Account.sign_message(message, (3).to_bytes(32))
    ours = sign_report(report, LocalSigner((3).to_bytes(32)), DOMAIN)
    assert ours.signature == theirs.r.to_bytes(32) + (theirs.s | (theirs.v - 27) << 255).to_bytes(32)
    assert ours.operator == Account.from_key((3).to_bytes(32)).address
    assert recover_operator(ours, DOMAIN) == ours.operator


def test_signature_is_good_for_one_chain_one_contract_and_one_report() -> None:
    one = signed(1)[0]
    assert recover_operator(one, DOMAIN) == OPERATORS[0]
    assert recover_operator(one, OracleDomain(1, DOMAIN.oracle)) != OPERATORS[0]
    assert recover_operator(one, OracleDomain(31337, "0x" + "11" * 20)) != OPERATORS[0]
    other = dataclasses.replace(one, report=Report(TIME, 1, {1: 101, 300: 101}))
    assert recover_operator(other, DOMAIN) != OPERATORS[0]


def test_recover_refuses_malleable_and_rubbish() -> None:
    one = signed(1)[0]
    high = (0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A1).to_bytes(32)
    with pytest.raises(ValidationError, match="half of the curve's order"):
        recover_operator(dataclasses.replace(one, signature=one.signature[:32] + high), DOMAIN)
    with pytest.raises(ValidationError, match="a valid signature"):
        recover_operator(dataclasses.replace(one, signature=b"\xff" * 32 + one.signature[32:]), DOMAIN)


def test_update_layout_byte_for_byte() -> None:
    batch = signed(7, [70, 30, 50, 10, 20, 60, 40])
    chosen = [batch[i] for i in (6, 0, 3, 4, 1)]  # any order; bits 0, 1, 3, 4, 6
    packed = pack_update(2, OPERATORS[::-1], chosen)
    expected = TIME.to_bytes(4) + (1).to_bytes(2) + (2).to_bytes(2) + (0b1011011).to_bytes(4) + b"\x02"
    # The lower median of 70, 30, 10, 20, 40 is 30, of the second signer.
    expected += (1).to_bytes(2) + b"\x01" + (300).to_bytes(2) + b"\x01"
    expected += bytes.fromhex(OPERATORS[2][2:]) + bytes.fromhex(OPERATORS[5][2:])
    for i in (0, 1, 3, 4, 6):
        values = batch[i].report.values
        expected += values[1].to_bytes(8) + values[300].to_bytes(8) + batch[i].signature
    assert packed == expected


@given(st.binary(max_size=700))
def test_calldata_equals_eth_abi(packed: bytes) -> None:
    assert update_calldata(packed) == keccak(text="update(bytes)")[:4] + encode(["bytes"], [packed])


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=31))
def test_lower_median(values: list[int]) -> None:
    median = lower_median(values)
    below = sum(value < median for value in values)
    above = sum(value > median for value in values)
    assert median in values
    assert below <= (len(values) - 1) // 2
    assert above <= len(values) // 2


def test_reports_are_ordered_frozen_and_comparable() -> None:
    report = Report(TIME, 1, {7: 70, 2: 20})
    assert report.feeds == (2, 7)
    assert report == Report(TIME, 1, {2: 20, 7: 70})
    assert hash(report) == hash(Report(TIME, 1, {2: 20, 7: 70}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.version = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        report.values[2] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("time", "version", "values", "field"),
    [
        (0, 1, {1: 1}, "observed_at"),
        (2**32, 1, {1: 1}, "observed_at"),
        (TIME, 0, {1: 1}, "version"),
        (TIME, 2**16, {1: 1}, "version"),
        (TIME, 1, {}, "values"),
        (TIME, 1, dict.fromkeys(range(1, 257), 1), "values"),
        (TIME, 1, {0: 1}, "feed"),
        (TIME, 1, {2**16: 1}, "feed"),
        (TIME, 1, {1: 0}, "values[1]"),
        (TIME, 1, {1: MAX_VALUE + 1}, "values[1]"),
    ],
)
def test_report_out_of_range(time: int, version: int, values: dict[int, int], field: str) -> None:
    with pytest.raises(OutOfRange) as caught:
        Report(time, version, values)
    assert caught.value.field == field


@pytest.mark.parametrize("value", [1.5, "100", True, None])
def test_report_takes_integers_only(value: object) -> None:
    with pytest.raises(WrongType):
        Report(TIME, 1, {1: value})  # type: ignore[dict-item]


def test_signed_report_checks_its_shape() -> None:
    report = Report(TIME, 1, {1: 1})
    with pytest.raises(ValidationError, match="64 bytes"):
        SignedReport(report, OPERATORS[0], b"\0" * 65)
    with pytest.raises(WrongType):
        SignedReport(report, OPERATORS[0], "00" * 64)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="operator"):
        SignedReport(report, "0x12", b"\0" * 64)
    assert SignedReport(report, OPERATORS[0].lower(), b"\0" * 64).operator == OPERATORS[0]


def test_pack_refuses_what_cannot_be_one_update() -> None:
    batch = signed()
    stranger = LocalSigner((99).to_bytes(32))
    cases: list[tuple[str, SignedReport]] = [
        ("one report of each operator", batch[0]),
        ("an operator of the set", sign_report(batch[0].report, stranger, DOMAIN)),
        ("as in the first report", sign_report(Report(TIME + 1, 1, {1: 1, 300: 1}), SIGNERS[5], DOMAIN)),
        ("as in the first report", sign_report(Report(TIME, 2, {1: 1, 300: 1}), SIGNERS[5], DOMAIN)),
        ("as in the first report", sign_report(Report(TIME, 1, {1: 1}), SIGNERS[5], DOMAIN)),
    ]
    for allowed, extra in cases:
        with pytest.raises(ValidationError, match=allowed):
            pack_update(1, OPERATORS, [*batch, extra])
    with pytest.raises(OutOfRange):
        pack_update(1, OPERATORS, [])
    with pytest.raises(OutOfRange):
        pack_update(0, OPERATORS, batch)
    with pytest.raises(OutOfRange):
        pack_update(1, [LocalSigner((i + 1).to_bytes(32)).address for i in range(32)], batch)
    with pytest.raises(ValidationError, match="each operator once"):
        sort_operators([OPERATORS[0], OPERATORS[1], OPERATORS[0].lower()])


def test_vector_that_the_contract_is_tested_with() -> None:
    """tests/contracts/oracle/Vector.t.sol sends these very bytes to the contract."""
    path = Path(__file__).parents[2] / "contracts" / "oracle" / "vector.json"
    vector = json.loads(path.read_text())
    domain = OracleDomain(vector["chainId"], vector["oracle"])
    reports = [
        sign_report(Report(vector["observedAt"], 1, {1: price, 2: 2 * price}), signer, domain)
        for signer, price in zip(SIGNERS, vector["prices"], strict=False)
    ]
    assert vector["operators"] == OPERATORS
    assert vector["packed"] == "0x" + pack_update(1, OPERATORS, reports).hex()
    assert vector["median"] == lower_median(vector["prices"])
