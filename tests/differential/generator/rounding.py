"""Plans with numbers chosen so that a rounding or a single base unit shows."""

from __future__ import annotations

from math import gcd

from differential.generator import basics, trading
from differential.generator.basics import FREE
from differential.generator.setup import new_feed
from differential.generator.trading import IOC, POST, SELL_FLAG
from differential.generator.world import Plan, World
from differential.setting import DAY, MAX_LAG
from olivepress.contracts import packing


def band_edge(w: World) -> Plan:
    """A mark of which the band is a ten-thousandth of a tick more than a whole number of ticks."""
    feed = w.pick(w.calm())
    about = w.mark_of(feed)
    for band in range(101, 1_000, 2):
        mark = pow(10_000 - band, -1, 10_000) if gcd(10_000 - band, 10) == 1 else 0
        if about // 2 < mark < 2 * about:
            break
    else:
        return
    prices = {"initial_mark": mark, "max_basis": 2 * about, "price_cap": 8 * about}
    rates = {"mm_bps": 300, "spread_bps": 100, "band_bps": band, "gap_bps": 100, "im_bps": 3_000}
    m = yield from basics.month(w, 1, feed=feed, **prices, **rates, **FREE, max_mark_age=3_600)
    if m is None:
        return
    low, high = w.band(m.series)
    for tick in (low - 1, low, low + 1, low + 2, high, high + 1):
        yield trading.place(w, m.owners[0], m.series, POST if tick < m.mark else SELL_FLAG, tick, 1, expiry=0)


def fee_edge(w: World) -> Plan:
    """A trade whose fee is a millionth of a unit more than a whole number of units."""
    feed = max(w.calm(), key=w.mark_of)
    mark = w.mark_of(feed)
    found = _fee(mark, mark // 25)
    if found is None:
        return
    fee, lots, tick = found
    rates = {"mm_bps": 500, "spread_bps": 100, "band_bps": 500, "gap_bps": 100, "im_bps": 3_000}
    prices = {"initial_mark": mark, "max_basis": mark, "price_cap": 8 * mark, "tick_value": 1}
    m = yield from basics.month(w, 2, lots=400, feed=feed, **prices, **rates, taker_fee=fee, maker_rebate=fee)
    if m is None:
        return
    yield from basics.meet(w, m.series, *m.owners, lots, tick)
    yield from basics.meet(w, m.series, *m.owners[::-1], lots, tick)


def _fee(mark: int, reach: int) -> tuple[int, int, int] | None:
    """A fee, lots and a tick near the mark with a product of 1 more than a multiple of a million."""
    for fee in range(1_001, 5_000, 2):
        for lots in range(1, 100, 2):
            if gcd(fee * lots, 10) == 1:
                tick = pow(fee * lots, -1, 1_000_000)
                if mark <= tick < mark + reach:
                    return fee, lots, tick
    return None


def half_ticks(w: World) -> Plan:
    """Index values that are half of a 256th of a tick more than a whole number of them, or just less."""
    feed = w.view.feed_count + 1
    yield new_feed(w, feed)
    plan = w.feeds[feed]
    plan.tick_size, plan.value = 33_333, 33_333 * 1_000
    action = w.update(feed)
    if action is not None:
        yield action
    m = yield from basics.month(w, 0, feed=feed)
    if m is None:
        return
    half, one = plan.tick_size // 2, pow(256, -1, plan.tick_size)
    for rest in (-half - 1, -half, -half + 1):  # of value x 256
        w.wait(60)
        plan.value += (rest * one - plan.value) % plan.tick_size
        action = w.update(feed)
        if action is not None:
            yield action
        yield w.act(m.owners[0], "exchange.refreshMark", m.series)


def pennies(w: World) -> Plan:
    """A tick of a lot is a base unit and nothing costs a fee: gains, losses, claims and debts of one unit."""
    m = yield from basics.month(w, 3, tick_value=1, **FREE)
    if m is None:
        return
    first, second, third = m.owners
    accounts = [w.account_of(one) for one in m.owners]
    ways = (first, second, m.mark + 1), (second, first, m.mark)

    def lose_one() -> Plan:
        """The first loses a unit to the second."""
        for buyer, seller, tick in ways:
            yield from basics.meet(w, m.series, buyer, seller, 1, tick)

    yield from lose_one()
    yield from w.pass_time((w.day + 2) * DAY)
    for payers in ((), (accounts[2],), (accounts[0],)):
        yield w.act(third, "exchange.realise", accounts[1], m.series, payers)
    yield from lose_one()
    yield w.act(second, "exchange.realise", accounts[0], m.series, ())
    yield w.act(third, "exchange.refreshMark", m.series)
    mark = int(w.view.hot(m.series).mark)
    yield trading.place(w, third, m.series, SELL_FLAG, mark + 1, 1, expiry=0, steps=0)
    yield trading.place(w, third, m.series, 0, mark, 1, expiry=0, steps=0)
    legs = [(IOC, mark + 1), (IOC | SELL_FLAG, mark)]
    ops = [packing.place_op(flags, tick, 1, 0, n) for n, (flags, tick) in enumerate(legs)]
    yield w.act(first, "exchange.batch", m.series, packing.join(ops), True, 0)
    start = int(w.view.terms(m.series).window_start)
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    for day in (start, start + 1):
        yield w.act(third, "oracle.fixCheckpoint", m.feed, day)
    yield w.act(third, "exchange.settle", m.series)
    yield w.act(third, "exchange.settleAccounts", tuple(range(1, w.view.account_count + 1)))
    for account in accounts:
        yield w.act(third, "exchange.draw", account, m.series)
