"""Plans for the second and the unit at which a rule turns."""

from __future__ import annotations

from collections.abc import Callable

from differential.actions import Action
from differential.generator import trading
from differential.generator.basics import afford, fund, jump, meet, month, strip, two_traders
from differential.generator.distress import press, thin
from differential.generator.setup import UNITS, listed
from differential.generator.trading import IOC, POST, SELL_FLAG
from differential.generator.turning import by_cash
from differential.generator.world import Plan, World
from differential.setting import AGENTS, DAY, FIRST_DAY, MAX_LAG, NOBODY


def exactly(w: World, sender: str, action: Callable[[], Action]) -> Plan:
    """An action with a unit less than it needs for initial margin, and then with what it needs."""
    yield from strip(w, sender)
    yield from by_cash(w, sender, action)


def at_initial_margin(w: World) -> Plan:
    """A resting order, a taking one and a slice, each at initial margin; tokens that become lots again."""
    t = yield from thin(w)
    if t is None:
        return
    bidder, other, holder = t.others[0], t.others[1], t.others[-1]
    yield w.act(bidder, "exchange.createTokens", t.series)
    tick, side = int(w.view.hot(t.series).mark), 0 if w.chance(50) else SELL_FLAG

    def place(flags: int) -> Callable[[], Action]:
        return lambda: trading.place(w, bidder, t.series, flags, tick, 3, expiry=0, steps=0)

    yield from exactly(w, bidder, place(side))
    yield from fund(w, bidder, 100 * w.lot_margin(t.series))
    yield w.act(bidder, "exchange.massCancelAll")
    yield trading.place(w, other, t.series, side ^ SELL_FLAG, tick, 3, expiry=0, steps=0)
    yield from exactly(w, bidder, place(side | IOC))
    yield from fund(w, bidder, 100 * w.lot_margin(t.series))
    yield w.act(bidder, "exchange.wrap", t.series, side == 0, 3, holder)
    yield from exactly(w, holder, lambda: w.act(holder, "exchange.unwrap", t.series, side == 0, 3))
    yield from press(w, t, 60)
    yield w.act(other, "exchange.flag", t.account)
    w.wait(300)
    yield from exactly(w, bidder, lambda: w.act(bidder, "exchange.auction", t.account, t.feed, 1_000_000))


def spread_at_margin(w: World) -> Plan:
    """A spread at initial margin, and at the difference that it asks for."""
    yield from w.refresh()
    feed, start, taker = w.pick(w.calm()), w.day + 2, w.newcomer()
    others = [one for n in w.accounts() if (one := w.view.owner_of(n)) != taker]
    alike: dict[str, object] = {"tick_value": UNITS, "price_cap": 4 * w.mark_of(feed), "min_lots": 1}
    windows = [{"window_start": start + n, "expiry_day": start + n + 1} for n in range(2)]
    months = yield from listed(w, *((feed, alike | one) for one in windows))
    if not others or months is None:
        return
    maker = w.pick(others)
    for series in months:
        yield w.act(maker, "exchange.refreshMark", series)
        yield from fund(w, taker, 9 * w.lot_margin(series))
        mark = int(w.view.hot(series).mark)
        yield from fund(w, maker, 40 * w.lot_margin(series))
        for flags, tick in ((0, mark - 1), (SELL_FLAG, mark + 1)):
            yield trading.place(w, maker, series, flags | POST, tick, 4, expiry=0, steps=0)
    cost = int(w.view.hot(months[0]).ask) - int(w.view.hot(months[1]).bid)
    yield w.act(taker, "exchange.spread", *months, 1, cost - 1, 1, 0)
    yield from exactly(w, taker, lambda: w.act(taker, "exchange.spread", *months, 2, cost, 1, 0))


def to_the_unit(w: World) -> Plan:
    """An account at equity zero, and at its maintenance margin, to the unit."""
    t = yield from thin(w)
    if t is None:
        return
    maker, keeper = t.others[:2]
    owner = w.view.owner_of(t.account)
    yield from press(w, t, 0)
    equity, _, _, _ = w.margin(t.account)
    mark = int(w.view.hot(t.series).mark)
    yield trading.place(w, maker, t.series, t.offer, mark, 6, expiry=0, steps=0)
    for more in (-equity - 1, 1, 1):  # a unit below zero, zero, a unit above
        if more > 0:
            yield from fund(w, owner, more)
        yield w.act(keeper, "exchange.flag", t.account)
        yield w.act(keeper, "exchange.liquidate", t.account, t.series, 1, mark, 0)
    for sender in (keeper, owner):
        yield w.act(sender, "exchange.auction", t.account, t.feed, 0)
    equity, _, _, mm = w.margin(t.account)
    for more in (mm - equity - 1, 1):
        if more > 0:
            yield from fund(w, owner, more)
        yield w.act(keeper, "exchange.flag", t.account)
        yield w.act(keeper, "exchange.cancelOrders", t.account)
        yield w.act(keeper, "exchange.auction", t.account, t.feed, 100_000)


def full_bidder(w: World) -> Plan:
    """A bidder whose open orders leave room for the slice, but for one lot."""
    for short in (False, True):
        yield from _full_bidder(w, short)


def _full_bidder(w: World, short: bool) -> Plan:
    t = yield from thin(w, short)
    if t is None:
        return
    bidder = t.others[0]
    yield from press(w, t, 60)
    lots = abs(int(w.view.position(t.account, t.series).lots))
    yield from fund(w, bidder, 300 * w.lot_margin(t.series))
    low, high = w.band(t.series)
    side, tick = (SELL_FLAG, high) if t.short else (0, low)
    for more in (1, 0):
        room = int(w.view.terms(t.series).position_limit) - lots + more
        yield w.act(bidder, "exchange.massCancelAll")
        yield trading.place(w, bidder, t.series, side | POST, tick, room, expiry=0)
        yield w.act(bidder, "exchange.auction", t.account, t.feed, 1_000_000)


def two_percent(w: World) -> Plan:
    """The second in which 2% of a window is behind in silence, and the next one; a later month offsets."""
    t = yield from thin(w)
    if t is None:
        return
    terms, plan = w.view.terms(t.series), w.feeds[t.feed]
    day, start = int(terms.window_start), int(terms.window_start) * DAY
    alike = {"price_cap": int(terms.price_cap), "window_start": day + 1, "expiry_day": day + 2}
    later = yield from month(w, 0, feed=t.feed, **alike)
    if later is not None:
        owner, other = w.view.owner_of(t.account), t.others[0]
        for one in (owner, other):
            yield from afford(w, one, later.series, 20)
        yield from meet(w, later.series, *((owner, other) if t.short else (other, owner)), 10)
    yield from w.pass_time(start - plan.heartbeat - 60)
    w.wait_until(start - plan.heartbeat)
    update = w.report({t.feed: plan.value}, observed_at=w.now)
    if update is not None:
        yield w.act(w.trader(), "oracle.update", update)
    for second in (DAY // 50 - 1, DAY // 50, DAY // 50 + 1):
        w.wait_until(start + second)
        yield w.act(w.trader(), "exchange.refreshMark", t.series)
        yield w.act(w.trader(), "exchange.flag", t.account)


def at_fixing(w: World) -> Plan:
    """Orders at a young mark in the last second before the averaging window, and in its first one."""
    m = yield from month(w, 1, max_mark_age=3_600)
    if m is None:
        return
    (sender,), start = m.owners, int(w.view.terms(m.series).window_start) * DAY
    yield from w.pass_time(start - 100)
    w.feeds[m.feed].value = w.feeds[m.feed].value * 101 // 100
    yield w.act(sender, "exchange.refreshMark", m.series)
    w.wait(1)
    action = w.update(m.feed)
    if action is not None:
        yield action
    for second in (start - 1, start, start + 1):
        w.wait_until(second)
        yield trading.place(w, sender, m.series, POST, w.band(m.series)[0], 1, expiry=0)


def gain(w: World, series: int, winner: str, loser: str) -> Plan:
    """Both are as flat as before, and one of them is richer."""
    yield w.act(winner, "exchange.refreshMark", series)
    (low, _), mark = w.band(series), int(w.view.hot(series).mark)
    yield from meet(w, series, winner, loser, 5, (low + mark) // 2)
    yield from meet(w, series, loser, winner, 5, mark)


def last_of_series(w: World) -> Plan:
    """A gain in the second from which it may be drawn; and everything in the last second and the next."""
    t = yield from thin(w)
    if t is None:
        return
    first, second, bidder = t.others[0], t.others[1], t.others[-1]
    yield w.act(first, "exchange.createTokens", t.series)
    account, losing = w.account_of(first), (w.account_of(second),)
    yield from gain(w, t.series, first, second)
    allowed = (w.day + 2) * DAY
    yield from w.pass_time(allowed - 1)
    yield w.act(bidder, "exchange.realise", account, t.series, losing)
    w.wait_until(allowed)
    yield w.act(bidder, "exchange.realise", account, t.series, (*losing, w.account_of(bidder)))
    yield from gain(w, t.series, first, second)
    yield from fund(w, bidder, 100 * w.lot_margin(t.series))
    yield from press(w, t, 0)
    yield from jump(w, t.feed, 1_100 if t.short else 900)  # the basis goes, and what it may give back
    ends = int(w.view.terms(t.series).expiry_day) * DAY
    yield from w.pass_time(ends - 1)
    owner, mark = w.view.owner_of(t.account), int(w.view.hot(t.series).mark)
    for second_ in (ends - 1, ends):
        w.wait_until(second_)
        yield w.act(bidder, "exchange.auction", t.account, t.feed, 100_000)
        yield w.act(owner, "exchange.wrap", t.series, not t.short, 1, owner)
        yield w.act(owner, "exchange.unwrap", t.series, not t.short, 1)
        yield trading.place(w, bidder, t.series, 0, mark, 1, expiry=0)
        yield w.act(bidder, "exchange.settle", t.series)
        yield w.act(bidder, "exchange.realise", account, t.series, losing if second_ == ends else ())


def at_midnight(w: World) -> Plan:
    """Rounds that are observed at midnight to the second, and in the one before: in force, and waiting."""
    yield from w.refresh()
    feed = w.pick(list(w.feeds))
    plan, reader = w.feeds[feed], w.trader()
    yield w.act(reader, "oracle.fixCheckpoint", feed, FIRST_DAY - 1)  # from before there were values
    for waits, early in ((False, 0), (False, 1), (True, 0), (True, 1)):
        midnight = (w.day + 1) * DAY
        w.wait_until(midnight - early)
        if waits:
            plan.value = plan.value * 3 // 2
        update = w.report({feed: plan.value}, observed_at=w.now)
        if update is not None:
            yield w.act(reader, "oracle.update", update)
        today = midnight // DAY
        for at in (w.now - 1, w.now):
            yield w.act(reader, "oracle.accumulated", feed, at)
        for verb in ("checkpoint", "lastBefore", "fixCheckpoint"):
            yield w.act(reader, f"oracle.{verb}", feed, today)
            w.wait_until(midnight)
        for later in (1, MAX_LAG - 1, MAX_LAG, DAY - MAX_LAG):
            w.wait_until(midnight + later)
            for verb in ("checkpoint", "lastBefore"):
                yield w.act(reader, f"oracle.{verb}", feed, today)
            if later >= MAX_LAG - 1:
                yield w.act(reader, "oracle.fixCheckpoint", feed, today)
        w.wait_until(midnight + DAY)
        for from_day in (today - 1, today):
            yield w.act(reader, "oracle.windowRange", feed, from_day, today + 1)
            yield w.act(reader, "oracle.window", feed, from_day, today + 1)
        w.wait(MAX_LAG)
        yield w.act(reader, "oracle.fixCheckpoint", feed, today + 1)
    yield from w.refresh()


def invitations(w: World) -> Plan:
    """Who may invite, accept and remove whom; and an invitation in its last second."""
    pair = two_traders(w)
    if pair is None:
        return
    (owner, other), (agent, second) = pair, w.rng.sample(AGENTS, 2)
    account = w.account_of(owner)
    yield w.act(owner, "exchange.inviteAgent", owner, w.now + 60, 3)
    yield w.act(owner, "exchange.inviteAgent", agent, w.now + 1, 3)
    yield w.act(owner, "exchange.inviteAgent", agent, w.now, 3)
    for late in (1, 0):
        ends = w.now + 60
        yield w.act(owner, "exchange.inviteAgent", agent, ends, 3)
        w.wait_until(ends - 1 + late)
        yield w.act(agent, "exchange.acceptAgent", account)
    yield w.act(owner, "exchange.inviteAgent", agent, w.now + DAY, 3)
    yield w.act(owner, "exchange.inviteAgent", second, w.now + DAY, 3)
    yield w.act(second, "exchange.acceptAgent", w.account_of(other))
    yield w.act(other, "exchange.inviteAgent", second, w.now + DAY, 3)
    yield w.act(second, "exchange.acceptAgent", w.account_of(other))
    yield w.act(owner, "exchange.inviteAgent", second, w.now + DAY, 1)  # who serves another is not to be had
    yield w.act(second, "exchange.acceptAgent", account)
    for nobody, ends, permissions in ((NOBODY, w.now, 0), (agent, w.now, 0)):  # wrong in several ways
        yield w.act(owner, "exchange.inviteAgent", nobody, ends, permissions)
    for sender, gone in ((other, agent), (second, agent), (agent, second), (owner, second), (agent, agent)):
        yield w.act(sender, "exchange.removeAgent", gone)
    yield w.act(second, "exchange.acceptAgent", account)
