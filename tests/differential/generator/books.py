"""Plans on one book: what an account may have in it, ids that are gone, orders that just live or just die."""

from __future__ import annotations

from differential.generator import basics, trading
from differential.generator.basics import FREE
from differential.generator.setup import listed
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.turning import by_cash
from differential.generator.world import Plan, World
from differential.setting import TRADERS
from olivepress.contracts import packing

MAX_OPEN_ORDERS = 250


def many_orders(w: World) -> Plan:
    """One order more than an account may have in a series."""
    series, sender = w.pick(w.alive()), w.pick(TRADERS)
    terms = w.view.terms(series)
    lots = int(terms.min_lots)
    yield from basics.fund(w, sender, 10**15)
    if 251 * lots > terms.position_limit:
        sizes = {"position_limit": 1_000, "open_interest_cap": 1_000, "min_lots": 1}
        months = yield from listed(w, (int(terms.feed), sizes))
        if months is None:
            return
        (series,), lots = months, 1
    low, _ = w.band(series)
    left = MAX_OPEN_ORDERS + 1
    while left > 0:
        count = min(left, 50)
        ops = [packing.place_op(POST, low + left % 3, lots, 0, n) for n in range(count)]
        yield w.act(sender, "exchange.batch", series, packing.join(ops), False, 0)
        left -= count
    yield w.act(sender, "exchange.place", series, POST, low, lots, 0, 0, 0)
    for _ in range(3):
        yield w.act(sender, "exchange.place", series, POST, low, lots, 0, 0, 0)
    for _ in range(8):
        yield trading.cancel(w)
    yield w.act(sender, "exchange.massCancel", series)
    for _ in range(4):
        yield w.act(w.trader(), "exchange.prune", series, False, w.pick([0, 100, 1_000]))


def old_ids(w: World) -> Plan:
    """Ids of orders that are gone, where another order now stands; those of others, and of a dead epoch."""
    pair, series = basics.two_traders(w), w.pick(w.alive())
    if pair is None:
        return
    owner, stranger = pair
    yield w.act(owner, "exchange.refreshMark", series)
    (low, _), lots = w.band(series), int(w.view.terms(series).min_lots)
    yield from basics.fund(w, owner, 9 * lots * w.lot_margin(series))
    ids = []
    for _ in range(2):
        yield trading.place(w, owner, series, POST, low, lots, expiry=0)
        mine = [n for n, one in w.view.orders(series, 0) if w.view.owner_of(one.account) == owner]
        ids.append(max(mine, default=0))
        yield w.act(stranger, "exchange.cancel", ids[-1])
        if len(ids) == 1:
            yield w.act(owner, "exchange.cancel", ids[0])
    yield w.act(owner, "exchange.cancel", ids[0])
    for strict in (False, True):
        yield w.act(owner, "exchange.batch", series, packing.cancel_op(ids[0]), strict, 0)
    for side in (2, 255):
        wrong = ids[1] & ~(255 << 72) | side << 72
        yield w.act(owner, "exchange.cancel", wrong)
        yield w.act(owner, "exchange.batch", series, packing.cancel_op(wrong), True, 0)
    yield w.act(owner, "exchange.massCancel", series)
    yield w.act(owner, "exchange.cancel", ids[1])


def wrong_orders(w: World) -> Plan:
    """Orders that are wrong in one thing, and those that just are not."""
    m = yield from basics.month(w, 1, min_lots=2)
    if m is None:
        return
    (sender,), (low, high) = m.owners, w.band(m.series)
    cap, yes = int(w.view.terms(m.series).price_cap), {"expiry": 0, "steps": 0}
    for flags in (3, 3 | SELL_FLAG, POST | trading.IOC, POST | trading.FOK, 32, 64):
        yield trading.place(w, sender, m.series, flags, m.mark, 2, **yes)
    for tick in (0, 1, low - 1, low, high, high + 1, cap, cap + 1):
        for flags in (POST, trading.IOC | SELL_FLAG):
            yield trading.place(w, sender, m.series, flags, tick, 2, **yes)
    for lots in (0, 1):
        yield trading.place(w, sender, m.series, POST, low, lots, **yes)
    for ends in (w.now, w.now + 1):
        yield trading.place(w, sender, m.series, POST, low, 2, expiry=ends, steps=0)


def round_trip(w: World) -> Plan:
    """Somebody flat buys and sells in one batch: only a loss is left, or a lot that cost nothing."""
    m = yield from basics.month(w, 2, band_bps=500, mm_bps=500, gap_bps=100, im_bps=3_000, **FREE)
    if m is None:
        return
    maker, taker = m.owners
    for flags, tick in ((SELL_FLAG, m.mark + 1), (0, m.mark - 1)):
        yield trading.place(w, maker, m.series, flags, tick, 1, expiry=0)
    legs = [(trading.IOC, m.mark + 1), (trading.IOC | SELL_FLAG, m.mark - 1)]
    ops = [packing.place_op(flags, tick, 1, 0, n) for n, (flags, tick) in enumerate(legs)]
    yield w.act(taker, "exchange.batch", m.series, packing.join(ops), True, 0)
    yield w.act(maker, "exchange.realise", w.account_of(taker), m.series, ())
    # 31 lots at 30 parts of a price are worth as much as 30 lots at 31.
    low, high = 60 * m.mark // 61 // 30 * 30, 60 * m.mark // 61 // 30 * 31
    for flags, tick, lots in ((0, low, 31), (SELL_FLAG, high, 30)):
        yield trading.place(w, maker, m.series, flags, tick, lots, expiry=0)
    legs = [(trading.IOC | SELL_FLAG, low, 31), (trading.IOC, high, 30)]
    ops = [packing.place_op(flags, tick, lots, 0, n) for n, (flags, tick, lots) in enumerate(legs)]
    idle = w.newcomer()
    yield from basics.fund(w, idle, 1)
    yield from by_cash(w, idle, lambda: w.act(idle, "exchange.batch", m.series, packing.join(ops), True, 0))


def turned(w: World) -> Plan:
    """Longs become shorts and shorts longs, in one trade and by way of nothing."""
    m = yield from basics.month(w, 2)
    if m is None:
        return
    first, second = m.owners
    for buyer, lots in ((first, 5), (second, 8), (second, 2), (first, 5), (first, 1), (second, 1)):
        yield from basics.meet(w, m.series, buyer, second if buyer == first else first, lots)


def exact_gap(w: World) -> Plan:
    """The mark moves against a resting order by its gap to the tick, and then by a tick more."""
    yield from w.refresh()
    feed = w.pick(w.calm())
    price, plan = int(w.view.feed(feed).price), w.feeds[feed]
    mark = max(1, price // plan.tick_size // 100) * 100  # so that 1% of it are whole ticks
    rates = {"mm_bps": 500, "band_bps": 500, "gap_bps": 100, "im_bps": 3_000}
    prices = {"initial_mark": mark, "max_basis": 2 * mark, "price_cap": 4 * mark}
    m = yield from basics.month(w, 2, feed=feed, **prices, **rates)
    if m is None:
        return
    series, (maker, taker), sell = m.series, m.owners, w.chance(50)
    side, other = (SELL_FLAG, 0) if sell else (0, SELL_FLAG)
    for _ in range(2):
        yield trading.place(w, maker, series, side, mark, 1, expiry=0)
    for ticks in (mark // 100, mark // 100 + 1):
        w.wait(1)
        plan.value = price + (ticks if sell else -ticks) * plan.tick_size
        action = w.update(feed)
        if action is not None:
            yield action
        yield trading.place(w, taker, series, other | trading.IOC, mark, 1, expiry=0, steps=0)


def last_fill(w: World) -> Plan:
    """An order is met in its last second, and what is left of it in the one after."""
    m = yield from basics.month(w, 2)
    if m is None:
        return
    (maker, taker), ends = m.owners, w.now + 10
    yield trading.place(w, maker, m.series, SELL_FLAG, m.mark, 4, expiry=ends, steps=0)
    for second in (ends - 1, ends):
        w.wait_until(second)
        yield trading.place(w, taker, m.series, trading.IOC, m.mark, 2, expiry=0, steps=0)


def clipped(w: World) -> Plan:
    """A reduce-only order of more lots than its account holds: resting, met by one that wants them all, and
    taking where there are as many."""
    m = yield from basics.month(w, 3)
    if m is None:
        return
    maker, other, taker = m.owners
    lots, sell = w.between(2, 8), w.chance(50)
    yield from basics.meet(w, m.series, *((maker, other) if sell else (other, maker)), lots)
    side, opposite = (SELL_FLAG, 0) if sell else (0, SELL_FLAG)
    for _ in range(2):  # the second has nothing left to reduce when it is met
        yield trading.place(w, maker, m.series, trading.REDUCE | side, m.mark, lots + 5, expiry=0, steps=0)
    for wanted in (1, lots + 5, 1):
        yield trading.place(w, taker, m.series, opposite | trading.IOC, m.mark, wanted, expiry=0, steps=0)
    yield trading.place(w, taker, m.series, side, m.mark, lots + 5, expiry=0, steps=0)
    reducing = trading.REDUCE | opposite
    yield trading.place(w, other, m.series, reducing, m.mark, lots + 5, expiry=0, steps=0)


def caps(w: World) -> Plan:
    """Open interest at its cap."""
    m = yield from basics.month(w, 4, position_limit=10, open_interest_cap=12)
    if m is None:
        return
    first, second, third, fourth = m.owners
    yield from basics.meet(w, m.series, first, second, 10)
    for lots in (1, 1, 1):  # the second reaches the cap
        yield from basics.meet(w, m.series, third, fourth, lots)
    yield from basics.meet(w, m.series, first, second, 1)
    yield trading.place(w, first, m.series, SELL_FLAG if w.chance(50) else 0, m.mark, 21, expiry=0)


def left_behind(w: World) -> Plan:
    """A bid at the upper end of the band, and the band falls a tick."""
    yield from w.refresh()
    feed = w.pick(w.calm())
    plan, price = w.feeds[feed], int(w.view.feed(feed).price)
    at = {"initial_mark": price // plan.tick_size, "max_basis": w.mark_of(feed)}
    m = yield from basics.month(w, 1, feed=feed, **at, **FREE)
    if m is None:
        return
    (maker,) = m.owners
    for ticks in (1, 2):
        _, high = w.band(m.series)
        yield trading.place(w, maker, m.series, POST, high, 1, expiry=0, steps=0)
        yield w.act(maker, "exchange.realise", w.account_of(maker), m.series, ())  # an order is no gain
        w.wait(60)
        plan.value = price - ticks * plan.tick_size
        update = w.update(feed)
        if update is not None:
            yield update
        yield w.act(maker, "exchange.refreshMark", m.series)
        yield w.act(maker, "exchange.prune", m.series, False, 0)


def tombstones(w: World) -> Plan:
    """More gone orders next to each other than one cancel clears away, at both ends of a queue."""
    m = yield from basics.month(w, 2, lots=90)
    if m is None:
        return
    series, (sender, taker) = m.series, m.owners
    low, _ = w.band(series)
    account = w.account_of(sender)
    for last_first in (True, False):
        ops = [packing.place_op(POST, low, 1, 0, n) for n in range(20)]
        yield w.act(sender, "exchange.batch", series, packing.join(ops), False, 0)
        ids = sorted(n for n, one in w.view.orders(series, 0) if one.account == account)
        gone = [packing.cancel_op(one) for one in ids[1:-1]]
        yield w.act(sender, "exchange.batch", series, packing.join(gone), False, 0)
        ends = [ids[-1], ids[0]] if last_first else [ids[0], ids[-1]]
        for one in ends if len(ids) > 1 else []:
            yield w.act(sender, "exchange.cancel", one)
        yield w.act(sender, "exchange.massCancel", series)
        yield w.act(sender, "exchange.prune", series, False, 0)
    for _ in range(3):
        yield trading.place(w, sender, series, POST, m.mark, 1, expiry=0)
    ids = sorted(n for n, one in w.view.orders(series, 0) if one.account == account)
    yield w.act(sender, "exchange.cancel", ids[len(ids) // 2] if ids else 0)
    for steps in (1, 0):  # the first is out of steps before it meets the second order
        yield trading.place(w, taker, series, SELL_FLAG | trading.IOC, m.mark, 3, expiry=0, steps=steps)
