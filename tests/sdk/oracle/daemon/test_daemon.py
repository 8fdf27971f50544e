"""The daemon on a clock moved by hand, with a scripted chain and scripted relays."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import generate_latest

from olivepress.errors import ConnectionFailed, ValidationError
from olivepress.oracle import Report
from olivepress.oracle.operator import MemoryReports
from olivepress.oracle.operator import watch as watching
from olivepress.oracle.operator.daemon import Daemon
from olivepress.oracle.operator.delivery import Delivery
from olivepress.oracle.operator.metrics import Metrics
from olivepress.oracle.operator.watch import ChainWatch
from olivepress.oracle.snapshot import FeedState, OracleState
from olivepress.rpc import FakeTransport
from operator_kit import (
    DOMAIN,
    NOON,
    OTHERS,
    HandClock,
    HandRelay,
    Told,
    feed_state,
    operator,
    oracle_state,
    priced,
)

START = NOON - 120


class Bench:
    """A daemon alone in the world. `chain` is what the node answers: a state, or an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *sources: Told, **kept: Any) -> None:
        self.clock = HandClock(START)
        self.relay = HandRelay()
        self.chain: Callable[[], OracleState] = lambda: oracle_state(self.feed, at=self.clock.time // 1000)
        self.feed: FeedState = feed_state()
        self.reports = MemoryReports()
        self.metrics = Metrics(lambda: self.clock.time // 1000)
        mine = operator(*sources, reports=self.reports, **kept)

        async def read(client: object) -> OracleState:
            return self.chain()

        monkeypatch.setattr(watching, "read_state", read)
        watch = ChainWatch(None, self.clock)  # type: ignore[arg-type]
        delivery = Delivery([self.relay], DOMAIN, self.reports, self.clock)
        self.daemon = Daemon(mine, watch, delivery, self.clock, self.metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.daemon.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, at: int) -> None:
        await self.clock.advance(at - self.clock.time // 1000)

    @property
    def times(self) -> list[int]:
        """Observation times that arrived at the relay."""
        return [one.report.observed_at for one in self.relay.taken]

    def figure(self, name: str) -> str:
        """A metric as Prometheus reads it."""
        lines = generate_latest(self.metrics.registry).decode().splitlines()
        (line,) = [line for line in lines if line.startswith(f"olivepress_operator_{name}")]
        return line.rsplit(" ", 1)[1]

    def accept(self, value: int | None = None) -> None:
        """The last report gets its quorum."""
        report = self.relay.taken[-1].report
        self.feed = dataclasses.replace(self.feed, time=report.observed_at, price=value or report.values[1])


async def test_it_reports_on_schedule_at_the_right_second(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    async with bench.running():
        await bench.until(NOON - 1)
        assert bench.times == []
        await bench.until(NOON)
        assert bench.times == [NOON]
        bench.accept()
        await bench.until(NOON + 3600)
        # Nobody else accepted the later ones: each is repeated from the second minute on.
        assert bench.times[1] == NOON + 900
    assert bench.daemon.health().problems == []


async def test_it_polls_before_the_time_and_uses_nothing_later(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def answer(now: Any) -> Any:
        asked.append(int(now.timestamp()))
        return priced("2.2", "2.3", "2.4").answer(now)

    bench = Bench(monkeypatch, Told("feed", answer))
    async with bench.running():
        await bench.until(NOON + 30)
    assert asked == [NOON - 80, NOON - 20]


async def test_a_round_that_failed_is_repeated_until_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    async with bench.running():
        await bench.until(NOON + 200)
        assert bench.times == [NOON, NOON + 120, NOON + 180]
        assert bench.figure("quorum_reached{") == "0.0"
        bench.accept()
        await bench.until(NOON + 890)
        assert bench.times == [NOON, NOON + 120, NOON + 180]
        assert bench.figure("quorum_reached{") == "1.0"


async def test_a_move_is_reported_at_once_and_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = priced("2.2", "2.3", "2.4")
    bench = Bench(monkeypatch, source)
    async with bench.running():
        await bench.until(NOON)
        bench.accept()
        source.answer = priced("3.2", "3.3", "3.4").answer
        await bench.until(NOON + 60)
        assert bench.times == [NOON, NOON + 60]
        bench.feed = dataclasses.replace(bench.feed, pending_time=NOON + 60, pending_price=330_000_000)
        await bench.until(NOON + 120)
        assert bench.times == [NOON, NOON + 60, NOON + 120]
        assert bench.figure("pending{") == "1.0"
        bench.feed = dataclasses.replace(
            bench.feed, pending_time=0, pending_price=0, time=NOON + 120, price=330_000_000
        )
        await bench.until(NOON + 890)
        assert bench.times == [NOON, NOON + 60, NOON + 120]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailed("cannot connect", url="http://node"),
        ValidationError("operator_set", 1, "a set with operators, 1 and up"),
        TypeError("'NoneType' object is not subscriptable"),
    ],
    ids=["away", "torn", "nonsense"],
)
async def test_the_node_goes_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Meanwhile the scheduled rounds are signed, as relays have nodes of their own; nothing else is."""
    source = priced("2.2", "2.3", "2.4")
    bench = Bench(monkeypatch, source)
    sees = bench.chain

    def down() -> OracleState:
        raise error

    async with bench.running():
        await bench.until(NOON)
        bench.accept()
        bench.chain = down
        source.answer = priced("3.2", "3.3", "3.4").answer
        await bench.until(NOON + 1800)
        assert bench.times == [NOON, NOON + 900, NOON + 1800]
        assert f"the node does not answer: {error}" in bench.daemon.health().problems
        assert bench.figure("chain_up") == "0.0"
        bench.chain = sees
        bench.accept()
        await bench.until(NOON + 1860)
        assert bench.daemon.health().problems == []
        assert bench.figure("chain_up") == "1.0"
    assert caplog.text.count("the node does not answer") == 1


async def test_before_the_first_answer_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    sees = bench.chain
    bench.chain = lambda: (_ for _ in ()).throw(ConnectionFailed("cannot connect"))
    async with bench.running():
        await bench.until(NOON + 60)
        assert bench.times == []
        assert bench.daemon.health().problems
        bench.chain = sees
        await bench.until(NOON + 120)
        assert bench.times == [NOON + 120]


@pytest.mark.parametrize(("error", "words"), [(-31, "31 s behind"), (3661, "the latest block is")])
async def test_a_wrong_clock_signs_nothing(monkeypatch: pytest.MonkeyPatch, error: int, words: str) -> None:
    bench = Bench(monkeypatch)
    async with bench.running():
        await bench.until(NOON)
        bench.accept()
        bench.clock.error = error
        await bench.until(NOON + 3600)
        assert bench.times == [NOON]
        assert any(words in problem for problem in bench.daemon.health().problems)
        bench.clock.error = 0
        await bench.until(NOON + 7200)
        assert len(bench.times) > 1
        assert all(time <= NOON + 7200 for time in bench.times)


async def test_a_clock_that_is_set_back_makes_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.chain = lambda: oracle_state(bench.feed, at=bench.clock.time // 1000 + bench.clock.error)
    async with bench.running():
        await bench.until(NOON)
        bench.clock.error = -300
        await bench.until(NOON + 600)
    assert bench.times == sorted(set(bench.times))


async def test_a_rotation_stops_a_removed_operator(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(monkeypatch)
    sees = bench.chain

    def rotated() -> OracleState:
        state = sees()
        return dataclasses.replace(state, sets={1: dataclasses.replace(state.sets[1], operators=OTHERS)})

    async with bench.running():
        await bench.until(NOON)
        bench.chain = rotated
        await bench.until(NOON + 3600)
        assert bench.times == [NOON]
        assert any("is no operator of set 1" in problem for problem in bench.daemon.health().problems)
        assert (bench.figure("member{"), bench.figure("able{")) == ("0.0", "0.0")
        bench.chain = sees
        await bench.until(NOON + 3660)
        assert bench.times[-1] == NOON + 3660
    assert caplog.text.count("is no operator of set 1") == 1


async def test_figures_of_a_source_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(now: Any) -> Any:
        raise OSError("broken pipe")

    bench = Bench(monkeypatch, priced("2.2", "2.3", "2.4"), Told("bad", fails))
    async with bench.running():
        await bench.until(NOON + 90)
    assert bench.figure('source_failures_total{source="bad"}') == "3.0"
    assert bench.figure('source_up{source="feed"}') == "1.0"
    assert bench.figure("value_e8{") == "2.3e+08"
    assert bench.figure("report_age_seconds{") == "90.0"
    assert bench.figure("chain_age_seconds{") == "990.0"
    details = bench.daemon.health().details
    assert details["sources"] == {"feed": "", "bad": "OSError: broken pipe"}


async def test_the_gas_money_of_a_relay_is_shown_while_the_node_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = "0x" + "aa" * 20
    node = FakeTransport({"eth_getBalance": hex(12_345)})
    bench = Bench(monkeypatch)
    bench.daemon.watch = ChainWatch(SimpleNamespace(transport=node), bench.clock, [relay])  # type: ignore[arg-type]
    async with bench.running():
        await bench.until(NOON + 30)
        assert bench.figure(f'balance_wei{{address="{relay}"}}') == "12345.0"
    assert ("eth_getBalance", [relay, "latest"]) in node.calls


async def test_too_slow_an_interval_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.feed = feed_state(heartbeat=900)
    async with bench.running():
        await bench.until(NOON)
        assert any("too long for the feed's heartbeat of 900 s" in p for p in bench.daemon.health().problems)


async def test_after_a_crash_the_rest_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written down, and killed before any relay had it: the same report goes out, no other of its time."""
    bench = Bench(monkeypatch)
    bench.reports.record(Report(START - 60, 1, {1: 123_456_789}))
    async with bench.running():
        await bench.until(NOON)
    assert [(one.report.observed_at, one.report.values[1]) for one in bench.relay.taken] == [
        (START - 60, 123_456_789),
        (NOON, 230_000_000),
    ]


async def test_a_full_disk_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = True

    def save(record: object) -> None:
        if full:
            raise OSError("no space left")

    bench = Bench(monkeypatch, save_audit=save)
    async with bench.running():
        await bench.until(NOON + 180)
        assert bench.times == []
        assert "OSError: no space left" in bench.daemon.health().problems
        full = False
        await bench.until(NOON + 240)
        assert bench.times == [NOON + 240]
        assert bench.daemon.health().problems == []
    assert "nothing came of" in caplog.text


async def test_it_stops_at_once_and_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.relay.down = True
    task = asyncio.create_task(bench.daemon.run())
    await bench.until(NOON + 5)
    bench.daemon.delivery.stop = _quick(bench.daemon.delivery)  # type: ignore[method-assign]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert not bench.daemon.delivery._tasks


def _quick(delivery: Delivery) -> Any:
    stop = delivery.stop
    return lambda: stop(patience=0)
