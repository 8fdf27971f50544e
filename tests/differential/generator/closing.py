"""Plans on settlements that must come out to the unit: thin windows, rulings, debts and bounties."""

from __future__ import annotations

from differential.generator.basics import afford, fund, jump, meet, month, strip
from differential.generator.endings import settle
from differential.generator.setup import UNITS, list_series, listed
from differential.generator.trading import POST, place
from differential.generator.world import Plan, World
from differential.setting import ARBITER, DAY, MAX_LAG
from olivepress.reverts import RulingOutOfRange

LITTLE: dict[str, object] = {
    "tick_value": UNITS,
    "min_lots": 1,
    "position_limit": 100,
    "open_interest_cap": 100,
    "mm_bps": 300,
    "band_bps": 100,
    "gap_bps": 50,
    "im_bps": 600,
    "spread_bps": 100,
    "taker_fee": 10,
    "maker_rebate": 0,
    "concentration_pct": 0,
}


def exact_coverage(w: World) -> Plan:
    """Windows in which the index was silent for 2% of the time to the second, and for a second more."""
    yield from w.refresh()
    start, feeds, last = w.day + 2, w.two_feeds(), []
    end = (start + 1) * DAY
    months = yield from listed(w, *((one, {"window_start": start, "expiry_day": start + 1}) for one in feeds))
    for more, feed in enumerate(feeds):
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
    for series in months or []:
        yield from settle(w, series)


def two_debts(w: World) -> Plan:
    """Somebody ends two months with debts, and two with claims, which pay the older debt first: the small one
    not even that. The older debt is in the series with the higher number."""
    yield from w.refresh()
    bad, good = w.two_feeds()
    wanted = []
    for later, feed in ((3, bad), (2, bad), (4, good), (4, good)):
        window = {"window_start": w.day + later, "expiry_day": w.day + later + 1}
        # Little margin, so that both months end in debt.
        wanted.append((feed, LITTLE | window | {"price_cap": 8 * w.mark_of(feed)}))
    months = yield from listed(w, *wanted)
    names = [w.view.owner_of(n) for n in w.accounts()]
    if months is None or len(names) < 2:
        return
    debtor, other = w.rng.sample(names, 2)
    for series, lots in zip(months, (10, 10, 1, 10), strict=True):
        yield w.act(debtor, "exchange.refreshMark", series)
        for one in (debtor, other):
            yield from fund(w, one, 30 * w.lot_margin(series))
        yield from meet(w, series, debtor, other, lots)
    yield w.act(other, "exchange.createTokens", months[0])
    yield from fund(w, other, 9 * w.mark_of(bad) * int(w.view.terms(months[0]).tick_value))
    yield w.act(other, "exchange.wrap", months[0], False, 1, debtor)
    yield from strip(w, debtor)
    yield from jump(w, bad, 300)
    yield from jump(w, good, 2_000)
    for series in (months[1], months[0], months[2], months[3]):
        yield from w.pass_time(int(w.view.terms(series).expiry_day) * DAY + MAX_LAG)
        feed, day = int(w.view.terms(series).feed), int(w.view.terms(series).window_start)
        for one in (day, day + 1):
            yield w.act(w.trader(), "oracle.fixCheckpoint", feed, one)
        yield w.act(w.trader(), "exchange.settle", series)
        everybody = tuple(range(1, w.view.account_count + 1))
        yield w.act(w.trader(), "exchange.settleAccounts", everybody)
        yield w.act(debtor, "exchange.redeem", months[0], False, 1)
    for series in months[2:]:
        yield w.act(w.trader(), "exchange.draw", w.account_of(debtor), series)
    yield w.act(debtor, "exchange.redeem", months[0], False, 1)


def settle_together(w: World) -> Plan:
    """Months that end on one day, joined in another order than that of their numbers, and settled in one call
    by somebody who collects the bounties when the other fees are gone; an order that outlived its series."""
    yield from w.refresh()
    bad, good = w.two_feeds()
    start, names = w.day + 2, [w.view.owner_of(n) for n in w.accounts()]
    dear = LITTLE | {"window_start": start, "expiry_day": start + 1, "im_bps": 700, "taker_fee": 5_000}
    wanted = [(feed, dear | {"price_cap": 8 * w.mark_of(feed)}) for feed in (bad, bad, good)]
    months = yield from listed(w, *wanted)
    if len(names) < 3 or months is None:
        return
    loser, other, rich = w.rng.sample(names, 3)
    for series, buyer in ((months[2], rich), (months[1], loser), (months[0], loser)):
        yield w.act(buyer, "exchange.refreshMark", series)
        for one in (buyer, other):
            yield from fund(w, one, 40 * w.lot_margin(series))
        yield from meet(w, series, buyer, other, 10)
        for one in (loser, other):
            yield place(w, one, series, POST, w.band(series)[0], 1, expiry=0)
    account = w.account_of(loser)
    left = [n for series in months for n, one in w.view.orders(series, 0) if one.account == account]
    yield from strip(w, loser)
    yield from jump(w, bad, 300)
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    for series in months:
        yield w.act(other, "exchange.settle", series)
    yield w.act(other, "exchange.declare", account, bad)  # what is lost in settled series is no deficit
    yield w.act(other, "exchange.withdraw", 1, other)  # with orders in series settled by then
    yield w.act(other, "exchange.settleAccounts", (account,))
    yield from fund(w, loser, 1)  # the least that is a payment
    yield w.act(other, "exchange.realise", account, months[0], ())
    for series in months[:2]:  # a debt is paid before its series is closed
        yield from fund(w, loser, -int(w.view.position(account, series).quote) // 2)
        yield w.act(other, "exchange.realise", account, series, ())
    yield w.act(other, "exchange.settleAccounts", tuple(range(1, w.view.account_count + 1)))
    for order in left:
        yield w.act(loser, "exchange.cancel", order)
    for series in months:
        for verb in ("collectFees", "collectBounty", "collectBounty", "collectFees"):
            yield w.act(other, f"exchange.{verb}", series)


def idle_when_settled(w: World) -> Plan:
    """Somebody with nothing in a settled series is tidied up before it is settled there."""
    yield from w.refresh()
    feed, start, series = w.pick(list(w.feeds)), w.day + 1, w.view.series_count + 1
    yield list_series(w, feed, window_start=start, expiry_day=start + 1, min_lots=1)
    m = yield from month(w, 2)
    if m is None:
        return
    idler, other = m.owners
    yield w.act(idler, "exchange.refreshMark", series)
    yield from afford(w, idler, series, 9)
    yield place(w, idler, series, POST, w.band(series)[0], 1, expiry=0)
    yield w.act(idler, "exchange.massCancel", series)
    yield from meet(w, m.series, idler, other, 5, m.mark)
    yield from meet(w, m.series, other, idler, 5, w.band(m.series)[0])
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    yield w.act(other, "exchange.settle", series)
    yield w.act(other, "exchange.realise", w.account_of(idler), m.series, ())
    yield from settle(w, series)


def late_value(w: World) -> Plan:
    """A thin window with one value of its own, late: the average lies between that and the one before."""
    yield from w.refresh()
    feed, start, series = w.pick(list(w.feeds)), w.day + 2, w.view.series_count + 1
    yield list_series(w, feed, window_start=start, expiry_day=start + 1, price_cap=4 * w.mark_of(feed))
    if series not in w.alive():
        return
    plan, sender = w.feeds[feed], w.trader()
    last = start * DAY + DAY // 2 - plan.heartbeat
    yield from w.pass_time(last - 60)
    w.wait_until(last)
    update = w.report({feed: plan.value}, observed_at=last)
    if update is not None:
        yield w.act(sender, "oracle.update", update)
    plan.silent = True
    yield from w.pass_time((start + 1) * DAY - w.between(500, 5_000))
    plan.value = plan.value * w.pick([96, 104]) // 100
    action = w.update(feed)
    if action is not None:
        yield action
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    for day in (start, start + 1):
        yield w.act(sender, "oracle.fixCheckpoint", feed, day)
    yield w.act(sender, "usdc.mint", sender, 1_000 * UNITS)
    yield w.act(sender, "exchange.challenge", series)
    yield from rulings(w, series)
    plan.silent = False
    yield from settle(w, series)


def challenge_moments(w: World) -> Plan:
    """Challenges before and at expiry, in their last second, and in the one after it."""
    feed, today, first = w.pick(list(w.feeds)), w.day, w.view.series_count + 1
    start = today + 2
    for _ in range(2):
        yield list_series(w, feed, window_start=start, expiry_day=start + 1)
    ends = (start + 1) * DAY
    w.feeds[feed].silent = True
    yield from w.pass_time(ends - 1)
    sender = w.trader()
    yield w.act(sender, "usdc.mint", sender, 3_000 * UNITS)
    for when in (ends - 1, ends, ends + MAX_LAG - 1):
        w.wait_until(when)
        yield w.act(sender, "exchange.challenge", first)
    yield from w.pass_time(ends + 2 * DAY - 1)
    for day in range(today, start + 2):
        yield w.act(sender, "oracle.fixCheckpoint", feed, day)
    yield w.act(sender, "exchange.challenge", first)
    yield from rulings(w, first)
    w.wait_until(ends + 2 * DAY)
    for series in (first, first + 1):
        yield w.act(sender, "exchange.challenge", series)
        yield from settle(w, series)
    w.feeds[feed].silent = False


def silent_arbiter(w: World) -> Plan:
    """The last second in which the arbiter may rule, and the next one; the same where nobody challenged."""
    feed, start, first = w.pick(list(w.feeds)), w.day + 2, w.view.series_count + 1
    for _ in range(3):
        yield list_series(w, feed, window_start=start, expiry_day=start + 1)
    w.feeds[feed].silent = True
    ends = (start + 1) * DAY
    yield from w.pass_time(ends + MAX_LAG)
    sender = w.trader()
    yield w.act(sender, "usdc.mint", sender, 3_000 * UNITS)
    for day in (start, start + 1):
        yield w.act(sender, "oracle.fixCheckpoint", feed, day)
    for series in (first, first + 1):
        yield w.act(sender, "exchange.challenge", series)
    since = w.now
    for second in (ends + 2 * DAY - 1, ends + 2 * DAY):
        w.wait_until(second)
        yield w.act(sender, "exchange.settle", first + 2)
    for second, series in ((since + 5 * DAY - 1, first), (since + 5 * DAY, first + 1)):
        w.wait_until(second)
        yield w.act(sender, "exchange.settle", series)
        yield from rulings(w, series)
        yield w.act(ARBITER, "exchange.rule", series, 1, bytes(32))
        yield w.act(sender, "exchange.settle", series)
    w.feeds[feed].silent = False
    for series in (first, first + 1, first + 2):
        yield from settle(w, series)


def rulings(w: World, series: int) -> Plan:
    """A tick below the least that the arbiter may rule, one above the greatest, and one of those two."""
    far = w.act(ARBITER, "exchange.rule", series, 2**24 - 1, bytes(32))
    with w.contracts.undone():
        w.contracts.set_time(far.at)
        error = w.contracts.send(far.sender, w.exchange, far.calldata()).error
    if isinstance(error, RulingOutOfRange):
        for tick in (error.lowest - 1, error.highest + 1, w.pick([error.lowest, error.highest])):
            yield w.act(ARBITER, "exchange.rule", series, max(0, tick), bytes(32))
