"""No operation costs more gas than is committed, no contract more bytes; rows do what their names say."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping

import pytest

from gas import report
from gas.chain import intrinsic_gas, open_bench
from gas.explain import Account, explain
from gas.measure import Measured, run
from gas.operations import OPERATIONS
from olivepress.events.decode import default_decoder
from olivepress.events.model import Book
from olivepress.events.records import Filled

# What each transaction must have left in the log: records of the book, and other events.
PLACED, CANCELLED, FILLED, TAKEN = "Placed", "Cancelled", "Filled", "Taken"
_BY_PREFIX = {
    "place": {PLACED: 1},
    "cancel_mid_queue": {CANCELLED: 1},
    "cancel_only": {CANCELLED: 1},
    "take_1": {FILLED: 1, TAKEN: 1},
    "take_5_one_level": {FILLED: 5, TAKEN: 1},
    "take_10_one_level": {FILLED: 10, TAKEN: 1},
    "sweep_5_levels": {FILLED: 5, TAKEN: 1},
    "replace_2x2": {CANCELLED: 2, PLACED: 2},
    "replace_10x10_populated": {CANCELLED: 10, PLACED: 10},
    "cancel_10": {CANCELLED: 10},
    "mass_cancel": {"MassCancelled": 1},
    "deposit": {"Deposited": 1},
    "withdraw": {"Withdrawn": 1},
    "realise": {"Realised": 1},
    "liquidate_book": {
        FILLED: 1,
        TAKEN: 1,
        "Liquidated": 1,
        "Flagged": 2,
    },  # the clock starts, and stops at recovery
    "liquidate_slice": {"PositionMoved": 1, "Auctioned": 1, "Flagged": 1},
    "settle_account": {"AccountSettled": 1},
    # The wrapper's loss at the mark is paid at once.
    "wrap": {"Wrapped": 1, "PositionMoved": 1, "Realised": 1},
    "unwrap": {"Unwrapped": 1, "PositionMoved": 1},
    "oracle_update_7of5_one_feed": {"RoundAccepted": 1},
    "oracle_update_7of5_eight_feeds": {"RoundAccepted": 8},
    "oracle_update_7of5_new_day": {"RoundAccepted": 1, "CheckpointFixed": 1},
    "window_average_read": {},
}


def logged(operation: str) -> dict[str, int]:
    """The longest name that fits: rows of other accounts log the same."""
    return _BY_PREFIX[max(filter(operation.startswith, _BY_PREFIX), key=len)]


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    async def measure() -> dict[str, Measured]:
        async with open_bench() as bench:
            return {one.operation: one async for one in run(bench, OPERATIONS)}

    return asyncio.run(measure())


def test_every_operation_is_committed(measured: Mapping[str, Measured]) -> None:
    assert list(report.read_snapshot()["gas"]) == list(measured)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_gas_is_what_is_committed(measured: Mapping[str, Measured], operation: str) -> None:
    committed = report.read_snapshot()["gas"]
    wrong = report.differences({operation: committed[operation]}, {operation: measured[operation].gas})
    assert not wrong, report.advice(wrong)


def test_sizes_are_what_is_committed() -> None:
    sizes = report.code_sizes()
    wrong = report.differences(report.read_snapshot()["sizes"], sizes)
    assert not wrong, report.advice(wrong)
    assert max(sizes.values()) <= report.MAX_CODE


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_does_what_its_row_says(measured: Mapping[str, Measured], operation: str) -> None:
    events = default_decoder().decode_all(measured[operation].logs)
    books = [event for event in events if isinstance(event, Book)]
    records = [record for book in books for record in book.records]
    found = Counter(type(one).__name__ for one in records)
    found += Counter(type(one).__name__ for one in events if not isinstance(one, Book))
    assert found == logged(operation)
    makers = [record.maker for record in records if isinstance(record, Filled)]
    assert len(set(makers)) == len(makers)


def test_document_shows_the_snapshot() -> None:
    text = report.DOCUMENT.read_text()
    snapshot = report.read_snapshot()
    assert report.table(snapshot["gas"]) in text
    assert report.size_table(snapshot["sizes"]) in text


def test_every_row_above_its_goal_is_accounted_for() -> None:
    gas = report.read_snapshot()["gas"]
    text = report.DOCUMENT.read_text()
    assert set(report.GOALS) <= set(gas)
    assert [name for name in report.above_goal(gas) if f"### {name}\n" not in text] == []


@pytest.fixture(scope="module")
def accounts() -> list[Account]:
    return asyncio.run(explain(["take_1", "withdraw", "oracle_update_7of5_one_feed"]))


def test_parts_of_an_account_add_up(accounts: list[Account], measured: Mapping[str, Measured]) -> None:
    for account in accounts:
        one = measured[account.operation]
        assert account.used == one.used == sum(gas for _, gas in account.parts)
        assert intrinsic_gas(one.tx.data) == sum(gas for _, gas in account.parts[:2])
        assert all(gas > 0 for name, gas in account.parts if name != "refund")


def test_slots_have_names(accounts: list[Account]) -> None:
    take, withdraw, update = ({name for name, _ in one.parts} for one in accounts)
    assert {"Exchange.terms[1]: read", "Exchange.hot[1]: read, changed"} <= take
    assert "Exchange.positions[account 1, series 1]: read, changed" in take
    assert "USDC.balance[an address]: read, changed" in withdraw
    assert {"IndexOracle.feed 1: read, changed", "precompile 1: 5"} <= update


@pytest.mark.parametrize(
    ("now", "says"),
    [({"a": 11, "b": 5}, "rose from 10 to 11"), ({"a": 9, "b": 5}, "fell from 10 to 9")],
)
def test_a_change_is_named_with_what_to_do(now: dict[str, int], says: str) -> None:
    wrong = report.differences({"a": 10, "b": 5}, now)
    assert wrong == {"a": says}
    text = report.advice(wrong)
    assert says in text
    assert "./scripts/gas --write REASON" in text
    assert ("its reason" in text) == ("rose" in says)


def test_new_and_missing_rows_are_named() -> None:
    assert report.differences({"a": 1}, {"b": 1}) == {"a": "is gone", "b": "is new"}
    assert report.differences({"a": 1}, {"a": 1}) == {}


def test_writing_keeps_the_text_and_adds_the_reason(
    tmp_path: report.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, snapshot = tmp_path / "gas.md", tmp_path / "snapshot.json"
    document.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\n\n## Changes\n\n- first.\n")
    snapshot.write_text(json.dumps({"gas": {"take_1": 10}, "sizes": {"Exchange": 5}}))
    monkeypatch.setattr(report, "DOCUMENT", document)
    monkeypatch.setattr(report, "SNAPSHOT", snapshot)
    now = {"gas": {"take_1": 11}, "sizes": {"Exchange": 5}}
    report.write(now, [], "fees are checked")
    assert report.read_snapshot() == now
    text = document.read_text()
    assert text.startswith("before\n\n")
    assert "old" not in text
    assert "| take_1" in text
    assert text.endswith("\n- first.\n- fees are checked: take_1 rose from 10 to 11.\n")
