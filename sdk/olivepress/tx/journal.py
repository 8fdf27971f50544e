"""What was about to be sent, written down before it is sent; and what became of it.

After a crash the open intents say which transactions may have run (`TransactionSender.recover`).
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import orjson

from olivepress.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Intent:
    """A signed transaction that is about to be sent."""

    tx_hash: bytes
    chain_id: int
    address: str
    nonce: int
    raw: bytes


class Outcome(Enum):
    """REJECTED: the node refused it. DROPPED: another transaction took the nonce. The others were mined."""

    SUCCEEDED = "succeeded"
    REVERTED = "reverted"
    REJECTED = "rejected"
    DROPPED = "dropped"


class Journal(Protocol):
    """Keeps intents until their outcome is known."""

    def intent(self, intent: Intent) -> None: ...

    def outcome(self, tx_hash: bytes, outcome: Outcome) -> None: ...

    def open_intents(self) -> list[Intent]:
        """Intents without an outcome, oldest first."""
        ...

    def close(self) -> None: ...


class MemoryJournal:
    """Lasts as long as the process."""

    def __init__(self) -> None:
        self._open: dict[bytes, Intent] = {}

    def intent(self, intent: Intent) -> None:
        self._open[intent.tx_hash] = intent

    def outcome(self, tx_hash: bytes, outcome: Outcome) -> None:
        self._open.pop(tx_hash, None)

    def open_intents(self) -> list[Intent]:
        return list(self._open.values())

    def close(self) -> None:
        """Nothing to release."""


class FileJournal(MemoryJournal):
    """An append-only JSON-lines file, held by one process at a time.

    It survives a crash of the process; with `sync` also one of the machine, at the price of an fsync per
    record. It holds signed transactions, so only its owner may read it.
    """

    def __init__(self, path: Path | str, *, sync: bool = False) -> None:
        super().__init__()
        self.path = Path(path)
        self._sync = sync
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigurationError(f"journal {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._load()
        except BlockingIOError:
            os.close(self._file)
            raise ConfigurationError(f"journal {self.path} is in use by another process") from None
        except BaseException:
            os.close(self._file)
            raise

    def _load(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                self._apply(orjson.loads(line))
            except (ValueError, KeyError, TypeError):
                raise ConfigurationError(f"journal {self.path}: line {number} is damaged") from None
        if whole < len(content):
            os.ftruncate(self._file, whole)  # a crash cut the last record short: it was never sent

    def _apply(self, record: dict[str, str | int]) -> None:
        tx_hash = bytes.fromhex(str(record["hash"]))
        if "outcome" in record:
            super().outcome(tx_hash, Outcome(record["outcome"]))
            return
        super().intent(
            Intent(
                tx_hash,
                int(record["chain_id"]),
                str(record["from"]),
                int(record["nonce"]),
                bytes.fromhex(str(record["raw"])),
            )
        )

    def _write(self, record: dict[str, str | int]) -> None:
        os.write(self._file, orjson.dumps(record) + b"\n")
        if self._sync:
            os.fsync(self._file)

    def intent(self, intent: Intent) -> None:
        self._write(
            {
                "hash": intent.tx_hash.hex(),
                "chain_id": intent.chain_id,
                "from": intent.address,
                "nonce": intent.nonce,
                "raw": intent.raw.hex(),
            }
        )
        super().intent(intent)

    def outcome(self, tx_hash: bytes, outcome: Outcome) -> None:
        self._write({"hash": tx_hash.hex(), "outcome": outcome.value})
        super().outcome(tx_hash, outcome)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
