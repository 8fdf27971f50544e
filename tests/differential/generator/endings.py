"""Plans from the averaging window to the last token: coverage, challenges, cranks, draws, debts, fees."""

from __future__ import annotations

from differential.generator import clearing, index
from differential.generator.basics import fund
from differential.generator.setup import UNITS
from differential.generator.world import Plan, World
from differential.setting import ARBITER, DAY, MAX_LAG


def expire(w: World) -> Plan:
    """The next series to expire, with a window that is covered well, thinly or not at all."""
    alive = w.alive()
    if not alive:
        return
    series = min(alive, key=lambda one: int(w.view.terms(one).expiry_day))
    terms = w.view.terms(series)
    feed, start, end = int(terms.feed), int(terms.window_start), int(terms.expiry_day)
    plan = w.feeds[feed]
    if w.now < start * DAY:
        yield from w.pass_time(start * DAY + w.between(0, 5_000))
    coverage = w.pick(["full", "full", "part", "none"])
    plan.silent = coverage != "full"
    if coverage == "part":
        yield from w.pass_time(w.now + w.between(0, max(0, end * DAY - w.now)))
        plan.silent = False
    for _ in range(w.between(0, 3)):
        index.walk(w, feed)
        yield from w.pass_time(min(end * DAY, w.now + w.between(1, DAY)))
        yield w.pick([clearing.flag, clearing.settle, clearing.wrap, clearing.realise])(w)
    yield from w.pass_time(end * DAY)
    plan.silent = plan.silent and w.chance(50)
    yield w.act(w.trader(), "exchange.settle", series)
    yield from w.pass_time(end * DAY + MAX_LAG)
    yield w.act(w.trader(), "exchange.settle", series)
    for day in w.pick([(start, end), range(start - 1, end + 1), (end,)]):
        yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
    if w.chance(30):
        yield w.act(w.trader(), "exchange.challenge", series)
    yield from settle(w, series)
    plan.silent = False


def settle(w: World, series: int) -> Plan:
    """A price by the average, by the arbiter, or by silence; then everybody is settled."""
    yield w.act(w.trader(), "exchange.settle", series)
    if w.view.hot(series).flags & 8 == 0:
        if w.chance(60):
            yield from challenge(w, series)
        else:
            yield from w.skip_to(int(w.view.terms(series).expiry_day + 2) * DAY)
        yield w.act(w.trader(), "exchange.settle", series)
    if w.view.hot(series).flags & 8 == 0:
        yield from w.skip_to(w.now + 5 * DAY)
        yield w.act(w.trader(), "exchange.settle", series)
    yield from crank(w, series)


def challenge(w: World, series: int) -> Plan:
    """A bond, what the operators signed, and a ruling; or five days of silence."""
    sender = w.trader()
    yield from fund(w, sender, 1)
    if w.chance(85):
        yield w.act(sender, "usdc.mint", sender, 1_000 * UNITS)
    yield w.act(sender, "exchange.challenge", series)
    if w.chance(30):
        yield w.act(w.trader(), "exchange.challenge", series)
    terms = w.view.terms(series)
    for _ in range(w.between(0, 3)):
        feed = int(terms.feed)
        value = max(1, w.feeds[feed].value * w.between(700, 1_300) // 1_000)
        when = int(terms.window_start) * DAY + w.rng.randrange(DAY)
        update = w.report({feed: value}, observed_at=min(when, w.now))
        if update is not None:
            yield w.act(w.trader(), "oracle.noteRange", update)
    if w.chance(25):
        yield from w.skip_to(w.now + 5 * DAY)
    for _ in range(w.between(1, 4)):
        yield clearing.rule(w)
    mark = int(w.view.feed(int(terms.feed)).price) // w.feeds[int(terms.feed)].tick_size
    tick = min(mark + w.between(-1, 1), int(terms.price_cap))
    yield w.act(ARBITER, "exchange.rule", series, max(0, tick), bytes(32))


def crank(w: World, series: int) -> Plan:
    """Everybody in any order and in any split, by anybody, with draws that come too early in between."""
    accounts = list(range(1, w.view.account_count + 1))
    w.rng.shuffle(accounts)
    while accounts:
        count = w.between(1, 4)
        now, accounts = accounts[:count], accounts[count:]
        yield w.act(w.anybody(), "exchange.settleAccounts", tuple(now))
        if w.chance(15):
            yield clearing.draw(w)
        if w.chance(10):
            yield clearing.redeem(w)
    yield from drain(w, series)


def drain(w: World, series: int) -> Plan:
    """What closing left: claims, debts, fees, bounties, tokens."""
    indebted = [n for n in w.accounts() if w.view.position(n, series).quote < 0]
    moves = [clearing.draw, clearing.draw, clearing.collect_fees, clearing.collect_bounty, clearing.redeem]
    for _ in range(w.between(2, 6)):
        yield w.pick(moves)(w)
    for account in indebted:
        if w.view.claim(account, series)[1] < 0:
            yield from indebted_holder(w, account, series)
            if w.chance(70):
                owed = -int(w.view.position(account, series).quote)
                yield from fund(w, w.view.owner_of(account), owed // w.pick([1, 2]) + 1)
                yield w.act(w.trader(), "exchange.realise", account, series, ())
    for account in w.accounts():
        if w.view.claim(account, series)[1] > 0 and w.chance(80):
            yield w.act(w.anybody(), "exchange.draw", account, series)
    for owner in owners(w):
        if w.chance(25):
            yield w.act(owner, "exchange.collectBounty", series)
    yield w.act(w.anybody(), "exchange.collectFees", series)
    if w.chance(50):
        yield clearing.withdraw_treasury(w)


def owners(w: World) -> list[str]:
    """Each once, in an order that is the same in every process; that of a set of strings is not."""
    return list(dict.fromkeys(w.view.owner_of(n) for n in w.accounts()))


def indebted_holder(w: World, account: int, series: int) -> Plan:
    """Somebody who owes the series comes by its tokens."""
    owner = w.view.owner_of(account)
    for long_ in (True, False):
        token = w.view.token(series, long_)
        if not int(token, 16):
            continue
        for holder in owners(w):
            if w.view.token_balance(token, holder) and holder != owner:
                yield w.act(holder, "token.transfer", token, owner, 1)
                yield w.act(owner, "exchange.redeem", series, long_, 1)
                return
