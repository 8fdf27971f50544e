"""Files that must survive a crash: whole or not at all, and logs that only grow."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from olivepress.errors import ConfigurationError

Record = Mapping[str, Any]


def write_whole(path: Path, content: bytes, *, sync: bool = False) -> None:
    """Writes a file whole or not at all, for its owner only; makes its folder where that is missing.

    With `sync` it is there after a power cut too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
        if sync:
            _sync_folder(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sync_folder(path: Path) -> None:
    """Without it a power cut may bring back the file that had the name before."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class AppendLog:
    """An append-only JSON-lines file that only its owner may read, held by one process at a time.

    It survives a crash of the process; with `sync` also one of the machine, at the price of an fsync per
    record. A last line that a crash cut short is dropped: its `write` never returned.

    :param what: names the file in errors, e.g. "journal"
    :param apply: takes every record that is there already; what it raises makes the line a damaged one
    :raises ConfigurationError: not readable or writable, held by another process, or damaged
    """

    def __init__(self, path: Path, what: str, apply: Callable[[Any], None], *, sync: bool = False) -> None:
        self.path = path
        self._what = what
        self._sync = sync
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{what} {path}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._load(apply)
            if sync:
                _sync_folder(path)
        except BlockingIOError:
            os.close(self._file)
            raise ConfigurationError(f"{what} {path} is in use by another process") from None
        except BaseException:
            os.close(self._file)
            raise

    def _load(self, apply: Callable[[Any], None]) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                apply(orjson.loads(line))
            except (ValueError, KeyError, TypeError):
                raise ConfigurationError(f"{self._what} {self.path}: line {number} is damaged") from None
        if whole < len(content):
            os.ftruncate(self._file, whole)

    def write(self, record: Record) -> None:
        """Adds a record; it is there for good when this returns. One that raises OSError leaves nothing."""
        line = orjson.dumps(record) + b"\n"
        written = 0
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            if self._sync:
                os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise

    def rewrite(self, records: Iterable[Record]) -> None:
        """Puts these records in the place of all that is there, at once. The file stays held."""
        content = b"".join(orjson.dumps(record) + b"\n" for record in records)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        fresh = -1
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            fresh = os.open(name, os.O_RDWR | os.O_APPEND)
            os.fsync(fresh)
            fcntl.flock(fresh, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(name).replace(self.path)
        except BaseException:
            if fresh >= 0:
                os.close(fresh)
            Path(name).unlink(missing_ok=True)
            raise
        os.close(self._file)
        self._file = fresh
        _sync_folder(self.path)

    def close(self) -> None:
        """Lets the file go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
