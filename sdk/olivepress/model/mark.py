"""Mark price: index plus a basis that follows trades (Mark.sol; docs/spec/margin.md).

Index and basis are held in 1/256 tick. Until the averaging window starts, mark = index + basis (MARK-1).
Inside it, the seconds behind count as they were and those ahead at the index plus a shrinking basis (MARK-5):

    mark = (fixed sum + remaining * (index + basis * remaining / window)) / (fresh + remaining)

Only the part ahead can still move; that is the `delta_mark` for which margin is asked (MARGIN-4).
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.model.state import OracleReads, Series

BASIS_HORIZON = 15 * 60
"""A trade moves the basis as if at most this many seconds had passed since the last one."""


@dataclass(slots=True)
class Quote:
    """`mark` and the part of it that can still move in ticks, `index` in 1/256 tick."""

    mark: int
    delta_mark: int
    stale: bool
    index: int


def quote(oracle: OracleReads, series: Series, now: int) -> Quote:
    """The mark of an unsettled series at this second."""
    spec = series.spec
    price, _, fresh = oracle.latest(spec.feed, now)
    index = index_ticks(price, spec.tick_size)
    if now >= series.fixing:
        return _fixing(oracle, series, index, not fresh, now)
    mark = _ticks(index + series.hot.basis, spec.price_cap)
    return Quote(mark, mark, not fresh, index)


def _fixing(oracle: OracleReads, series: Series, index: int, stale: bool, now: int) -> Quote:
    spec, window = series.spec, series.expiry - series.fixing
    remaining = max(series.expiry - now, 0)
    if remaining:
        total, fresh = oracle.accumulated(spec.feed, now)
        total_before, fresh_before, _ = oracle.checkpoint(spec.feed, spec.window_start, now)
        total, fresh = total - total_before, fresh - fresh_before
    else:
        total, fresh, _, _ = oracle.window(spec.feed, spec.window_start, spec.expiry_day, now)
    if fresh + remaining == 0:
        mark = _ticks(index, spec.price_cap)
        return Quote(mark, mark, stale, index)
    ahead = (index + towards_zero(series.hot.basis * remaining, window)) * remaining
    seconds = fresh + remaining
    fixed = (total << 8) // spec.tick_size
    mark = _ticks(towards_zero(fixed + ahead, seconds), spec.price_cap)
    # MARGIN-4: a window that may end below the coverage minimum can be challenged: all of the mark can move.
    if (window - remaining - fresh) * 50 > window:
        return Quote(mark, mark, stale, index)
    return Quote(mark, min(_ticks(towards_zero(ahead, seconds), spec.price_cap), mark), stale, index)


def follow(series: Series, index: int, traded_lots: int, traded_ticks: int, now: int) -> None:
    """Lets the trades of one call pull the basis towards (average price - index).

    Weighted by traded size against open interest and by time (MARK-2); at most half of (im - mm) an hour
    (MARK-3).
    """
    spec, hot = series.spec, series.hot
    elapsed = min(now - hot.basis_time, BASIS_HORIZON)
    target = _within((traded_ticks << 8) // traded_lots - index, spec.max_basis << 8)
    weight = traded_lots + hot.open_interest
    step = towards_zero((target - hot.basis) * traded_lots * elapsed, weight * BASIS_HORIZON)
    # 4/5, as up to BASIS_HORIZON from before the hour may count in it.
    limit = (hot.mark << 8) * (spec.im_bps - spec.mm_bps) * elapsed * 4 // (2 * 10_000 * 5 * 3_600)
    step = _within(step, limit)
    if step:  # MARK-4: else time goes on counting, so that dust trades cannot freeze the basis
        hot.basis += step
        hot.basis_time = now


def expired(series: Series, now: int) -> bool:
    """True when the cached mark may not be relied on for placing (MARK-6)."""
    hot = series.hot
    # A stale index may be fresh again.
    old = hot.stale or now - hot.mark_time > series.spec.max_mark_age or now >= series.fixing
    return old and not hot.settled


def index_ticks(price: int, tick_size: int) -> int:
    """An oracle value in 1/256 tick, rounded half up."""
    return ((price << 8) + (tick_size >> 1)) // tick_size


def towards_zero(a: int, b: int) -> int:
    """a / b as Solidity divides; b > 0."""
    return a // b if a >= 0 else -(-a // b)


def _within(value: int, bound: int) -> int:
    """The nearest to `value` in +-bound."""
    if value > bound:
        return bound
    return value if value > -bound else -bound


def _ticks(price: int, cap: int) -> int:
    """1/256 tick to whole ticks: rounded half up, within [0, cap]."""
    if price <= 0:
        return 0
    ticks = (price + 128) >> 8
    return ticks if ticks < cap else cap
