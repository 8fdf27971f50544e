"""Rounds through a relay: from reports over HTTP to the value on the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay_kit import VALUE, Oracle, open_oracle, run_relay, until


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with open_oracle() as opened:
        yield opened


async def test_a_round_lands_once_with_every_signer(oracle: Oracle, tmp_path: Path) -> None:
    now = await oracle.now()
    async with run_relay(oracle, tmp_path) as relay:
        values = [VALUE + step for step in (0, 5, 3, 1, 6, 2, 4)]
        reports = [oracle.sign(who, now, value) for who, value in enumerate(values)]
        assert await relay.submit(reports) == [True] * 7
        await until(lambda: landed(oracle, 1))
        assert await oracle.accepted() == [(now, VALUE + 3)]
        assert await relay.submit(reports[:2]) == [False, False]
        assert await oracle.transactions(8) == (1, 0)
        assert relay.problems == ""


async def landed(oracle: Oracle, rounds: int) -> bool:
    return len(await oracle.accepted()) >= rounds
