"""What was about to be sent, written down before it is sent; and what became of it.

After a crash the open intents say which transactions may have run (`TransactionSender.recover`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from olivepress.files import AppendLog


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
    """An `AppendLog`: held by one process at a time, and it survives a crash; with `sync` also one of the
    machine.

    It holds signed transactions, so only its owner may read it. Now and then what is settled is left out.
    """

    _COMPACT_FROM = 20_000

    def __init__(self, path: Path | str, *, sync: bool = False) -> None:
        super().__init__()
        self.path = Path(path)
        self._lines = 0
        self._log = AppendLog(self.path, "journal", self._apply, sync=sync)

    def _apply(self, record: dict[str, str | int]) -> None:
        self._lines += 1
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

    def intent(self, intent: Intent) -> None:
        self._log.write(_record(intent))
        self._lines += 1
        super().intent(intent)

    def outcome(self, tx_hash: bytes, outcome: Outcome) -> None:
        self._log.write({"hash": tx_hash.hex(), "outcome": outcome.value})
        self._lines += 1
        super().outcome(tx_hash, outcome)
        kept = self.open_intents() if self._lines >= self._COMPACT_FROM else []
        if self._lines >= self._COMPACT_FROM + 4 * len(kept):
            self._log.rewrite(map(_record, kept))
            self._lines = len(kept)

    def close(self) -> None:
        self._log.close()


def _record(intent: Intent) -> dict[str, str | int]:
    return {
        "hash": intent.tx_hash.hex(),
        "chain_id": intent.chain_id,
        "from": intent.address,
        "nonce": intent.nonce,
        "raw": intent.raw.hex(),
    }
