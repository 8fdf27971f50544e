"""Plans for states that chance alone does not reach in a lifetime."""

from __future__ import annotations

from differential.generator import clearing, endings, index, plans, trading
from differential.generator.setup import UNITS, insure, list_series, new_feed, spec
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.world import DAY, MAX_LAG, SELL, TRADERS, Plan, World
from differential.updates import OPERATORS
from olivepress.contracts import packing

MAX_OPEN_ORDERS, MAX_SERIES, MAX_LIVE, MAX_SETS = 250, 10, 16, 255


def many_orders(w: World) -> Plan:
    """One order more than an account may have in a series."""
    series, sender = w.pick(w.alive()), w.pick(TRADERS)
    terms = w.view.terms(series)
    lots = int(terms.min_lots)
    yield from plans.fund(w, sender, 10**15)
    if 251 * lots > terms.position_limit:
        yield list_series(w, int(terms.feed), position_limit=1_000, open_interest_cap=1_000, min_lots=1)
        series, lots = w.view.series_count, 1
    low, _ = w.band(series)
    left = MAX_OPEN_ORDERS + 1
    while left > 0:
        count = min(left, 50)
        ops = [packing.place_op(POST, low + left % 3, lots, 0, n) for n in range(count)]
        yield w.act(sender, "exchange.batch", series, packing.join(ops), False, 0)
        left -= count
    yield w.act(sender, "exchange.place", series, POST, low, lots, 0, 0, 0)
    for _ in range(3):
        yield w.act(sender, "exchange.place", series, POST, low, lots, 0, 0, 0)
    for _ in range(8):
        yield trading.cancel(w)
    yield w.act(sender, "exchange.massCancel", series)
    for _ in range(4):
        yield w.act(w.trader(), "exchange.prune", series, False, w.pick([0, 100, 1_000]))


def many_series(w: World) -> Plan:
    """One account in more series than it may list, and more series than a feed may have alive."""
    feed, sender = w.pick(list(w.feeds)), w.pick(TRADERS)
    yield from plans.fund(w, sender, 10**15)
    for _ in range(MAX_LIVE + 1):
        start = w.day + w.between(3, 5)
        yield list_series(w, feed, window_start=start, expiry_day=start + 1, min_lots=1)
    for series in w.alive()[: MAX_SERIES + 2]:
        yield w.act(w.trader(), "exchange.refreshMark", series)
        low, high = w.band(series)
        yield w.act(sender, "exchange.place", series, POST, low, w.view.terms(series).min_lots, 0, 0, 0)
    for series in w.alive()[: MAX_SERIES + 2]:
        if w.chance(60):
            yield w.act(sender, "exchange.massCancel", series)
    for series in w.alive()[-2:]:
        low, high = w.band(series)
        yield w.act(sender, "exchange.place", series, SELL_FLAG, high, w.view.terms(series).min_lots, 0, 0, 0)
    yield w.act(sender, "exchange.massCancelAll")


def riches(w: World) -> Plan:
    """More cash than its field holds."""
    sender = w.trader()
    account = w.account_of(sender)
    yield w.act(sender, "usdc.mint", sender, 2**90)
    yield w.act(sender, "exchange.deposit", account, 2**88)
    yield w.act(sender, "exchange.deposit", account, 2**88 - 1 - w.view.cash(account))
    yield w.act(sender, "exchange.deposit", 0, 1)
    yield w.act(sender, "exchange.withdraw", w.view.cash(account) // 2, sender)


def huge_quote(w: World) -> Plan:
    """Round trips across a band of almost everything, until a quote leaves its 79 bits."""
    feed = w.view.feed_count + 1
    yield new_feed(w, feed)
    plan = w.feeds[feed]
    plan.tick_size = 100
    plan.value = plan.tick_size * 2**20  # the tick value is bounded, so the ticks must be many
    action = w.update(feed)
    if action is not None:
        yield action
    cap, limit = 2**21, 2**30
    tick_value = (2**78 - 1) // (cap * limit)
    yield list_series(
        w,
        feed,
        initial_mark=2**20,
        price_cap=cap,
        tick_value=tick_value,
        position_limit=limit,
        open_interest_cap=limit,
        band_bps=4_600,
        mm_bps=300,
        gap_bps=300,
        spread_bps=0,
        im_bps=10_000,
        concentration_pct=0,
        taker_fee=5_000,
        maker_rebate=0,
        min_lots=1,
        gain_pct=100,
    )
    series = w.view.series_count
    pair = plans.two_traders(w)
    if pair is None or series not in w.alive():
        return
    for one in pair:
        yield from plans.fund(w, one, 2**87)
    for _ in range(6):
        yield w.act(pair[0], "exchange.refreshMark", series)
        low, high = w.band(series)
        yield from plans.meet(w, series, *pair, limit, high)
        yield from plans.meet(w, series, pair[1], pair[0], limit, low)
    for _ in range(3):
        yield w.act(pair[0], "exchange.realise", w.account_of(pair[0]), series, ())
    for one in pair:
        yield w.act(one, "exchange.withdraw", w.view.cash(w.account_of(one)) // 2, one)


def many_sets(w: World) -> Plan:
    """More operator sets than a feed can name."""
    while len(w.sets) <= MAX_SETS:
        number = len(w.sets) + 1
        w.sets[number] = [[OPERATORS[0]]]
        yield w.act(w.oracle_owner, "oracle.addOperatorSet", (OPERATORS[0].address,), 1)
    for number in range(MAX_SETS, 3, -1):
        w.sets.pop(number, None)


def long_silence(w: World) -> Plan:
    """A feed that is silent for more days than one report can close."""
    feed = w.pick(list(w.feeds))
    before = int(w.view.feed(feed).time) // DAY
    w.feeds[feed].silent = True
    w.wait(w.between(8, 11) * DAY)
    action = w.update(feed)
    if action is not None:
        yield action
    yield w.act(w.trader(), "oracle.fixCheckpoint", feed, w.day - 1)
    for day in range(before + 1, w.day + 1):
        yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
    w.feeds[feed].silent = False
    yield from w.refresh()
    for series in list(w.listed()):
        if series in w.expired() and w.view.hot(series).flags & 8 == 0:
            yield from endings.settle(w, series)


def late_confirmation(w: World) -> Plan:
    """A round that waits across midnight keeps the checkpoint open."""
    feed = w.pick(list(w.feeds))
    plan = w.feeds[feed]
    yield from w.pass_time((w.day + 1) * DAY - w.between(1, 60))
    plan.value = plan.value * w.pick([5, 7, 15, 20]) // 10
    action = w.update(feed)
    if action is not None:
        yield action
    w.wait(MAX_LAG + 100)
    yield w.act(w.trader(), "oracle.fixCheckpoint", feed, w.day)
    w.wait(w.pick([0, plan.heartbeat]))
    action = w.update(feed)
    if action is not None:
        yield action
    yield w.act(w.trader(), "oracle.fixCheckpoint", feed, w.day)


def poor_wrapper(w: World) -> Plan:
    """Somebody wraps lots whose loss its cash does not cover; and margin does not cover the rest."""
    series = w.pick(w.alive())
    yield w.act(w.trader(), "exchange.createTokens", series)
    yield from plans.leverage(w, series)
    yield from plans.leverage(w, series)
    for sign in (1, -1):
        for account in w.holders(series, sign_of=sign):
            lots = abs(int(w.view.position(account, series).lots))
            owner = w.view.owner_of(account)
            for part in (lots, max(1, lots // 2), max(1, lots // 8)):
                yield w.act(owner, "exchange.wrap", series, sign > 0, part, owner)
    for _ in range(3):
        yield clearing.unwrap(w)


def empty_pool(w: World) -> Plan:
    """A gain whose pool is short: payers who lose pay, those who do not are refused, a stale index stops."""
    yield from later_series(w)
    series = w.view.series_count
    names = [w.view.owner_of(n) for n in w.accounts()]
    if len(names) < 3:
        return
    first, second, third = w.rng.sample(names, 3)
    for one in (first, second, third):
        yield from plans.fund(w, one, w.view.hot(series).mark * w.view.terms(series).tick_value * 40)
    yield w.act(first, "exchange.refreshMark", series)
    low, high = w.band(series)
    mark = int(w.view.hot(series).mark)
    yield from plans.meet(w, series, first, second, 10, (low + mark) // 2)
    yield from plans.meet(w, series, third, first, 10, (high + mark) // 2)
    accounts = [w.account_of(one) for one in (first, second, third)]
    yield w.act(first, "exchange.realise", accounts[0], series, tuple(accounts))
    yield from w.pass_time((w.day + 2) * DAY)
    w.wait(w.feeds[int(w.view.terms(series).feed)].heartbeat + 1)
    yield w.act(first, "exchange.realise", accounts[0], series, (accounts[1],))
    yield from w.refresh()
    yield w.act(first, "exchange.realise", accounts[0], series, (accounts[0], accounts[1]))
    for payers in ((accounts[1],), (accounts[2],), (accounts[2], accounts[1])):
        yield w.act(first, "exchange.realise", accounts[0], series, payers)


def later_series(w: World) -> Plan:
    """A month that is not over before a gain can be drawn."""
    start = w.day + w.between(4, 5)
    feed = w.pick(list(w.feeds))
    sizes = {"min_lots": 1, "position_limit": 100, "open_interest_cap": 200}
    yield list_series(w, feed, window_start=start, expiry_day=start + 1, **sizes)


def declared_deficit(w: World) -> Plan:
    """A gain that nobody may draw while a deficit is declared in its feed and not insured."""
    yield from later_series(w)
    series = w.view.series_count
    names = [w.view.owner_of(n) for n in w.accounts()]
    if series not in w.alive() or len(names) < 4:
        return
    first, second, third, fourth = w.rng.sample(names, 4)
    lot = int(w.view.hot(series).mark * w.view.terms(series).tick_value)
    for one in (first, second, third, fourth):
        yield from plans.fund(w, one, lot * 20)
    yield w.act(first, "exchange.refreshMark", series)
    low, high = w.band(series)
    yield from plans.meet(w, series, first, second, 4, low)
    yield from plans.meet(w, series, second, first, 4, high)
    yield from plans.meet(w, series, third, fourth, 10)
    for one in (third, fourth):
        yield from plans.strip(w, one)
    yield from w.pass_time((w.day + 2) * DAY)
    feed = int(w.view.terms(series).feed)
    accounts = [w.account_of(one) for one in (third, fourth)]
    fall = w.pick([400, 2_500])
    for _ in range(3):
        yield from plans.jump(w, feed, fall)
        if min(w.margin(account)[0] for account in accounts) < 0:
            break
    flagged = w.now
    for account in accounts:
        yield w.act(first, "exchange.flag", account)
        yield w.act(first, "exchange.declare", account, feed)
    for waited in (plans.MEMORY, 2 * plans.MEMORY):
        yield from w.pass_time(flagged + waited)
        for account in accounts:
            yield w.act(first, "exchange.flag", account)
    for waited in (plans.AUCTION - 1, plans.AUCTION):
        yield from w.pass_time(flagged + waited)
        for account in accounts:
            yield w.act(first, "exchange.declare", account, feed)
    for payers in ((), (w.account_of(second),)):
        yield w.act(first, "exchange.realise", w.account_of(first), series, payers)
    yield clearing.quote_while_braked(w, feed)
    yield from insure(w, feed, int(w.view.deficit(feed)))
    yield w.act(first, "exchange.realise", w.account_of(first), series, ())


def debtor(w: World) -> Plan:
    """An account that ends with a debt comes by a token of the series, and by a claim in a later one."""
    feed = w.pick(list(w.feeds))
    start = w.day + 1
    yield list_series(w, feed, window_start=start, expiry_day=start + 1, tick_value=UNITS, gain_pct=100)
    series = w.view.series_count
    if series not in w.alive():
        return
    yield w.act(w.trader(), "exchange.createTokens", series)
    for _ in range(2):
        yield from plans.leverage(w, series)
    for account in w.holders(series):
        owner = w.view.owner_of(account)
        if w.chance(60):
            yield from plans.fund(w, owner, 10**10)
            long_ = w.view.position(account, series).lots > 0
            yield w.act(owner, "exchange.wrap", series, long_, 1, owner)
    yield from w.pass_time(start * DAY - 10)
    yield from plans.jump(w, feed, w.pick([200, 3_000]))
    yield from w.pass_time((start + 1) * DAY + MAX_LAG)
    for day in (start, start + 1):
        yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
    yield from endings.settle(w, series)


def caps(w: World) -> Plan:
    """Open interest at its cap."""
    feed = w.pick(list(w.feeds))
    yield list_series(w, feed, position_limit=10, open_interest_cap=12, min_lots=1)
    series = w.view.series_count
    owners = [w.view.owner_of(n) for n in w.accounts()]
    if series not in w.alive() or len(owners) < 4:
        return
    four = w.rng.sample(owners, 4)
    for one in four:
        yield from plans.fund(w, one, w.view.hot(series).mark * w.view.terms(series).tick_value * 40)
    yield w.act(four[0], "exchange.refreshMark", series)
    yield from plans.meet(w, series, four[0], four[1], 10)
    yield from plans.meet(w, series, four[2], four[3], w.between(1, 4))
    yield from plans.meet(w, series, four[0], four[1], 1)
    mark = int(w.view.hot(series).mark)
    yield trading.place(w, four[0], series, SELL_FLAG if w.chance(50) else 0, mark, 21, expiry=0)


def wide_band(w: World) -> Plan:
    """A liquidation through a book so far from the mark that the account would lose more than its share."""
    feed = w.pick(list(w.feeds))
    rates = {"band_bps": 3_000, "mm_bps": 500, "gap_bps": 3_500, "im_bps": 10_000, "concentration_pct": 0}
    yield w.act(
        w.owner,
        "exchange.listSeries",
        spec(w, feed, **rates, taker_fee=0, maker_rebate=0),
    )
    series = w.view.series_count
    if series not in w.alive():
        return
    yield from plans.leverage(w, series)
    holders = w.holders(series)
    for victim in holders:
        # Money goes out until the account just meets its requirement, then the mark moves against it.
        owner = w.view.owner_of(victim)
        equity, _, im, _ = w.margin(victim)
        yield w.act(owner, "exchange.withdraw", max(1, equity - im), owner)
    up = w.chance(50)
    for _ in range(4):
        yield from plans.jump(w, feed, 1_150 if up else 870)
        yield w.act(w.trader(), "exchange.refreshMark", series)
        low, high = w.band(series)
        rich = w.trader()
        yield from plans.fund(w, rich, 10**13)
        yield trading.place(w, rich, series, 0, low, 5, expiry=0)
        yield trading.place(w, rich, series, SELL_FLAG, high, 5, expiry=0)
        for victim in holders:
            side = SELL if w.view.position(victim, series).lots < 0 else 0
            limit = high if side else low
            yield w.act(w.trader(), "exchange.liquidate", victim, series, w.between(1, 5), limit, 0)


def exact_gap(w: World) -> Plan:
    """The mark moves against a resting order by its gap to the tick, and then by a tick more."""
    yield from w.refresh()
    feed, pair = w.pick(list(w.feeds)), plans.two_traders(w)
    price, plan = int(w.view.feed(feed).price), w.feeds[feed]
    mark = max(1, price // plan.tick_size // 100) * 100  # so that 1% of it are whole ticks
    rates = {"mm_bps": 500, "band_bps": 500, "gap_bps": 100, "im_bps": 3_000}
    start, count = w.day + 2, w.view.series_count
    yield list_series(
        w,
        feed,
        initial_mark=mark,
        max_basis=2 * mark,
        price_cap=4 * mark,
        window_start=start,
        expiry_day=start + 1,
        min_lots=1,
        **rates,
    )
    series = w.view.series_count
    if pair is None or series == count:
        return
    maker, taker = pair
    for one in pair:
        yield from plans.fund(w, one, 40 * w.lot_margin(series))
    sell = w.chance(50)
    side, other = (SELL_FLAG, 0) if sell else (0, SELL_FLAG)
    for _ in range(2):
        yield trading.place(w, maker, series, side, mark, 1, expiry=0)
    for ticks in (mark // 100, mark // 100 + 1):
        w.wait(1)
        plan.value = price + (ticks if sell else -ticks) * plan.tick_size
        action = w.update(feed)
        if action is not None:
            yield action
        yield trading.place(w, taker, series, other | trading.IOC, mark, 1, expiry=0, steps=0)


def wrong_rounds(w: World) -> Plan:
    """Updates that are wrong in every way there is; feeds and operators that the oracle does not take."""
    yield from w.refresh()
    for fault in index.FAULTS:
        w.wait(1)
        feed = w.pick(list(w.feeds))
        good = w.report({feed: w.feeds[feed].value}, observed_at=w.fresh_time(feed))
        if good is not None:
            yield w.act(w.trader(), "oracle.update", fault(w, good))
    owner, number = w.oracle_owner, w.pick(list(w.sets))
    for wrong in range(index.WRONG_LISTS):
        _, addresses, quorum = index.operator_lists(w, wrong)
        yield w.act(owner, "oracle.addOperatorSet", addresses, quorum)
    for heartbeat, bound in index.WRONG_TERMS:
        yield w.act(owner, "oracle.addFeed", index.terms(number, heartbeat, bound))
    for verb in index.READS:
        yield index.read(w, verb)
        yield index.read(w, verb)


def nobodys_business(w: World) -> Plan:
    """What only an owner, an heir or the exchange may do, and names that are nobody's."""
    yield from plans.handover(w)
    yield from plans.strangers(w)
    sender, series = w.trader(), w.pick(w.alive())
    yield w.act(sender, "exchange.inviteAgent", clearing.ZERO, w.now + DAY, 3)
    yield w.act(sender, "exchange.createTokens", series)
    token = w.view.token(series, w.chance(50))
    yield w.act(sender, "token.transfer", token, clearing.ZERO, 0)
    yield w.act(sender, "token.transfer", token, w.owner, 1)
    for verb in ("mint", "burn"):
        yield w.act(sender, f"token.{verb}", token, sender, 1)


EDGES = (
    caps,
    exact_gap,
    wrong_rounds,
    nobodys_business,
    plans.last_second,
    plans.last_beat,
    wide_band,
    empty_pool,
    declared_deficit,
    debtor,
    poor_wrapper,
    many_series,
    long_silence,
    riches,
    late_confirmation,
    many_orders,
    huge_quote,
    many_sets,
    debtor,  # once more: it does not always end in a debt
    plans.costless_leg,
)
