"""Calls of those who run the oracle, checked before anything is sent: at once, or through a timelock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from olivepress import events as ev
from olivepress.contracts.contract import Contract
from olivepress.errors import OutOfRange, UnknownFeed, ValidationError
from olivepress.exchange.calls import Call
from olivepress.exchange.models import TxResult
from olivepress.exchange.results import events_of, tx_hash_of
from olivepress.oracle.codec import MAX_OPERATORS, sort_operators
from olivepress.signer import address_bytes, checksum_address
from olivepress.tx import Receipt
from olivepress.units import require_int

U16 = 2**16 - 1
_GAS_CHECKPOINT = 300_000


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `heartbeat` in seconds, `deviation_bps` in 1e-4, `methodology` the keccak256 of its
    document."""

    id: int
    symbol: str
    methodology: str
    operator_set: int
    heartbeat: int
    deviation_bps: int


class OracleCalls:
    """Arguments are those of the methods of `OracleClient` with the same names."""

    def __init__(self, oracle: Contract) -> None:
        self._oracle = oracle

    def fix_checkpoint(self, feed: int, day: int) -> Call[TxResult]:
        arguments = (feed_id(feed), require_int(day, "day", 0, U16))
        data = self._oracle.interface.encode("fixCheckpoint", *arguments)
        return Call(self._oracle.address, data, _GAS_CHECKPOINT, done)

    def add_operator_set(self, operators: Sequence[str], quorum: int) -> Call[int]:
        def read(receipt: Receipt) -> int:
            return events_of(receipt, ev.OperatorsSet, self._oracle.address)[0].operator_set

        return self._cold("addOperatorSet", *_operators(operators, quorum), read=read)

    def rotate_operators(self, operator_set: int, operators: Sequence[str], quorum: int) -> Call[TxResult]:
        number = require_int(operator_set, "operator_set", 1, U16)
        return self._cold("rotateOperators", number, *_operators(operators, quorum))

    def add_feed(
        self, symbol: str, operator_set: int, *, heartbeat: int, deviation_bps: int, methodology: str
    ) -> Call[Feed]:
        name = symbol.encode()
        if not (symbol.isascii() and 1 <= len(name) <= 32):
            raise ValidationError("symbol", symbol, "1 to 32 ASCII characters")
        digest = _digest(methodology)
        info = (
            name.ljust(32, b"\0"),
            digest,
            require_int(operator_set, "operator_set", 1, U16),
            require_int(heartbeat, "heartbeat", 1, 86_400),
            require_int(deviation_bps, "deviation_bps", 1, U16),
        )

        def read(receipt: Receipt) -> Feed:
            event = events_of(receipt, ev.FeedAdded, self._oracle.address)[0]
            return Feed(event.feed, symbol, "0x" + digest.hex(), operator_set, heartbeat, deviation_bps)

        return self._cold("addFeed", info, read=read)

    def set_methodology(self, feed: int, methodology: str) -> Call[TxResult]:
        return self._cold("setMethodology", feed_id(feed), _digest(methodology))

    def set_halted(self, feed: int, halted: bool) -> Call[TxResult]:
        return self._cold("setHalted", feed_id(feed), halted)

    def transfer_ownership(self, owner: str) -> Call[TxResult]:
        return self._cold("transferOwnership", checksum_address(address_bytes(owner, field="owner")))

    def accept_ownership(self) -> Call[TxResult]:
        return self._cold("acceptOwnership")

    def _cold(
        self, function: str, *arguments: Any, read: Callable[[Receipt], Any] | None = None
    ) -> Call[Any]:
        data = self._oracle.interface.encode(function, *arguments)
        return Call(self._oracle.address, data, None, read or done)


def feed_id(feed: int) -> int:
    """A feed's number, checked. Raises UnknownFeed."""
    try:
        return require_int(feed, "feed", 1, U16)
    except OutOfRange as error:
        raise UnknownFeed("feed", feed, error.allowed) from error


def done(receipt: Receipt) -> TxResult:
    """The outcome of a call that has nothing else to tell."""
    return TxResult(tx_hash_of(receipt), receipt.block_number, receipt.gas_used)


def _operators(operators: Sequence[str], quorum: int) -> tuple[list[str], int]:
    return sort_operators(operators), require_int(quorum, "quorum", 1, MAX_OPERATORS)


def _digest(methodology: str) -> bytes:
    try:
        digest = bytes.fromhex(methodology.removeprefix("0x"))
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValidationError("methodology", methodology, "32 bytes as 0x-hex")
    return digest
