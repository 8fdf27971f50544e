"""The journal file: survives a crash, is held once, and says when it is damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from olivepress.errors import ConfigurationError
from olivepress.tx import FileJournal, Intent, MemoryJournal, Outcome

FIRST = Intent(b"\1" * 32, 31337, "0xabc", 7, b"\2\3")
SECOND = Intent(b"\2" * 32, 31337, "0xabc", 8, b"\4")


def test_open_intents_survive(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    journal = FileJournal(path, sync=True)
    journal.intent(FIRST)
    journal.intent(SECOND)
    journal.outcome(FIRST.tx_hash, Outcome.SUCCEEDED)
    journal.close()
    again = FileJournal(path)
    assert again.open_intents() == [SECOND]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal.jsonl")
    with pytest.raises(ConfigurationError, match="in use"):
        FileJournal(tmp_path / "journal.jsonl")
    journal.close()
    FileJournal(tmp_path / "journal.jsonl").close()
    assert journal.open_intents() == []


def test_a_record_cut_short_by_a_crash_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = FileJournal(path)
    journal.intent(FIRST)
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"hash":"02')
    journal = FileJournal(path)
    assert journal.open_intents() == [FIRST]
    journal.intent(SECOND)
    journal.close()
    again = FileJournal(path)
    assert again.open_intents() == [FIRST, SECOND]
    again.close()


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b'{"hash":"zz"}', b'{"hash":"01","outcome":"lost"}'])
def test_damage_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(ConfigurationError, match="line 1 is damaged"):
        FileJournal(path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="journal"):
        FileJournal(tmp_path / "file" / "journal.jsonl")


def test_what_is_settled_is_left_out_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileJournal, "_COMPACT_FROM", 20)
    path = tmp_path / "journal.jsonl"
    journal = FileJournal(path)
    journal.intent(FIRST)
    for number in range(100):
        settled = Intent(bytes([number]) * 32, 31337, "0xabc", number, b"\1" * 100)
        if settled.tx_hash != FIRST.tx_hash:
            journal.intent(settled)
            journal.outcome(settled.tx_hash, Outcome.SUCCEEDED)
    journal.intent(SECOND)
    journal.close()
    assert len(path.read_bytes().splitlines()) < 30
    again = FileJournal(path)
    assert again.open_intents() == [FIRST, SECOND]
    again.close()


def test_memory_journal() -> None:
    journal = MemoryJournal()
    journal.intent(FIRST)
    assert journal.open_intents() == [FIRST]
    journal.outcome(FIRST.tx_hash, Outcome.DROPPED)
    assert journal.open_intents() == []
