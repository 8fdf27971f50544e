"""The oracle at one moment, as operators, relays and `olivepress oracle status` look at it: integers only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from olivepress.errors import TransportError, UnknownFeed
from olivepress.oracle.client import OracleClient


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed. Values are USD x 1e8, times unix seconds.

    :param methodology: hash of the document in force, 64 hex digits
    :param heartbeat: seconds a value stays fresh
    :param deviation_bps: largest move, in 1e-4, that one round alone can make
    :param price, time: the last accepted value; 0 before the first
    :param pending_price, pending_time: a value beyond the bound that waits for a second round; else 0
    """

    id: int
    symbol: str
    methodology: str
    operator_set: int
    heartbeat: int
    deviation_bps: int
    price: int
    time: int
    round: int
    pending_price: int
    pending_time: int
    halted: bool

    @property
    def seen(self) -> int:
        """Observation time of the last round that reached a quorum, pending or not; 0 before the first."""
        return max(self.time, self.pending_time)

    def fresh(self, now: int) -> bool:
        """Whether the exchange may rely on the value."""
        return (
            bool(self.time)
            and not self.halted
            and not self.pending_time
            and now <= self.time + self.heartbeat
        )


@dataclass(frozen=True, slots=True)
class SetState:
    """A set of operators, in the order of their bits, and the version that its reports carry."""

    id: int
    operators: tuple[str, ...]
    quorum: int
    version: int


@dataclass(frozen=True, slots=True)
class OracleState:
    """Feeds by id, operator sets by id, and the block that they were read at, or one soon after it."""

    feeds: Mapping[int, FeedState]
    sets: Mapping[int, SetState]
    max_lag: int
    block: int
    block_time: int

    def feed(self, symbol: str) -> FeedState:
        """A feed by the name of its index. UnknownFeed names the known ones."""
        for feed in self.feeds.values():
            if feed.symbol == symbol:
                return feed
        known = ", ".join(feed.symbol for feed in self.feeds.values())
        raise UnknownFeed("feed", symbol, known or "there is none")


async def read_state(client: OracleClient) -> OracleState:
    """Reads everything, in a few messages. Raises TransportError."""
    infos = await client.feeds()
    numbers = sorted({info.operator_set for info in infos})
    reads: list[tuple[str, tuple[int, ...]]] = [("feedStatus", (info.id,)) for info in infos]
    reads += [("operatorSet", (number,)) for number in numbers]
    reads.append(("maxLag", ()))
    answers, block = await asyncio.gather(
        client.oracle.read_many(reads),
        client.transport.request("eth_getBlockByNumber", ["latest", False]),
    )
    if block is None:
        raise TransportError("the node has no latest block", url=client.transport.url)
    sets = {}
    for number, answer in zip(numbers, answers[len(infos) :], strict=False):
        _, version, _, quorum = answer.values()
        sets[number] = SetState(number, tuple(await client.operators(number)), quorum, version)
    feeds = {}
    for info, answer in zip(infos, answers, strict=False):
        status: dict[str, Any] = next(iter(answer.values()))
        feeds[info.id] = FeedState(
            id=info.id,
            symbol=info.symbol,
            methodology=info.methodology.removeprefix("0x"),
            operator_set=info.operator_set,
            heartbeat=info.heartbeat,
            deviation_bps=info.deviation_bps,
            price=status["price"],
            time=status["time"],
            round=status["round"],
            pending_price=status["pendingPrice"] if status["pending"] else 0,
            pending_time=status["pendingTime"] if status["pending"] else 0,
            halted=status["halted"],
        )
    max_lag = next(iter(answers[-1].values()))
    return OracleState(feeds, sets, max_lag, int(block["number"], 16), int(block["timestamp"], 16))
