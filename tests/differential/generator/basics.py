"""Steps that plans are made of: money, a series of one's own, trades, a moving index."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from differential.actions import Action
from differential.generator import trading
from differential.generator.setup import MOST_VALUE, listed
from differential.generator.trading import IOC, POST, SELL_FLAG
from differential.generator.world import BUY, SELL, Plan, World

FREE = {"taker_fee": 0, "maker_rebate": 0}


def fund(w: World, sender: str, amount: int) -> Plan:
    amount = max(1, int(amount))
    yield w.act(sender, "usdc.mint", sender, amount)
    yield w.act(sender, "exchange.deposit", 0, amount)


def afford(w: World, owner: str, series: int, lots: int) -> Plan:
    """Money for so many lots, and for what is lacking already."""
    _, im_equity, im, _ = w.margin(w.account_of(owner))
    yield from fund(w, owner, lots * w.lot_margin(series) + max(0, im - im_equity))


class Month(NamedTuple):
    """A series of its own, in which nobody has traded yet, and owners of accounts with money for it."""

    series: int
    feed: int
    mark: int
    owners: list[str]


def month(
    w: World, people: int, *, lots: int = 40, feed: int = 0, **terms: object
) -> Generator[Action, None, Month | None]:
    """Lists a series that is not over before a gain can be drawn; None where fewer people have accounts.

    :param people: how many owners; 0 for everybody there is
    :param lots: each gets money for so many
    """
    yield from w.refresh()
    feed, start = feed or w.pick(w.calm()), w.day + w.between(4, 5)
    own = {"window_start": start, "expiry_day": start + 1}
    sizes = {"min_lots": 1, "position_limit": 100, "open_interest_cap": 200}
    found = yield from listed(w, (feed, own | sizes | terms))
    names = [w.view.owner_of(n) for n in w.accounts()]
    if found is None or not names or len(names) < people:
        return None
    (series,) = found
    owners = w.rng.sample(names, people or len(names))
    yield w.act(owners[0], "exchange.refreshMark", series)
    for one in owners:
        yield from afford(w, one, series, lots)
    return Month(series, feed, max(1, int(w.view.hot(series).mark)), owners)


def make_market(w: World, series: int) -> Plan:
    """Quotes of several accounts on both sides."""
    mark, (low, high) = int(w.view.hot(series).mark), w.band(series)
    for _ in range(w.between(2, 6)):
        side, sender = w.between(BUY, SELL), w.trader()
        tick = w.between(low, mark) if side == BUY else w.between(mark, high)
        flags = w.pick([POST, 0]) | (SELL_FLAG if side else 0)
        yield trading.place(w, sender, series, flags, tick, trading.size(w, series, sender), expiry=0)


def meet(w: World, series: int, buyer: str, seller: str, lots: int, tick: int | None = None) -> Plan:
    """One rests, the other takes."""
    price = tick or max(1, int(w.view.hot(series).mark))
    first, second = (BUY, SELL) if w.chance(50) else (SELL, BUY)
    names = {BUY: buyer, SELL: seller}
    flag = {BUY: 0, SELL: SELL_FLAG}
    yield trading.place(w, names[first], series, flag[first], price, lots, expiry=0, steps=0)
    yield trading.place(w, names[second], series, flag[second] | IOC, price, lots, expiry=0, steps=0)


def two_traders(w: World) -> tuple[str, str] | None:
    owners = [w.view.owner_of(n) for n in w.accounts()]
    return tuple(w.rng.sample(owners, 2)) if len(owners) > 1 else None  # type: ignore[return-value]


def leverage(w: World, series: int) -> Plan:
    """Two accounts against each other with all that their margin carries."""
    yield w.act(w.trader(), "exchange.refreshMark", series)
    pair = two_traders(w)
    if pair is None or series not in w.alive():
        return
    terms = w.view.terms(series)
    room = min(int(terms.position_limit) - _reach(w, one, series) for one in pair)
    lots = max(int(terms.min_lots), room * w.between(10, 100) // 100)
    for one in pair:
        lacking = lots - w.affordable(w.account_of(one), series)
        if lacking > 0 and w.chance(85):
            yield from fund(w, one, lacking * w.lot_margin(series) * w.between(90, 130) // 100 + 1)
    yield from meet(w, series, *pair, lots)
    for one in pair:
        if w.chance(75):
            yield from strip(w, one)


def _reach(w: World, owner: str, series: int) -> int:
    """Lots that the position limit counts already."""
    position = w.view.position(w.account_of(owner), series)
    return abs(int(position.lots)) + int(position.open_buy) + int(position.open_sell)


def liquidity(w: World, series: int) -> Plan:
    """Somebody with money on both sides of the mark."""
    yield w.act(w.trader(), "exchange.refreshMark", series)
    maker, lots = w.trader(), w.between(4, 20)
    yield from fund(w, maker, 6 * lots * w.lot_margin(series))
    mark, (low, high) = int(w.view.hot(series).mark), w.band(series)
    for _ in range(w.between(1, 3)):
        yield trading.place(w, maker, series, 0, w.between(low, mark), lots, expiry=0)
        yield trading.place(w, maker, series, SELL_FLAG, w.between(mark, high), lots, expiry=0)


def strip(w: World, owner: str) -> Plan:
    """Takes out what the account does not need, so that it stands at its requirement."""
    free = w.free_cash(w.account_of(owner))
    if free > 0:
        yield w.act(owner, "exchange.withdraw", free, owner)


def jump(w: World, feed: int, per_mille: int) -> Plan:
    """The index moves to a share of its value; beyond the bound two rounds must agree."""
    plan = w.feeds[feed]
    plan.value = min(max(20 * plan.tick_size, plan.value * per_mille // 1_000), MOST_VALUE)
    for _ in range(2):
        w.wait(w.between(1, 60))
        action = w.update(feed)
        if action is not None:
            yield action
