"""Reads and writes of the index oracle. Values are Decimal index units (USD); times unix seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from olivepress import events as ev
from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.errors import (
    ConfigurationError,
    Reverted,
    UnknownFeed,
    ValidationError,
)
from olivepress.exchange.calls import Call, Pending
from olivepress.exchange.models import TxResult
from olivepress.manifest import Deployment
from olivepress.oracle.calls import U16, Feed, OracleCalls, done, feed_id
from olivepress.oracle.codec import (
    OracleDomain,
    SignedReport,
    operators_hash,
    pack_update,
    recover_operator,
    sort_operators,
    update_calldata,
)
from olivepress.oracle.past import IndexPoint, Past, fold
from olivepress.reverts import decode
from olivepress.rpc import Transport
from olivepress.tx import TransactionSender
from olivepress.units import oracle_to_price, require_int

T = TypeVar("T")

_GAS_UPDATE = 150_000
_GAS_PER_FEED = 270_000
"""With the eight checkpoints that a round can fix after a long silence."""
_GAS_PER_SIGNER = 15_000


@dataclass(frozen=True, slots=True)
class IndexValue:
    """The last accepted value of a feed; `time` 0 before the first. `fresh`: at most a heartbeat old, no
    round pending, not halted."""

    feed: int
    value: Decimal
    time: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Totals over whole UTC days. `fixed` once no report can change them."""

    price_seconds: int
    fresh_seconds: int
    elapsed: int
    fixed: bool

    @property
    def average(self) -> Decimal | None:
        """Time average, rounded half up to 1e-8; None without a fresh second."""
        if not self.fresh_seconds:
            return None
        return oracle_to_price((2 * self.price_seconds + self.fresh_seconds) // (2 * self.fresh_seconds))

    @property
    def coverage(self) -> Decimal:
        """Share of the window's seconds that were fresh, 0 to 1."""
        return Decimal(self.fresh_seconds) / self.elapsed


class OracleClient:
    """The oracle through one transport; writes need a sender, and raise what those of the exchange client
    raise.

    Adding feeds and operators is the owner's business; reports may be sent by anyone.
    """

    def __init__(
        self, transport: Transport, deployment: Deployment, sender: TransactionSender | None = None
    ) -> None:
        if sender is not None and sender.decode_error is Reverted:
            sender.decode_error = decode
        self.transport = transport
        self.deployment = deployment
        self.oracle = Contract(deployment.oracle, load("IndexOracle").interface, transport)
        self.domain = OracleDomain(deployment.chain_id, deployment.oracle)
        self.calls = OracleCalls(self.oracle)
        self._sender = sender
        self._operators: dict[int, list[str]] = {}

    # --- reading ---

    async def feeds(self) -> list[Feed]:
        """Every feed, in order of id."""
        count = await self.oracle.value("feedCount")
        answers = await self.oracle.read_many([("feedInfo", (feed,)) for feed in range(1, count + 1)])
        return [_feed(feed, next(iter(answer.values()))) for feed, answer in enumerate(answers, start=1)]

    async def feed(self, symbol: str) -> Feed:
        """A feed by the name of its index. UnknownFeed names the known ones."""
        feeds = await self.feeds()
        for one in feeds:
            if one.symbol == symbol:
                return one
        known = ", ".join(one.symbol for one in feeds)
        raise UnknownFeed("feed", symbol, known or "there is none")

    async def latest(self, feed: int) -> IndexValue:
        """The last accepted value."""
        price, time, fresh = (await self.oracle.read("latest", feed_id(feed))).values()
        return IndexValue(feed, oracle_to_price(price), time, fresh)

    async def window(self, feed: int, from_day: int, to_day: int) -> Window:
        """Totals from `from_day` 00:00 to `to_day` 00:00 UTC (days since 1970-01-01)."""
        days = [
            require_int(day, field, 0, U16) for day, field in ((from_day, "from_day"), (to_day, "to_day"))
        ]
        return Window(*(await self.oracle.read("window", feed_id(feed), *days)).values())

    async def history(self, feed: int, from_block: int | None = None) -> list[IndexPoint]:
        """Every value that came into force, oldest first, from the events. UnknownFeed when there is no such
        feed."""
        await self._require_feed(feed)
        events, _ = await self._events(from_block)
        return [point for point in fold(events, feed) if point.status.in_force]

    async def past(self, feed: int) -> Past:
        """All rounds of a feed, those that never counted too, and its stale spans up to the newest block.

        UnknownFeed when there is no such feed.
        """
        await self._require_feed(feed)
        heartbeat = int(await self.oracle.value("heartbeat", feed))
        events, until = await self._events(None)
        return Past(tuple(fold(events, feed)), heartbeat, until)

    async def operators(self, operator_set: int) -> list[str]:
        """The operators of a set in the order of their bits, from the events."""
        number = require_int(operator_set, "operator_set", 1, U16)
        wanted = await self.oracle.value("operatorSet", number)
        known = self._operators.get(number)
        if known is None or operators_hash(known) != wanted:
            events, _ = await self._events(None)
            for event in events:
                if isinstance(event, ev.OperatorsSet):
                    self._operators[event.operator_set] = sort_operators(event.operators)
            known = self._operators.get(number)
        if known is None or operators_hash(known) != wanted:
            raise ValidationError("operator_set", operator_set, "a set with operators, 1 and up")
        return known

    async def version(self, operator_set: int) -> int:
        """The methodology version that reports of this set must carry."""
        number = require_int(operator_set, "operator_set", 1, U16)
        _, version, _, _ = (await self.oracle.read("operatorSet", number)).values()
        return int(version)

    # --- reports ---

    async def update_call(self, operator_set: int, reports: Sequence[SignedReport]) -> Call[TxResult]:
        """The signed reports of one observation as a call.

        :raises ValidationError: a signature that is not of the operator it names, or reports that differ in
            time,
            version or feeds
        """
        operators = await self.operators(operator_set)
        for signed in reports:
            recovered = recover_operator(signed, self.domain)
            if recovered != signed.operator:
                raise ValidationError(
                    "reports", signed.operator, f"a signature of its own, not of {recovered}"
                )
        data = update_calldata(pack_update(operator_set, operators, reports))
        feeds = len(reports[0].report.values)
        limit = _GAS_UPDATE + feeds * _GAS_PER_FEED + len(reports) * _GAS_PER_SIGNER
        return Call(self.oracle.address, data, limit, done)

    async def submit_reports(self, operator_set: int, reports: Sequence[SignedReport]) -> TxResult:
        """Packs the signed reports of one observation and sends them."""
        return await self.run(await self.update_call(operator_set, reports))

    async def fix_checkpoint(self, feed: int, day: int) -> TxResult:
        """Stores the accumulator at the midnight that begins `day`, once nothing can change it any more."""
        return await self.run(self.calls.fix_checkpoint(feed, day))

    # --- owner ---

    async def add_operator_set(self, operators: Sequence[str], quorum: int) -> int:
        """Adds a set of operators (any order) and returns its id."""
        return await self.run(self.calls.add_operator_set(operators, quorum))

    async def rotate_operators(self, operator_set: int, operators: Sequence[str], quorum: int) -> TxResult:
        """Replaces the operators of a set."""
        return await self.run(self.calls.rotate_operators(operator_set, operators, quorum))

    async def add_feed(
        self, symbol: str, operator_set: int, *, heartbeat: int, deviation_bps: int, methodology: str
    ) -> Feed:
        """Adds a feed.

        :param symbol: name of the index, at most 32 ASCII letters
        :param heartbeat: seconds a value stays fresh
        :param deviation_bps: largest move, in 1e-4, that one round alone can make
        :param methodology: keccak256 of its document, 0x-hex
        """
        call = self.calls.add_feed(
            symbol,
            operator_set,
            heartbeat=heartbeat,
            deviation_bps=deviation_bps,
            methodology=methodology,
        )
        return await self.run(call)

    async def set_methodology(self, feed: int, methodology: str) -> TxResult:
        """Puts another methodology in force; raises the version of the feed's operator set."""
        return await self.run(self.calls.set_methodology(feed, methodology))

    async def set_halted(self, feed: int, halted: bool) -> TxResult:
        """Halts a feed, or lets it go on."""
        return await self.run(self.calls.set_halted(feed, halted))

    async def transfer_ownership(self, owner: str) -> TxResult:
        """Offers the ownership, which the other must accept; a timelock does so by a scheduled call."""
        return await self.run(self.calls.transfer_ownership(owner))

    async def accept_ownership(self) -> TxResult:
        """Takes an offered ownership over."""
        return await self.run(self.calls.accept_ownership())

    # --- sending ---

    async def submit(self, call: Call[T]) -> Pending[T]:
        """Sends a call; returns once the node has taken it."""
        if self._sender is None:
            raise ConfigurationError("this oracle client reads only; give it a sender to write")
        return Pending(await self._sender.send(call.to, call.data, gas=call.gas), call)

    async def run(self, call: Call[T]) -> T:
        """Sends a call and waits for its outcome."""
        return await (await self.submit(call))

    async def _require_feed(self, feed: int) -> None:
        count = await self.oracle.value("feedCount")
        if feed_id(feed) > count:
            raise UnknownFeed("feed", feed, f"1 to {count}" if count else "there is none")

    async def _events(self, from_block: int | None) -> tuple[list[ev.Event], int]:
        """The oracle's events, and the time of the newest block, unix seconds."""
        start = self.deployment.block if from_block is None else from_block
        stream = ev.EventStream(self.transport, [self.oracle.address], start)
        blocks = [item for item in await stream.catch_up() if isinstance(item, ev.BlockEvents)]
        events = [event for block in blocks for event in block.events]
        return events, blocks[-1].timestamp if blocks else 0


def _feed(number: int, info: dict[str, Any]) -> Feed:
    return Feed(
        id=number,
        symbol=info["symbol"].rstrip(b"\0").decode(errors="replace"),
        methodology="0x" + info["methodology"].hex(),
        operator_set=info["operatorSet"],
        heartbeat=info["heartbeat"],
        deviation_bps=info["deviationBps"],
    )
