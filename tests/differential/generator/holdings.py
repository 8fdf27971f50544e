"""Edges of accounts in several series, or with a gain or a debt that is not yet money."""

from __future__ import annotations

from differential.generator import basics, endings
from differential.generator.basics import FREE
from differential.generator.setup import UNITS, listed
from differential.generator.world import Plan, World
from differential.setting import DAY, MAX_LAG


def empty_pool(w: World) -> Plan:
    """A gain whose pool is short: payers who lose pay, those who do not are refused, a stale index stops."""
    m = yield from basics.month(w, 3)
    if m is None:
        return
    series, mark, (first, second, third) = m.series, m.mark, m.owners
    low, high = w.band(series)
    yield from basics.meet(w, series, first, second, 10, (low + mark) // 2)
    yield from basics.meet(w, series, third, first, 10, (high + mark) // 2)
    accounts = [w.account_of(one) for one in (first, second, third)]
    yield w.act(first, "exchange.realise", accounts[0], series, tuple(accounts))
    yield from w.pass_time((w.day + 2) * DAY)
    w.wait(w.feeds[int(w.view.terms(series).feed)].heartbeat + 1)
    yield w.act(first, "exchange.realise", accounts[0], series, (accounts[1],))
    yield from w.refresh()
    yield w.act(first, "exchange.realise", accounts[0], series, (accounts[0], accounts[1]))
    for payers in ((accounts[1],), (accounts[2],), (accounts[2], accounts[1])):
        yield w.act(first, "exchange.realise", accounts[0], series, payers)


def full_pool(w: World) -> Plan:
    """A pool that holds just the gain that is drawn: neither a payer nor the silent index is asked."""
    m = yield from basics.month(w, 3, **FREE)
    if m is None:
        return
    first, second, third = m.owners
    _, high = w.band(m.series)
    yield from basics.meet(w, m.series, first, second, 10, m.mark)
    yield from basics.meet(w, m.series, second, first, 10, high)
    accounts = [w.account_of(one) for one in m.owners]
    yield w.act(third, "exchange.realise", accounts[1], m.series, ())
    yield from w.pass_time((w.day + 2) * DAY)
    yield from w.silence(m.feed)
    yield w.act(third, "exchange.realise", accounts[0], m.series, (accounts[2],))
    yield from w.refresh()


def debtor(w: World) -> Plan:
    """An account that ends with a debt comes by a token of the series, and by a claim in a later one."""
    feed = w.pick(list(w.feeds))
    start = w.day + 1
    terms = {"window_start": start, "expiry_day": start + 1, "tick_value": UNITS, "gain_pct": 100}
    months = yield from listed(w, (feed, terms))
    if months is None:
        return
    (series,) = months
    yield w.act(w.trader(), "exchange.createTokens", series)
    for _ in range(2):
        yield from basics.leverage(w, series)
    for account in w.holders(series):
        owner = w.view.owner_of(account)
        if w.chance(60):
            yield from basics.fund(w, owner, 10**10)
            long_ = w.view.position(account, series).lots > 0
            yield w.act(owner, "exchange.wrap", series, long_, 1, owner)
    yield from w.pass_time(start * DAY - 10)
    yield from basics.jump(w, feed, w.pick([200, 3_000]))
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    for day in (start, start + 1):
        yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
    yield from endings.settle(w, series)


def same_caps(w: World) -> Plan:
    """A long and a short of two feeds with one cap: they are no spread."""
    yield from w.refresh()
    pair, names = w.two_feeds(), [w.view.owner_of(n) for n in w.accounts()]
    cap = 4 * max(map(w.mark_of, pair))
    terms: dict[str, object] = {"window_start": w.day + 2, "expiry_day": w.day + 3, "price_cap": cap}
    months = yield from listed(w, *((feed, terms) for feed in pair))
    if len(names) < 2 or months is None:
        return
    first, second = w.rng.sample(names, 2)
    for series in months:
        yield w.act(first, "exchange.refreshMark", series)
        for one in (first, second):
            yield from basics.fund(w, one, 30 * w.lot_margin(series))
    yield from basics.meet(w, months[0], first, second, 5)
    yield from basics.meet(w, months[1], second, first, 5)
    yield from basics.strip(w, first)


def costless_leg(w: World) -> Plan:
    """A spread, of which one leg is closed at the price of its opening: not even a quote is left of it."""
    yield from w.refresh()
    feed = w.pick(w.calm())
    alike = {
        "min_lots": 1,
        "position_limit": 300,
        "open_interest_cap": 300,
        "taker_fee": 0,
        "maker_rebate": 0,
    }
    alike |= {"price_cap": 4 * w.mark_of(feed), "tick_value": UNITS}
    windows = [{"window_start": start, "expiry_day": start + 1} for start in (w.day + 2, w.day + 3)]
    months = yield from listed(w, *((feed, alike | one) for one in windows))
    names = [w.view.owner_of(n) for n in w.accounts()]
    if months is None or len(names) < 3:
        return
    first, second, third = w.rng.sample(names, 3)
    ticks, (near, far) = [], months
    for series in months:
        yield w.act(first, "exchange.refreshMark", series)
        ticks.append(max(1, int(w.view.hot(series).mark)))
        for one in (first, second, third):
            yield from basics.fund(w, one, 30 * w.lot_margin(series))
    yield from basics.meet(w, near, third, first, 20, ticks[0])
    yield from basics.meet(w, far, second, third, 20, ticks[1])
    yield from basics.strip(w, third)
    yield from basics.meet(w, near, second, third, 20, ticks[0])
