"""The year as one page: a picture of each feed, and a table of its settlements."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from olivepress.index import load
from olivepress.oracle import Past
from olivepress.oracle.past import fold
from olivepress.oracle.picture import Picture, Window, save
from olivepress.units import oracle_to_price, plain, to_datetime
from year.market import UNIT, Settled
from year.run import Year
from year.weather import DAY, FEEDS, LAST, MONTHS, FeedPlan, day_of

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2b3a; max-width: 1180px; margin: 2rem auto }
h1 { margin-bottom: 0 } p { color: #6b7785; margin-top: .3rem } svg { width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; margin: 0 0 3rem } th { text-align: right; font-weight: 600 }
td, th { white-space: nowrap; padding: .25rem .6rem; border-bottom: 1px solid #e4e8ec }
td { text-align: right } td:last-child { white-space: normal }
td:first-child, th:first-child, td:last-child, th:last-child { text-align: left } .thin { color: #b03a4a }
"""
COLUMNS = (
    "series",
    "fresh",
    "average",
    "settled at",
    "in plain Python",
    "paid to winners",
    "how",
)


def past_of(year: Year, feed: FeedPlan) -> Past:
    """What a feed published, from the chain's events, up to the end of the year."""
    rounds = tuple(fold(year.publishing.events, feed.number))
    return Past(rounds, feed.heartbeat, year.publishing.chain.now).between(None, LAST * DAY)


def write(year: Year, seed: int, path: Path) -> None:
    """Writes the page."""
    counts = year.publishing.counts + year.market.counts
    facts = ", ".join(
        [
            f"seed {seed}",
            f"{counts['rounds']:,} signed rounds",
            f"{counts['lies']:,} lying reports among them",
            f"{counts['rotations']} rotations",
            f"{counts['trades']:,} trades",
            f"{len(year.market.settled)} settlements",
            "no difference to plain Python (red: below 98% coverage)",
        ]
    )
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>A year of settlements</title>",
        f"<style>{STYLE}</style><h1>A year of settlements</h1><p>{escape(facts)}</p>",
        *(part for feed in FEEDS for part in (_chart(year, feed), _table(year, feed))),
        "</html>\n",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def _chart(year: Year, feed: FeedPlan) -> str:
    months = sorted(
        (one for one in year.market.settled if one.feed == feed.number), key=lambda one: one.expiry
    )
    picture = Picture(
        title=feed.symbol,
        past=past_of(year, feed),
        start=day_of(MONTHS[0]) * DAY,
        end=LAST * DAY,
        unit=load(feed.symbol).unit,
        source="what each window of a month averages is what its series settled at",
        windows=[
            Window(one.symbol.rsplit("-", 1)[1], one.expiry - one.elapsed, one.expiry) for one in months
        ],
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "feed.svg"
        save(picture, file)
        text = file.read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def _table(year: Year, feed: FeedPlan) -> str:
    months = sorted(
        (one for one in year.market.settled if one.feed == feed.number), key=lambda one: one.expiry
    )
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(_row(one, feed) for one in months)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _row(one: Settled, feed: FeedPlan) -> str:
    average = "none: the last value before" if one.average is None else f"{_usd(round(one.average))}"
    share = Decimal(one.fresh) / one.elapsed * 100
    thin = " class=thin" if share < 98 else ""
    cells = [
        one.symbol,
        f"{share:.2f}%",
        average,
        _usd(one.tick * feed.tick_size),
        _usd(one.expected * feed.tick_size),
        f"${one.paid / Decimal(UNIT):,.2f}",
        f"{one.how}, {to_datetime(one.at):%d %b %Y}",
    ]
    return f"<tr{thin}>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _usd(value: int) -> str:
    return f"${Decimal(plain(oracle_to_price(value))):,}"
