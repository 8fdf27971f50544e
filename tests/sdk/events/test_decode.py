"""Logs to events, for every event of the shipped contracts."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak

import exchange_kit as kit
from olivepress.contracts.abi import canonical
from olivepress.contracts.artifacts import load, shared_entries
from olivepress.events import MalformedLog, MarkRefreshed, SeriesListed, default_decoder
from olivepress.events.decode import BOOK_TOPIC
from olivepress.events.model import event_classes

SAMPLES: dict[str, Any] = {
    "address": "0x" + "ab" * 20,
    "bool": True,
    "bytes": b"\x01\x02",
    "bytes32": b"\x07" * 32,
    "string": "text",
    "address[]": ("0x" + "ab" * 20, "0x" + "cd" * 20),
}


def sample(kind: str) -> Any:
    if kind.startswith("("):
        return astuple(kit.SPEC)
    if kind == "int256":
        return -77
    return SAMPLES.get(kind, 5)


OWN = {
    entry.name
    for contract in ("Exchange", "BackOffice", "IndexOracle")
    for entry in load(contract).interface.events.values()
} - {"OwnershipTransferred", "OwnershipTransferStarted", "EIP712DomainChanged"}


def test_every_event_of_the_contracts_has_a_class_and_no_class_is_left_over() -> None:
    assert set(event_classes()) == OWN


@pytest.mark.parametrize("name", sorted(OWN - {"Book"}))
def test_fields_arrive_under_their_names(name: str) -> None:
    entry = next(one for one in shared_entries("event") if one.name == name)
    plain = [one for one in entry.inputs if not one["indexed"]]
    indexed = [one for one in entry.inputs if one["indexed"]]
    topics = [keccak(text=entry.signature)]
    topics += [encode([canonical(one)], [sample(canonical(one))]) for one in indexed]
    data = encode([canonical(one) for one in plain], [sample(canonical(one)) for one in plain])
    event = default_decoder().decode(kit.log(topics, data, block=9, index=2))
    assert type(event).__name__ == name
    assert event is not None
    assert (event.block, event.log_index) == (9, 2)
    own = [field.name for field in fields(event)][4:]
    assert len(own) == len(entry.inputs)
    for parameter, field in zip(entry.inputs, own, strict=True):
        assert field.strip("_").replace("_", "") == parameter["name"].strip("_").lower()
        wanted = kit.SPEC if canonical(parameter).startswith("(") else sample(canonical(parameter))
        assert getattr(event, field) == wanted


def test_terms_arrive_as_a_series_spec() -> None:
    entry = next(one for one in shared_entries("event") if one.name == "SeriesListed")
    topics = [entry.topic, (3).to_bytes(32), (1).to_bytes(32)]
    kinds = [canonical(one) for one in entry.inputs if not one["indexed"]]
    event = default_decoder().decode(kit.log(topics, encode(kinds, [astuple(kit.SPEC)])))
    assert isinstance(event, SeriesListed)
    assert event.spec == kit.SPEC


def test_book_topic_is_the_hash_of_the_signature() -> None:
    assert keccak(text="Book(uint16,uint32,bytes)").hex() == BOOK_TOPIC[2:]


def test_foreign_logs_are_left_out() -> None:
    transfer = kit.log([keccak(text="Transfer(address,address,uint256)"), bytes(32), bytes(32)], bytes(32))
    anonymous = kit.log([], b"")
    assert default_decoder().decode_all([transfer, anonymous]) == []


def test_a_log_that_does_not_fit_its_event_is_refused() -> None:
    topics = [keccak(text="MarkRefreshed(uint16,uint24,bool)"), (1).to_bytes(32)]
    good = default_decoder().decode(kit.log(topics, (7).to_bytes(32) + (1).to_bytes(32)))
    assert isinstance(good, MarkRefreshed)
    assert (good.mark, good.stale) == (7, True)
    with pytest.raises(MalformedLog, match="MarkRefreshed"):
        default_decoder().decode(kit.log(topics, (7).to_bytes(32)))
