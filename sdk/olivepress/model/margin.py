"""Portfolio margin of one account (Margin.sol; design.md section 6).

Long and short deltas of series on the same feed with the same cap offset each other at a spread charge;
open orders count as if the worse side of them filled; no requirement exceeds the largest loss:

    MM = mm * |D| + spread * min(L, S)
    IM = im(size) * max(|D + B|, |D - A|) + spread * min(L + B, S + A)
    each at most r * (L + B + A) + sum over shorts of min(r * |delta|, lots * (priceCap - mark) * v)

L and S are the sums of long and short deltas, D = L - S, B and A open buys and sells at the mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.model import mark
from olivepress.model.context import Context
from olivepress.model.errors import refuse
from olivepress.model.state import Account, Position, Series, State
from olivepress.reverts import InsufficientMargin
from olivepress.types import SeriesSpec

RATE = 100_000_000
"""Margin rates are 1e-8: basis points x 10,000, so that a percentage of a percentage is exact."""


@dataclass(slots=True)
class AccountMargin:
    """What an account is worth and what it must keep, base units (AccountMargin of Types.sol)."""

    cash: int
    equity: int
    im_equity: int
    losses: int = 0
    initial_margin: int = 0
    maintenance_margin: int = 0
    orders_margin: int = 0
    stale: bool = False


# One unsettled series of an account: its terms; delta, open buys, open sells and what a short can lose at
# most, base units; its initial margin rate.
Leg = tuple[SeriesSpec, int, int, int, int, int]


def assess(state: State, account: Account, now: int) -> AccountMargin:
    """Margin of an account at fresh marks."""
    m = AccountMargin(account.cash, account.cash, account.cash)
    legs: list[Leg] = []
    for number in account.series:
        if number:
            _other(state, m, legs, account, state.series[number], now, cached=False)
    _total(m, legs)
    return m


def assess_in(c: Context, position: Position, *, cached: bool) -> AccountMargin:
    """Margin of the acting account with `position` in the series of the call, at the mark of the call.

    `cached`: rely on cached marks that are young enough, as placing may.
    """
    account = c.account
    m = AccountMargin(account.cash, account.cash, account.cash)
    legs: list[Leg] = []
    for number in account.series:
        if number == c.series.id:
            hot = c.series.hot
            _measure(m, legs, c.series, position, hot.mark, c.delta_mark, hot.stale)
        elif number:
            _other(c.state, m, legs, account, c.state.series[number], c.now, cached=cached)
    _total(m, legs)
    return m


def check(c: Context, *, cached: bool) -> bool:
    """True when IM-equity covers IM. Otherwise the action must not have lowered equity - IM, nor leave equity
    negative (invariant 4)."""
    m = assess_in(c, c.position, cached=cached)
    if m.im_equity >= m.initial_margin:
        return True
    require_not_lowered(c.account, m, assess_in(c, Position(*c.before), cached=cached))
    return False


def require_not_lowered(account: Account, m: AccountMargin, was: AccountMargin) -> None:
    if m.equity - m.initial_margin < was.equity - was.initial_margin or m.equity < 0:
        refuse(InsufficientMargin, account.id, m.im_equity, m.initial_margin)


def withdrawable(m: AccountMargin) -> int:
    """cash + losses - IM, not below zero: nobody can withdraw an unrealised gain (section 4)."""
    return max(m.cash + m.losses - m.initial_margin, 0)


def _other(
    state: State,
    m: AccountMargin,
    legs: list[Leg],
    account: Account,
    series: Series,
    now: int,
    *,
    cached: bool,
) -> None:
    """A series that is not the one being traded."""
    position, hot = series.positions.get(account.id), series.hot
    if position is None:
        return
    if hot.settled:
        # Gains count for nothing before they are drawn, and no margin is needed.
        _value(m, position.quote + position.lots * hot.mark * series.spec.tick_value, 0)
    elif not (position.lots or position.quote or position.open_count):
        pass  # idle: it must not lend its rates to its group
    elif cached and not mark.expired(series, now):
        _measure(m, legs, series, position, hot.mark, hot.mark, hot.stale)
    else:
        q = mark.quote(state.oracle, series, now)
        _measure(m, legs, series, position, q.mark, q.delta_mark, q.stale)


def _value(m: AccountMargin, value: int, gain_pct: int) -> None:
    m.equity += value
    if value < 0:
        m.losses += value
        m.im_equity += value
    else:
        m.im_equity += value * gain_pct // 100


def _measure(
    m: AccountMargin,
    legs: list[Leg],
    series: Series,
    position: Position,
    mark_: int,
    delta_mark: int,
    stale: bool,
) -> None:
    """Adds the value of an unsettled series at a mark, and its leg."""
    spec, lots = series.spec, position.lots
    unit = mark_ * spec.tick_value
    _value(m, position.quote + lots * unit, spec.gain_pct)
    if stale and lots:
        m.stale = True
    # im(size) grows with the position's share of open interest.
    bought, sold = abs(lots + position.open_buy), abs(lots - position.open_sell)
    size = bought if bought > sold else sold
    im_rate = spec.im_bps * 10_000
    if size:
        share = series.hot.open_interest + size
        im_rate += spec.im_bps * spec.concentration_pct * 100 * size // share
    delta = lots * delta_mark * spec.tick_value
    short_loss = -lots * (spec.price_cap - mark_) * spec.tick_value if lots < 0 else 0
    # A fill can cost the band of the whole mark, however little of it can still move.
    legs.append((spec, delta, position.open_buy * unit, position.open_sell * unit, short_loss, im_rate))


def _total(m: AccountMargin, legs: list[Leg]) -> None:
    """Sums the legs into the requirements, group by group: one feed, one cap."""
    if len(legs) == 1:
        _require(m, legs)
        return
    groups: dict[tuple[int, int], list[Leg]] = {}
    for leg in legs:
        groups.setdefault((leg[0].feed, leg[0].price_cap), []).append(leg)
    for group in groups.values():
        _require(m, group)


def _require(m: AccountMargin, group: list[Leg]) -> None:
    """The requirements of one group. Rates are the highest of its legs."""
    longs = shorts = buys = sells = im_rate = mm_bps = spread_bps = band_bps = 0
    for spec, delta, leg_buys, leg_sells, _, leg_rate in group:
        if delta >= 0:
            longs += delta
        else:
            shorts -= delta
        buys += leg_buys
        sells += leg_sells
        if leg_rate > im_rate:
            im_rate = leg_rate
        if spec.mm_bps > mm_bps:
            mm_bps = spec.mm_bps
        if spec.spread_bps > spread_bps:
            spread_bps = spec.spread_bps
        if spec.band_bps > band_bps:
            band_bps = spec.band_bps
    mm_rate, spread = mm_bps * 10_000, spread_bps * 10_000
    im_cap = im_rate * (longs + buys + sells)
    mm_cap = mm_rate * longs
    for _, delta, _, _, short_loss, _ in group if shorts else ():
        if delta < 0:  # a short loses at most `short_loss`
            im_cap += min(im_rate * -delta, short_loss * RATE)
            mm_cap += min(mm_rate * -delta, short_loss * RATE)
    net = longs - shorts
    bought, sold = abs(net + buys), abs(net - sells)
    worst = bought if bought > sold else sold
    offset = spread * (longs if longs < shorts else shorts)
    long_side, short_side = longs + buys, shorts + sells
    im = im_rate * worst + spread * (long_side if long_side < short_side else short_side)
    mm = mm_rate * abs(net) + offset
    orders = mm_rate * worst + offset + band_bps * 10_000 * (buys + sells)  # section 7, step 1
    # Rounded up.
    m.initial_margin -= -(im if im < im_cap else im_cap) // RATE
    m.maintenance_margin -= -(mm if mm < mm_cap else mm_cap) // RATE
    m.orders_margin -= -orders // RATE
