"""The runner sends what strategies decide, survives refusals and lost connections, and is silent after
stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot_views import NOW, view
from olivepress.errors import ConnectionFailed, OutcomeUnknown, Reverted, TransactionDropped
from olivepress.types import Side
from olivepress_bots.actions import Action, Place
from olivepress_bots.runner import Backoff, Decide, Runner
from olivepress_bots.view import MarketView

ORDER = Place(Side.BUY, 4_000, 1)


class RecordingVenue:
    """Keeps what it is asked to do; each call first runs `before`, which may raise or wait."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.hold: asyncio.Event | None = None
        self.viewing: asyncio.Event | None = None
        self.sent = asyncio.Event()

    async def view(self, symbol: str) -> MarketView:
        if self.viewing is not None:
            await self.viewing.wait()
        return view(symbol=symbol)

    async def execute(self, symbol: str, actions: Sequence[Action]) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(f"{symbol}:{len(actions)}")
        self.sent.set()

    async def cancel_everything(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.append("cancel everything")


def one_order(view_: MarketView, now: int) -> list[Action]:
    return [ORDER]


def runner(venue: RecordingVenue, **strategies: Decide) -> Runner:
    return Runner("test", venue, strategies or {"A": one_order})


async def test_each_series_gets_its_batch() -> None:
    venue = RecordingVenue()
    two = {"A": one_order, "B": lambda view_, now: [ORDER, ORDER], "C": lambda view_, now: []}
    assert await Runner("test", venue, two).step(NOW) == 3
    assert venue.done == ["A:1", "B:2"]


async def test_a_refusal_does_not_stop_the_other_series() -> None:
    venue = RecordingVenue()
    venue.errors = [Reverted(name="ReduceOnlySeries")]
    bot = runner(venue, A=one_order, B=one_order)
    assert await bot.step(NOW) == 1
    assert venue.done == ["B:1"]
    assert bot.refused == 1


async def test_after_stop_nothing_is_sent() -> None:
    venue = RecordingVenue()
    bot = runner(venue)
    await bot.step(NOW)
    assert await bot.stop()
    assert await bot.step(NOW) == 0
    assert await bot.stop()
    assert venue.done == ["A:1", "cancel everything"]


async def test_stop_waits_for_the_batch_under_way_and_cancels_after_it() -> None:
    venue = RecordingVenue()
    venue.hold = asyncio.Event()
    bot = runner(venue, A=one_order, B=one_order)
    stepping = asyncio.create_task(bot.step(NOW))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(bot.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    venue.hold.set()
    await asyncio.gather(stepping, stopping)
    assert venue.done == ["A:1", "cancel everything"]


async def test_a_stop_while_the_view_is_read_sends_no_order() -> None:
    venue = RecordingVenue()
    venue.viewing = asyncio.Event()
    bot = runner(venue)
    stepping = asyncio.create_task(bot.step(NOW))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(bot.stop())
    await asyncio.sleep(0)
    venue.viewing.set()
    await asyncio.gather(stepping, stopping)
    assert venue.done == ["cancel everything"]


async def test_stop_without_a_connection_says_so() -> None:
    venue = RecordingVenue()
    venue.errors = [ConnectionFailed("gone")]
    assert not await runner(venue).stop()


async def test_a_lost_connection_is_waited_out() -> None:
    venue = RecordingVenue()
    venue.errors = [ConnectionFailed("gone"), ConnectionFailed("gone")]
    bot = runner(venue)
    running = asyncio.create_task(bot.run(lambda: NOW, interval=60, backoff=Backoff(first=0, limit=0)))
    await asyncio.wait_for(venue.sent.wait(), 1)
    await bot.stop()
    await asyncio.wait_for(running, 1)
    assert venue.done == ["A:1", "cancel everything"]


@pytest.mark.parametrize("dropped", [False, True])
async def test_an_unknown_outcome_is_resolved_before_the_next_batch(dropped: bool) -> None:
    venue = RecordingVenue()
    resolved: list[str] = []

    async def resolve(**options: object) -> object:
        resolved.append(f"after {len(venue.done)}")
        if dropped:
            raise TransactionDropped("never ran")
        return None

    venue.errors = [OutcomeUnknown("broke", tx_hash=b"\x01" * 32, resolve=resolve)]
    await runner(venue, A=one_order, B=one_order).step(NOW)
    assert resolved == ["after 0"]
    assert venue.done == ["B:1"]
