"""Plans that act with the least and the most that is taken, and with a unit more or less."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from differential.actions import Action
from differential.generator import trading
from differential.generator.basics import fund, jump, month, strip
from differential.generator.distress import press, thin
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.turning import by_cash, by_number
from differential.generator.world import Plan, World


def steps_by_cash(w: World) -> Plan:
    """Every step of a liquidation when the account has a unit too much for it, and when it has not."""
    t = yield from thin(w)
    if t is None:
        return
    owner, (maker, keeper) = w.view.owner_of(t.account), t.others[:2]
    tick = w.band(t.series)[1 if t.short else 0]
    yield from fund(w, owner, 20 * w.lot_margin(t.series))
    yield trading.place(w, owner, t.series, POST | (SELL_FLAG if t.short else 0), tick, 3, expiry=0)
    limit = 2**24 - 1 if t.short else 1
    moves: list[tuple[str, tuple[int, ...]]] = [
        ("cancelOrders", ()),
        ("flag", ()),
        ("liquidate", (t.series, 1, limit, 0)),
        ("auction", (t.feed, 100_000)),
        ("declare", (t.feed,)),
    ]
    for verb, more in moves:
        yield from press(w, t, 0 if verb == "declare" else 50)
        mark = int(w.view.hot(t.series).mark)
        yield trading.place(w, maker, t.series, t.offer, mark, 2, expiry=0, steps=0)
        yield from by_cash(w, owner, partial(w.act, keeper, f"exchange.{verb}", t.account, *more))


def loss_by_cash(w: World) -> Plan:
    """A lot is closed at the end of the band, when the account has just the cash for it, or a unit less."""
    t = yield from thin(w)
    if t is None:
        return
    owner, (maker, keeper) = w.view.owner_of(t.account), t.others[:2]
    yield from press(w, t, 5)
    low, high = w.band(t.series)
    tick = high if t.short else low
    yield trading.place(w, maker, t.series, t.offer, tick, 2, expiry=0, steps=0)
    yield from by_cash(
        w, owner, partial(w.act, keeper, "exchange.liquidate", t.account, t.series, 1, tick, 0)
    )


def clocks_by_cash(w: World) -> Plan:
    """Steps of a liquidation that bring an account back to its margin and stop its clock, or just not."""
    for verb in ("liquidate", "auction"):
        t = yield from thin(w)
        if t is None:
            return
        owner, (maker, keeper) = w.view.owner_of(t.account), t.others[:2]
        yield from press(w, t, 90)
        yield w.act(keeper, "exchange.flag", t.account)
        w.wait(300)
        mark = int(w.view.hot(t.series).mark)
        yield trading.place(w, maker, t.series, t.offer, mark, 4, expiry=0, steps=0)
        more = (t.series, 4, mark, 0) if verb == "liquidate" else (t.feed, 300_000)

        def clock(account: int = t.account) -> object:
            return int(w.view.clock(account).since)

        act = partial(w.act, keeper, f"exchange.{verb}", t.account, *more)
        yield from by_cash(w, owner, act, clock)


def doubts(w: World) -> Plan:
    """How far below zero an account at a silent index must be, so that no doubt is left: to the unit."""
    t = yield from thin(w, tick_value=37, im_bps=1_701)  # so that a doubt is no whole number
    if t is None:
        return
    owner, keeper = w.view.owner_of(t.account), t.others[0]
    yield from press(w, t, 0)
    yield from jump(w, t.feed, 1_700 if t.short else 550)
    yield from w.silence(t.feed)
    yield w.act(keeper, "exchange.declare", t.account, t.feed)
    for verb in ("flag", "cancelOrders"):
        yield from by_cash(w, owner, partial(w.act, keeper, f"exchange.{verb}", t.account))
    yield from w.refresh()


def most_of_all(w: World) -> Plan:
    """The most that somebody may order, take out, wrap and be sold: that, and one more."""
    m = yield from month(w, 2, lots=8)
    if m is None:
        return
    sender, other = m.owners
    low, high = w.band(m.series)
    limit = int(w.view.terms(m.series).position_limit)
    yield w.act(sender, "exchange.createTokens", m.series)

    def order(flags: int, tick: int) -> Callable[[int], Action]:
        return lambda lots: trading.place(w, sender, m.series, flags, tick, lots, expiry=0, steps=0, client=0)

    for flags, tick in ((POST, low), (POST | SELL_FLAG, high)):
        yield from by_number(w, order(flags, tick), 1, limit + 1)
        yield w.act(sender, "exchange.massCancelAll")
    cash = w.view.cash(w.account_of(sender))
    yield w.act(sender, "exchange.withdraw", cash // 2, sender)
    yield trading.place(w, other, m.series, SELL_FLAG, m.mark, 8, expiry=0, steps=0)
    yield from by_number(w, order(trading.IOC, m.mark), 1, limit + 1)
    cash = w.view.cash(w.account_of(sender))
    yield from by_number(w, lambda amount: w.act(sender, "exchange.withdraw", amount, sender), 1, cash + 1)
    yield from strip(w, sender)
    yield from by_cash(w, sender, lambda: w.act(sender, "exchange.wrap", m.series, True, 1, sender))
    yield from fund(w, sender, 5 * m.mark * int(w.view.terms(m.series).tick_value))
    yield from by_number(w, lambda lots: w.act(sender, "exchange.wrap", m.series, True, lots, sender), 1, 200)
    yield from by_number(w, lambda lots: w.act(sender, "exchange.unwrap", m.series, True, lots), 1, 200)


def below_initial(w: World) -> Plan:
    """Somebody below initial margin closes a lot; somebody below zero does, at zero by a unit or not."""
    t = yield from thin(w)
    if t is None:
        return
    owner, maker = w.view.owner_of(t.account), t.others[0]
    closing = trading.IOC if t.short else trading.IOC | SELL_FLAG

    def close() -> Action:
        mark = int(w.view.hot(t.series).mark)
        return trading.place(w, owner, t.series, closing, mark, 1, expiry=0, steps=0, client=0)

    for share in (120, 0):  # of maintenance margin
        yield from press(w, t, share)
        mark = int(w.view.hot(t.series).mark)
        yield trading.place(w, maker, t.series, t.offer, mark, 3, expiry=0, steps=0)
        yield from by_cash(w, owner, close)
        yield w.act(maker, "exchange.massCancelAll")


def least_slice(w: World) -> Plan:
    """The least fraction that moves a lot, and one too great; a bidder with just enough; the worst tick."""
    t = yield from thin(w)
    if t is None:
        return
    maker, bidder = t.others[:2]
    yield from press(w, t, 60)

    def auction(fraction: int) -> Action:
        return w.act(bidder, "exchange.auction", t.account, t.feed, fraction)

    yield from by_number(w, auction, 1, 1_000_000)
    yield auction(1_000_001)
    yield from by_cash(w, bidder, lambda: auction(200_000))
    yield from press(w, t, 50)
    mark = int(w.view.hot(t.series).mark)
    yield trading.place(w, maker, t.series, t.offer, mark, 2, expiry=0, steps=0)
    low, high = w.band(t.series)

    def close(tick: int) -> Action:
        return w.act(bidder, "exchange.liquidate", t.account, t.series, 1, tick, 0)

    yield from by_number(w, close, low, high)
