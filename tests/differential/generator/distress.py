"""Plans about accounts below their margin: every step of liquidation, ruin and declared deficits."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from differential.actions import Action
from differential.generator import clearing, trading
from differential.generator.basics import (
    afford,
    fund,
    jump,
    leverage,
    liquidity,
    make_market,
    meet,
    month,
    strip,
)
from differential.generator.deficits import AUCTION, LITTLE, MEMORY, deficit, watched
from differential.generator.setup import UNITS, deposit_size, insure, listed
from differential.generator.trading import SELL_FLAG
from differential.generator.world import SELL, Plan, World
from differential.setting import DAY


class Thin(NamedTuple):
    """An account with little margin in `series` on `feed`; `others` own accounts that are not in it."""

    series: int
    feed: int
    account: int
    short: bool
    others: list[str]

    @property
    def offer(self) -> int:
        """Flags of an order that closes the account."""
        return SELL_FLAG if self.short else 0


def crash(w: World) -> Plan:
    """Leverage, a jump of the index, and then every step of liquidation."""
    series = w.pick(w.alive())
    feed = int(w.view.terms(series).feed)
    for _ in range(w.between(1, 3)):
        yield from leverage(w, series)
    if w.chance(30):
        yield from make_market(w, series)
    yield from w.refresh()
    victim = weakest(w, series)
    falls = [300, 500, 700] if w.chance(50) else [700, 850, 930]
    for _ in range(w.between(5, 16)):
        if series not in w.alive():
            return
        equity, _, _, mm = w.margin(victim)
        if equity >= mm and w.chance(75):
            fall = w.pick(falls)
            up = w.view.position(victim, series).lots < 0
            yield from jump(w, feed, 1_000_000 // fall if up else fall)
        if w.chance(30):
            w.wait(w.pick([60, 300, 900, 1_800]))
            yield from w.refresh()
        move = w.pick([clearing.flag, clearing.cancel_orders, clearing.liquidate, clearing.auction])
        if move is clearing.auction and w.chance(50):
            yield from fund(w, w.trader(), deposit_size(w) * 10)
        if move is clearing.liquidate and w.chance(70):
            yield from liquidity(w, series)
        yield move(w, victim if w.chance(60) else 0)
    if w.chance(60):
        yield from deficit(w, feed)


def ruin(w: World) -> Plan:
    """Somebody falls below zero, and is declared as soon as can be."""
    series = w.pick(w.alive())
    yield from w.refresh()
    yield from leverage(w, series)
    victim, feed = weakest(w, series), int(w.view.terms(series).feed)
    for _ in range(4):
        if w.margin(victim)[0] < 0 or series not in w.alive():
            break
        up = w.view.position(victim, series).lots < 0
        yield from jump(w, feed, 2_000 if up else 500)
    yield from deficit(w, feed)


def slip(w: World) -> Plan:
    """Somebody slips just below maintenance margin and is closed near the mark, a part at a time."""
    series = w.pick(w.alive())
    yield from w.refresh()
    yield from leverage(w, series)
    victim, feed = weakest(w, series), int(w.view.terms(series).feed)
    short = w.view.position(victim, series).lots < 0
    for _ in range(14):
        equity, _, _, mm = w.margin(victim)
        if equity < mm or series not in w.alive():
            break
        yield from jump(w, feed, 1_020 if short else 980)
    if victim and series in w.alive() and w.chance(50):
        # Until less is left than a keeper is promised.
        equity, _, _, mm = w.margin(victim)
        held, v = abs(w.view.position(victim, series).lots), int(w.view.terms(series).tick_value)
        whole = held * int(w.view.hot(series).mark) * v
        move = max(0, equity - mm * w.between(1, 9) // 100) * 1_000 // max(1, whole)
        yield from jump(w, feed, 1_000 + move if short else 1_000 - move)
    makers = [one for one in w.accounts() if one != victim]
    for _ in range(w.between(1, 4) if victim and makers else 0):
        yield w.act(w.trader(), "exchange.refreshMark", series)
        maker, lots = w.view.owner_of(w.pick(makers)), w.between(1, 12)
        yield from fund(w, maker, 2 * lots * w.lot_margin(series))
        mark = int(w.view.hot(series).mark)
        yield trading.place(w, maker, series, SELL_FLAG if short else 0, mark, lots, expiry=0, steps=0)
        yield clearing.liquidate(w, victim)


def weakest(w: World, series: int) -> int:
    """The holder that is nearest to its maintenance margin; 0 when nobody holds lots."""

    def distance(account: int) -> int:
        equity, _, _, mm = w.margin(account)
        return (equity - mm) * 1_000 // max(1, mm)

    return min(w.holders(series), key=distance, default=0)


def wide_band(w: World) -> Plan:
    """A liquidation through a book so far from the mark that the account would lose more than its share."""
    feed = w.pick(list(w.feeds))
    rates = {"band_bps": 3_000, "mm_bps": 500, "gap_bps": 3_500, "im_bps": 10_000, "concentration_pct": 0}
    months = yield from listed(w, (feed, rates | {"taker_fee": 0, "maker_rebate": 0}))
    if months is None:
        return
    (series,) = months
    yield from leverage(w, series)
    holders = w.holders(series)
    for victim in holders:
        # Money goes out until the account just meets its requirement, then the mark moves against it.
        owner = w.view.owner_of(victim)
        equity, _, im, _ = w.margin(victim)
        yield w.act(owner, "exchange.withdraw", max(1, equity - im), owner)
    up = w.chance(50)
    for _ in range(4):
        yield from jump(w, feed, 1_150 if up else 870)
        yield w.act(w.trader(), "exchange.refreshMark", series)
        low, high = w.band(series)
        rich = w.trader()
        yield from fund(w, rich, 10**13)
        yield trading.place(w, rich, series, 0, low, 5, expiry=0)
        yield trading.place(w, rich, series, SELL_FLAG, high, 5, expiry=0)
        for victim in holders:
            side = SELL if w.view.position(victim, series).lots < 0 else 0
            limit = high if side else low
            yield w.act(w.trader(), "exchange.liquidate", victim, series, w.between(1, 5), limit, 0)


def thin(w: World, short: bool | None = None, **terms: object) -> Generator[Action, None, Thin | None]:
    """Two accounts in a month of their own, one of them at its initial margin, and at least two others.

    :param short: whether that one sold; by chance where it is not given
    """
    short = w.chance(50) if short is None else short
    calm = w.calm()
    feed = w.pick([one for one in calm if not w.view.insurance(one)] or calm)
    # A fee would come out of the account's share first, and a thin margin would leave the keeper nothing.
    rates: dict[str, object] = {
        "mm_bps": 1_000,
        "band_bps": 200,
        "gap_bps": 200,
        "im_bps": w.pick([1_700, 3_000]),
    }
    fees = {"taker_fee": w.pick([0, 0, 10]), "maker_rebate": 0}
    m = yield from month(w, 0, lots=60, feed=feed, price_cap=8 * w.mark_of(feed), **(rates | fees | terms))
    if m is None or len(m.owners) < 4:
        return None
    owner = w.newcomer()  # who has nothing else, for good or ill
    if owner not in m.owners:
        yield from afford(w, owner, m.series, 60)
    other, *others = [one for one in m.owners if one != owner]
    yield from meet(w, m.series, *((other, owner) if short else (owner, other)), w.between(20, 50))
    victim = w.account_of(owner)
    yield from strip(w, owner)
    return Thin(m.series, feed, victim, w.view.position(victim, m.series).lots < 0, others)


def press(w: World, t: Thin, share: int = 100) -> Plan:
    """The index moves until an account's equity is just below a share of its maintenance margin, percent."""
    for _ in range(9):
        equity, _, _, mm = w.margin(t.account)
        if equity < mm * share // 100:
            break
        held, v = abs(w.view.position(t.account, t.series).lots), int(w.view.terms(t.series).tick_value)
        whole = max(1, held * int(w.view.hot(t.series).mark) * v)
        move = (equity - mm * share // 100) * 1_000 // whole + 1
        if move > 900:  # so little is left that the index would leave its bounds first
            break
        yield from jump(w, t.feed, 1_000 + move if t.short else 1_000 - move)
    yield w.act(w.trader(), "exchange.refreshMark", t.series)


def paid_keepers(w: World) -> Plan:
    """Somebody slips a little below maintenance margin again and again, and is closed at the mark by keepers
    who never traded the series: each is paid, and may not draw it before the second midnight."""
    t = yield from thin(w)
    if t is None:
        return
    maker, *keepers = t.others
    for n, keeper in enumerate(keepers):
        # With next to nothing left, the account's share is less than the keeper's.
        yield from press(w, t, (100, 8)[n % 2])
        mark, lots = int(w.view.hot(t.series).mark), w.between(1, 3)
        tick = mark + w.pick([0, 1 if t.short else -1])  # at the mark, or a tick worse
        yield trading.place(w, maker, t.series, t.offer, tick, lots, expiry=0, steps=0)
        yield w.act(keeper, "exchange.liquidate", t.account, t.series, lots, tick, 0)
    if w.chance(50):
        yield from w.pass_time((w.day + w.pick([1, 2])) * DAY)
        for keeper in keepers:
            yield w.act(keeper, "exchange.realise", w.account_of(keeper), t.series, (t.account,))


def forgotten(w: World) -> Plan:
    """A clock at which somebody looks in the last second that counts, and then in the one after."""
    t = yield from thin(w)
    if t is None:
        return
    yield from press(w, t, 60)
    keeper = t.others[0]
    for waited in (0, MEMORY, MEMORY + 1):
        yield from w.pass_time(w.now + waited)
        yield w.act(keeper, "exchange.flag", t.account)


def hedged(w: World) -> Plan:
    """A short in one month and fewer longs in another, far below zero. To close a long frees nothing, nor do
    so many of the shorts that the longs are left alone."""
    yield from w.refresh()
    feed = w.pick(w.calm())
    alike = LITTLE | {"price_cap": 8 * w.mark_of(feed), "min_lots": 1, "position_limit": 100}
    alike |= {"open_interest_cap": 200, "tick_value": UNITS}
    windows = [{"window_start": start, "expiry_day": start + 1} for start in (w.day + 4, w.day + 5)]
    months = yield from listed(w, *((feed, alike | one) for one in windows))
    owner = w.newcomer()
    others = [one for n in w.accounts() if (one := w.view.owner_of(n)) != owner]
    if months is None or len(others) < 3:
        return
    other, maker, keeper = w.rng.sample(others, 3)
    for series, (buyer, seller), lots in zip(months, ((other, owner), (owner, other)), (30, 20), strict=True):
        yield w.act(maker, "exchange.refreshMark", series)
        for one in (owner, other):
            yield from afford(w, one, series, 60)
        yield from meet(w, series, buyer, seller, lots)
    account = w.account_of(owner)
    yield from strip(w, owner)
    for _ in range(6):
        equity, _, im, _ = w.margin(account)
        if equity < -2 * im:
            break
        yield from jump(w, feed, 1_200)
    near, far = months
    for series, flags, lots in ((near, SELL_FLAG, 40), (far, 0, 20)):
        yield w.act(maker, "exchange.refreshMark", series)
        yield from afford(w, maker, series, 80)
        yield trading.place(w, maker, series, flags, int(w.view.hot(series).mark), lots, expiry=0, steps=0)
    yield w.act(keeper, "exchange.liquidate", account, far, 1, 1, 0)
    for lots in (30, 20, 10):
        yield w.act(keeper, "exchange.liquidate", account, near, lots, 2**24 - 1, 0)


def no_more_than_needed(w: World) -> Plan:
    """A keeper asks for more lots than initial margin needs, and a maker offers as many; first some better
    than the mark."""
    t = yield from thin(w)
    if t is None:
        return
    maker, keeper, *_ = t.others
    yield from press(w, t, 60)
    mark = int(w.view.hot(t.series).mark)
    better = mark - 1 if t.short else mark + 1
    for tick, lots in ((better, 1), (mark, 50)):
        yield trading.place(w, maker, t.series, t.offer, tick, lots, expiry=0, steps=0)
    yield w.act(keeper, "exchange.liquidate", t.account, t.series, 1, mark, 0)
    for _ in range(2):
        yield w.act(keeper, "exchange.liquidate", t.account, t.series, 1_000, mark, 0)


def outside_band(w: World) -> Plan:
    """The only orders that could close an account below its margin lie outside the band."""
    t = yield from thin(w)
    if t is None:
        return
    maker, keeper, *_ = t.others
    yield from press(w, t, 0)
    low, high = w.band(t.series)
    end, any_price = (high, 2**24 - 1) if t.short else (low, 1)
    yield trading.place(w, maker, t.series, t.offer, end, 20, expiry=0, steps=0)
    yield from jump(w, t.feed, 940 if t.short else 1_060)
    yield w.act(keeper, "exchange.liquidate", t.account, t.series, 3, any_price, 0)


def late_auction(w: World) -> Plan:
    """Slices that nobody took while their discount grew, and then somebody does, long after it stopped: with
    too little insurance, and with enough."""
    t = yield from thin(w)
    if t is None:
        return
    yield from press(w, t, 60)
    yield from insure(w, t.feed, 1)
    yield w.act(w.trader(), "exchange.flag", t.account)
    yield from watched(w, t.account, w.now + AUCTION + w.between(1, 2 * MEMORY))
    bidder = w.pick(t.others)
    yield from fund(w, bidder, 100 * w.lot_margin(t.series))
    yield w.act(bidder, "exchange.auction", t.account, t.feed, 300_000)
    yield from insure(w, t.feed, 100 * w.lot_margin(t.series))
    yield w.act(bidder, "exchange.auction", t.account, t.feed, 1_000_000)


def silent_slice(w: World) -> Plan:
    """An account so far below that no doubt saves it; but its lots have no price."""
    t = yield from thin(w)
    if t is None:
        return
    yield from press(w, t, 0)
    yield from jump(w, t.feed, 1_700 if t.short else 550)
    yield w.act(w.trader(), "exchange.flag", t.account)
    w.wait(w.feeds[t.feed].heartbeat + 1)
    bidder = w.pick(t.others)
    yield from fund(w, bidder, 1_000 * w.lot_margin(t.series))
    for move in ("exchange.cancelOrders", "exchange.flag"):
        yield w.act(bidder, move, t.account)
    yield w.act(bidder, "exchange.declare", t.account, t.feed)
    yield w.act(bidder, "exchange.auction", t.account, t.feed, 500_000)
    yield w.act(bidder, "exchange.liquidate", t.account, t.series, 1, 2**24 - 1 if t.short else 1, 0)
    yield from w.refresh()
    yield w.act(bidder, "exchange.auction", t.account, t.feed, 500_000)
