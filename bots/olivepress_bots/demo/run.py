"""The demo as a person runs it: a progress bar, two files at the end, and a clean stop on Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from olivepress.devchain import launch
from olivepress.index import AuditRecord
from olivepress.oracle.operator import AuditFolder
from olivepress_bots.demo.ending import Outcome, count, pay_out, recomputed_price, settle_everything
from olivepress_bots.demo.page import money, render_page
from olivepress_bots.demo.play import PREPARATION, Play, play_month, prepared
from olivepress_bots.demo.scenario import DAY, Scenario, SeriesPlan, make_scenario, shown_price

Report = dict[str, Any]


def run_demo(*, seed: int, fast: bool, out: Path, month: str, quiet: bool = False) -> Report:
    """Plays the month, writes report.json, report.html and the folder audit to `out`, prints a summary.

    Raises KeyboardInterrupt, with a message, when it is interrupted: the chain is stopped and nothing is
    written.
    """
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    scenario = make_scenario(seed, fast=fast, month=month)
    started = time.monotonic_ns()
    stage = "starting the local chain"
    with _progress(console) as bar:
        task = bar.add_task(stage, total=scenario.days * DAY)

        def progress(played: int, line: str) -> None:
            nonlocal stage
            stage = f"day {min(played // DAY + 1, scenario.days)} of {scenario.days}"
            bar.update(task, completed=played, description=f"{stage:<13} {line}")

        def say(line: str) -> None:
            nonlocal stage
            stage = line
            bar.update(task, description=line)

        try:
            report, audits = asyncio.run(_play(scenario, progress, say))
        except KeyboardInterrupt:
            bar.stop()
            raise KeyboardInterrupt(
                f"Interrupted: {stage}. The local chain is stopped; no report was written."
            ) from None
    # Whole milliseconds; the only figure that differs between two runs with one seed.
    report["seconds"] = (time.monotonic_ns() - started) // 1_000_000 / 1000
    write(report, out)
    folder = AuditFolder(out / "audit")
    for record in audits:
        folder.save(record)
    summary(report, out, console)
    return report


async def _play(scenario: Scenario, progress: Any, say: Any) -> tuple[Report, Collection[AuditRecord]]:
    async with launch(timestamp=scenario.start - PREPARATION, accounts=1, gas_limit=60_000_000) as chain:
        say("deploying, listing both series, funding everybody")
        async with prepared(chain, scenario) as play:
            await play_month(play, progress)
            say("settling, drawing, withdrawing")
            prices = await settle_everything(play)
            await pay_out(play)
            outcome = await count(play)
            return await _report(play, prices, outcome), play.audits.values()


async def _report(play: Play, prices: dict[str, Decimal], outcome: Outcome) -> Report:
    mirror = await play.shared.sync()
    scenario = play.scenario
    series = [_series_report(play, plan, prices[plan.symbol]) for plan in scenario.plans]
    accounts = []
    for member in play.members:
        account = mirror.account(member.account)
        accounts.append(
            {
                "name": member.party.name,
                "role": member.party.role,
                "deposited": account.deposited,
                "withdrawn": account.withdrawn,
                "pnl": account.withdrawn - account.deposited,
            }
        )
    settled_right = all(one["settlement_price"] == one["settlement_price_recomputed"] for one in series)
    return {
        "format": 1,
        "ok": settled_right and outcome.conserved,
        "seed": scenario.seed,
        "mode": scenario.mode,
        "month": scenario.month,
        "days": scenario.days,
        "money_unit": "USDC base units",
        "money_decimals": mirror.decimals,
        "oracle": {
            "operators": len(play.market.operators),
            "quorum": play.market.quorum,
            **play.publishers.counts(),
        },
        "series": series,
        "accounts": accounts,
        "deposits_total": outcome.deposits,
        "withdrawals_total": outcome.withdrawals,
        "left_in_exchange": outcome.held,
        "left": {"fees": outcome.fees, "dust": outcome.dust},
        "conservation_ok": outcome.conserved,
        "checks": outcome.checks,
        "refused": {runner.name: runner.refused for runner in play.runners},
    }


def _series_report(play: Play, plan: SeriesPlan, price: Decimal) -> Report:
    mirror, recorder = play.shared.mirror, play.recorder
    spec, line = mirror.series(plan.symbol).spec, recorder.timelines[plan.symbol]
    number = mirror.terms(plan.symbol).id
    recomputed = recomputed_price(play, mirror, plan)
    return {
        "symbol": plan.symbol,
        "feed": plan.feed,
        "source": plan.source,
        "source_note": plan.source_note,
        "description": plan.description,
        "unit": plan.unit,
        "lot": plan.lot,
        "observations": len(recorder.published[play.market.feeds[plan.feed]]),
        "settlement_price": shown_price(price, plan),
        "settlement_price_recomputed": None if recomputed is None else shown_price(recomputed, plan),
        "orders": recorder.orders[number],
        "fills": recorder.fills[number],
        "volume_lots": mirror.series(plan.symbol).volume_lots,
        "window": {"from": spec.window_start * DAY, "to": spec.expiry_day * DAY},
        "timeline": {
            "time": line.time,
            "index": line.index,
            "mark": line.mark,
            "bid": line.bid,
            "ask": line.ask,
        },
        "trades": recorder.trades(plan, mirror),
        "positions": recorder.positions(plan),
    }


def write(report: Report, out: Path) -> None:
    """report.json and report.html, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    files = {"report.json": json.dumps(report, indent=1) + "\n", "report.html": render_page(report)}
    for name, text in files.items():
        part = out / f"{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(out / name)


def summary(report: Report, out: Path, console: Console) -> None:
    """A few lines for the terminal."""
    decimals = report["money_decimals"]
    oracle = report["oracle"]
    console.print(
        f"[bold]Index[/]: {oracle['operators']} operators handed {oracle['reports']:,} signed reports to a "
        f"relay; {oracle['rounds']} updates, quorum {oracle['quorum']}, {oracle['reverted']} reverted"
    )
    for series in report["series"]:
        same = series["settlement_price"] == series["settlement_price_recomputed"]
        console.print(
            f"[bold]{series['symbol']}[/], {series['source']} prices: {series['observations']} index values, "
            f"{series['orders']:,} orders, {series['fills']:,} fills"
        )
        console.print(
            f"  settled at [bold]${series['settlement_price']}[/]; recomputed from the published reports: "
            f"${series['settlement_price_recomputed']}, {'[green]equal[/]' if same else '[red]DIFFERENT[/]'}"
        )
    console.print("[bold]Profit and loss[/], USDC")
    for account in report["accounts"]:
        pnl = money(account["pnl"], decimals, places=2, sign=True)
        console.print(f"  {account['name']:<9} {account['role']:<34} {pnl:>15}")
    left = report["left"]
    console.print("[bold]Every unit[/], USDC")
    for name, amount in (
        ("deposited", report["deposits_total"]),
        ("withdrawn", report["withdrawals_total"]),
        ("left: fees", left["fees"]),
        ("left: dust", left["dust"]),
    ):
        console.print(f"  {name:<12} {money(amount, decimals):>22}")
    verdict = "[green]adds up to the unit[/]" if report["conservation_ok"] else "[red]DOES NOT ADD UP[/]"
    console.print(f"  {verdict}")
    for name, holds in report["checks"].items():
        if not holds:
            console.print(f"  [red]failed: {name}[/]")
    console.print(
        f"{report['seconds']:.1f} s. Look at {out / 'report.html'}; numbers in {out / 'report.json'}; "
        f"how an index value came about: olivepress index explain {out / 'audit'}/DAY/RECORD"
    )


def _progress(console: Console) -> Progress:
    return Progress(
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=False,
    )
