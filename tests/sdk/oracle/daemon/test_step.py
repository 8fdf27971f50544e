"""From quotes to a report: what is signed, what is written down before it, and when nothing is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from olivepress.index import AuditRecord, explain, load, load_record
from olivepress.oracle import Report, recover_operator
from olivepress.oracle.operator import AuditFolder, FeedRule, MemoryReports, Operator, Trigger
from olivepress.oracle.operator.memory import moment
from olivepress.prices import Quote
from operator_kit import (
    DOMAIN,
    GPU,
    H200,
    KEY,
    NOON,
    OTHERS,
    Told,
    feed_state,
    offers,
    operator,
    oracle_state,
    priced,
)

NEXT = GPU.model_copy(update={"version": 2, "title": "The next one"})
BOTH = (FeedRule("GPU-H100-SXM", (GPU,), 100), FeedRule("GPU-H200-SXM", (H200,), 100))
H200_FEED = feed_state(id=4, symbol="GPU-H200-SXM", methodology=H200.hash.hex(), price=300_000_000)


async def polled(mine: Operator, at: int = NOON) -> Operator:
    await mine.poll(at, moment(at))
    return mine


async def test_the_value_of_its_own_quotes_at_the_scheduled_time() -> None:
    mine = await polled(operator(priced("2.10", "2.50", "2.20", "2.40", "2.30")))
    step = mine.step(NOON, oracle_state())
    (entry,) = step.entries
    assert entry.report == Report(NOON, 1, {1: 230_000_000})
    (signed,) = mine.sign(entry)
    assert recover_operator(signed, DOMAIN) == KEY.address == signed.operator
    assert step.findings[0].trigger is Trigger.SCHEDULE


async def test_every_feed_together_and_each_alone() -> None:
    sources = (priced("2.2", "2.3", "2.4"), priced("3.2", "3.3", "3.4", item="H200-SXM", name="h200"))
    mine = await polled(operator(*sources, rules=BOTH))
    (entry,) = mine.step(NOON, oracle_state(feed_state(), H200_FEED)).entries
    assert [dict(one.report.values) for one in mine.sign(entry)] == [
        {1: 230_000_000, 4: 330_000_000},
        {1: 230_000_000},
        {4: 330_000_000},
    ]
    assert mine.sign(entry) == mine.sign(entry)


async def test_feeds_of_two_sets_are_two_reports() -> None:
    sources = (priced("2.2", "2.3", "2.4"), priced("3.2", "3.3", "3.4", item="H200-SXM", name="h200"))
    mine = await polled(operator(*sources, rules=BOTH))
    state = oracle_state(feed_state(), dataclasses.replace(H200_FEED, operator_set=2))
    second = dataclasses.replace(state.sets[1], id=2, version=9)
    step = mine.step(NOON, dataclasses.replace(state, sets={**state.sets, 2: second}))
    assert [one.report for one in step.entries] == [
        Report(NOON, 1, {1: 230_000_000}),
        Report(NOON, 9, {4: 330_000_000}),
    ]


async def test_a_feed_without_a_value_does_not_hold_up_the_others() -> None:
    mine = await polled(operator(priced("2.2", "2.3", "2.4"), rules=BOTH))
    step = mine.step(NOON, oracle_state(feed_state(), H200_FEED))
    assert [one.report for one in step.entries] == [Report(NOON, 1, {1: 230_000_000})]
    assert "withheld: 0 providers have a fresh price" in step.findings[1].trouble


async def test_nothing_is_said_twice_whatever_the_prices_do() -> None:
    reports = MemoryReports()
    mine = await polled(operator(priced("2.2", "2.3", "2.4"), reports=reports))
    assert mine.step(NOON, oracle_state()).entries
    assert mine.step(NOON, oracle_state()).entries == []
    again = await polled(operator(priced("3.2", "3.3", "3.4"), reports=reports))
    assert again.step(NOON, oracle_state()).entries == []
    assert again.step(NOON - 900, oracle_state(feed_state(time=NOON - 1800))).entries == []
    later = await polled(again, NOON + 60)
    assert [e.report.observed_at for e in later.step(NOON + 60, oracle_state()).entries] == [NOON + 60]


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"sets": "without us"}, "is no operator of set 1"),
        ({"feed": {"halted": True}}, "the feed is halted"),
        ({"feed": {"methodology": "ab" * 32}}, "the methodology in force is none of ours (version 1)"),
        ({"feed": {"symbol": "GPU-B200"}}, "the oracle has no such feed"),
    ],
)
async def test_when_it_may_not_report_it_says_why(change: dict[str, Any], trouble: str) -> None:
    state = oracle_state(feed_state(**change.get("feed", {})))
    if "sets" in change:
        rotated = dataclasses.replace(state.sets[1], operators=OTHERS)
        state = dataclasses.replace(state, sets={1: rotated})
    saved: list[AuditRecord] = []
    mine = await polled(operator(save_audit=saved.append))
    step = mine.step(NOON, state)
    assert (step.entries, saved) == ([], [])
    assert trouble in step.findings[0].trouble


async def test_the_next_methodology_takes_over_when_it_is_in_force() -> None:
    mine = await polled(operator(rules=[FeedRule("GPU-H100-SXM", (GPU, NEXT))]))
    for at, document, version in ((NOON, GPU, 1), (NOON + 900, NEXT, 2)):
        await polled(mine, at)
        state = oracle_state(feed_state(methodology=document.hash.hex()))
        sets = {1: dataclasses.replace(state.sets[1], version=version)}
        step = mine.step(at, dataclasses.replace(state, sets=sets))
        assert step.entries[0].report.version == version
        record = step.findings[0].record
        assert record is not None
        assert record.methodology.hash == document.hash.hex()


async def test_the_audit_record_is_on_disk_before_anything_is_signed(tmp_path: Path) -> None:
    def full(record: AuditRecord) -> None:
        raise OSError("no space left")

    reports = MemoryReports()
    with pytest.raises(OSError, match="no space"):
        (await polled(operator(reports=reports, save_audit=full))).step(NOON, oracle_state())
    assert reports.recent(0) == []
    folder = AuditFolder(tmp_path / "audit")
    (await polled(operator(reports=reports, save_audit=folder.save))).step(NOON, oracle_state())
    record = load_record(tmp_path / "audit" / "2026-11-25" / f"GPU-H100-SXM-{NOON}.json")
    assert explain(record).matches
    assert record.value_e8 == reports.recent(0)[0].report.values[1]


async def test_a_withheld_value_leaves_a_record_on_schedule(tmp_path: Path) -> None:
    saved: list[AuditRecord] = []
    mine = await polled(operator(priced("2.2", "2.3"), save_audit=saved.append))
    for at in (NOON, NOON + 60):
        assert mine.step(at, oracle_state()).entries == []
    assert [(one.status, int(one.as_of.timestamp())) for one in saved] == [("withheld", NOON)]


def test_old_audit_records_go(tmp_path: Path) -> None:
    folder = AuditFolder(tmp_path)
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "GPU-H100-SXM-1.json").touch()
    folder.prune(datetime.fromisoformat("2026-11-21T12:00:00+00:00"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-21", "2026-11-22"]


async def test_a_missing_provider_is_carried_for_a_day() -> None:
    found: dict[str, Callable[[datetime], list[Quote]]] = {
        "all": lambda now: offers("2.0", "2.1", "2.2", "2.3", "2.4", at=now),
        "three": lambda now: offers("2.0", "2.1", "2.2", at=now),
    }
    source = Told("feed", found["all"])
    mine = operator(source)
    values = {}
    for hours, kind in ((0, "all"), (1, "three"), (23, "three"), (25, "three")):
        source.answer = found[kind]
        at = NOON + hours * 3600
        await polled(mine, at)
        (finding,) = mine.step(at, oracle_state(feed_state(time=at - 900))).findings
        assert finding.record is not None
        values[hours] = finding.record.value
    assert values == {0: Decimal("2.2"), 1: Decimal("2.2"), 23: Decimal("2.2"), 25: Decimal("2.1")}


async def test_quotes_from_the_future_wait_for_their_time() -> None:
    def ahead(now: datetime) -> list[Quote]:
        return offers("9", "9", "9", at=now + timedelta(minutes=2), source="feed")

    source = Told("feed", lambda now: offers("2.2", "2.3", "2.4", at=now))
    mine = await polled(operator(source), NOON - 60)
    source.answer = ahead
    await polled(mine, NOON)
    assert mine.step(NOON, oracle_state()).entries[0].report.values == {1: 230_000_000}


async def test_llm_and_gpu_side_by_side() -> None:
    """The shipped price list gives a value today, as `olivepress index show` does."""
    from olivepress.prices import GenaiPrices

    flagship = load("LLM-FLAGSHIP")
    state = oracle_state(
        feed_state(), feed_state(id=2, symbol="LLM-FLAGSHIP", methodology=flagship.hash.hex())
    )
    rules = (FeedRule("GPU-H100-SXM", (GPU,)), FeedRule("LLM-FLAGSHIP", (flagship,)))
    mine = operator(priced("2.2", "2.3", "2.4"), GenaiPrices(), rules=rules)  # type: ignore[arg-type]
    await polled(mine)
    (entry,) = mine.step(NOON, state).entries
    assert set(entry.report.values) == {1, 2}
    assert 10**8 < entry.report.values[2] < 20 * 10**8
