"""Listing a series: its terms are checked once and frozen (Listing.sol; SETTLE-2 in
docs/spec/settlement.md)."""

from __future__ import annotations

from olivepress.events.model import GuardianReduceOnly, SeriesListed
from olivepress.model import insurance
from olivepress.model.errors import refuse
from olivepress.model.mark import index_ticks
from olivepress.model.state import (
    BUYS,
    DAY,
    MAX_LIVE_SERIES,
    NO_ASK,
    SELLS,
    Call,
    Hot,
    Series,
    Side,
    State,
)
from olivepress.reverts import InvalidSpec, UnknownSeries
from olivepress.types import SeriesSpec

BRAKE = 7 * DAY


def list_series(state: State, call: Call, spec: SeriesSpec) -> int:
    _check_prices(spec)
    _check_rates(spec)
    _check_window(spec, call.time)
    tick_size = state.feed_tick_size.get(spec.feed, 0)
    if tick_size:
        _within("tickSize", spec.tick_size, tick_size, tick_size)
    price, _, _ = state.oracle.latest(spec.feed, call.time)
    basis = (spec.initial_mark << 8) - index_ticks(price, spec.tick_size)
    _within("initialMark: |basis|", abs(basis) >> 8, 0, spec.max_basis)

    number = len(state.series) + 1
    live = state.feed_series.get(spec.feed, ())
    if len(live) == MAX_LIVE_SERIES:
        refuse(InvalidSpec, "feed: live series", MAX_LIVE_SERIES, 0, MAX_LIVE_SERIES - 1)
    state.journal.put(state.feed_tick_size, spec.feed, spec.tick_size)
    state.journal.put(state.feed_series, spec.feed, (*live, number))
    series = Series(
        id=number,
        spec=spec,
        hot=Hot(mark=spec.initial_mark, mark_time=call.time, basis=basis, basis_time=call.time),
        sides=(Side(BUYS, number << 8 | BUYS), Side(SELLS, number << 8 | SELLS)),
        fixing=spec.window_start * DAY,
        expiry=spec.expiry_day * DAY,
    )
    state.journal.put(state.series, number, series)
    insurance.brake(state, spec.feed)
    state.log.add(SeriesListed, number, spec.feed, spec)
    return number


def set_reduce_only(state: State, call: Call, number: int, on: bool) -> None:
    """The guardian's brake: lapses by itself, so it cannot hold a series for ever (ACCOUNT-4)."""
    series = state.series.get(number)
    if series is None:
        refuse(UnknownSeries, number)
    state.journal.keep(series.money)
    series.money.reduce_only_until = call.time + BRAKE if on else 0
    state.journal.keep(series.hot)
    series.hot.guarded = on
    state.log.add(GuardianReduceOnly, number, series.money.reduce_only_until)


def _check_prices(spec: SeriesSpec) -> None:
    _within("symbol", len(spec.symbol.encode()), 1, 31)
    _within("tickSize", spec.tick_size, 1, (1 << 64) - 1)
    _within("tickValue", spec.tick_value, 1, (1 << 32) - 1)
    _within("priceCap", spec.price_cap, 2, NO_ASK - 1)
    _within("initialMark", spec.initial_mark, 1, spec.price_cap)
    # The basis must fit 1/256 ticks in 32 signed bits.
    _within("maxBasis", spec.max_basis, 0, ((1 << 24) - 1) >> 1)
    _within("minLots", spec.min_lots, 1, 255)
    _within("positionLimit", spec.position_limit, spec.min_lots, 1 << 30)
    _within("openInterestCap", spec.open_interest_cap, spec.position_limit, 1 << 30)
    # All open interest at the cap must fit the 80 signed bits of `quote` with room to spare.
    most = ((1 << 78) - 1) // (spec.price_cap * spec.tick_value)
    _within("openInterestCap x priceCap x tickValue", spec.open_interest_cap, 1, most)


def _check_rates(spec: SeriesSpec) -> None:
    _within("takerFee", spec.taker_fee, 0, 50_000)
    _within("makerRebate", spec.maker_rebate, 0, spec.taker_fee)
    _within("bandBps", spec.band_bps, 1, 9_999)
    _within("gapBps", spec.gap_bps, 1, 9_999)
    _within("mmBps", spec.mm_bps, 1, 10_000)
    _within("spreadBps", spec.spread_bps, 0, spec.mm_bps)
    _within("gainPct", spec.gain_pct, 0, 100)
    # MARGIN-11: a fill at the band's edge leaves a maker that was just checked at or above MM.
    least = spec.mm_bps + 2 * spec.band_bps + spec.gap_bps + (spec.taker_fee + 99) // 100
    # MARGIN-8: no rate above the whole, as a long can lose what it is worth, and no more.
    _within("imBps", spec.im_bps, least, 10_000)
    scaled = spec.im_bps * (100 + spec.concentration_pct)
    _within("imBps x (100 + concentrationPct)", scaled, 1, 1_000_000)
    _within("maxMarkAge", spec.max_mark_age, 1, 3_600)


def _check_window(spec: SeriesSpec, now: int) -> None:
    _within("windowStart", spec.window_start, now // DAY + 1, (1 << 16) - 2)
    _within("expiryDay", spec.expiry_day, spec.window_start + 1, spec.window_start + 31)


def _within(field: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        refuse(InvalidSpec, field, value, lowest, highest)
