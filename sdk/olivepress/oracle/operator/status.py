"""What `olivepress oracle status` shows: the feeds on the chain, their operators, and the relays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from olivepress.errors import TransportError
from olivepress.oracle.client import OracleClient
from olivepress.oracle.relay_client import RelayClient
from olivepress.oracle.snapshot import FeedState, OracleState, read_state
from olivepress.oracle.wire import ReportRefused
from olivepress.units import oracle_to_price


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """A feed at the time of the latest block. Times unix seconds, values USD.

    :param age: seconds since the value was observed; None before the first
    :param member: whether the operator asked about signs for it; None when none was asked about
    """

    feed: int
    symbol: str
    value: Decimal | None
    observed_at: int
    age: int | None
    heartbeat: int
    fresh: bool
    halted: bool
    pending_value: Decimal | None
    pending_since: int | None
    operator_set: int
    version: int
    operators: int
    quorum: int
    member: bool | None


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """A relay. `problem` says in words why it does not answer; `rounds` are those it has collected."""

    url: str
    problem: str
    rounds: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Everything; `block_time` is the chain's time."""

    operator: str | None
    block: int
    block_time: int
    feeds: Sequence[FeedStatus]
    relays: Sequence[RelayStatus]


async def read_status(client: OracleClient, operator: str | None, relays: Sequence[str]) -> Status:
    """Asks the chain and the relays. TransportError when the node does not answer."""
    state, told = await asyncio.gather(read_state(client), asyncio.gather(*map(_ask, relays)))
    feeds = [_feed(feed, state, operator) for feed in state.feeds.values()]
    return Status(operator, state.block, state.block_time, feeds, told)


def _feed(feed: FeedState, state: OracleState, operator: str | None) -> FeedStatus:
    operators = state.sets[feed.operator_set]
    now = state.block_time
    return FeedStatus(
        feed=feed.id,
        symbol=feed.symbol,
        value=oracle_to_price(feed.price) if feed.time else None,
        observed_at=feed.time,
        age=now - feed.time if feed.time else None,
        heartbeat=feed.heartbeat,
        fresh=feed.fresh(now),
        halted=feed.halted,
        pending_value=oracle_to_price(feed.pending_price) if feed.pending_time else None,
        pending_since=feed.pending_time or None,
        operator_set=operators.id,
        version=operators.version,
        operators=len(operators.operators),
        quorum=operators.quorum,
        member=None if operator is None else operator in operators.operators,
    )


async def _ask(url: str) -> RelayStatus:
    async with RelayClient(url) as relay:
        try:
            answer = await relay.rounds()
        except (TransportError, ReportRefused) as error:
            return RelayStatus(relay.url, str(error))
        return RelayStatus(relay.url, "", answer["rounds"])
