"""After a long silence a round costs most: up to eight midnights of every feed are fixed with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from olivepress.oracle.relay.sending import Sending
from olivepress.tx import Outcome
from relay_kit import VALUE, Oracle, landed, open_oracle, run_relay, until

FEEDS = 6
ALL = dict.fromkeys(range(1, FEEDS + 1), VALUE)
DAY = 86_400


async def falls_silent(oracle: Oracle, days: int) -> int:
    """One round, then so many midnights without any. Returns the time."""
    now = await oracle.now()
    await oracle.client.submit_reports(1, oracle.signed(now, range(7), ALL))
    later = (now // DAY + days) * DAY + 60
    await oracle.chain.mine(timestamp=later)
    return later


async def test_a_batch_of_many_feeds_has_the_gas_for_all_its_midnights(tmp_path: Path) -> None:
    async with open_oracle(feeds=FEEDS) as oracle:
        later = await falls_silent(oracle, 8)
        async with run_relay(oracle, tmp_path) as relay:
            await relay.submit(oracle.signed(later, range(7), ALL))
            await until(lambda: landed(oracle, 2))
        assert await oracle.transactions(8) == (1, 0)


async def test_a_batch_that_is_reverted_does_not_hold_up_each_feed_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Sending.send

    async def reverts(self: Sending, operator_set: int, reports: Sequence[Any]) -> Outcome:
        if len(reports[0].report.values) > 1:
            return Outcome.REVERTED
        return await send(self, operator_set, reports)

    monkeypatch.setattr(Sending, "send", reverts)
    async with open_oracle(feeds=2) as oracle:
        now = await oracle.now()
        timing = {"patience_seconds": 600}
        async with run_relay(oracle, tmp_path, timing=timing) as relay:
            await relay.submit(oracle.signed(now, range(7), {1: VALUE, 2: VALUE}))
            await relay.submit(oracle.signed(now, range(7), {1: VALUE}))
            await until(lambda: landed(oracle, 1))
        assert await oracle.accepted() == [(now, VALUE)]
        assert await oracle.accepted(feed=2) == []
