"""Coins through ccxt, against a local server that speaks Kraken's public format."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from local_server import Answer, Server, serving
from olivepress.index import compute, load
from olivepress.prices import CcxtTickers, Kind, QuoteError, SourceError, Unit, collect

NOW = datetime(2026, 11, 2, tzinfo=UTC)

PAIRS = {"TAOUSD": ("TAO", "402.10", "402.30", "402.20"), "FETUSD": ("FET", "0.7120", "0.7130", "0.7125")}
PAIRS |= {"RENDERUSD": ("RENDER", "0.00", "0.00", "4.071"), "AKTUSD": ("AKT", "-1.2", "-1.1", "-1.0")}


def kraken(path: str, number: int) -> Answer:
    """Assets, AssetPairs and Ticker as https://docs.kraken.com describes them."""
    parts = urlsplit(path)
    if parts.path == "/0/public/Assets":
        result: dict[str, object] = {
            name: {
                "aclass": "currency",
                "altname": name,
                "decimals": 10,
                "display_decimals": 5,
                "status": "enabled",
            }
            for name in ("TAO", "FET", "RENDER", "AKT")
        }
        result["ZUSD"] = {"aclass": "currency", "altname": "USD", "decimals": 4, "display_decimals": 2}
    elif parts.path == "/0/public/AssetPairs":
        result = {
            pair: {
                "altname": pair,
                "wsname": f"{base}/USD",
                "aclass_base": "currency",
                "base": base,
                "aclass_quote": "currency",
                "quote": "ZUSD",
                "lot": "unit",
                "cost_decimals": 5,
                "pair_decimals": 4,
                "lot_decimals": 8,
                "lot_multiplier": 1,
                "leverage_buy": [],
                "leverage_sell": [],
                "fees": [[0, 0.4]],
                "fees_maker": [[0, 0.25]],
                "fee_volume_currency": "ZUSD",
                "ordermin": "0.02",
                "costmin": "0.5",
                "tick_size": "0.0001",
                "status": "online",
            }
            for pair, (base, *_) in PAIRS.items()
        }
    elif parts.path == "/0/public/Ticker":
        asked = parse_qs(parts.query).get("pair", [",".join(PAIRS)])[0].split(",")
        result = {
            pair: {
                "a": [PAIRS[pair][2], "1", "1.000"],
                "b": [PAIRS[pair][1], "1", "1.000"],
                "c": [PAIRS[pair][3], "0.5"],
                "v": ["10", "20"],
                "p": [PAIRS[pair][3]] * 2,
                "t": [3, 5],
                "l": [PAIRS[pair][3]] * 2,
                "h": [PAIRS[pair][3]] * 2,
                "o": PAIRS[pair][3],
            }
            for pair in asked
        }
    else:
        return Answer(b"{}", 404)
    return Answer(json.dumps({"error": [], "result": result}).encode())


def source(server: Server, *symbols: str) -> CcxtTickers:
    return CcxtTickers(
        "kraken", symbols, settings={"urls": {"api": {"public": server.url}}, "timeout": 2_000}
    )


async def test_the_middle_of_bid_and_ask_or_else_the_last_trade() -> None:
    with serving(kraken) as server:
        reading = await source(server, "TAO/USD", "FET/USD", "RENDER/USD").read(NOW)
    assert [(q.item, q.price, q.kind) for q in reading.quotes] == [
        ("TAO", Decimal("402.2"), Kind.OFFER),
        ("FET", Decimal("0.7125"), Kind.OFFER),
        ("RENDER", Decimal("4.071"), Kind.TRADE),
    ]
    assert {(q.venue, q.unit, q.source, q.observed_at) for q in reading.quotes} == {
        ("kraken", Unit.COIN, "ccxt:kraken", NOW)
    }


async def test_a_negative_price_is_rejected_and_the_others_count() -> None:
    with serving(kraken) as server:
        reading = await source(server, "AKT/USD", "TAO/USD").read(NOW)
    assert [q.item for q in reading.quotes] == ["TAO"]
    assert [(r.source, r.entry) for r in reading.rejected] == [("ccxt:kraken", "AKT/USD")]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>"),
        Answer(b'{"error":["EService:Unavailable"]}'),
        Answer(b"", 503),
        Answer(wait_seconds=20),
    ],
    ids=["rubbish", "error", "busy", "hanging"],
)
async def test_an_exchange_in_trouble_is_a_named_failure(answer: Answer) -> None:
    with serving(lambda path, number: answer) as server:
        reading = await collect([source(server, "TAO/USD")], NOW, timeout_seconds=15)
    assert reading.quotes == []
    assert [(f.source, f.error) for f in reading.failures] == [("ccxt:kraken", "unreadable")]


def okx(path: str, number: int) -> Answer:
    """Instruments and tickers as OKX's public API v5 has them: with the time of each ticker."""
    parts = urlsplit(path)
    coins = {"TAO": (402, NOW), "FET": (1, NOW - timedelta(hours=6))}
    if parts.path == "/api/v5/public/instruments":
        rows: list[dict[str, object]] = [
            {"instType": "SPOT", "instId": f"{coin}-USDT", "baseCcy": coin, "quoteCcy": "USDT", "uly": ""}
            | {"tickSz": "0.01", "lotSz": "0.0001", "minSz": "0.01", "state": "live", "instFamily": ""}
            | {
                "settleCcy": "",
                "ctVal": "",
                "optType": "",
                "stk": "",
                "lever": "",
                "expTime": "",
                "ctType": "",
            }
            for coin in coins
        ]
    elif parts.path == "/api/v5/market/tickers":
        rows = [
            {"instType": "SPOT", "instId": f"{coin}-USDT", "last": f"{price}", "lastSz": "1", "askSz": "2"}
            | {"bidPx": f"{price}.1", "askPx": f"{price}.3", "bidSz": "1", "open24h": "1", "high24h": "2"}
            | {"low24h": "1", "volCcy24h": "9", "vol24h": "3", "sodUtc0": "1", "sodUtc8": "1"}
            | {"ts": f"{int(seen.timestamp())}123"}
            for coin, (price, seen) in coins.items()
        ]
    else:
        return Answer(b"{}", 404)
    return Answer(json.dumps({"code": "0", "msg": "", "data": rows}).encode())


async def test_a_stale_ticker_is_dated_by_the_exchange_and_named_in_the_audit_trail() -> None:
    """Of an exchange that says when its ticker was; Kraken does not, so its tickers count as of now."""
    with serving(okx) as server:
        settings = {"urls": {"api": {"rest": server.url}}, "options": {"fetchMarkets": {"types": ["spot"]}}}
        source = CcxtTickers("okx", ["TAO/USDT", "FET/USDT"], ["USDT"], settings)
        reading = await collect([source], NOW + timedelta(seconds=5))
    assert (reading.rejected, reading.failures) == ([], [])
    assert [(q.item, q.price, NOW - q.observed_at) for q in reading.quotes] == [
        ("TAO", Decimal("402.2"), timedelta(milliseconds=-123)),
        ("FET", Decimal("1.2"), timedelta(hours=6, milliseconds=-123)),
    ]
    record = compute(load("AI-ASSETS"), reading, NOW + timedelta(seconds=5))
    said = {one.quote.item: one.reason for one in record.quotes if not one.used}
    assert said == {"FET": "stale: older than 15 minutes"}


async def test_an_exchange_that_ccxt_does_not_know() -> None:
    with pytest.raises(SourceError, match="knows no exchange crack"):
        await CcxtTickers("crack", ["TAO/USD"]).read(NOW)


@pytest.mark.parametrize("symbols", [["TAO/EUR"], ["TAO"], ["TAO/USD:USD"], [], ["TAO/USDT"]])
def test_other_symbols_are_refused_at_once(symbols: list[str]) -> None:
    with pytest.raises(QuoteError, match="symbols"):
        CcxtTickers("kraken", symbols)


def test_a_stablecoin_counts_as_a_dollar_only_where_it_is_said() -> None:
    assert CcxtTickers("kraken", ["TAO/USDT"], at_par=["USDT"]).name == "ccxt:kraken"
