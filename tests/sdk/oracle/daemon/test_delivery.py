"""Every relay gets the report, whatever becomes of the others; none gets it again once it is done with it."""

from __future__ import annotations

import pytest

from olivepress.errors import ConnectionFailed, RequestTimeout
from olivepress.oracle import Report
from olivepress.oracle.operator import Entry, FileReports, MemoryReports, Operator
from olivepress.oracle.operator.delivery import Delivery
from olivepress.oracle.wire import Reason, ReportRefused
from operator_kit import DOMAIN, NOON, HandClock, HandRelay, operator


class Bench:
    """An entry of two feeds, an operator that signs it, relays, and what was told of them."""

    def __init__(self, *relays: HandRelay, reports: MemoryReports | None = None) -> None:
        self.clock = HandClock(NOON)
        self.operator: Operator = operator()
        self.reports = reports or MemoryReports()
        self.told: list[tuple[str, str]] = []
        self.delivery = Delivery(
            relays, DOMAIN, self.reports, self.clock, lambda relay, result: self.told.append((relay, result))
        )
        self.entry = self.reports.record(Report(NOON, 1, {1: 5, 2: 6}))
        self.signed = self.operator.sign(self.entry)

    def hand_on(self, until: int = NOON + 3600) -> Entry:
        self.delivery.hand_on(self.entry, self.signed, until)
        return self.entry


async def test_all_relays_get_all_reports_once() -> None:
    one, two = HandRelay(), HandRelay("http://relay-2")
    bench = Bench(one, two)
    entry = bench.hand_on()
    await bench.clock.advance(0)
    assert one.taken == two.taken == bench.signed
    assert len(bench.signed) == 3
    assert entry.done == {one.url, two.url}
    bench.hand_on()
    await bench.clock.advance(0)
    assert (one.asked, two.asked) == (3, 3)


async def test_a_relay_that_is_down_holds_up_nobody_and_is_asked_again() -> None:
    bad, good = HandRelay(), HandRelay("http://relay-2")
    bad.down = True
    bench = Bench(bad, good)
    entry = bench.hand_on()
    await bench.clock.advance(600)
    assert (entry.done, good.taken) == ({good.url}, bench.signed)
    assert 10 < bad.asked < 40
    assert "down" in bench.delivery.failing[bad.url]
    bad.down = False
    await bench.clock.advance(31)
    assert (bad.taken, bench.delivery.failing) == (bench.signed, {})
    assert entry.done == {good.url, bad.url}


async def test_it_gives_up_when_the_oracle_would_no_longer_take_it(caplog: pytest.LogCaptureFixture) -> None:
    bad = HandRelay()
    bad.down = True
    bench = Bench(bad)
    entry = bench.hand_on(until=NOON + 300)
    await bench.clock.advance(301)
    asked = bad.asked
    await bench.clock.advance(3600)
    assert (bad.asked, entry.done) == (asked, set())
    assert "not delivered" in caplog.text


@pytest.mark.parametrize("reason", list(Reason))
async def test_a_refusal_for_good_is_not_argued_with(reason: Reason) -> None:
    relay = HandRelay(answers=[ReportRefused(reason, "field", 1, "another")])
    bench = Bench(relay)
    entry = bench.hand_on()
    await bench.clock.advance(60)
    assert (relay.url, str(reason)) in bench.told
    assert entry.done == {relay.url}
    # The first of three was refused; where that passes, it was sent again.
    assert relay.taken == (bench.signed if reason.passing else bench.signed[1:])


@pytest.mark.parametrize("error", [ConnectionFailed("broke", sent=True), RequestTimeout("no answer")])
async def test_an_answer_that_got_lost_is_asked_for_again(error: Exception) -> None:
    relay = HandRelay(answers=[error])
    bench = Bench(relay)
    bench.hand_on()
    await bench.clock.advance(5)
    assert relay.taken == bench.signed
    assert (relay.url, "failed") in bench.told


async def test_what_a_restart_interrupts_goes_on_after_it(tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    down, up = HandRelay(), HandRelay("http://relay-2")
    down.down = True
    first = Bench(down, up, reports=FileReports(tmp_path / "r.jsonl", {"a": "b"}))
    first.hand_on()
    await first.clock.advance(10)
    await first.delivery.stop(patience=0)
    first.reports.close()
    again = FileReports(tmp_path / "r.jsonl", {"a": "b"})
    (entry,) = again.recent(NOON - 3600)
    assert entry.done == {up.url}
    clock, before = HandClock(NOON + 60), up.asked
    down.down = False
    delivery = Delivery([down, up], DOMAIN, again, clock)
    delivery.hand_on(entry, first.operator.sign(entry), NOON + 3600)
    await clock.advance(0)
    assert (down.taken, up.asked) == (first.signed, before)
    again.close()
