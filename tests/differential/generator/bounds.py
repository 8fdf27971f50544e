"""Plans on what feeds, operators and terms may be at most and at least, and on terms wrong in two ways."""

from __future__ import annotations

from differential.generator import index
from differential.generator.office import WRONG
from differential.generator.setup import list_series, new_feed
from differential.generator.world import Plan, World
from differential.setting import DAY, MAX_LAG

MAX_VALUE = 2**52 - 1
MAX_OPERATORS = 31
MAX_BOUND_BPS = 20_470

# Terms at their bounds; those that depend on the feed and the day are left out.
LOW = {
    "max_basis": 0,
    "tick_value": 1,
    "min_lots": 1,
    "position_limit": 1,
    "open_interest_cap": 1,
    "mm_bps": 1,
    "band_bps": 1,
    "gap_bps": 1,
    "im_bps": 4,
    "spread_bps": 0,
    "concentration_pct": 0,
    "gain_pct": 0,
    "taker_fee": 0,
    "maker_rebate": 0,
    "max_mark_age": 1,
}
_MOST = (2**78 - 1) // ((2**24 - 2) * (2**32 - 1))
HIGH = {
    "price_cap": 2**24 - 2,
    "max_basis": 2**23 - 1,
    "position_limit": _MOST,
    "open_interest_cap": _MOST,
    "mm_bps": 1_000,
    "spread_bps": 1_000,
    "im_bps": 5_000,
    "concentration_pct": 100,
    "gain_pct": 100,
    "taker_fee": 50_000,
    "maker_rebate": 50_000,
    "max_mark_age": 3_600,
}
# Each at a bound, or one beyond it. The tick size is wrong too, which is looked at last.
EXACT: list[dict[str, object]] = [
    {"symbol": "S"},
    {"tick_size": 1},
    {"tick_size": 2**64 - 1},
    {"price_cap": 2, "initial_mark": 2},
    {"initial_mark": 1},
    {"min_lots": 255, "position_limit": 255, "open_interest_cap": 255},
    {"open_interest_cap": 2**30},
    {"open_interest_cap": 2**30 + 1},
    {"band_bps": 9_999},
    {"gap_bps": 9_999},
    {"gap_bps": 10_000},
    {"mm_bps": 10_000},
    {"mm_bps": 10_001},
    {"im_bps": 9_901, "concentration_pct": 1},
    {"window_start": 2**16 - 2, "expiry_day": 2**16 - 1},
    {"window_start": 2**16 - 1, "expiry_day": 2**16 - 1},
    # A fee of a whole percent of a percent, and one more: the margin that is least grows by one with it.
    *(
        {"mm_bps": 300, "band_bps": 100, "gap_bps": 50, "im_bps": 551 + more, "taker_fee": fee}
        | {"spread_bps": 0, "maker_rebate": 0, "concentration_pct": 0}
        for fee in (100, 101)
        for more in (0, 1)
    ),
]


def extremes(w: World) -> Plan:
    """A feed before its first value, with the least and the greatest there is; the most operators."""
    feed = w.view.feed_count + 1
    yield new_feed(w, feed)
    reader = w.trader()
    for verb in ("latest", "heartbeat"):
        yield w.act(reader, f"oracle.{verb}", feed)
    w.wait_until(w.day * DAY + MAX_LAG + 1)
    yield w.act(reader, "oracle.fixCheckpoint", feed, w.day)
    yield list_series(w, feed)
    w.wait_until((w.day + 1) * DAY - 60)
    for value in (1, 0, MAX_VALUE, MAX_VALUE, MAX_VALUE + 1):
        w.wait(60)  # the first at midnight
        update = w.report({feed: 1}, observed_at=w.now)
        if update is not None:
            told = tuple((value,) for _ in update.values)
            yield w.act(reader, "oracle.update", index.again(w, update, values=told))
        for verb in ("checkpoint", "lastBefore"):
            for day in (w.day - 1, w.day):
                yield w.act(reader, f"oracle.{verb}", feed, day)
    w.feeds.pop(feed)
    number = w.pick(list(w.sets))
    yield w.act(w.oracle_owner, "oracle.addFeed", index.terms(number, DAY, MAX_BOUND_BPS))
    for count in (MAX_OPERATORS, MAX_OPERATORS + 1):
        operators = tuple(f"0x{n:040x}" for n in range(1, count + 1))
        yield w.act(w.oracle_owner, "oracle.addOperatorSet", operators, 2 * ((count - 1) // 3) + 1)
    for quorum in (2, 3, 4):  # of four, only three are enough and not too many
        operators = tuple(f"0x{n:040x}" for n in range(1, 5))
        yield w.act(w.oracle_owner, "oracle.addOperatorSet", operators, quorum)
    yield from listings(w)


def listings(w: World) -> Plan:
    """Terms with every bound met at once, the low ones and the high ones; and each of them missed by one."""
    yield from w.refresh()
    feed = w.pick(list(w.feeds))
    mark = int(w.view.feed(feed).price) // w.feeds[feed].tick_size
    start = w.day + 1
    low = LOW | {"window_start": start, "expiry_day": start + 1, "initial_mark": mark, "price_cap": mark}
    for name in (*LOW, "price_cap", "expiry_day"):
        if low[name]:
            yield list_series(w, feed, **(low | {name: low[name] - 1}))
    for changes in ({"symbol": ""}, {"window_start": start - 1}, {"initial_mark": mark - 1}, {}):
        yield list_series(w, feed, **(low | changes))
    high = low | HIGH | {"tick_value": 2**32 - 1}  # no more fits its type
    for name in HIGH:
        yield list_series(w, feed, **(high | {name: high[name] + 1}))
    missed: list[dict[str, object]] = [
        {"symbol": "S" * 32},
        {"im_bps": 1_502},
        {"im_bps": 10_001},
        {"gap_bps": 2},
    ]
    # The longest window is long to live through: its tick size is wrong instead, which is looked at later.
    wrong = w.feeds[feed].tick_size + 1
    missed += [{"expiry_day": start + 32}, {"expiry_day": start + 31, "tick_size": wrong}]
    for terms in (*missed, {"symbol": "S" * 31}):
        yield list_series(w, feed, **(high | terms))
    for terms in EXACT:
        yield list_series(w, feed, **({"tick_size": wrong} | terms))
    yield list_series(w, feed, tick_size=wrong - 2)
    for name in WRONG:  # two wrong terms: the first that is looked at is named
        other = w.pick([one for one in WRONG if one != name])
        yield list_series(w, feed, **{one: w.pick(WRONG[one]) for one in (name, other) if one != "feed"})
