"""Single moves on the books: right ones that meet each other, and wrong ones of every kind."""

from __future__ import annotations

from differential.actions import Action
from differential.generator.world import BUY, SELL, World
from olivepress.contracts import packing

IOC, FOK, POST, REDUCE, STP, SELL_FLAG = 1, 2, 4, 8, 16, 128


def expiry(w: World) -> int:
    if w.chance(75):
        return 0
    return w.now + w.pick([1, 5, 60, 3_600, 100_000]) if w.chance(95) else w.now - w.pick([0, 1, 1_000])


def steps(w: World) -> int:
    return 0 if w.chance(85) else w.between(1, 4)


def client_id(w: World) -> int:
    return w.rng.getrandbits(64) if w.chance(20) else w.rng.randrange(1_000)


def place(w: World, sender: str, series: int, flags: int, tick: int, lots: int, **other: int) -> Action:
    more = {"expiry": expiry(w), "client": client_id(w), "steps": steps(w)} | other
    tick, lots = min(max(0, tick), 2**24 - 1), min(max(0, lots), 2**32 - 1)
    args = (series, flags, tick, lots, more["expiry"], more["client"], more["steps"])
    return w.act(sender, "exchange.place", *args)


def size(w: World, series: int, sender: str) -> int:
    """Mostly a few lots, at times all that margin or the limit allows."""
    terms = w.view.terms(series)
    if w.chance(25):
        account = w.account_of(sender)
        return w.affordable(account, series) * w.between(50, 102) // 100 if account else 1
    if w.chance(3):
        return int(terms.position_limit) + w.between(0, 1)
    return int(terms.min_lots) + w.rng.randrange(8)


def quote(w: World) -> Action:
    """A resting order inside the band."""
    series, sender = w.any_series(), w.anybody()
    low, high = w.band(series)
    mark, side = int(w.view.hot(series).mark), w.between(BUY, SELL)
    width = max(1, (high - low) // w.pick([2, 4, 8, 40]))
    tick = mark - w.between(0, width) if side == BUY else mark + w.between(0, width)
    if w.chance(5):
        tick = w.pick([low - 1, high + 1, low, high, 0, 1])
    flags = (POST if w.chance(45) else 0) | (REDUCE if w.chance(8) else 0)
    return place(w, sender, series, flags | (SELL_FLAG if side else 0), tick, size(w, series, sender))


def take(w: World) -> Action:
    """An order that crosses the best one, where there is one."""
    series, sender, side = w.any_series(), w.anybody(), w.between(BUY, SELL)
    hot, (low, high) = w.view.hot(series), w.band(series)
    best = hot.ask if side == BUY else hot.bid
    reach = w.between(0, 1 + (high - low) // 4)
    tick = min(high, int(best) + reach) if side == BUY else max(low, int(best) - reach)
    flags = w.pick([0, 0, IOC, IOC, FOK]) | (STP if w.chance(20) else 0) | (REDUCE if w.chance(10) else 0)
    lots = size(w, series, sender)
    return place(w, sender, series, flags | (SELL_FLAG if side else 0), tick, lots, expiry=0)


def reduce(w: World) -> Action:
    """Takes something off a position, by a taking or by a resting order."""
    series = w.any_series()
    holders = w.holders(series)
    if not holders:
        return quote(w)
    account = w.pick(holders)
    lots = int(w.view.position(account, series).lots)
    low, high = w.band(series)
    side = SELL if lots > 0 else BUY
    flags = w.pick([REDUCE | IOC, REDUCE, REDUCE | POST, IOC, 0])
    tick = w.between(low, high)
    wanted = abs(lots) if w.chance(50) else w.between(1, 2 * abs(lots))
    owner = w.view.owner_of(account)
    return place(w, owner, series, flags | (SELL_FLAG if side else 0), tick, wanted, expiry=0)


def wild(w: World) -> Action:
    """Any bytes that fit the types."""
    series, sender = w.any_series(), w.anybody()
    flags = w.rng.randrange(256)
    low, high = w.band(series)
    tick = w.pick([0, 1, low, high, int(w.view.terms(series).price_cap) + 1, w.rng.randrange(1 << 24)])
    lots = w.pick([0, 1, 5, w.rng.randrange(1 << 32)])
    return place(w, sender, series, flags, tick, lots)


def some_order(w: World, series: int) -> tuple[int, int]:
    """(order id, account) of an order in the book, dead ones included; (0, 0) when there is none."""
    found = [one for side in (BUY, SELL) for one in w.view.orders(series, side)]
    if not found:
        return 0, 0
    number, order = w.pick(found)
    return number, int(order.account)


def cancel(w: World) -> Action:
    """Mostly by the owner of the order."""
    number, account = some_order(w, w.any_series())
    sender = w.view.owner_of(account) if account and not w.chance(8) else w.anybody()
    if not number or w.chance(6):
        number = (number or w.between(1, 3) << 80) + w.pick([1, 1 << 16, 1 << 48, 1 << 72, -1, 1 << 80])
    return w.act(sender, "exchange.cancel", max(0, number) & (1 << 96) - 1)


def batch(w: World) -> Action:
    """Packed operations, some of them wrong."""
    series, sender = w.any_series(), w.anybody()
    account = w.account_of(sender)
    own = [n for side in (BUY, SELL) for n, o in w.view.orders(series, side) if o.account == account]
    low, high = w.band(series)
    parts = []
    for _ in range(w.between(0, 6)):
        if own and w.chance(45):
            number = own.pop(w.rng.randrange(len(own)))
            parts.append(packing.cancel_op(number + (w.pick([1, 1 << 16]) if w.chance(6) else 0)))
        elif w.chance(4):
            parts.append(packing.cancel_op(w.rng.getrandbits(80)))
        else:
            tick, sell = w.between(low, high), w.chance(50)
            if w.chance(70):  # on its own side of the mark
                mark = int(w.view.hot(series).mark)
                tick = w.between(mark, high) if sell else w.between(low, mark)
            flags = w.pick([POST, POST, 0, IOC, REDUCE, STP]) | (SELL_FLAG if sell else 0)
            lots = int(w.view.terms(series).min_lots) + w.rng.randrange(4)
            parts.append(packing.place_op(flags, tick, lots, expiry(w) if w.chance(30) else 0, client_id(w)))
    operations = packing.join(parts)
    if w.chance(4):
        operations = operations[: w.rng.randrange(len(operations) + 1)] + bytes([w.between(0, 3)])
    return w.act(sender, "exchange.batch", series, operations, w.chance(15), steps(w))


def mass_cancel(w: World) -> Action:
    return w.act(w.anybody(), "exchange.massCancel", w.any_series())


def mass_cancel_all(w: World) -> Action:
    return w.act(w.anybody(), "exchange.massCancelAll")


def prune(w: World) -> Action:
    return w.act(w.anybody(), "exchange.prune", w.any_series(), w.chance(50), steps(w))


def refresh_mark(w: World) -> Action:
    return w.act(w.anybody(), "exchange.refreshMark", w.any_series())


def spread(w: World, first: int = 0) -> Action:
    """One month against another; mostly of one feed."""
    first, second = first or w.any_series(), w.any_series()
    terms = w.view.terms(first)
    months = [one for one in w.alive() if w.view.terms(one).feed == terms.feed and one != first]
    same = [one for one in months if w.view.terms(one).tick_value == terms.tick_value] or months
    if same and w.chance(90):
        second = w.pick(same)
    cost = int(w.view.hot(first).ask) - int(w.view.hot(second).bid)
    limit = cost + w.pick([0, 0, 1, 50, -1, -50]) if abs(cost) < 1 << 24 else w.between(-100, 100)
    sender = w.anybody()
    lots = w.between(1, 4) if w.chance(85) else size(w, first, sender)
    if w.chance(50):
        first, second = second, first
        limit = int(w.view.hot(first).mark) - int(w.view.hot(second).mark) + w.between(-20, 60)
    return w.act(
        sender, "exchange.spread", first, second, min(lots, 2**32 - 1), limit, client_id(w), steps(w)
    )
