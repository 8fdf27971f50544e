"""Plans for states that chance alone does not reach in a lifetime."""

from __future__ import annotations

from dataclasses import replace

from differential.generator import (
    books,
    bounds,
    clearing,
    closing,
    deficits,
    distress,
    endings,
    feeds,
    holes,
    moments,
    plans,
    rounding,
    tokens,
    trading,
    units,
)
from differential.generator.setup import UNITS, list_series, listed, new_feed
from differential.generator.trading import POST, SELL_FLAG
from differential.generator.world import DAY, GUARDIAN, MAX_LAG, TRADERS, Plan, World
from olivepress.signer import address_bytes

MAX_SERIES, MAX_LIVE = 10, 16
BRAKE = 7 * DAY


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
    for series in w.view.series_of(w.account_of(sender))[2:6]:  # neither the first nor the last place
        yield w.act(sender, "exchange.massCancel", series)
    fresh = [one for one in w.alive()[-4:] if one not in w.view.series_of(w.account_of(sender))]
    for series in fresh:
        low, high = w.band(series)
        yield from plans.strip(w, sender)  # what is refused must leave the idle ones on the list
        for amount in (1, 10**15):
            yield from plans.fund(w, sender, amount)
            yield w.act(
                sender, "exchange.place", series, SELL_FLAG, high, w.view.terms(series).min_lots, 0, 0, 0
            )
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
    terms: dict[str, object] = {
        "initial_mark": 2**20,
        "price_cap": cap,
        "tick_value": tick_value,
        "position_limit": limit,
        "open_interest_cap": limit,
        "band_bps": 4_600,
        "mm_bps": 300,
        "gap_bps": 300,
        "spread_bps": 0,
        "im_bps": 10_000,
        "concentration_pct": 0,
        "taker_fee": 5_000,
        "maker_rebate": 0,
        "min_lots": 1,
        "gain_pct": 100,
    }
    months = yield from listed(w, (feed, terms))
    pair = plans.two_traders(w)
    if pair is None or months is None:
        return
    (series,) = months
    for one in pair:
        yield from plans.fund(w, one, 2**87)
    for _ in range(6):
        yield w.act(pair[0], "exchange.refreshMark", series)
        low, high = w.band(series)
        yield from plans.meet(w, series, *pair, limit, high)
        yield from plans.meet(w, series, pair[1], pair[0], limit, low)
    fresh = w.newcomer()  # as a maker, so that only the quote of who takes is too far
    yield from plans.fund(w, fresh, 2**87)
    for flags, tick in ((SELL_FLAG, high), (0, low)):
        yield trading.place(w, fresh, series, flags, tick, limit, expiry=0, steps=0)
        taking = trading.IOC | (flags ^ SELL_FLAG)
        yield trading.place(w, pair[0], series, taking, tick, limit, expiry=0, steps=0)
    for _ in range(3):
        yield w.act(pair[0], "exchange.realise", w.account_of(pair[0]), series, ())
    for one in pair:
        yield w.act(one, "exchange.withdraw", w.view.cash(w.account_of(one)) // 2, one)


def empty_pool(w: World) -> Plan:
    """A gain whose pool is short: payers who lose pay, those who do not are refused, a stale index stops."""
    m = yield from plans.month(w, 3)
    if m is None:
        return
    series, mark, (first, second, third) = m.series, m.mark, m.owners
    low, high = w.band(series)
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


def debtor(w: World) -> Plan:
    """An account that ends with a debt comes by a token of the series, and by a claim in a later one."""
    feed = w.pick(list(w.feeds))
    start = w.day + 1
    terms = {"window_start": start, "expiry_day": start + 1, "tick_value": UNITS, "gain_pct": 100}
    months = yield from listed(w, (feed, terms))
    if months is None:
        return
    (series,) = months
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


def same_caps(w: World) -> Plan:
    """A long and a short of two feeds with one cap: they are no spread."""
    yield from w.refresh()
    pair, names = w.two_feeds(), [w.view.owner_of(n) for n in w.accounts()]
    cap = 4 * max(map(w.mark_of, pair))
    terms: dict[str, object] = {"window_start": w.day + 2, "expiry_day": w.day + 3, "price_cap": cap}
    months = yield from listed(w, *((feed, terms) for feed in pair))
    if len(names) < 2 or months is None:
        return
    first, second = w.rng.sample(names, 2)
    for series in months:
        yield w.act(first, "exchange.refreshMark", series)
        for one in (first, second):
            yield from plans.fund(w, one, 30 * w.lot_margin(series))
    yield from plans.meet(w, months[0], first, second, 5)
    yield from plans.meet(w, months[1], second, first, 5)
    yield from plans.strip(w, first)


def costless_leg(w: World) -> Plan:
    """A spread, of which one leg is closed at the price of its opening: not even a quote is left of it."""
    yield from w.refresh()
    feed = w.pick(w.calm())
    alike = {
        "min_lots": 1,
        "position_limit": 300,
        "open_interest_cap": 300,
        "taker_fee": 0,
        "maker_rebate": 0,
    }
    alike |= {"price_cap": 4 * w.mark_of(feed), "tick_value": UNITS}
    windows = [{"window_start": start, "expiry_day": start + 1} for start in (w.day + 2, w.day + 3)]
    months = yield from listed(w, *((feed, alike | one) for one in windows))
    names = [w.view.owner_of(n) for n in w.accounts()]
    if months is None or len(names) < 3:
        return
    first, second, third = w.rng.sample(names, 3)
    ticks, (near, far) = [], months
    for series in months:
        yield w.act(first, "exchange.refreshMark", series)
        ticks.append(max(1, int(w.view.hot(series).mark)))
        for one in (first, second, third):
            yield from plans.fund(w, one, 30 * w.lot_margin(series))
    yield from plans.meet(w, near, third, first, 20, ticks[0])
    yield from plans.meet(w, far, second, third, 20, ticks[1])
    yield from plans.strip(w, third)
    yield from plans.meet(w, near, second, third, 20, ticks[0])


def long_brake(w: World) -> Plan:
    """The guardian's brake in its last second, and when it lapses; a stranger who names the guardian."""
    feed, start, series = w.pick(list(w.feeds)), w.day + 9, w.view.series_count + 1
    yield list_series(w, feed, window_start=start, expiry_day=start + 1)
    sender, lots = w.trader(), 5
    yield from plans.fund(w, sender, 9 * lots * w.lot_margin(series))
    yield w.act(GUARDIAN, "exchange.setReduceOnly", series, True)
    lapses, mark = w.now + BRAKE, int(w.view.hot(series).mark)
    yield trading.place(w, sender, series, 0, mark, lots, expiry=0)
    yield from w.skip_to(lapses - 2)
    for when in (lapses - 1, lapses):
        w.wait_until(when)
        yield trading.place(w, sender, series, 0, mark, lots, expiry=0)
    named = w.act(w.trader(), "exchange.setReduceOnly", series, True)
    yield replace(named, appended=address_bytes(GUARDIAN))


def nobodys_business(w: World) -> Plan:
    """What only an owner, an heir or the exchange may do, and names that are nobody's."""
    yield from plans.handover(w)
    yield from plans.strangers(w)
    sender, series = w.trader(), w.pick(w.alive())
    yield w.act(sender, "exchange.inviteAgent", clearing.ZERO, w.now + DAY, 3)
    yield w.act(sender, "exchange.deposit", 99, 5)
    yield w.act(sender, "exchange.topUpInsurance", 99, 5)
    yield w.act(GUARDIAN, "exchange.setReduceOnly", 77, True)
    for verb in (
        "settle",
        "challenge",
        "createTokens",
        "collectFees",
        "collectBounty",
        "massCancel",
        "refreshMark",
    ):
        yield w.act(sender, f"exchange.{verb}", 77)
    for verb in ("flag", "cancelOrders"):
        yield w.act(sender, f"exchange.{verb}", 99)
    for operations in (b"\x03", b"\x01" + bytes(19), b"\x02" + bytes(9), b""):
        yield w.act(sender, "exchange.batch", series, operations, True, 0)
    yield w.act(sender, "exchange.liquidate", 99, series, 1, 1, 0)
    yield w.act(sender, "exchange.auction", 99, 1, 1)
    yield w.act(sender, "exchange.declare", 99, 1)
    yield w.act(sender, "exchange.settleAccounts", (99,))
    for account, month in ((99, series), (1, 77)):
        yield w.act(sender, "exchange.draw", account, month)
        yield w.act(sender, "exchange.realise", account, month, ())
    yield w.act(sender, "exchange.createTokens", series)
    token = w.view.token(series, w.chance(50))
    yield w.act(sender, "token.transfer", token, clearing.ZERO, 0)
    yield w.act(sender, "token.transfer", token, w.owner, 1)
    for verb in ("mint", "burn"):
        yield w.act(sender, f"token.{verb}", token, sender, 1)


EDGES = (
    books.caps,
    books.exact_gap,
    feeds.wrong_rounds,
    nobodys_business,
    plans.last_second,
    feeds.last_beat,
    feeds.exact_bound,
    distress.wide_band,
    empty_pool,
    deficits.declared_deficit,
    debtor,
    tokens.poor_wrapper,
    many_series,
    feeds.long_silence,
    riches,
    feeds.late_confirmation,
    books.many_orders,
    huge_quote,
    feeds.many_sets,
    books.clipped,
    tokens.handed_on,
    books.old_ids,
    costless_leg,
    distress.paid_keepers,
    distress.outside_band,
    distress.late_auction,
    distress.silent_slice,
    same_caps,
    closing.exact_coverage,
    closing.two_debts,
    long_brake,
    moments.at_initial_margin,
    moments.spread_at_margin,
    moments.to_the_unit,
    moments.full_bidder,
    moments.two_percent,
    moments.last_of_series,
    closing.challenge_moments,
    moments.at_midnight,
    bounds.extremes,
    moments.invitations,
    books.tombstones,
    distress.no_more_than_needed,
    books.last_fill,
    units.steps_by_cash,
    units.clocks_by_cash,
    units.doubts,
    units.most_of_all,
    units.least_slice,
    deficits.two_feeds,
    closing.settle_together,
    closing.late_value,
    closing.idle_when_settled,
    tokens.costless,
    tokens.never_traded,
    tokens.silent_elsewhere,
    books.wrong_orders,
    books.round_trip,
    feeds.two_faults,
    closing.silent_arbiter,
    moments.at_fixing,
    units.below_initial,
    rounding.pennies,
    rounding.fee_edge,
    rounding.band_edge,
    rounding.half_ticks,
    holes.holes,
)
