"""Edges at what fits: series of an account and of a feed, cash, quotes."""

from __future__ import annotations

from differential.generator import basics, trading
from differential.generator.setup import list_series, listed, new_feed
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.world import Plan, World
from differential.setting import TRADERS

MAX_SERIES, MAX_LIVE = 10, 16


def many_series(w: World) -> Plan:
    """One account in more series than it may list, and more series than a feed may have alive."""
    feed, sender = w.pick(list(w.feeds)), w.pick(TRADERS)
    yield from basics.fund(w, sender, 10**15)
    for _ in range(MAX_LIVE + 1):
        start = w.day + w.between(3, 5)
        yield list_series(w, feed, window_start=start, expiry_day=start + 1, min_lots=1)
    for series in w.alive()[: MAX_SERIES + 2]:
        yield w.act(w.trader(), "exchange.refreshMark", series)
        low, high = w.band(series)
        yield w.act(sender, "exchange.place", series, POST, low, w.view.terms(series).min_lots, 0, 0, 0)
    for series in w.view.series_of(w.account_of(sender))[2:6]:  # neither the first nor the last place
        yield w.act(sender, "exchange.massCancel", series)
    fresh = [one for one in w.alive()[-4:] if one not in w.view.series_of(w.account_of(sender))]
    for series in fresh:
        low, high = w.band(series)
        yield from basics.strip(w, sender)  # what is refused must leave the idle ones on the list
        for amount in (1, 10**15):
            yield from basics.fund(w, sender, amount)
            yield w.act(
                sender, "exchange.place", series, SELL_FLAG, high, w.view.terms(series).min_lots, 0, 0, 0
            )
    yield w.act(sender, "exchange.massCancelAll")


def riches(w: World) -> Plan:
    """More cash than its field holds."""
    sender = w.trader()
    account = w.account_of(sender)
    yield w.act(sender, "usdc.mint", sender, 2**90)
    yield w.act(sender, "exchange.deposit", account, 2**88)
    yield w.act(sender, "exchange.deposit", account, 2**88 - 1 - w.view.cash(account))
    yield w.act(sender, "exchange.deposit", 0, 1)
    yield w.act(sender, "exchange.withdraw", w.view.cash(account) // 2, sender)


def huge_quote(w: World) -> Plan:
    """Round trips across a band of almost everything, until a quote leaves its 79 bits."""
    feed = w.view.feed_count + 1
    yield new_feed(w, feed)
    plan = w.feeds[feed]
    plan.tick_size = 100
    plan.value = plan.tick_size * 2**20  # the tick value is bounded, so the ticks must be many
    action = w.update(feed)
    if action is not None:
        yield action
    cap, limit = 2**21, 2**30
    tick_value = (2**78 - 1) // (cap * limit)
    terms: dict[str, object] = {
        "initial_mark": 2**20,
        "price_cap": cap,
        "tick_value": tick_value,
        "position_limit": limit,
        "open_interest_cap": limit,
        "band_bps": 4_600,
        "mm_bps": 300,
        "gap_bps": 300,
        "spread_bps": 0,
        "im_bps": 10_000,
        "concentration_pct": 0,
        "taker_fee": 5_000,
        "maker_rebate": 0,
        "min_lots": 1,
        "gain_pct": 100,
    }
    months = yield from listed(w, (feed, terms))
    pair = basics.two_traders(w)
    if pair is None or months is None:
        return
    (series,) = months
    for one in pair:
        yield from basics.fund(w, one, 2**87)
    for _ in range(6):
        yield w.act(pair[0], "exchange.refreshMark", series)
        low, high = w.band(series)
        yield from basics.meet(w, series, *pair, limit, high)
        yield from basics.meet(w, series, pair[1], pair[0], limit, low)
    fresh = w.newcomer()  # as a maker, so that only the quote of who takes is too far
    yield from basics.fund(w, fresh, 2**87)
    for flags, tick in ((SELL_FLAG, high), (0, low)):
        yield trading.place(w, fresh, series, flags, tick, limit, expiry=0, steps=0)
        taking = trading.IOC | (flags ^ SELL_FLAG)
        yield trading.place(w, pair[0], series, taking, tick, limit, expiry=0, steps=0)
    for _ in range(3):
        yield w.act(pair[0], "exchange.realise", w.account_of(pair[0]), series, ())
    for one in pair:
        yield w.act(one, "exchange.withdraw", w.view.cash(w.account_of(one)) // 2, one)
