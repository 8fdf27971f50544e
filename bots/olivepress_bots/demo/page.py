"""report.html: one self-contained page made from report.json and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Any

from olivepress_bots.demo.charts import Band, Chart, Dot, Line, plain, render

Json = dict[str, Any]


def render_page(report: Json) -> str:
    """The page for a report (the structure is documented in docs/spec/report.md)."""
    style = files("olivepress_bots.demo").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(
        [
            _header(report),
            *(_series(series, report) for series in report["series"]),
            _accounts(report),
            _reading(report),
        ]
    )
    title = f"olivepress: {escape(report['month'])}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>\n<style>\n{style}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def money(base_units: int, decimals: int, *, places: int | None = None, sign: bool = False) -> str:
    """Base units as text in whole coins, with thousands separators."""
    amount = Decimal(base_units).scaleb(-decimals)
    shown = decimals if places is None else places
    return f"{amount:+,.{shown}f}" if sign else f"{amount:,.{shown}f}"


def _header(report: Json) -> str:
    decimals = report["money_decimals"]
    left = report["left"]
    orders = sum(series["orders"] for series in report["series"])
    fills = sum(series["fills"] for series in report["series"])
    cards = [
        *(_settlement_card(series) for series in report["series"]),
        _card(
            "Money in = money out + what is left",
            "exact to the unit" if report["conservation_ok"] else "DOES NOT ADD UP",
            f"{money(report['deposits_total'], decimals)} in = "
            f"{money(report['withdrawals_total'], decimals)} out + "
            f"{money(left['fees'], decimals)} fees + {money(left['dust'], decimals)} dust, USDC",
            ok=report["conservation_ok"],
        ),
        _card(
            "Activity",
            f"{fills:,} fills",
            f"from {orders:,} orders over {report['days']} days on the chain's clock",
        ),
    ]
    return (
        f"<header><h1>A month of compute futures, {escape(report['month'])}</h1>"
        "<p>Prices became an index, operators signed it, bots traded futures on it, the contracts settled "
        "them from the index's average, and everyone took their money out.</p></header>\n"
        f'<section class="cards">{"".join(cards)}</section>'
    )


def _settlement_card(series: Json) -> str:
    same = series["settlement_price"] == series["settlement_price_recomputed"]
    return _card(
        f"{series['symbol']}{'' if series['source'] == 'real' else ' (simulated)'} settled at",
        f"${series['settlement_price']}",
        ("equals" if same else f"DIFFERS from ${series['settlement_price_recomputed']},")
        + " the average recomputed from the published reports",
        ok=same,
    )


def _card(label: str, value: str, note: str, *, ok: bool | None = None) -> str:
    css = "" if ok is None else (" ok" if ok else " bad")
    mark = "" if ok is None else ("&#10003; " if ok else "&#10007; ")
    return (
        f'<div class="card{css}"><div class="label">{escape(label)}</div>'
        f'<div class="value">{escape(value)}</div><div class="note">{mark}{escape(note)}</div></div>'
    )


def _series(series: Json, report: Json) -> str:
    real = series["source"] == "real"
    badge = "real recorded prices" if real else "simulated prices"
    names = list(series["positions"])
    roles = {account["name"]: account["role"] for account in report["accounts"]}
    legend = _legend(
        [("index", "index"), ("mark", "mark"), ("best", "best bid to best ask")],
        [("buy", "taker bought"), ("sell", "taker sold")],
    )
    bots = _legend([(f"bot{i}", f"{name} ({roles.get(name, '')})") for i, name in enumerate(names)], [])
    return (
        f'<section class="series"><h2>{escape(series["symbol"])} '
        f'<span class="badge {"real" if real else "simulated"}">{badge}</span></h2>'
        f"<p>{escape(series['description'])}</p>"
        f"<h3>Price, USD per {escape(series['unit'])}</h3>{legend}{render(_price_chart(series))}"
        f"{bots}"
        f'<div class="pair"><div><h3>Inventory, lots of {escape(series["lot"])}</h3>'
        f"{render(_position_chart(series, names, 'inventory', 0))}</div>"
        f"<div><h3>Profit and loss, USDC</h3>"
        f"{render(_position_chart(series, names, 'pnl', report['money_decimals']))}</div></div></section>"
    )


def _legend(lines: Sequence[tuple[str, str]], dots: Sequence[tuple[str, str]]) -> str:
    items = [f'<span class="key {css}">{escape(text)}</span>' for css, text in lines]
    items += [f'<span class="key point {css}">{escape(text)}</span>' for css, text in dots]
    return f'<div class="legend">{"".join(items)}</div>'


def _price_chart(series: Json) -> Chart:
    timeline = series["timeline"]
    times: list[int] = timeline["time"]
    start, end = times[0], series["window"]["to"]
    spans = [
        (time, _decimal(bid), _decimal(ask))
        for time, bid, ask in zip(times, timeline["bid"], timeline["ask"], strict=True)
    ]
    most = max((trade["lots"] for trade in series["trades"]), default=1)
    return Chart(
        title=f"{series['symbol']}: index, mark, best bid and ask, trades",
        start=start,
        end=end,
        bands=[Band("best bid to best ask", "best", spans)],
        lines=[
            Line("index", "index", list(_points(times, timeline["index"]))),
            Line("mark", "mark", list(_points(times, timeline["mark"]))),
        ],
        dots=[_trade_dot(trade, most) for trade in series["trades"]],
        shade=(series["window"]["from"], end, "averaging window"),
        level=(
            series["window"]["from"],
            Decimal(series["settlement_price"]),
            f"settled ${series['settlement_price']}",
        ),
        prefix="$",
    )


def _trade_dot(trade: Json, most: int) -> Dot:
    # The area of a dot grows with its lots; the largest trade of the series has the largest dot.
    radius = max((Decimal(trade["lots"]) / most).sqrt() * 5, Decimal("1.2"))
    verb = "bought" if trade["side"] == "buy" else "sold"
    text = f"{trade['taker']} {verb} {trade['lots']} lots at ${trade['price']} from {trade['maker']}"
    if trade["side"] == "sell":
        text = text.replace(" from ", " to ")
    return Dot(trade["time"], Decimal(trade["price"]), radius, trade["side"], text)


def _position_chart(series: Json, names: Sequence[str], key: str, decimals: int) -> Chart:
    times: list[int] = series["timeline"]["time"]
    lines = [
        Line(
            name,
            f"bot{number}",
            [
                (time, Decimal(value).scaleb(-decimals))
                for time, value in zip(times, series["positions"][name][key], strict=True)
            ],
        )
        for number, name in enumerate(names)
    ]
    return Chart(
        title=f"{series['symbol']}: {key} of each bot",
        start=times[0],
        end=series["window"]["to"],
        lines=lines,
        shade=(series["window"]["from"], series["window"]["to"], ""),
        width=540,
        height=260,
        with_zero=True,
    )


def _points(times: Sequence[int], values: Sequence[str | None]) -> Iterator[tuple[int, Decimal]]:
    for time, value in zip(times, values, strict=True):
        if value is not None:
            yield time, Decimal(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _accounts(report: Json) -> str:
    decimals = report["money_decimals"]
    rows = "".join(
        f"<tr><td>{escape(account['name'])}</td><td>{escape(account['role'])}</td>"
        f"<td>{money(account['deposited'], decimals)}</td><td>{money(account['withdrawn'], decimals)}</td>"
        f'<td class="{"gain" if account["pnl"] >= 0 else "loss"}">'
        f"{money(account['pnl'], decimals, sign=True)}</td></tr>"
        for account in report["accounts"]
    )
    total = sum(account["pnl"] for account in report["accounts"])
    foot = (
        f"<tr><th>all</th><th></th><th>{money(report['deposits_total'], decimals)}</th>"
        f"<th>{money(report['withdrawals_total'], decimals)}</th>"
        f"<th>{money(total, decimals, sign=True)}</th></tr>"
    )
    return (
        '<section><h2>Who won, who lost <span class="unit">USDC</span></h2><table><thead><tr><th>account</th>'
        "<th>role</th><th>deposited</th><th>withdrawn</th><th>profit or loss</th></tr></thead>"
        f"<tbody>{rows}</tbody><tfoot>{foot}</tfoot></table>"
        "<p>Together the accounts lost what they paid in fees, plus the dust: units that rounding left "
        "in the pools.</p>"
        "</section>"
    )


def _reading(report: Json) -> str:
    sources = "".join(
        f"<li>{escape(series['symbol'])}: {plain(Decimal(series['observations']))} published index values; "
        f"{escape(series['source_note'])}</li>"
        for series in report["series"]
    )
    return (
        f"<section><h2>Where the prices come from</h2><ul>{sources}</ul>"
        f"<p>Seed {report['seed']}, {escape(report['mode'])} run. The same seed repeats the run exactly. "
        "The numbers behind this page are in report.json.</p></section>"
    )
