"""What the tests of the operator share: a clock moved by hand, sources and relays that behave as told."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from olivepress.errors import ConnectionFailed
from olivepress.index import load
from olivepress.oracle import OracleDomain, SignedReport
from olivepress.oracle.operator import FeedRule, Operator, PacedSource, Panel, Schedule
from olivepress.oracle.snapshot import FeedState, OracleState, SetState
from olivepress.prices import Kind, Quote, Reading, Unit
from olivepress.signer import LocalSigner

NOON = 1_795_608_000  # 2026-11-25 12:00 UTC
GPU = load("GPU-H100-SXM")
H200 = load("GPU-H200-SXM")
DOMAIN = OracleDomain(31337, "0x" + "11" * 20)
KEY = LocalSigner(b"\7" * 32)
OTHERS = tuple(LocalSigner(bytes([n]) * 32).address for n in range(1, 7))
SCHEDULE = Schedule(grid_seconds=60, interval_seconds=900)


class HandClock:
    """Time goes on only in `advance`; who sleeps wakes in order. `error`: seconds that it is off."""

    def __init__(self, at: int = NOON) -> None:
        self.time = at * 1000
        self.error = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = count()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time // 1000 + self.error, UTC)

    def elapsed(self) -> int:
        return self.time // 1000

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + int(seconds * 1000), next(self._number), future))
        await future

    async def advance(self, seconds: int) -> None:
        end = self.time + seconds * 1000
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.time, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await self.settle()
        self.time = end

    @staticmethod
    async def settle() -> None:
        """Lets everybody run until they sleep."""
        for _ in range(60):
            await asyncio.sleep(0)


class Told:
    """A source that does what `answer` does."""

    def __init__(self, name: str, answer: Callable[[datetime], Any]) -> None:
        self.name = name
        self.answer = answer
        self.reads = 0

    async def read(self, now: datetime) -> Reading:
        self.reads += 1
        answer = self.answer(now)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, Reading) else Reading(quotes=list(answer))


def offers(*prices: str, at: datetime, item: str = "H100-SXM", source: str = "feed") -> list[Quote]:
    """One offer a cloud."""
    return [
        Quote(f"cloud-{n}", item, Decimal(price), Unit.GPU_HOUR, at, source, kind=Kind.OFFER)
        for n, price in enumerate(prices)
    ]


def priced(*prices: str, item: str = "H100-SXM", name: str = "feed") -> Told:
    """A source that has these prices now."""
    return Told(name, lambda now: offers(*prices, at=now, item=item, source=name))


def feed_state(**changes: Any) -> FeedState:
    """Feed 1, GPU-H100-SXM, accepted 15 minutes before noon at $2.30."""
    state = FeedState(
        id=1,
        symbol="GPU-H100-SXM",
        methodology=GPU.hash.hex(),
        operator_set=1,
        heartbeat=3600,
        deviation_bps=1000,
        price=230_000_000,
        time=NOON - 900,
        round=9,
        pending_price=0,
        pending_time=0,
        halted=False,
    )
    return replace(state, **changes)


def oracle_state(*feeds: FeedState, at: int = NOON, **changes: Any) -> OracleState:
    """The feeds under set 1, of which we are a member; a block of `at`."""
    everybody = SetState(1, (*OTHERS, KEY.address), 5, 1)
    state = OracleState({f.id: f for f in feeds or (feed_state(),)}, {1: everybody}, 3600, 100, at)
    return replace(state, **changes)


def operator(*sources: Told, rules: Sequence[FeedRule] = (), **kept: Any) -> Operator:
    """Reports GPU-H100-SXM, a move of 1% at once."""
    rules = rules or (FeedRule("GPU-H100-SXM", (GPU,), 100),)
    panel = Panel([PacedSource(source, 20) for source in sources or (priced("2.2", "2.3", "2.4"),)])
    return Operator(KEY, DOMAIN, SCHEDULE, rules, panel, **kept)


class HandRelay:
    """Takes reports; `answers` is worked off first: an exception to raise."""

    def __init__(self, url: str = "http://relay-1", answers: Sequence[Exception] = ()) -> None:
        self.url = url
        self.answers = list(answers)
        self.taken: list[SignedReport] = []
        self.asked = 0
        self.down = False

    async def submit(self, signed: SignedReport, domain: OracleDomain) -> bool:
        assert domain == DOMAIN
        self.asked += 1
        if self.down:
            raise ConnectionFailed("down", url=self.url)
        if self.answers:
            raise self.answers.pop(0)
        new = signed not in self.taken
        self.taken.append(signed)
        return new

    async def close(self) -> None:
        """Nothing to close."""
