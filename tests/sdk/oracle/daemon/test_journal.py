"""What was signed stays known: over restarts, crashes in the middle of a record, and tidying up."""

from __future__ import annotations

from pathlib import Path

import pytest

from olivepress.errors import ConfigurationError, OutOfRange
from olivepress.oracle import Report
from olivepress.oracle.operator import FileReports, MemoryReports
from operator_kit import NOON

MINE = {"chain": "31337", "oracle": "0x11", "operator": "0x22"}


def opened(folder: Path, binding: dict[str, str] = MINE) -> FileReports:
    return FileReports(folder / "state" / "reports.jsonl", binding)


def test_what_was_recorded_is_there_after_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    entry = first.record(Report(NOON, 3, {1: 5, 2: 6}))
    first.record(Report(NOON + 60, 3, {2: 7}))
    first.done(entry, "http://relay-1")
    first.close()
    again = opened(tmp_path)
    assert (again.last(1), again.last(2), again.last(3)) == (NOON, NOON + 60, 0)
    assert [(e.report, e.done) for e in again.recent(NOON)] == [
        (Report(NOON, 3, {1: 5, 2: 6}), {"http://relay-1"}),
        (Report(NOON + 60, 3, {2: 7}), set()),
    ]
    assert [e.report.observed_at for e in again.recent(NOON + 1)] == [NOON + 60]
    again.close()


@pytest.mark.parametrize("kept", [MemoryReports, opened])
def test_one_time_has_one_value(kept: object, tmp_path: Path) -> None:
    reports = MemoryReports() if kept is MemoryReports else opened(tmp_path)
    reports.record(Report(NOON, 1, {1: 5, 2: 6}))
    for values, at in (({1: 5, 2: 6}, NOON), ({2: 9}, NOON), ({1: 5}, NOON - 60), ({2: 7, 3: 1}, NOON)):
        with pytest.raises(OutOfRange, match="observed_at"):
            reports.record(Report(at, 1, values))
    reports.record(Report(NOON, 1, {3: 1}))
    assert len(reports.recent(0)) == 2
    reports.close()


def test_a_record_that_was_cut_short_was_never_signed(tmp_path: Path) -> None:
    reports = opened(tmp_path)
    reports.record(Report(NOON, 1, {1: 5}))
    reports.close()
    file = tmp_path / "state" / "reports.jsonl"
    whole = file.read_bytes()
    for cut in range(1, len(b'{"at":17954')):
        file.write_bytes(whole + b'{"at":1795420860'[:cut])
        reports = opened(tmp_path)
        assert [e.report.observed_at for e in reports.recent(0)] == [NOON]
        reports.close()
    assert file.read_bytes() == whole


def test_tidying_keeps_the_last_report_of_every_feed(tmp_path: Path) -> None:
    reports = opened(tmp_path)
    reports.record(Report(NOON, 1, {1: 5}))
    for at in range(NOON + 60, NOON + 6_000, 60):
        reports.done(reports.record(Report(at, 1, {2: at})), "http://relay-1")
    size = reports._log.path.stat().st_size
    reports.forget(NOON + 5_700)
    assert reports._log.path.stat().st_size < size / 5
    with pytest.raises(ConfigurationError, match="in use"):
        opened(tmp_path)
    reports.record(Report(NOON + 6_000, 1, {2: 1}))
    reports.close()
    again = opened(tmp_path)
    assert (again.last(1), again.last(2)) == (NOON, NOON + 6_000)
    assert again.recent(NOON + 5_900)[0].done == {"http://relay-1"}
    again.close()


def test_a_folder_of_another_operator_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with pytest.raises(
        ConfigurationError, match="belongs to chain 31337, oracle 0x11, operator 0x22, not to"
    ):
        opened(tmp_path, {**MINE, "operator": "0x33"})
    opened(tmp_path).close()


def test_two_at_a_time_are_refused(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(ConfigurationError, match="in use by another process"):
        opened(tmp_path)
    first.close()


def test_damage_is_named(tmp_path: Path) -> None:
    reports = opened(tmp_path)
    reports.record(Report(NOON, 1, {1: 5}))
    reports.close()
    file = tmp_path / "state" / "reports.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"values"', b'"valves"'))
    with pytest.raises(ConfigurationError, match="line 2 is damaged"):
        opened(tmp_path)
