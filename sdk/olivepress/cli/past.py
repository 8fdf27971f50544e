"""Commands that show what an index was: index history, index chart."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from olivepress.cli.options import (
    DEFAULT_MANIFEST,
    DEFAULT_RPC,
    AsJson,
    Manifest,
    Rpc,
    open_reader,
)
from olivepress.cli.output import print_json, print_pairs, print_table, shown
from olivepress.errors import UnknownFeed, ValidationError
from olivepress.units import day_of, plain, to_datetime

if TYPE_CHECKING:
    from olivepress.oracle import Feed, OracleClient, Past
    from olivepress.oracle.picture import Window

FeedName = Annotated[str, typer.Argument(help="Feed: its index, such as LLM-FLAGSHIP, or its number.")]
Since = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Start in UTC: 2026-11-01 or 2026-11-01T06:00.")
]
Until = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="End in UTC, not included; now when left out.")
]
Last = Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the last N values that counted.")]
Recorded = Annotated[
    bool,
    typer.Option(
        "--recorded", help="The index day by day over the recorded prices of the package; needs no chain."
    ),
]

_DAY = 86_400
_RECORDED = 0
"""Number of a feed that is on no chain."""
COLUMNS = ("time", "value", "round", "status", "fresh_seconds", "stale_seconds", "signers", "block")


@dataclass(frozen=True, slots=True)
class _Told:
    """All that is known of a feed's past, and from where."""

    feed: Feed
    past: Past
    windows: tuple[Window, ...]
    source: str


@dataclass(frozen=True, slots=True)
class _Asked(_Told):
    """The same, cut to what was asked for: [start, end) in unix seconds."""

    start: int
    end: int


def to_time(field: str, text: str) -> int:
    """A date or a time from the command line (UTC unless it names a zone) in unix seconds.

    Raises ValidationError.
    """
    try:
        if len(text) == len("2026-11-01"):
            moment = datetime.combine(date.fromisoformat(text), datetime.min.time())
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError(field, text, "a time such as 2026-11-01 or 2026-11-01T06:00") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 10**6)


def history(
    feed: FeedName = "LLM-FLAGSHIP",
    since: Since = None,
    until: Until = None,
    last: Last = None,
    recorded: Recorded = False,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated rows.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what a feed published, as the chain's events tell it, and for how long it was stale.

    A value holds until the next one; the first row may be the value in force at --from. Value times fresh
    seconds, added up, is what settlements average.
    """
    if as_csv and as_json:
        raise ValidationError("csv", True, "either --csv or --json")
    asked = _ask(feed, since, until, last, None if recorded else (rpc, manifest))
    rows = _rows(asked)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_csv(row[name]) for name in COLUMNS] for row in rows)
    elif as_json:
        print_json(_document(asked, rows))
    else:
        _print(asked, rows)


def chart(
    feed: FeedName = "LLM-FLAGSHIP",
    since: Since = None,
    until: Until = None,
    last: Last = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Picture to write: .png, .svg or .pdf; <FEED>.png when left out."),
    ] = None,
    recorded: Recorded = False,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    as_json: AsJson = False,
) -> None:
    r"""Draw the published values of a feed, with stale spans, confirmed rounds and averaging windows.

    Needs matplotlib: pip install "olivepress\[chart]".
    """
    from olivepress.oracle.picture import Picture, save

    asked = _ask(feed, since, until, last, None if recorded else (rpc, manifest))
    target = out or Path(f"{asked.feed.symbol}.png")
    picture = Picture(
        title=asked.feed.symbol,
        past=asked.past,
        start=asked.start,
        end=asked.end,
        unit=_unit(asked.feed.symbol),
        source=asked.source,
        windows=asked.windows,
    )
    save(picture, target)
    if as_json:
        print_json({"feed": asked.feed.symbol, "file": str(target)})
    else:
        print(f"{asked.feed.symbol}: drawn to {target}")


def _ask(
    name: str, since: str | None, until: str | None, last: int | None, chain: tuple[str, Path] | None
) -> _Asked:
    """From the chain at (address, manifest), or from the recorded prices where that is None."""
    first = to_time("from", since) if since is not None else None
    end = to_time("to", until) if until is not None else None
    if first is not None and end is not None and end <= first:
        raise ValidationError("to", until, f"a time after {since}")
    told = _from_recorded(name, first, end) if chain is None else asyncio.run(_from_chain(name, *chain))
    past = told.past.between(first, end)
    valid = [point.time for point in past.rounds if point.status.in_force]
    if last is not None and len(valid) > last:
        first = max(valid[-last], first or 0)
        past = past.between(first, end)
    if first is None:
        first = past.rounds[0].time if past.rounds else past.until
    return _Asked(told.feed, past, told.windows, told.source, first, max(past.until, first + 1))


async def _from_chain(name: str, rpc: str, manifest: Path) -> _Told:
    from olivepress.oracle import OracleClient
    from olivepress.oracle.picture import Window

    async with open_reader(rpc, manifest) as reader:
        client = OracleClient(reader.transport, reader.deployment)
        feed = await _find(client, name)
        past = await client.past(feed.id)
        windows = tuple(
            Window(one.symbol, one.spec.window_start * _DAY, one.expiry_timestamp)
            for one in await reader.series_list()
            if one.feed == feed.id
        )
        source = (
            f"chain {reader.deployment.chain_id}, oracle {reader.deployment.oracle}, feed {feed.id}, "
            f"up to {to_datetime(past.until):%Y-%m-%d %H:%M} UTC"
        )
        return _Told(feed, past, windows, source)


def _from_recorded(name: str, start: int | None, end: int | None) -> _Told:
    """Each day of the recorded table as a round of nobody; a day without a value is stale."""
    from olivepress.index import history, load
    from olivepress.oracle import Feed, IndexPoint, Past

    first, final = history.span()
    if start is not None:
        first = max(first, to_datetime(start).date())
    if end is not None:
        final = min(final, to_datetime(end - 1).date())
    records = history.path(first, final, name)
    days = [day_of(record.as_of) for record in records]
    rounds = tuple(
        IndexPoint(0, number, day * _DAY, record.value, 0, 0)
        for number, (day, record) in enumerate(zip(days, records, strict=True), 1)
        if record.value is not None
    )
    feed = Feed(_RECORDED, name, "0x" + load(name).hash.hex(), 0, heartbeat=_DAY, deviation_bps=0)
    past = Past(rounds, _DAY, (days[-1] + 1) * _DAY)
    return _Told(feed, past, (), "recomputed from list prices recorded in the package")


async def _find(client: OracleClient, name: str) -> Feed:
    if not name.isdecimal():
        return await client.feed(name)
    feeds = await client.feeds()
    if not 1 <= int(name) <= len(feeds):
        raise UnknownFeed("feed", name, f"1 to {len(feeds)}" if feeds else "there is none")
    return feeds[int(name) - 1]


def _unit(symbol: str) -> str:
    """The unit of a shipped index, dollars for any other."""
    from olivepress.index import load, names

    return load(symbol).unit if symbol in names() else "USD"


def _rows(asked: _Asked) -> list[dict[str, Any]]:
    """One row a round; what is carried into the span from before it is the first."""
    from olivepress.oracle.past import changes

    steps = {step.point.round: step for step in asked.past.steps()}
    moved = changes(asked.past.rounds)
    rows = []
    for point in asked.past.rounds:
        step = steps.get(point.round)
        rows.append(
            {
                "time": to_datetime(point.time),
                "value": point.value,
                "change": moved.get(point.round),
                "round": point.round,
                "status": point.status,
                "fresh_seconds": step.fresh if step else 0,
                "stale_seconds": step.stale if step else 0,
                "signers": point.signers.bit_count(),
                "block": point.block,
            }
        )
    return rows


def _document(asked: _Asked, rows: list[dict[str, Any]]) -> dict[str, Any]:
    average, coverage = asked.past.average(asked.start, asked.end)
    return {
        "feed": asked.feed,
        "from": to_datetime(asked.start),
        "to": to_datetime(asked.end),
        "average": average,
        "coverage": coverage,
        "rounds": [{name: row[name] for name in COLUMNS} for row in rows],
        "stale": [
            {"from": to_datetime(start), "to": to_datetime(end), "seconds": end - start}
            for start, end in asked.past.stale_spans()
        ],
    }


def _print(asked: _Asked, rows: list[dict[str, Any]]) -> None:
    """Within 80 columns. Recorded days have no rounds."""
    columns: dict[str, Callable[[dict[str, Any]], object]] = {
        "observed, UTC": lambda row: f"{row['time']:%Y-%m-%d %H:%M}",
        "value": lambda row: row["value"],
        "change": lambda row: "-" if row["change"] is None else f"{100 * row['change']:+.2f}%",
        "status": lambda row: row["status"],
        "stale for": lambda row: _span(row["stale_seconds"]),
        "signers": lambda row: row["signers"],
    }
    if asked.feed.id == _RECORDED:
        for name in ("status", "signers"):
            del columns[name]
    title = f"{asked.feed.symbol}, {_unit(asked.feed.symbol)}"
    print_table(title, list(columns), [[cell(row) for cell in columns.values()] for row in rows])
    average, coverage = asked.past.average(asked.start, asked.end)
    print_pairs(
        f"{shown(to_datetime(asked.start))} to {shown(to_datetime(asked.end))}",
        {
            "average over fresh seconds": None if average is None else round(average, 8),
            "fresh": f"{plain(round(100 * coverage, 3))}%",
            "stale spans": len(asked.past.stale_spans()),
        },
    )


def _span(seconds: int) -> str:
    """Seconds as days, hours and minutes, the two largest."""
    parts = [(seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min")]
    told = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(told) or (f"{seconds} s" if seconds else "-")


def _csv(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return plain(cell)
    return cell.name.lower() if hasattr(cell, "name") else str(cell)
