"""Plans: moves in an order that leads into deep states. Each looks at what became of its actions."""

from __future__ import annotations

from differential.generator import clearing, trading
from differential.generator.basics import jump, leverage, liquidity, meet, two_traders
from differential.generator.trading import FOK, IOC, POST, REDUCE, SELL_FLAG
from differential.generator.world import Plan, World
from differential.setting import AGENTS, DAY


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
