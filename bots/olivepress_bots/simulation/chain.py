"""A chain that runs the model instead of contracts: blocks, a queue of transactions, and what they cost."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import Feed, FeedInfo
from olivepress.model.operators import make_batch
from olivepress.oracle.codec import SignedReport, sort_operators
from olivepress.oracle.snapshot import FeedState, OracleState, SetState
from olivepress.types import Series, SeriesSpec
from olivepress_bots.simulation.clock import virtual_milliseconds

T = TypeVar("T")
P = ParamSpec("P")

DECIMALS = 6
OWNER, RELAY = "owner", "relay"


class Conditions(BaseModel):
    """What lies between a bot and the exchange."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    block_time: int = Field(default=2_000, ge=0, le=600_000)
    """Milliseconds between blocks. 0: every transaction is mined at once, in a block of its own."""
    latency: int = Field(default=100, ge=0, le=600_000)
    """Milliseconds to the chain, and as many back."""
    transaction_cost: int = Field(default=0, ge=0)
    """Gas money of a transaction, base units of collateral; refused ones pay it too."""
    operation_cost: int = Field(default=0, ge=0)
    """Gas money of each operation of a batch, base units."""


@dataclass(slots=True)
class _Waiting:
    sender: str
    work: Callable[[Call], Any]
    answer: asyncio.Future[Any]


class SimulatedChain:
    """Exchange and oracle of the model, and the blocks in which they act.

    Transactions of a block run in the order in which they arrived. `time` is that of the newest block, unix
    seconds. Senders are names; each has what `mint` gave it, and `gas_paid` says what its transactions cost.

    Args:
        start: time of the first block, unix seconds.
        conditions: block time, latency, costs.
        max_lag: the oracle's, seconds.
    """

    def __init__(self, start: int, conditions: Conditions, max_lag: int = 3600) -> None:
        self.conditions = conditions
        self.start = start
        self.blocks = 0
        self.oracle = IndexOracle(OWNER, max_lag)
        self.exchange = Exchange(self.oracle, owner=OWNER, decimals=DECIMALS)
        self.series: dict[str, Series] = {}
        self.gas_paid: dict[str, int] = {}
        self.operators: tuple[str, ...] = ()
        self.log: list[tuple[Any, ...]] = []
        """Raw events of the newest block: their class, then their values."""
        self._time = self._next = start
        self._queue: list[_Waiting] = []
        self._digest = hashlib.sha256()

    # --- setting up ---

    def add_operators(self, addresses: Sequence[str], quorum: int) -> None:
        """Operators of all feeds."""
        self.operators = tuple(sort_operators(addresses))
        self.oracle.add_operator_set(self.owner(), self.operators, quorum)

    def add_feed(
        self, symbol: str, heartbeat: int, deviation_bps: int, methodology: bytes = bytes(32)
    ) -> int:
        """A feed; returns its number. `methodology` is the hash of its document."""
        name = symbol.encode().ljust(32, b"\0")
        return self.oracle.add_feed(self.owner(), FeedInfo(name, methodology, 1, heartbeat, deviation_bps))

    def list_series(self, spec: SeriesSpec) -> Series:
        """Lists a series. Its feed must have a value."""
        number = self.exchange.list_series(self.owner(), spec)
        self.series[spec.symbol] = Series(number, spec, DECIMALS)
        return self.series[spec.symbol]

    def mint(self, holder: str, amount: int) -> None:
        """Collateral out of nothing, base units."""
        balances = self.exchange.collateral.balances
        balances[holder] = balances.get(holder, 0) + amount

    def owner(self) -> Call:
        """A call of the owner, in the newest block."""
        return Call(OWNER, self.time)

    # --- blocks ---

    @property
    def time(self) -> int:
        """Time of the newest block, unix seconds. Empty blocks count; they are not computed."""
        period = self.conditions.block_time
        if not period:
            return self._time
        return self.start + virtual_milliseconds() // period * period // 1000

    def at(self, time: int) -> None:
        """The next block comes at this time, or as soon after it as blocks allow. For block time 0."""
        self._next = time

    def mine(self) -> None:
        """One block with everything that waits."""
        self._time = max(self._next, self._time + 1)
        self.blocks += 1
        queue, self._queue = self._queue, []
        for one in queue:
            self._carry_out(one)
        self._note()

    def _mine_next(self) -> None:
        """At the next multiple of the block time; a block is under way once something waits for it."""
        period = self.conditions.block_time
        if not period:
            self.mine()
        elif len(self._queue) == 1:
            due = (virtual_milliseconds() // period + 1) * period
            asyncio.get_running_loop().call_at(due / 1000, self.mine)

    async def send(
        self, sender: str, verb: Callable[Concatenate[Call, P], T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Sends a transaction, which calls a verb of the model, and waits for its outcome.

        Raises what the model refuses it with.
        """
        return await self.send_batch(0, sender, verb, *arguments, **named)

    async def send_batch(
        self,
        operations: int,
        sender: str,
        verb: Callable[Concatenate[Call, P], T],
        *arguments: P.args,
        **named: P.kwargs,
    ) -> T:
        """The same with a number of operations that cost gas."""
        await self._travel()
        answer = asyncio.get_running_loop().create_future()
        cost = self.conditions.transaction_cost + operations * self.conditions.operation_cost
        self.gas_paid[sender] = self.gas_paid.get(sender, 0) + cost
        self._queue.append(_Waiting(sender, partial(_called, verb, arguments, named), answer))
        self._mine_next()
        try:
            return cast(T, await answer)
        finally:
            await self._travel()

    async def _travel(self) -> None:
        if self.conditions.latency:
            await asyncio.sleep(self.conditions.latency / 1000)

    def _carry_out(self, one: _Waiting) -> None:
        try:
            answer = one.work(Call(one.sender, self.time))
        except Exception as refused:  # its sender's affair; the others of the block get their turn
            if not one.answer.done():  # unless its sender gave up waiting
                one.answer.set_exception(refused)
        else:
            if not one.answer.done():
                one.answer.set_result(answer)

    def _note(self) -> None:
        """The events of the block go into the digest of the run."""
        self.log = [*self.oracle.log.entries, *self.exchange.log.entries]
        self.oracle.log.entries.clear()
        self.exchange.log.entries.clear()
        for event, *values in self.log:
            self._digest.update(f"{self.time} {event.__name__} {values!r}\n".encode())

    @property
    def digest(self) -> str:
        """sha256 of all events so far: the same for the same run, on every machine."""
        return self._digest.hexdigest()

    # --- the index: a board for a committee ---

    async def state(self) -> OracleState:
        """The oracle as operators and relays look at it."""
        numbers = range(1, self.oracle.feed_count + 1)
        feeds = {number: _feed_state(number, self.oracle.feed_status(number)) for number in numbers}
        operators = self.oracle.operator_set(1)
        sets = {1: SetState(1, self.operators, operators.quorum, operators.version)}
        return OracleState(feeds, sets, self.oracle.max_lag, self.blocks, self.time)

    async def submit(self, operator_set: int, reports: Sequence[SignedReport]) -> None:
        """A round. Who signed is taken on trust: the model does no cryptography."""
        report = reports[0].report
        values = {one.operator: one.report.values for one in reports}
        batch = make_batch(operator_set, self.operators, report.observed_at, report.version, values)
        await self.send(RELAY, self.oracle.update, batch)


def _feed_state(number: int, feed: Feed) -> FeedState:
    return FeedState(
        id=number,
        symbol=feed.info.symbol.rstrip(b"\0").decode(),
        methodology=feed.info.methodology.hex(),
        operator_set=feed.info.operator_set,
        heartbeat=feed.info.heartbeat,
        deviation_bps=feed.info.deviation_bps,
        price=feed.price,
        time=feed.time,
        round=feed.round,
        pending_price=feed.pending.price if feed.pending else 0,
        pending_time=feed.pending.time if feed.pending else 0,
        halted=feed.halted,
    )


def _called(verb: Callable[..., T], arguments: Sequence[Any], named: Mapping[str, Any], call: Call) -> T:
    return verb(call, *arguments, **named)
