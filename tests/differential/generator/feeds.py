"""Plans on the index: rounds at their last second and at their bound, silence, operators, wrong updates."""

from __future__ import annotations

from differential.generator import clearing, endings, index, trading
from differential.generator.setup import MOST_VALUE
from differential.generator.world import MAX_MIDNIGHTS, Plan, World
from differential.setting import DAY, MAX_LAG, TRADERS
from differential.updates import OPERATORS

MAX_SETS = 255


def many_sets(w: World) -> Plan:
    """More operator sets than a feed can name."""
    while len(w.sets) <= MAX_SETS:
        number = len(w.sets) + 1
        w.sets[number] = [[OPERATORS[0]]]
        yield w.act(w.oracle_owner, "oracle.addOperatorSet", (OPERATORS[0].address,), 1)
    for number in range(MAX_SETS, 3, -1):
        w.sets.pop(number, None)


def long_silence(w: World) -> Plan:
    """A feed that is silent for as many midnights as one report can cross, and then for one more."""
    feed = w.pick(list(w.feeds))
    for midnights in (MAX_MIDNIGHTS, MAX_MIDNIGHTS + 1):
        before = int(w.view.feed(feed).time) // DAY
        w.wait_until((before + midnights) * DAY + w.between(60, DAY - 1))
        action = w.update(feed)
        if action is not None:
            yield action
    yield w.act(w.trader(), "oracle.fixCheckpoint", feed, w.day - 1)
    for day in range(before + 1, w.day + 1):
        yield w.act(w.trader(), "oracle.fixCheckpoint", feed, day)
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


def two_faults(w: World) -> Plan:
    """Updates that are wrong in two ways: the first one looked at is named. A halted feed, and no value."""
    yield from w.refresh()
    pairs = [(index.no_feeds, index.short)]
    pairs += [(one, w.pick(index.ON_TOP)) for one in index.FAULTS]
    for pair in pairs:
        w.wait(1)
        feed = w.pick(list(w.feeds))
        update = w.report({feed: w.feeds[feed].value}, observed_at=w.fresh_time(feed))
        for fault in pair if update is not None else ():
            update = fault(w, update)
        if update is not None:
            yield w.act(w.trader(), "oracle.update", update)
    feed = w.pick(list(w.feeds))
    yield w.act(w.oracle_owner, "oracle.setHalted", feed, True)
    update = w.report({feed: w.feeds[feed].value}, observed_at=w.fresh_time(feed))
    if update is not None:
        nothing = tuple((0,) for _ in update.values)
        for values in (nothing, update.values):
            yield w.act(w.trader(), "oracle.update", index.again(w, update, values=values))
    yield w.act(w.oracle_owner, "oracle.setHalted", feed, False)
    if update is not None:
        beyond = index.again(w, update, medians=(len(update.values),))
        yield w.act(w.trader(), "oracle.update", beyond)
        yield w.act(w.trader(), "oracle.update", index.again(w, update, observed_at=w.now + 1))


def last_beat(w: World) -> Plan:
    """A waiting round is confirmed in the last second in which it can be, and another just not; a value goes
    stale."""
    feed = w.pick(list(w.feeds))
    plan = w.feeds[feed]
    for early in (1, 0):
        w.wait(60)
        plan.value = min(plan.value * w.pick([13, 15, 8]) // 10 + 1, MOST_VALUE)
        action = w.update(feed)
        if action is None:
            return
        yield action
        if not w.view.feed(feed).pending:
            continue
        waits = int(w.view.pending(feed).time)
        for when in (waits, waits + plan.heartbeat - early):  # no later than what waits is refused
            w.wait_until(when)
            update = w.report({feed: plan.value}, observed_at=when)
            if update is not None:
                yield w.act(w.trader(), "oracle.update", update)
    w.wait_until(int(w.view.feed(feed).time) + plan.heartbeat + w.pick([0, 1]))
    yield w.act(w.trader(), "oracle.latest", feed)
    for series in w.alive():
        if w.view.terms(series).feed == feed:
            yield w.act(w.trader(), "exchange.refreshMark", series)


def stale(w: World) -> Plan:
    """A feed falls silent: reduce-only, no liquidation, withdrawals of the flat only."""
    feed = w.pick(list(w.feeds))
    plan = w.feeds[feed]
    w.wait(plan.heartbeat + w.between(1, 600))
    months = [one for one in w.alive() if w.view.terms(one).feed == feed]
    for _ in range(w.between(4, 9)):
        move = w.pick(
            [
                *(trading.quote, trading.reduce, trading.refresh_mark, clearing.withdraw, clearing.wrap),
                *(clearing.liquidate, clearing.auction, clearing.flag, clearing.realise, clearing.unwrap),
            ]
        )
        yield move(w)
    if months:
        low, high = w.band(months[0])
        yield trading.place(w, w.pick(TRADERS), months[0], 0, w.between(low, high), 1, expiry=0)
    yield from w.refresh()


def exact_bound(w: World) -> Plan:
    """A value moves by the feed's bound to the unit, up, down and over midnight, and then by a unit more."""
    yield from w.refresh()
    feed = w.pick(list(w.feeds))
    plan = w.feeds[feed]
    for sign, overnight, more in ((1, False, 0), (-1, False, 0), (1, True, 0), (1, False, 1), (-1, False, 1)):
        plan.value += -plan.value % 10_000  # so that the bound is a whole number
        far = sign * (plan.value * plan.bound_bps // 10_000 + more)
        for move, seconds in ((0, 60), (far, DAY if overnight else 60)):
            plan.value += move
            w.wait(seconds)
            action = w.update(feed)
            if action is not None:
                yield action
