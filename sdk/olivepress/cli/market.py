"""Commands that read: series, book, account, index."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from olivepress.cli.options import (
    DEFAULT_MANIFEST,
    DEFAULT_RPC,
    AsJson,
    Keystore,
    Manifest,
    Rpc,
    load_signer,
    open_reader,
)
from olivepress.cli.output import print_json, print_pairs, print_table, shown
from olivepress.errors import ConfigurationError, UnknownAccount, ValidationError

if TYPE_CHECKING:
    from olivepress.exchange import AccountView, BookView, SeriesStatus
    from olivepress.index import AuditRecord
    from olivepress.types import Series


def series(
    symbol: Annotated[str | None, typer.Argument(help="One series in detail; all when left out.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    as_json: AsJson = False,
) -> None:
    """List the contract months, or show one."""

    async def go() -> list[dict[str, Any]]:
        async with open_reader(rpc, manifest) as reader:
            if symbol is not None:
                return [_series_data(await reader.series(symbol), await reader.status(symbol))]
            statuses = {status.symbol: status for status in await reader.statuses()}
            return [_series_data(item, statuses[item.symbol]) for item in await reader.series_list()]

    rows = asyncio.run(go())
    if as_json:
        print_json(rows if symbol is None else rows[0])
    elif symbol is not None:
        print_pairs(symbol, rows[0])
    else:
        columns = (
            "symbol",
            "phase",
            "mark",
            "bid",
            "ask",
            "open_interest",
            "expiry",
        )
        titles = [column.replace("_", " ") for column in columns]
        print_table("Series", titles, [[row[column] for column in columns] for row in rows])


def _series_data(item: Series, status: SeriesStatus) -> dict[str, Any]:
    return {
        "symbol": item.symbol,
        "id": item.id,
        "feed": item.feed,
        "phase": status.phase,
        "mark": status.mark,
        "bid": status.bid,
        "ask": status.ask,
        "index_stale": status.stale,
        "reduce_only": status.reduce_only,
        "open_interest": status.open_interest,
        "tick_size": item.tick_size,
        "tick_value": item.tick_value,
        "lot_size": item.lot_size,
        "price_cap": item.price_cap,
        "window_start": item.window_start,
        "expiry": item.expiry,
        "initial_margin_bps": item.spec.im_bps,
        "maintenance_margin_bps": item.spec.mm_bps,
        "band_bps": item.spec.band_bps,
        "taker_fee_ppm": item.spec.taker_fee,
        "maker_rebate_ppm": item.spec.maker_rebate,
    }


def book(
    symbol: Annotated[str, typer.Argument(help="Series, such as LLM-FLAGSHIP-DEC26.")],
    depth: Annotated[int, typer.Option(min=1, help="Levels of each side.")] = 10,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    as_json: AsJson = False,
) -> None:
    """Show the order book, best prices first."""

    async def go() -> BookView:
        async with open_reader(rpc, manifest) as reader:
            return await reader.book(symbol, depth)

    view = asyncio.run(go())
    if as_json:
        print_json(view)
        return
    asks = [("ask", level.price, level.lots, level.orders) for level in reversed(view.asks)]
    bids = [("bid", level.price, level.lots, level.orders) for level in view.bids]
    print_table(f"Book of {symbol}", ("side", "price", "lots", "orders"), [*asks, *bids])


def account(
    number: Annotated[int | None, typer.Argument(help="Account; the one of your key when left out.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Show money, margin, positions and orders of an account."""
    address = load_signer(keystore).address if number is None else None

    async def go() -> AccountView:
        async with open_reader(rpc, manifest) as reader:
            found = number
            if address is not None:
                found = (await reader.principal(address)).account
            if not found:
                raise UnknownAccount(
                    "account", address or number, "an address that owns or serves an account"
                )
            return await reader.account(found)

    view = asyncio.run(go())
    if as_json:
        print_json(view)
        return
    names = ("owner", "cash", "equity", "initial_margin", "maintenance_margin", "withdrawable")
    print_pairs(f"Account {view.account}", {name.replace("_", " "): getattr(view, name) for name in names})
    if view.positions:
        rows = [
            (p.symbol, p.lots, p.quote, p.value, p.open_buy, p.open_sell, p.claim) for p in view.positions
        ]
        columns = ("series", "lots", "quote", "value", "open buy", "open sell", "claim")
        print_table("Positions", columns, rows)
    if view.orders:
        orders = [(o.order_id, o.symbol, o.side, o.price, o.lots, o.expiry or None) for o in view.orders]
        print_table("Orders", ("order id", "series", "side", "price", "lots", "expiry"), orders)


def to_date(field: str, text: str) -> date:
    """A date from the command line. Raises ValidationError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError(field, text, "a date such as 2026-11-01") from None


def index_show(
    feed: Annotated[str, typer.Argument(help="Index, such as LLM-FLAGSHIP.")] = "LLM-FLAGSHIP",
    day: Annotated[
        str | None,
        typer.Option("--date", help="UTC day of the recorded history; today's prices when left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute an index value and show every quote that it used or left out, and why. Needs no chain."""
    from olivepress.index import history

    audit = _index_today(feed) if day is None else history.record(to_date("date", day), feed)
    if as_json:
        print_json(audit.model_dump(mode="json"))
        return
    title = f"{audit.index}, {audit.as_of:%Y-%m-%d}"
    print_pairs(
        title,
        {
            "value": f"{shown(audit.value)} {audit.unit}" if audit.value is not None else "withheld",
            "why": audit.reason,
            "estimator": audit.estimator,
            "methodology": f"{audit.methodology.id} version {audit.methodology.version}",
        },
    )
    members = [
        (member.name, member.item, member.value, member.weight, member.source) for member in audit.members
    ]
    print_table("Members", ("member", "item", "value", "weight", "source"), members)
    absent = [(item.source, item.entry, item.reason) for item in audit.absent]
    if absent:
        print_table("Absent", ("member", "item", "why"), absent)


def _index_today(feed: str) -> AuditRecord:
    from olivepress.index import compute, load
    from olivepress.prices import GenaiPrices, collect

    now = datetime.now(UTC)
    return compute(load(feed), asyncio.run(collect([GenaiPrices()], now)), now)


def index_explain(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="Audit record, as operators write them.")],
    methodology: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its methodology, where it is not the shipped one of that name."),
    ] = None,
    quotes: Annotated[bool, typer.Option("--quotes", help="Also each quote that was not used.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recompute an index value from its audit record, and show how it came about. Fails when it differs."""
    from olivepress.index import IndexLayerError, explain, load_file, load_record

    try:
        document = None if methodology is None else load_file(methodology)
        explanation = explain(load_record(record), document)
    except IndexLayerError as error:
        raise ConfigurationError(str(error)) from error
    if as_json:
        print_json(
            {
                "matches": explanation.matches,
                "differences": explanation.differences,
                "record": explanation.record.model_dump(mode="json"),
            }
        )
    else:
        print(explanation.text(quotes))
    if not explanation.matches:
        raise typer.Exit(1)
