"""How a life begins: operators, feeds, first values, series, money."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from differential.actions import Action
from differential.generator.world import MOST_TICKS, FeedPlan, Plan, World
from differential.setting import ARBITER, DAY, GUARDIAN, TRADERS
from differential.updates import OPERATORS
from olivepress.types import SeriesSpec

UNITS = 10**6
MOST_VALUE = 2**50
FAMILIES = ("LLM", "GPU-H100", "AI")


def begin(w: World) -> Plan:
    """Everything that a market needs before it trades."""
    yield w.act(w.owner, "exchange.setGuardian", GUARDIAN)
    yield w.act(w.owner, "exchange.setArbiter", ARBITER)
    for _ in range(w.pick([1, 2, 2])):
        yield new_set(w)
    for number in range(1, w.between(2, 3) + 1):
        yield new_feed(w, number)
    for number in w.feeds:
        w.wait(1)
        action = w.update(number)
        if action is not None:
            yield action
    for feed in w.feeds:
        for _ in range(w.pick([1, 2, 2, 3])):
            yield list_series(w, feed)
    for trader in TRADERS[: w.between(4, 8)]:
        money = deposit_size(w)
        yield w.act(trader, "usdc.mint", trader, 3 * money + 1_000 * UNITS)
        yield w.act(trader, "exchange.deposit", 0, money)
    if w.chance(60):
        for feed in w.feeds:
            if w.chance(60):
                yield from insure(w, feed, deposit_size(w) // 10)


def new_set(w: World) -> Action:
    """A set of 1, 4 or 7 operators with the least quorum."""
    size = w.pick([1, 4, 4, 7])
    operators = sorted(w.rng.sample(OPERATORS, size), key=lambda one: one.address.lower())
    number = len(w.sets) + 1
    w.sets[number] = [operators]
    quorum = 2 * ((size - 1) // 3) + 1
    return w.act(w.oracle_owner, "oracle.addOperatorSet", tuple(one.address for one in operators), quorum)


def new_feed(w: World, number: int) -> Action:
    tick_size = w.pick([100_000, 10_000_000, 33_333])
    plan = FeedPlan(
        value=tick_size * w.between(300, 4_000) + w.rng.randrange(tick_size),
        tick_size=tick_size,
        heartbeat=w.pick([3_600, 8 * 3_600, DAY, DAY, DAY]),
        bound_bps=w.pick([500, 1_000, 2_000]),
        operator_set=1 + (number + 1) % len(w.sets),
    )
    w.feeds[number] = plan
    info = (
        FAMILIES[(number - 1) % 3].encode().ljust(32, b"\0"),
        number.to_bytes(32),
        plan.operator_set,
        plan.heartbeat,
        plan.bound_bps,
    )
    return w.act(w.oracle_owner, "oracle.addFeed", info)


def insure(w: World, feed: int, amount: int) -> Plan:
    sender = w.trader()
    yield w.act(sender, "usdc.mint", sender, amount)
    yield w.act(sender, "exchange.topUpInsurance", feed, amount)


def deposit_size(w: World) -> int:
    """Money for some tens of lots of some series, so that positions matter to the account."""
    series = w.listed()
    if not series:
        return 100_000 * UNITS
    one = w.pick(list(series))
    terms = w.view.terms(one)
    lot = int(w.view.hot(one).mark * terms.tick_value * terms.im_bps // 10_000)
    return max(1, lot * w.between(3, min(60, int(terms.position_limit))) + w.rng.randrange(1_000))


def list_series(w: World, feed: int, /, **changes: object) -> Action:
    return w.act(w.owner, "exchange.listSeries", spec(w, feed, **changes))


def listed(w: World, *wanted: tuple[int, dict[str, object]]) -> Generator[Action, None, list[int] | None]:
    """Lists a series for each feed and its terms. Their numbers; None where one was refused."""
    first = w.view.series_count + 1
    for feed, terms in wanted:
        yield list_series(w, feed, **terms)
    numbers = list(range(first, first + len(wanted)))
    return numbers if w.view.series_count == numbers[-1] else None


def spec(w: World, feed: int, /, **changes: object) -> SeriesSpec:
    """Terms that the exchange takes; those of one feed are alike, so that they offset and can be rolled."""
    plan = w.feeds[feed]
    siblings = [one for one in w.listed() if w.view.terms(one).feed == feed]
    old = w.view.terms(siblings[-1]) if siblings else None
    mark = w.mark_of(feed)
    same_cap = old is not None and int(old.price_cap) >= 3 * mark // 2 and w.chance(75)
    mm, band, gap = w.between(300, 1_000), w.between(100, 800), w.between(50, 300)
    fee = w.pick([0, 100, 500, 5_000])
    im = mm + 2 * band + gap + (fee + 99) // 100 + w.pick([0, 0, 500, 3_000])
    limit = w.between(20, 300)
    start = (int(old.expiry_day) - w.between(0, 1) if old else w.day) + w.between(1, 2)
    fields: dict[str, Any] = {
        "symbol": f"{FAMILIES[(feed - 1) % 3]}-{len(siblings) + 1}",
        "feed": feed,
        "window_start": max(start, w.day + 1),
        "expiry_day": max(start, w.day + 1) + w.between(1, 2),
        "tick_size": plan.tick_size,
        "tick_value": int(old.tick_value) if old and w.chance(80) else w.pick([UNITS, 100_000, 37, 1]),
        "price_cap": int(old.price_cap) if old and same_cap else mark * w.between(3, 16) // 2,
        "initial_mark": mark,
        "max_basis": max(2, mark // w.between(2, 20)),
        "min_lots": w.pick([1, 1, 1, 2, 3]),
        "position_limit": limit,
        "open_interest_cap": limit * w.pick([1, 1, 2, 5]),
        "im_bps": im,
        "mm_bps": mm,
        "spread_bps": w.between(0, mm),
        "band_bps": band,
        "gap_bps": gap,
        "concentration_pct": min(w.pick([0, 50, 100]), 1_000_000 // im - 100),
        "gain_pct": w.pick([0, 50, 80, 100]),
        "taker_fee": fee,
        "maker_rebate": w.between(0, fee),
        "max_mark_age": w.pick([1, 60, 600, 3_600]),
    }
    fields["initial_mark"] = near(w, feed, mark, fields)
    fields |= changes
    for part, whole in (("spread_bps", "mm_bps"), ("maker_rebate", "taker_fee")):
        if part not in changes:
            fields[part] = min(fields[part], fields[whole])
    return SeriesSpec(**fields)


def near(w: World, feed: int, mark: int, fields: dict[str, Any]) -> int:
    """A mark within maxBasis of the index."""
    index = min(int(w.view.feed(feed).price) // w.feeds[feed].tick_size or mark, MOST_TICKS)
    basis = fields["max_basis"] // 2
    return max(1, min(index + w.between(-basis, basis), fields["price_cap"]))
