"""Plans: moves in an order that leads into deep states. Each looks at what became of its actions."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from differential.actions import Action
from differential.generator import clearing, index, trading
from differential.generator.setup import MOST_VALUE, UNITS, listed
from differential.generator.trading import FOK, IOC, POST, REDUCE, SELL_FLAG
from differential.generator.world import AGENTS, BUY, DAY, SELL, STRANGERS, Plan, World
from olivepress.errors import Reverted


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
    account = w.account_of(owner)
    w.contracts.set_time(w.now)
    try:
        ((cash, _, _, losses, im, _, _, _),) = w.contracts.read("lens", "marginOf", account)
    except Reverted:
        return
    if cash + losses > im:
        yield w.act(owner, "exchange.withdraw", min(cash, cash + losses - im), owner)


def jump(w: World, feed: int, per_mille: int) -> Plan:
    """The index moves to a share of its value; beyond the bound two rounds must agree."""
    plan = w.feeds[feed]
    plan.value = min(max(20 * plan.tick_size, plan.value * per_mille // 1_000), MOST_VALUE)
    for _ in range(2):
        w.wait(w.between(1, 60))
        action = w.update(feed)
        if action is not None:
            yield action


def flatten(w: World) -> Plan:
    """Two accounts trade back what they traded, so that gains and debts remain; then they realise."""
    series = w.pick(w.alive())
    pair = two_traders(w)
    if pair is None:
        return
    yield w.act(w.trader(), "exchange.refreshMark", series)
    lots = min(w.affordable(w.account_of(one), series) for one in pair) // 3
    lots = min(max(lots, int(w.view.terms(series).min_lots)), int(w.view.terms(series).position_limit) // 2)
    low, high = w.band(series)
    yield from meet(w, series, *pair, lots, w.between(low, high))
    yield from meet(w, series, pair[1], pair[0], lots, w.between(low, high))
    yield clearing.realise(w)
    if w.chance(60):
        yield from w.pass_time((w.day + 2) * DAY + w.between(0, 100))
    for _ in range(w.between(1, 4)):
        yield clearing.realise(w)


def agents(w: World) -> Plan:
    """An agent is invited, accepts, trades, meets the ends of its powers and goes."""
    owner, agent = w.trader(), w.pick(AGENTS)
    account = w.account_of(owner)
    permissions = w.pick([1, 2, 3])
    yield w.act(owner, "exchange.inviteAgent", agent, w.now + w.pick([30, 3_600, 9 * DAY]), permissions)
    if w.chance(20):
        w.wait(60)
    yield w.act(agent, "exchange.acceptAgent", account)
    series = w.any_series()
    low, high = w.band(series)
    for _ in range(w.between(1, 4)):
        yield trading.place(w, agent, series, w.pick([0, SELL_FLAG, POST]), w.between(low, high), 3)
        w.wait(w.pick([0, 1, 40]))
    yield w.pick([trading.mass_cancel(w), w.act(agent, "exchange.massCancelAll")])
    yield w.act(agent, "exchange.withdraw", 1, agent)
    yield w.act(agent, "exchange.deposit", 0, 0)
    if w.chance(50):
        yield w.act(owner, "exchange.inviteAgent", agent, w.now + 100, w.pick([1, 3]))
    if w.chance(70):
        yield w.act(w.pick([owner, agent]), "exchange.removeAgent", agent)


def tokens(w: World) -> Plan:
    """Both sides of a series as tokens: wrapped, handed on, unwrapped into the same or the other side."""
    series = w.pick(w.alive())
    yield w.act(w.trader(), "exchange.createTokens", series)
    yield from leverage(w, series)
    for _ in range(w.between(3, 9)):
        yield w.pick([clearing.wrap, clearing.wrap, clearing.transfer, clearing.unwrap])(w)
    if w.chance(50):
        yield w.act(w.trader(), "exchange.refreshMark", series)
        yield clearing.settle_accounts(w)


def rolls(w: World) -> Plan:
    """Books on two months of a feed, and spreads between them."""
    series = w.pick(w.alive())
    terms = w.view.terms(series)
    alike = [
        one
        for one in w.alive()
        if one != series
        and w.view.terms(one).feed == terms.feed
        and w.view.terms(one).tick_value == terms.tick_value
    ]
    pair = [series, *alike[:1]]
    for one in pair:
        yield from liquidity(w, one)
    for _ in range(w.between(1, 2)):
        yield trading.spread(w, series)
    for _ in range(w.between(1, 3) if alike else 0):
        first, second = w.rng.sample(pair, 2)
        (low, high), (low_2, _) = w.band(first), w.band(second)
        limit = high - low_2 if w.chance(70) else low - low_2
        lots = int(terms.min_lots) + w.rng.randrange(3)
        yield w.act(w.trader(), "exchange.spread", first, second, lots, limit, trading.client_id(w), 0)


def self_trades(w: World) -> Plan:
    """One account on both sides of a book; reduce-only orders that outlive their position."""
    series, sender = w.pick(w.alive()), w.trader()
    yield w.act(sender, "exchange.refreshMark", series)
    mark = int(w.view.hot(series).mark)
    for _ in range(w.between(1, 3)):
        yield trading.place(w, sender, series, SELL_FLAG, mark, 3, expiry=0)
    flags = w.pick([0, trading.STP, IOC, FOK, IOC | trading.STP])
    yield trading.place(w, sender, series, flags, mark, w.between(3, 7), expiry=0)
    yield from leverage(w, series)
    for holder in w.holders(series):
        if w.chance(60):
            side = SELL_FLAG if w.view.position(holder, series).lots > 0 else 0
            yield trading.place(w, w.view.owner_of(holder), series, REDUCE | side, mark, 9, expiry=0)
    yield trading.take(w)
    yield trading.reduce(w)
    yield trading.take(w)


def ghosts(w: World) -> Plan:
    """Orders that are dead in the book: expired, of an older epoch, out of the band, of a mark that moved."""
    series = w.pick(w.alive())
    yield w.act(w.trader(), "exchange.refreshMark", series)
    low, high = w.band(series)
    mark = int(w.view.hot(series).mark)
    makers = [w.trader() for _ in range(3)]
    for maker in makers:
        for _ in range(w.between(1, 4)):
            sell = w.chance(50)
            tick = w.between(mark, high) if sell else w.between(low, mark)
            life = w.pick([0, 0, w.now + 5])
            yield trading.place(w, maker, series, POST | (SELL_FLAG if sell else 0), tick, 3, expiry=life)
    if w.chance(60):
        yield w.act(makers[0], "exchange.massCancel", series)
    w.wait(w.pick([1, 6]))
    if w.chance(60):
        feed = int(w.view.terms(series).feed)
        yield from jump(w, feed, w.pick([970, 1_030, 930, 1_070]))
    yield w.pick([trading.prune, trading.take, trading.quote])(w)
    for _ in range(w.between(1, 4)):
        yield w.pick([trading.prune, trading.take, trading.take, trading.batch])(w)


def last_second(w: World) -> Plan:
    """Orders, keys and rounds in the second in which they end, and in the one before."""
    series = w.pick(w.alive())
    yield w.act(w.trader(), "exchange.refreshMark", series)
    mark, maker, taker = int(w.view.hot(series).mark), w.trader(), w.trader()
    ends = w.now + w.between(2, 40)
    lots = int(w.view.terms(series).min_lots)
    sell = w.chance(50)
    for _ in range(2):
        side = SELL_FLAG if sell else 0
        yield trading.place(w, maker, series, side, mark, lots, expiry=ends, steps=0)
    agent = w.pick(AGENTS)
    yield w.act(maker, "exchange.inviteAgent", agent, ends, 3)
    yield w.act(agent, "exchange.acceptAgent", w.account_of(maker))
    w.wait_until(ends - w.pick([0, 1]))
    yield w.act(agent, "exchange.massCancel", series)
    yield trading.place(w, taker, series, IOC | (0 if sell else SELL_FLAG), mark, 2 * lots, steps=0)
    w.wait_until(ends)
    yield w.act(taker, "exchange.prune", series, sell, 0)
    yield w.act(agent, "exchange.refreshMark", series)
    yield w.act(maker, "exchange.removeAgent", agent)


def handover(w: World) -> Plan:
    """Both contracts get another owner."""
    for contract in ("exchange", "oracle"):
        heir = w.trader()
        owner = w.owner if contract == "exchange" else w.oracle_owner
        yield w.act(owner, f"{contract}.transferOwnership", heir)
        yield w.act(w.anybody(), f"{contract}.acceptOwnership")
        yield w.act(heir, f"{contract}.acceptOwnership")


def strangers(w: World) -> Plan:
    """People without accounts or money."""
    who = w.pick(STRANGERS)
    yield trading.place(w, who, w.any_series(), 0, 100, 1)
    yield w.act(who, "exchange.deposit", 0, 5 * UNITS)
    yield w.act(who, "exchange.withdraw", 1, who)
    yield w.act(who, "exchange.settleAccounts", (1,))
    yield index.refuse_role(w)
