"""A plan on an account whose list of series has free places before the last one."""

from __future__ import annotations

from differential.generator import basics, trading
from differential.generator.deficits import LITTLE
from differential.generator.setup import list_series
from differential.generator.trading import POST
from differential.generator.world import Plan, World
from differential.setting import DAY, MAX_LAG


def holes(w: World) -> Plan:
    """Idle series go, and the account trades, fails and is settled with what is left of its list."""
    feed = w.pick(w.calm())
    holder, months = w.newcomer(), []
    early = w.view.series_count + 1
    yield list_series(w, feed, window_start=w.day + 1, expiry_day=w.day + 2, min_lots=1)
    for _ in range(3):
        m = yield from basics.month(w, 3, feed=feed, price_cap=8 * w.mark_of(feed), **LITTLE)
        if m is None:
            return
        yield from basics.afford(w, holder, m.series, 60)
        months.append(m)
    idle, lost, kept = months
    account, (other, bidder, *_) = w.account_of(holder), [one for one in kept.owners if one != holder]
    for m in months:
        yield from basics.afford(w, other, m.series, 60)
    yield from basics.afford(w, holder, early, 9)
    yield from basics.afford(w, other, early, 9)
    yield from basics.meet(w, early, holder, other, 1)
    yield trading.place(w, holder, idle.series, POST, w.band(idle.series)[0], 1, expiry=0)
    yield w.act(holder, "exchange.massCancel", idle.series)
    low, _ = w.band(lost.series)
    yield from basics.meet(w, lost.series, holder, other, 5, lost.mark)
    yield from basics.meet(w, lost.series, other, holder, 5, low)
    yield from basics.meet(w, kept.series, holder, other, 20, kept.mark)
    yield w.act(other, "exchange.realise", account, lost.series, ())
    yield w.act(other, "exchange.realise", account, 0, ())
    yield trading.place(w, holder, kept.series, POST, w.band(kept.series)[0], 1, expiry=0)
    yield w.act(holder, "exchange.withdraw", 1, holder)
    if early in w.listed():
        yield from w.pass_time(int(w.view.terms(early).expiry_day) * DAY + MAX_LAG)
        yield w.act(other, "exchange.settle", early)
    yield w.act(holder, "exchange.withdraw", 1, holder)
    yield from basics.strip(w, holder)
    yield from basics.jump(w, feed, 600)
    for verb in ("flag", "cancelOrders"):
        yield w.act(other, f"exchange.{verb}", account)
    yield w.act(other, "exchange.auction", account, feed, 100_000)
    yield w.act(bidder, "exchange.liquidate", account, kept.series, 1, 1, 0)
    yield w.act(other, "exchange.declare", account, feed)
    yield from w.silence(feed)
    for verb in ("flag", "cancelOrders"):
        yield w.act(other, f"exchange.{verb}", account)
    yield w.act(other, "exchange.declare", account, feed)
    for m in months:
        yield from w.pass_time(int(w.view.terms(m.series).expiry_day) * DAY + MAX_LAG)
    for m in months:
        yield w.act(other, "exchange.settle", m.series)
    for one in (account, w.account_of(other), *range(1, w.view.account_count + 1)):
        yield w.act(other, "exchange.settleAccounts", (one,))
        if one == account:
            yield w.act(other, "exchange.realise", account, kept.series, ())
