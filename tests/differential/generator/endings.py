"""Plans from the averaging window to the last token: coverage, challenges, cranks, draws, debts, fees."""

from __future__ import annotations

from differential.generator import clearing, index
from differential.generator.plans import fund, jump, meet, strip
from differential.generator.setup import UNITS, list_series
from differential.generator.world import ARBITER, DAY, MAX_LAG, Plan, World


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


def exact_coverage(w: World) -> Plan:
    """Windows in which the index was silent for 2% of the time to the second, and for a second more."""
    yield from w.refresh()
    start, last, months = w.day + 2, [], []
    end = (start + 1) * DAY
    for more, feed in enumerate(list(w.feeds)[:2]):
        yield list_series(w, feed, window_start=start, expiry_day=start + 1)
        months.append(w.view.series_count)
        last.append((end - DAY // 50 - more - w.feeds[feed].heartbeat, feed))
    for when, feed in sorted(last):
        yield from w.pass_time(when - 60)
        w.wait_until(when)
        update = w.report({feed: w.feeds[feed].value}, observed_at=when)
        if update is not None:
            yield w.act(w.trader(), "oracle.update", update)
        w.feeds[feed].silent = True
    yield from w.pass_time(end + MAX_LAG)
    for _, feed in last:
        for day in (start, start + 1):
            yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
        w.feeds[feed].silent = False
    for series in months:
        yield from settle(w, series)


def two_debts(w: World) -> Plan:
    """Somebody ends two months with debts, and a third with a claim, which pays the older debt first."""
    yield from w.refresh()
    bad, good = w.rng.sample(list(w.feeds), 2)
    months = []
    for n, feed in enumerate((bad, bad, good)):
        first = w.day + 2 + n
        terms = {"window_start": first, "expiry_day": first + 1, "price_cap": 8 * w.mark_of(feed)}
        sizes = {"tick_value": UNITS, "min_lots": 1, "position_limit": 100, "open_interest_cap": 100}
        # Little margin, so that both months end in debt.
        rates = {
            "mm_bps": 300,
            "band_bps": 100,
            "gap_bps": 50,
            "im_bps": 600,
            "spread_bps": 100,
            "taker_fee": 10,
        }
        yield list_series(w, feed, **terms, **sizes, **rates, maker_rebate=0, concentration_pct=0)
        months.append(w.view.series_count)
    names = [w.view.owner_of(n) for n in w.accounts()]
    if len(set(months)) < 3 or len(names) < 2:
        return
    debtor, other = w.rng.sample(names, 2)
    for series in months:
        yield w.act(debtor, "exchange.refreshMark", series)
        for one in (debtor, other):
            yield from fund(w, one, 30 * w.lot_margin(series))
        yield from meet(w, series, debtor, other, 10)
    yield w.act(other, "exchange.createTokens", months[0])
    yield from fund(w, other, 9 * w.mark_of(bad) * int(w.view.terms(months[0]).tick_value))
    yield w.act(other, "exchange.wrap", months[0], False, 1, debtor)
    yield from strip(w, debtor)
    yield from jump(w, bad, 300)
    yield from jump(w, good, 2_000)
    for series in months:
        yield from w.pass_time(int(w.view.terms(series).expiry_day) * DAY + MAX_LAG)
        feed, day = int(w.view.terms(series).feed), int(w.view.terms(series).window_start)
        for one in (day, day + 1):
            yield w.act(w.trader(), "oracle.fixCheckpoint", feed, one)
        yield w.act(w.trader(), "exchange.settle", series)
        everybody = tuple(range(1, w.view.account_count + 1))
        yield w.act(w.trader(), "exchange.settleAccounts", everybody)
        yield w.act(debtor, "exchange.redeem", months[0], False, 1)
    yield w.act(w.trader(), "exchange.draw", w.account_of(debtor), months[2])
    yield w.act(debtor, "exchange.redeem", months[0], False, 1)
