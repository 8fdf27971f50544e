"""Plans on accounts below zero: watched, declared, cured."""

from __future__ import annotations

from functools import partial

from differential.generator import clearing
from differential.generator.basics import Month, afford, fund, jump, meet, month, strip
from differential.generator.setup import deposit_size, insure, list_series
from differential.generator.turning import by_cash
from differential.generator.world import Plan, World
from differential.setting import DAY

AUCTION = 1_800  # seconds
MEMORY = 600
# Rates with little margin, so that a jump is more than what stands for it.
LITTLE = {
    "mm_bps": 500,
    "spread_bps": 100,
    "band_bps": 200,
    "gap_bps": 100,
    "im_bps": 1_500,
    "concentration_pct": 0,
    "taker_fee": 0,
    "maker_rebate": 0,
}


def watched(w: World, account: int, until: int) -> Plan:
    """Time passes under somebody's eyes; now and then they look a second too late."""
    while w.now + MEMORY < until:
        yield from w.pass_time(w.now + MEMORY + (1 if w.chance(5) else 0))
        yield w.act(w.trader(), "exchange.flag", account)
    w.wait_until(until)


def deficit(w: World, feed: int) -> Plan:
    """An account below zero is declared, draws are stopped, and insurance or a cure lets them go again."""
    account = clearing.worst(w)
    yield w.act(w.trader(), "exchange.flag", account)
    yield w.act(w.trader(), "exchange.declare", account, feed)
    since = int(w.view.clock(account).negative_since) or w.now
    yield from watched(w, account, since + AUCTION - w.pick([0, 1]))
    yield w.act(w.trader(), "exchange.declare", account, feed)
    w.wait_until(since + AUCTION)
    yield w.act(w.trader(), "exchange.declare", account, feed)
    yield clearing.quote_while_braked(w, feed)
    for _ in range(2):
        yield clearing.realise(w)
    if w.chance(50):
        yield from insure(w, feed, int(w.view.deficit(feed)) + w.between(0, 1))
    if w.chance(50) and account in w.accounts():
        yield from fund(w, w.view.owner_of(account), deposit_size(w) * 5)
        yield w.act(w.trader(), "exchange.declare", account, feed)


def declared_deficit(w: World) -> Plan:
    """A gain that nobody may draw while a deficit is declared in its feed and not insured."""
    m = yield from month(w, 2, **LITTLE)
    if m is None:
        return
    series, feed, (first, second) = m.series, m.feed, m.owners
    ruined: list[str] = []
    for _ in range(2):
        ruined.append(w.newcomer())
        yield from afford(w, ruined[-1], series, 40)
    third, fourth = ruined
    if third == fourth:
        return
    low, high = w.band(series)
    # A gain that is more than the cash of whoever will be ruined.
    yield from meet(w, series, first, second, 30, low)
    yield from meet(w, series, second, first, 30, high)
    yield from meet(w, series, third, fourth, 5)
    for one in (third, fourth):
        yield from strip(w, one)
    yield from w.pass_time((w.day + 2) * DAY)
    accounts = [w.account_of(one) for one in (third, fourth)]
    fall = w.pick([400, 2_500])
    for _ in range(5):
        yield from jump(w, feed, fall)
        if min(w.margin(account)[0] for account in accounts) < -w.view.insurance(feed):
            break
    flagged = w.now
    for account in accounts:
        yield w.act(first, "exchange.flag", account)
        yield w.act(first, "exchange.declare", account, feed)
    for waited in (MEMORY, 2 * MEMORY):
        yield from w.pass_time(flagged + waited)
        for account in accounts:
            yield w.act(first, "exchange.flag", account)
    for waited in (AUCTION - 1, AUCTION):
        yield from w.pass_time(flagged + waited)
        for account in accounts:
            yield w.act(first, "exchange.declare", account, feed)

    def worth(account: int) -> int:
        return w.margin(account)[0]

    for payers in ((), (w.account_of(second),)):
        yield w.act(first, "exchange.realise", w.account_of(first), series, payers)
    yield clearing.quote_while_braked(w, feed)
    yield list_series(w, feed, window_start=w.day + 3, expiry_day=w.day + 4)
    lacks = int(w.view.deficit(feed) - w.view.insurance(feed))
    for amount in (lacks - 1, 1):  # a unit too little, and enough
        if amount > 0:
            yield from insure(w, feed, amount)
        # Who has paid all of its cash is named once more.
        yield w.act(first, "exchange.realise", w.account_of(first), series, (min(accounts, key=worth),) * 2)
    # An auction uses insurance up, so that it covers the deficits no longer.
    yield from by_cash(
        w, second, lambda: w.act(second, "exchange.auction", min(accounts, key=worth), feed, 300_000)
    )
    yield clearing.quote_while_braked(w, feed)
    yield w.act(first, "exchange.realise", w.account_of(first), series, tuple(accounts))


def two_feeds(w: World) -> Plan:
    """Somebody below zero through losses in two feeds: each is declared by itself. One falls silent."""
    first, second = w.two_feeds()
    if w.feeds[first].heartbeat < w.feeds[second].heartbeat:
        first, second = second, first
    one = yield from month(w, 1, feed=first, price_cap=8 * w.mark_of(first), **LITTLE)
    two = yield from month(w, 1, feed=second, price_cap=8 * w.mark_of(second), **LITTLE)
    if one is None or two is None:
        return
    debtor, other = w.newcomer(), two.owners[0]
    for m in (one, two):
        for who in (debtor, other):
            yield from afford(w, who, m.series, 60)
    account = w.account_of(debtor)
    yield from meet(w, one.series, debtor, other, 20, one.mark)
    yield from meet(w, two.series, debtor, other, 20, two.mark)
    yield from strip(w, debtor)
    for m in (one, two):
        yield from jump(w, m.feed, 600)
    yield from strip(w, other)
    for _ in range(2):
        if w.margin(account)[0] < 0:
            break
        yield from jump(w, first, 600)
    yield w.act(other, "exchange.flag", account)
    since = w.now
    for waited in (*range(MEMORY, AUCTION, MEMORY), AUCTION):
        yield from w.pass_time(since + waited)
        yield w.act(other, "exchange.flag", account)
    for m in (one, two):
        yield w.act(other, "exchange.declare", account, m.feed)
    # While the first is silent its lots are a doubt about what may be declared in the second.
    yield from w.silence(one.feed)
    for verb, more in (("declare", ()), ("auction", (100_000,))):
        yield from by_cash(w, debtor, partial(w.act, other, f"exchange.{verb}", account, two.feed, *more))
    yield from w.refresh()
    yield from flat_and_silent(w, two, account, debtor, other)


def flat_and_silent(w: World, m: Month, account: int, debtor: str, other: str) -> Plan:
    """What is left in a silent feed is no lots, but a loss."""
    yield w.act(other, "exchange.refreshMark", m.series)
    for one in (debtor, other):
        yield from afford(w, one, m.series, 60)
    yield from meet(w, m.series, other, debtor, int(w.view.position(account, m.series).lots))
    yield from strip(w, debtor)
    for n in w.feeds:
        if n != m.feed:
            yield from jump(w, n, 600)
    yield from w.silence(m.feed)
    for feed in w.feeds:
        yield w.act(other, "exchange.declare", account, feed)
    yield from w.refresh()
