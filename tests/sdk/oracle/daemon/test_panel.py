"""A source that fails, hangs or lies is named and stops nobody."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from olivepress.errors import ConfigurationError
from olivepress.oracle.operator import PacedSource, Panel
from olivepress.oracle.operator.memory import moment
from olivepress.prices import CsvFile, Reading, SourceError
from operator_kit import NOON, Told, offers, operator, oracle_state, priced


async def never(now: datetime) -> Reading:
    await asyncio.Event().wait()
    raise AssertionError


def fails(now: datetime) -> Reading:
    raise SourceError("bad", "HTTP status 503")


def breaks(now: datetime) -> Reading:
    raise ZeroDivisionError("a defect")


async def test_one_that_hangs_holds_up_nobody() -> None:
    free = asyncio.Event()

    async def stubborn(now: datetime) -> Reading:
        """Does not let itself be cancelled."""
        while not free.is_set():
            with suppress(asyncio.CancelledError):
                await free.wait()
        return Reading()

    good, hanging, immovable = priced("2.1", "2.2", "2.3"), Told("hangs", never), Told("stubborn", stubborn)
    panel = Panel([PacedSource(hanging, 1), PacedSource(good, 20), PacedSource(immovable, 1)])
    try:
        async with asyncio.timeout(10):
            readings = await panel.poll(NOON)
        assert len(readings["feed"].quotes) == 3
        failures = panel.troubles().failures
        assert [(one.source, one.error) for one in failures] == [
            ("hangs", "timeout"),
            ("stubborn", "timeout"),
        ]
        await panel.poll(NOON + 60)
        assert (hanging.reads, good.reads) == (1, 2)
        assert "an earlier read still hangs" in panel.troubles().failures[0].reason
        assert panel.hanging == ["hangs", "stubborn"]
    finally:
        free.set()


async def test_a_file_that_never_opens_takes_one_thread_for_good(tmp_path: Path) -> None:
    """A pipe without a writer stands for a file system that hangs."""
    os.mkfifo(tmp_path / "gpu.csv")
    source = PacedSource(CsvFile(tmp_path / "gpu.csv"), 1)
    panel = Panel([source])
    before = threading.active_count()
    try:
        for number in range(4):
            await panel.poll(NOON + 60 * number)
            assert [one.source for one in panel.troubles().failures] == ["gpu.csv"]
        assert threading.active_count() == before + 1
    finally:
        # A writer comes and goes: the thread is back.
        os.close(os.open(tmp_path / "gpu.csv", os.O_WRONLY))
    await asyncio.sleep(0.2)
    assert not source.hangs


async def test_what_fails_or_lies_is_in_the_audit_record() -> None:
    def lies(now: datetime) -> Reading:
        quotes = offers("180", "180", "180", at=now, source="liar")
        return Reading(quotes=quotes + offers("1", at=now + timedelta(hours=2), source="liar"))

    mine = operator(
        priced("2.2", "2.3", "2.4", "2.5"),
        Told("bad", fails),
        Told("defect", breaks),
        Told("liar", lies),
    )
    await mine.poll(NOON, moment(NOON))
    (found,) = mine.step(NOON, oracle_state()).findings
    assert found.record is not None
    assert {(one.source, one.entry) for one in found.record.failures} == {
        ("bad", "unreadable"),
        ("defect", "ZeroDivisionError"),
    }
    assert [one.source for one in found.record.rejected] == ["liar"]
    unused = [one for one in found.record.quotes if not one.used]
    assert {one.quote.source for one in unused} == {"liar"}
    assert found.record.value == Decimal("2.35")


async def test_a_source_is_read_at_its_own_pace() -> None:
    slow, quick = priced("2", name="slow"), priced("2", name="quick")
    panel = Panel([PacedSource(slow, 20, 300), PacedSource(quick, 20)])
    for at in range(NOON, NOON + 900, 60):
        await panel.poll(at, moment(at))
    assert (slow.reads, quick.reads) == (3, 15)


async def test_a_failure_is_told_until_the_next_read() -> None:
    bad = Told("bad", fails)
    panel = Panel([PacedSource(bad, 20, 300)])
    await panel.poll(NOON)
    await panel.poll(NOON + 60)
    assert bad.reads == 1
    assert [one.reason for one in panel.troubles().failures] == ["HTTP status 503"]
    bad.answer = lambda now: offers("2", at=now)
    await panel.poll(NOON + 300)
    assert panel.troubles().failures == []


async def test_a_source_may_raise_anything() -> None:
    def configuration(now: datetime) -> Reading:
        raise ConfigurationError("no such thing")

    panel = Panel([PacedSource(Told("odd", configuration), 20)])
    await panel.poll(NOON)
    assert panel.troubles().failures[0].error == "ConfigurationError"
