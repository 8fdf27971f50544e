"""Reads and writes of the index oracle. Values are Decimal index units (USD); times unix seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from olivepress.exchange.calls import Call
from olivepress.exchange.models import TxResult
from olivepress.manifest import Deployment
from olivepress.oracle.codec import SignedReport
from olivepress.rpc import Transport
from olivepress.tx import TransactionSender


@dataclass(frozen=True, slots=True)
class IndexValue:
    """The last accepted value of a feed; `time` 0 before the first."""

    feed: int
    value: Decimal
    time: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Time average over whole UTC days. `average` is exact to 1e-8 rounded half up; None without a fresh
    second."""

    average: Decimal | None
    price_seconds: int
    fresh_seconds: int
    elapsed: int
    fixed: bool

    @property
    def coverage(self) -> Decimal:
        """Share of the window's seconds that were fresh, 0 to 1."""
        return Decimal(self.fresh_seconds) / self.elapsed


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and the operators' quorum that signs it."""

    id: int
    symbol: str
    methodology: str
    operator_set: int
    heartbeat: int
    deviation_bps: int


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """An accepted round: its value is in force from `time` on. `signers` is the operators' bitmap."""

    feed: int
    round: int
    time: int
    value: Decimal
    signers: int
    values: tuple[Decimal, ...]
    block: int


class OracleClient:
    """The oracle through one transport; writes need a sender."""

    def __init__(
        self, transport: Transport, deployment: Deployment, sender: TransactionSender | None = None
    ) -> None:
        self.transport = transport

    async def feeds(self) -> list[Feed]:
        raise NotImplementedError

    async def feed(self, symbol: str) -> Feed:
        raise NotImplementedError

    async def latest(self, feed: int) -> IndexValue:
        raise NotImplementedError

    async def window(self, feed: int, from_day: int, to_day: int) -> Window:
        raise NotImplementedError

    async def history(self, feed: int, from_block: int | None = None) -> list[IndexPoint]:
        """Every value that came into force, oldest first, from the events."""
        raise NotImplementedError

    async def operators(self, operator_set: int) -> list[str]:
        """The operators of a set in the order of their bits, from the events."""
        raise NotImplementedError

    def update_call(self, operator_set: int, reports: Sequence[SignedReport]) -> Call[TxResult]:
        raise NotImplementedError

    async def submit_reports(self, operator_set: int, reports: Sequence[SignedReport]) -> TxResult:
        """Packs the signed reports of one observation and sends them."""
        raise NotImplementedError

    async def fix_checkpoint(self, feed: int, day: int) -> TxResult:
        raise NotImplementedError

    async def add_operator_set(self, operators: Sequence[str], quorum: int) -> int:
        """Owner. Returns the id of the set."""
        raise NotImplementedError

    async def rotate_operators(self, operator_set: int, operators: Sequence[str], quorum: int) -> TxResult:
        raise NotImplementedError

    async def add_feed(
        self, symbol: str, operator_set: int, *, heartbeat: int, deviation_bps: int, methodology: str
    ) -> Feed:
        """Owner. `methodology` is the keccak256 of its document, 0x-hex."""
        raise NotImplementedError
