"""A log on a disk that is full: no half record stays, and nothing that was refused."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from olivepress.files import AppendLog, write_whole


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes: what does not fit is written in part, as on a
    full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def records(path: Path) -> list[Any]:
    found: list[Any] = []
    AppendLog(path, "log", found.append).close()
    return found


def test_half_a_record_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = AppendLog(path, "log", lambda record: None, sync=True)
    log.write({"n": 1})
    with room_for(path.stat().st_size + 5), pytest.raises(OSError, match=r"No space|too large"):
        log.write({"n": 2, "text": "longer than the room that is left"})
    log.write({"n": 3})
    log.close()
    assert records(path) == [{"n": 1}, {"n": 3}]


def test_what_did_not_reach_the_disk_is_refused_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    log = AppendLog(path, "log", lambda record: None, sync=True)
    log.write({"n": 1})

    def fails(_file: int) -> None:
        raise OSError("the disk does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="does not answer"):
            log.write({"n": 2})
    log.close()
    assert records(path) == [{"n": 1}]


def test_a_rewrite_that_fails_leaves_the_log_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = AppendLog(path, "log", lambda record: None)
    log.write({"n": 1})
    with room_for(8), pytest.raises(OSError, match="too large"):
        log.rewrite([{"n": 1, "text": "longer than the room that is left"}])
    log.write({"n": 2})
    log.close()
    assert [one.name for one in tmp_path.iterdir()] == ["log.jsonl"]
    assert records(path) == [{"n": 1}, {"n": 2}]


def test_what_is_put_in_place_is_there_after_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder, which holds the name, goes to the disk as the content does."""
    synced: list[int] = []
    real = os.fsync

    def note(file: int) -> None:
        synced.append(os.fstat(file).st_ino)
        real(file)

    monkeypatch.setattr(os, "fsync", note)
    folder = tmp_path.stat().st_ino
    write_whole(tmp_path / "whole", b"content", sync=True)
    assert synced[-1] == folder
    log = AppendLog(tmp_path / "log.jsonl", "log", lambda record: None, sync=True)
    assert synced[-1] == folder
    synced.clear()
    log.rewrite([{"n": 1}])
    assert synced == [(tmp_path / "log.jsonl").stat().st_ino, folder]
    log.close()
