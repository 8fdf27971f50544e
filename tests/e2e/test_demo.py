"""The main job from end to end, as a person runs it: what it writes, that it repeats, and how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from olivepress.index import explain, load_record
from olivepress.units import amount_to_base
from olivepress_bots.demo.scenario import make_scenario
from olivepress_bots.simulation import Conditions, simulate_month
from processes import Done, descendants, finish, run, start, until_anvil, until_gone

SERIES_KEYS = {
    "symbol",
    "source",
    "observations",
    "settlement_price",
    "settlement_price_recomputed",
    "orders",
    "fills",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """One fast run, shared by the tests that only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    done = asyncio.run(run("demo", "--fast", "--seed", "3", cwd=folder, timeout=240))
    return done, folder / "out" / "demo"


@pytest.fixture(scope="module")
def report(played: tuple[Done, Path]) -> dict[str, Any]:
    done, folder = played
    assert done.code == 0, done.err
    content: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return content


def test_both_series_settle_at_the_recomputed_average(report: dict[str, Any]) -> None:
    sources = {series["symbol"].rsplit("-", 1)[0]: series["source"] for series in report["series"]}
    assert sources == {"LLM-FLAGSHIP": "real", "GPU-H100-SXM": "simulated"}
    for series in report["series"]:
        assert series.keys() >= SERIES_KEYS
        assert series["settlement_price"] == series["settlement_price_recomputed"]
        assert min(series["observations"], series["orders"], series["fills"]) > 50


def test_the_index_came_from_daemons_through_a_relay(report: dict[str, Any]) -> None:
    """Of each operator that was there the relay took a batch and two single reports; some were away."""
    oracle = report["oracle"]
    assert (oracle["operators"], oracle["quorum"], oracle["reverted"]) == (7, 5, 0)
    assert oracle["rounds"] >= max(series["observations"] for series in report["series"])
    assert 3 * 5 * oracle["rounds"] <= oracle["reports"] < 3 * 7 * oracle["rounds"]


def test_the_real_index_moved_inside_the_window(report: dict[str, Any]) -> None:
    """So the settlement price is an average of two recorded prices: 6 days at 5.25 and 14 at 4.50."""
    llm = report["series"][0]
    assert Decimal(llm["settlement_price"]) == (6 * Decimal("5.25") + 14 * Decimal("4.50")) / 20
    assert {"5.25", "4.5"} == set(llm["timeline"]["index"])


def test_every_unit_is_accounted_for(report: dict[str, Any]) -> None:
    accounts = report["accounts"]
    assert report["deposits_total"] == sum(account["deposited"] for account in accounts)
    assert report["withdrawals_total"] == sum(account["withdrawn"] for account in accounts)
    assert report["left_in_exchange"] == report["deposits_total"] - report["withdrawals_total"]
    assert report["left_in_exchange"] == report["left"]["fees"] + report["left"]["dust"]
    assert report["left"]["dust"] <= 2 * len(accounts)
    assert all(account["pnl"] == account["withdrawn"] - account["deposited"] for account in accounts)
    assert report["conservation_ok"] is True
    assert len(report["checks"]) >= 9
    assert all(report["checks"].values())


def test_the_model_plays_the_same_month_to_the_unit(report: dict[str, Any]) -> None:
    """The same strategies on the model, at the demo's moments: every account ends with the same money."""
    month = simulate_month(make_scenario(3, fast=True), Conditions(block_time=0, latency=0))
    simulated = {one.name: amount_to_base(one.withdrawn, 6) for one in month.parties}
    assert simulated == {account["name"]: account["withdrawn"] for account in report["accounts"]}
    prices = {series["symbol"]: Decimal(series["settlement_price"]) for series in report["series"]}
    assert month.settled == prices
    assert sum(one.transactions for one in month.parties) > 300


def test_fees_are_those_of_the_fills(report: dict[str, Any]) -> None:
    """Taker fees up, rebates down, computed here from the trades alone."""
    tick_values = {"LLM-FLAGSHIP": 1_000_000, "GPU-H100-SXM": 100_000}
    fees = 0
    for series in report["series"]:
        value = tick_values[series["feed"]]
        for trade in series["trades"]:
            amount = trade["lots"] * int(Decimal(trade["price"]) * 1000) * value
            fees += -(-amount * 500 // 10**6) - amount * 100 // 10**6
    assert report["left"]["fees"] == fees


def test_positions_and_profits_sum_to_the_fees_at_every_moment(report: dict[str, Any]) -> None:
    for series in report["series"]:
        assert all(len(row) == len(series["timeline"]["time"]) for row in series["timeline"].values())
        inventories = zip(*(one["inventory"] for one in series["positions"].values()), strict=True)
        assert all(sum(held) == 0 for held in inventories)
        profits = [sum(row) for row in zip(*(p["pnl"] for p in series["positions"].values()), strict=True)]
        assert profits == sorted(profits, reverse=True)
        assert profits[-1] < 0


def test_the_book_is_two_sided_and_never_crossed(report: dict[str, Any]) -> None:
    for series in report["series"]:
        pairs = list(zip(series["timeline"]["bid"], series["timeline"]["ask"], strict=True))
        quoted = [(Decimal(bid), Decimal(ask)) for bid, ask in pairs if bid is not None and ask is not None]
        assert len(quoted) > len(pairs) * 9 // 10
        assert all(bid < ask for bid, ask in quoted)


def test_everybody_did_something(report: dict[str, Any]) -> None:
    for series in report["series"]:
        takers = {trade["taker"] for trade in series["trades"]}
        makers = {trade["maker"] for trade in series["trades"]}
        assert takers >= {"lab", "cloud", "noise-1", "noise-2"}
        assert makers >= {"maker-1", "maker-2"}
    assert sum(report["refused"].values()) == 0


def test_the_page_and_the_summary_say_what_is_simulated(played: tuple[Done, Path]) -> None:
    done, folder = played
    page = (folder / "report.html").read_text()
    assert "simulated prices" in page
    assert "real recorded prices" in page
    assert "GPU-H100-SXM-NOV24, simulated prices" in done.out
    assert "adds up to the unit" in done.out
    assert sorted(path.name for path in folder.iterdir()) == ["audit", "report.html", "report.json"]


def test_every_published_value_has_an_audit_record_that_gives_it(
    played: tuple[Done, Path], report: dict[str, Any]
) -> None:
    _, folder = played
    for series in report["series"]:
        records = [load_record(path) for path in (folder / "audit").glob(f"*/{series['feed']}-*.json")]
        assert len(records) >= series["observations"]
        assert all(record.value_e8 for record in records)
        assert all(explain(record).matches for record in records[::10])


async def test_the_same_seed_repeats_the_run_exactly(report: dict[str, Any], tmp_path: Path) -> None:
    again = await run("demo", "--fast", "--seed", "3", "--json", cwd=tmp_path, timeout=240)
    assert again.code == 0, again.err
    told = json.loads(again.out)
    assert {**told, "seconds": 0} == {**report, "seconds": 0}


async def test_ctrl_c_stops_the_chain_and_says_so(tmp_path: Path) -> None:
    process = await start("demo", "--fast", cwd=tmp_path)
    await until_anvil(process)
    await asyncio.sleep(4)
    family = set(descendants(process.pid))
    process.send_signal(signal.SIGINT)
    done = await finish(process, 20)
    assert done.code == 130
    assert "Interrupted: " in done.err
    assert "no report was written" in done.err
    assert "Traceback" not in done.err
    assert await until_gone(family) == set()
    assert not (tmp_path / "out").exists()


async def test_a_chain_that_dies_in_the_middle_is_a_clear_error(tmp_path: Path) -> None:
    process = await start("demo", "--fast", cwd=tmp_path)
    anvil = await until_anvil(process)
    await asyncio.sleep(4)
    os.kill(anvil, signal.SIGKILL)
    done = await finish(process, 120)  # machines are busy
    assert done.code in (3, 5)
    last = done.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "127.0.0.1" in last
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("month", ["1999-01", "2026-13", "soon"])
async def test_a_month_without_recorded_prices_is_refused(month: str, tmp_path: Path) -> None:
    done = await run("demo", "--month", month, cwd=tmp_path)
    assert done.code == 2
    assert "month" in done.err
