"""A small report with the structure of out/demo/report.json, made by hand: two series, three bots, a few
trades."""

from __future__ import annotations

from typing import Any

DAY = 86_400
START = 20_300 * DAY


def sample_report(steps_per_day: int = 2, days: int = 30) -> dict[str, Any]:
    """A report whose money adds up: 3,000,000 in, 2,999,990.5 out, 9.499998 fees and 0.000002 dust left."""
    accounts = [
        {"name": "maker", "role": "market maker", "deposited": 2_000_000_000_000, "pnl": 40_000_000_000},
        {
            "name": "hedger",
            "role": "buys compute forward",
            "deposited": 500_000_000_000,
            "pnl": -39_000_000_000,
        },
        {"name": "noise", "role": "noise trader", "deposited": 500_000_000_000, "pnl": -1_009_500_000},
    ]
    for account in accounts:
        account["withdrawn"] = account["deposited"] + account["pnl"]  # type: ignore[operator]
    return {
        "format": 1,
        "ok": True,
        "seed": 1,
        "mode": "fast",
        "month": "August 2025",
        "days": days,
        "money_unit": "USDC base units",
        "money_decimals": 6,
        "series": [
            _series("LLM-FLAGSHIP-AUG25", "real", 4_200, steps_per_day, days),
            _series("GPU-H100-SXM-AUG25", "simulated", 2_350, steps_per_day, days),
        ],
        "accounts": accounts,
        "deposits_total": 3_000_000_000_000,
        "withdrawals_total": 2_999_990_500_000,
        "left_in_exchange": 9_500_000,
        "left": {"fees": 9_499_998, "dust": 2},
        "conservation_ok": True,
        "seconds": 12.3,
    }


def _price(ticks: int) -> str:
    return f"{ticks // 1000}.{ticks % 1000:03d}"


def _series(symbol: str, source: str, level: int, steps_per_day: int, days: int) -> dict[str, Any]:
    times = [START + step * DAY // steps_per_day for step in range(days * steps_per_day)]
    count = len(times)
    # A repricing downwards in the middle of the month, on top of a slow saw.
    index = [level + (step * 7) % 40 - (level // 8 if step > count // 2 else 0) for step in range(count)]
    mark = [value + 25 - 25 * step // count for step, value in enumerate(index)]
    inventory = [step * 2 for step in range(count)]
    settled = sum(index[-count // 4 :]) // (count // 4)
    return {
        "symbol": symbol,
        "feed": symbol.rsplit("-", 1)[0],
        "source": source,
        "source_note": "a note on where the prices come from.",
        "description": "What the index is, in one sentence.",
        "unit": "1M tokens" if source == "real" else "GPU-hour",
        "lot": "1,000M tokens" if source == "real" else "100 GPU-hours",
        "observations": count,
        "settlement_price": _price(settled),
        "settlement_price_recomputed": _price(settled),
        "orders": 420,
        "fills": count // 3,
        "window": {"from": START + (days - 7) * DAY, "to": START + days * DAY},
        "timeline": {
            "time": times,
            "index": [None, *(_price(value) for value in index[1:])],
            "mark": [_price(value) for value in mark],
            "bid": [None if step % 20 == 19 else _price(value - 12) for step, value in enumerate(mark)],
            "ask": [None if step % 20 == 19 else _price(value + 12) for step, value in enumerate(mark)],
        },
        "trades": [
            {
                "time": times[step] + 600,
                "price": _price(mark[step] + (12 if step % 2 else -12)),
                "lots": 1 + step % 9,
                "side": "buy" if step % 2 else "sell",
                "taker": "hedger" if step % 2 else "noise",
                "maker": "maker",
            }
            for step in range(0, count, 3)
        ],
        "positions": {
            "maker": {
                "inventory": [-lots for lots in inventory],
                "pnl": [step * 10**9 for step in range(count)],
            },
            "hedger": {"inventory": inventory, "pnl": [-step * 9 * 10**8 for step in range(count)]},
            "noise": {
                "inventory": [step % 7 - 3 for step in range(count)],
                "pnl": [-step * 10**8 for step in range(count)],
            },
        },
    }
