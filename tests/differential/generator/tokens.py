"""Plans on position tokens: who wraps, who holds, who redeems."""

from __future__ import annotations

from differential.generator import basics, clearing, endings, trading
from differential.generator.basics import FREE
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.world import Plan, World
from differential.setting import DAY, MAX_LAG, NOBODY


def poor_wrapper(w: World) -> Plan:
    """Somebody wraps lots whose loss its cash does not cover; and margin does not cover the rest."""
    series = w.pick(w.alive())
    yield w.act(w.trader(), "exchange.createTokens", series)
    yield from basics.leverage(w, series)
    yield from basics.leverage(w, series)
    for sign in (1, -1):
        for account in w.holders(series, sign_of=sign):
            lots = abs(int(w.view.position(account, series).lots))
            owner = w.view.owner_of(account)
            for part in (lots, max(1, lots // 2), max(1, lots // 8)):
                yield w.act(owner, "exchange.wrap", series, sign > 0, part, owner)
    for _ in range(3):
        yield clearing.unwrap(w)


def handed_on(w: World) -> Plan:
    """Tokens of both sides reach somebody who never traded the series, and become positions again."""
    m = yield from basics.month(w, 3)
    if m is None:
        return
    series, mark, (first, second, third) = m.series, m.mark, m.owners
    yield w.act(first, "exchange.createTokens", series)
    price_of_lots = 20 * int(w.view.terms(series).tick_value)
    for one in (first, second, third):
        yield from basics.fund(w, one, price_of_lots * int(w.view.terms(series).price_cap))
    yield from basics.meet(w, series, first, second, 10, mark)
    for owner, long_ in ((first, True), (second, False)):
        yield w.act(owner, "exchange.wrap", series, long_, 6, third)
    if w.chance(50):
        yield from w.pass_time((w.day + 1) * DAY)
    for long_ in (True, False):
        yield w.act(third, "exchange.unwrap", series, long_, 2)
    low, _ = w.band(series)
    room = int(w.view.terms(series).position_limit) - 2
    yield trading.place(w, third, series, POST, low, room, expiry=0)
    for _ in range(2):  # up to the limit, and beyond it
        yield w.act(third, "exchange.unwrap", series, True, 2)
        yield w.act(third, "exchange.massCancel", series)
        yield trading.place(w, third, series, POST, low, room, expiry=0)
    yield w.act(first, "exchange.realise", w.account_of(third), series, ())


def costless(w: World) -> Plan:
    """LONG tokens become lots that cost nothing; a gain drawn elsewhere leaves them on the account's list."""
    m = yield from basics.month(w, 3)
    if m is None:
        return
    first, second, holder = m.owners
    yield w.act(first, "exchange.createTokens", m.series)
    yield from basics.fund(w, first, 9 * m.mark * int(w.view.terms(m.series).tick_value))
    yield from basics.meet(w, m.series, first, second, 5)
    yield w.act(first, "exchange.wrap", m.series, True, 4, holder)
    yield w.act(holder, "exchange.unwrap", m.series, True, 2)
    other = yield from basics.month(w, 0)
    if other is None:
        return
    low, _ = w.band(other.series)
    yield from basics.meet(w, other.series, holder, second, 2, other.mark)
    yield from basics.meet(w, other.series, second, holder, 2, (low + other.mark) // 2)
    yield w.act(first, "exchange.realise", w.account_of(holder), other.series, ())
    yield w.act(holder, "exchange.unwrap", m.series, True, 1)


def never_traded(w: World) -> Plan:
    """Somebody without a position redeems tokens of both sides, with nothing before the series is closed."""
    m = yield from basics.month(w, 3, position_limit=10, open_interest_cap=20)
    if m is None:
        return
    first, second, holder = m.owners
    yield w.act(first, "exchange.createTokens", m.series)
    value = 9 * int(w.view.terms(m.series).price_cap) * int(w.view.terms(m.series).tick_value)
    for one in (first, second):
        yield from basics.fund(w, one, value)
    yield from basics.meet(w, m.series, first, second, 5)
    # With fewer lots the sells could make more of a short than the limit allows.
    yield trading.place(w, first, m.series, POST | SELL_FLAG, w.band(m.series)[1], 15, expiry=0)
    yield w.act(first, "exchange.wrap", m.series, True, 1, holder)
    yield w.act(first, "exchange.massCancel", m.series)
    for to in (NOBODY, w.exchange, holder):
        yield w.act(first, "exchange.wrap", m.series, True, 3, to)
        yield w.act(second, "exchange.wrap", m.series, False, 3, to)
    yield from w.pass_time(int(w.view.terms(m.series).expiry_day) * DAY + MAX_LAG)
    yield w.act(holder, "exchange.redeem", m.series, True, 1)
    yield from endings.settle(w, m.series)
    account = w.account_of(holder)
    for long_ in (True, False):
        for lots in (1, 2):
            yield w.act(holder, "exchange.redeem", m.series, long_, lots)
        yield w.act(first, "exchange.draw", account, m.series)


def at_the_cap(w: World) -> Plan:
    """Who sold at the cap, where the mark is, loses nothing by wrapping; who sold a tick below, a unit."""
    feed = w.pick(w.calm())
    cap = w.mark_of(feed) - 1
    m = yield from basics.month(w, 2, feed=feed, price_cap=cap, initial_mark=cap, tick_value=1, **FREE)
    if m is None:
        return
    seller, buyer = m.owners
    yield w.act(buyer, "exchange.createTokens", m.series)
    yield from basics.fund(w, seller, cap)
    for tick in (cap, cap - 1):
        yield from basics.meet(w, m.series, buyer, seller, 1, tick)
        yield w.act(seller, "exchange.wrap", m.series, False, 1, seller)


def silent_elsewhere(w: World) -> Plan:
    """Somebody with lots at a silent index wraps, trades and takes out where the index is fresh."""
    loud, silent = list(w.feeds)[:2]
    long_beat = max(w.feeds[one].heartbeat for one in (loud, silent))
    if w.feeds[loud].heartbeat == long_beat:
        loud, silent = silent, loud
    far = yield from basics.month(w, 0, feed=silent)
    near = yield from basics.month(w, 0, feed=loud)
    if far is None or near is None or len(near.owners) < 2:
        return
    holder, other = near.owners[:2]
    for m in (near, far):
        yield w.act(holder, "exchange.createTokens", m.series)
    yield from basics.fund(w, holder, 9 * near.mark * int(w.view.terms(near.series).tick_value))
    for m in (far, near):
        yield from basics.meet(w, m.series, holder, other, 5)
    yield w.act(holder, "exchange.wrap", near.series, True, 1, holder)
    yield from basics.strip(w, holder)  # what is refused lacks margin too
    yield from w.silence(silent)
    yield w.act(other, "exchange.declare", w.account_of(holder), silent)
    for m in (far, near):
        yield w.act(holder, "exchange.wrap", m.series, True, 1, holder)
    yield from basics.fund(w, holder, 9 * near.mark * int(w.view.terms(near.series).tick_value))
    yield w.act(holder, "exchange.wrap", near.series, True, 1, holder)  # and now it does not
    yield w.act(holder, "exchange.unwrap", near.series, True, 1)
    yield w.act(holder, "exchange.withdraw", 1, holder)
    yield trading.place(w, holder, near.series, POST, near.mark, 1, expiry=0)
    yield from w.refresh()
