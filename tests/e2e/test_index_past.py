"""`olivepress index history` and `index chart` against a chain with an eventful week."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from market_kit import DAY, START, SYMBOL, Market, open_market
from olivepress.oracle import RoundStatus
from processes import Done, run_here

D = Decimal
HOUR = 3600
#: Hours after the start, value: a halving that the next round confirms, two stale days, a slip that it drops.
TOLD = [(24, "3.6"), (25, "1.9"), (26, "1.9"), (98, "1.95"), (99, "9"), (100, "1.95")]
STATUSES = ["accepted", "accepted", "confirmed", "accepted", "accepted", "dropped", "accepted"]


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    async with open_market(traders=0) as opened:
        first = (await opened.oracle.latest(1)).time
        for hours, value in TOLD:
            await opened.chain.mine(timestamp=first + hours * HOUR)
            await opened.report(value)
        await opened.chain.mine(timestamp=first + 101 * HOUR)
        opened.deployment.save(tmp_path / "olivepress.json")
        yield opened


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def types(market: Market, folder: Path, *words: str, code: int = 0) -> Done:
    done = await run_here("index", *words, cwd=folder, settings={"OLIVEPRESS_RPC": market.chain.url})
    assert done.code == code, done.err
    return done


async def reads(market: Market, folder: Path, *words: str) -> Any:
    return json.loads((await types(market, folder, *words, "--json")).out)


async def test_the_history_of_a_feed(market: Market, tmp_path: Path) -> None:
    told = await reads(market, tmp_path, "history", "LLM-FLAGSHIP")
    assert [row["status"] for row in told["rounds"]] == STATUSES
    assert [row["value"] for row in told["rounds"]] == ["3.5", *(value for _, value in TOLD)]
    assert [row["signers"] for row in told["rounds"]] == [5] * 7
    (stale,) = told["stale"]
    assert stale["seconds"] == 2 * DAY
    assert await reads(market, tmp_path, "history", "1") == told
    # The rows alone give the average.
    held = [(D(row["value"]), row["fresh_seconds"]) for row in told["rounds"]]
    total = sum(value * seconds for value, seconds in held) / sum(seconds for _, seconds in held)
    assert round(total, 12) == round(D(told["average"]), 12)
    # As the contract has it, for a whole day of which every second is fresh.
    first_day = await reads(
        market, tmp_path, "history", "1", "--from", "2026-11-24", "--to", "2026-11-25T00:00"
    )
    window = await market.oracle.window(1, START // DAY + 1, START // DAY + 2)
    assert (round(D(first_day["average"]), 8), D(first_day["coverage"])) == (window.average, window.coverage)

    past = await market.oracle.past(1)
    assert [point.status.name.lower() for point in past.rounds] == STATUSES
    assert await market.oracle.history(1) == [p for p in past.rounds if p.status is not RoundStatus.DROPPED]

    text = await types(market, tmp_path, "history", "1", "--csv")
    rows = list(csv.DictReader(text.out.splitlines()))
    assert rows == [{name: str(cell) for name, cell in row.items()} for row in told["rounds"]]
    shown = await types(market, tmp_path, "history", "1", "--last", "4")
    assert max(map(len, shown.out.splitlines()[1:-4])) <= 80
    for word in ("LLM-FLAGSHIP", "confirmed", "dropped", "2 d", "+361.54%", "stale spans"):
        assert word in shown.out
    assert "3.6" not in shown.out


async def test_a_cut_of_the_history(market: Market, tmp_path: Path) -> None:
    async def cut(*words: str) -> list[int]:
        told = await reads(market, tmp_path, "history", "1", *words)
        return [row["round"] for row in told["rounds"]]

    first = datetime.fromtimestamp((await market.oracle.latest(1)).time - 100 * HOUR, UTC)
    begun = first.replace(tzinfo=None).isoformat()
    assert await cut("--last", "1") == [7]
    assert await cut("--last", "2") == [5, 6, 7]
    assert await cut("--last", "99") == [1, 2, 3, 4, 5, 6, 7]
    assert await cut("--to", "2026-11-24") == [1]
    assert await cut("--from", begun, "--to", "2026-11-24") == [1]
    # What was in force on the 26th is the round of the 24th.
    assert await cut("--from", "2026-11-26", "--to", "2026-11-27T01:00+01:00") == [4]


async def test_the_picture_of_a_feed(market: Market, tmp_path: Path) -> None:
    done = await types(market, tmp_path, "chart", "LLM-FLAGSHIP")
    assert "LLM-FLAGSHIP.png" in done.out
    assert (tmp_path / "LLM-FLAGSHIP.png").read_bytes()[:4] == b"\x89PNG"
    told = await reads(market, tmp_path, "chart", "1", "--last", "6", "--out", "week.svg")
    assert told == {"feed": "LLM-FLAGSHIP", "file": "week.svg"}
    text = (tmp_path / "week.svg").read_text(encoding="utf-8")
    for phrase in ("confirmed by a second round (1)", "never counted (1)", "no fresh value", "chain 31337"):
        assert phrase in text
    # The window of the listed series is a month away.
    assert SYMBOL not in text


REFUSED = [
    (["history", "NOTHING"], "feed"),
    (["history", "2"], "feed"),
    (["history", "0"], "feed"),
    (["history", "1", "--from", "yesterday"], "from"),
    (["history", "1", "--from", "2026-11-25", "--to", "2026-11-25"], "to"),
    (["history", "1", "--csv"], "csv"),
    (["chart", "1", "--out", "index.gif"], "out"),
    (["chart", "1", "--to", "2026-11-01"], "feed"),
]


async def test_what_is_refused(market: Market, tmp_path: Path) -> None:
    for words, field in REFUSED:
        done = await types(market, tmp_path, *words, "--json", code=2)
        assert json.loads(done.err)["field"] == field, words
        assert done.out == "", words
    assert written(tmp_path) == ["olivepress.json"]
