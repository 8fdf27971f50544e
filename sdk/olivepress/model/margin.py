"""Portfolio margin of one account (Margin.sol; docs/spec/margin.md).

Long and short deltas of series on the same feed with the same cap offset each other at a spread charge
(MARGIN-3), unless the settlement of one may be challenged (MARGIN-12); open orders count as if the worse side
of them filled; no requirement exceeds the largest loss:

    MM = mm * |D| + spread * min(L, S)                                      MARGIN-5
    IM = im(size) * max(|D + B|, |D - A|) + spread * min(L + B, S + A)      MARGIN-6
    each at most r * (L + B + A)                                            MARGIN-8
        + sum over shorts of min(r * |delta|, lots * (priceCap - mark) * v)

L and S are the sums of long and short deltas, D = L - S, B and A open buys and sells at the mark; r is mm or
im, and MM knows no orders: B = A = 0 in its bound.
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.model import mark
from olivepress.model.context import Context
from olivepress.model.errors import refuse
from olivepress.model.state import Account, Position, Series, State
from olivepress.reverts import InsufficientMargin

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


# One series of an account: its value, and what of it counts for IM; delta, open buys, open sells and what a
# short can lose at most, base units; its initial margin rate; whether all of its mark can still move; whether
# it has lots at a stale index.
Leg = tuple[Series, int, int, int, int, int, int, int, bool, bool]


def assess(state: State, account: Account, now: int) -> AccountMargin:
    """Margin of an account at fresh marks."""
    legs: list[Leg] = []
    for number in account.series:
        if number:
            _other(state, legs, account, state.series[number], now, cached=False)
    return _require(account.cash, legs, now)


def assess_in(c: Context, position: Position, *, cached: bool) -> AccountMargin:
    """Margin of the acting account with `position` in the series of the call, at the mark of the call.

    `cached`: rely on cached marks that are young enough, as placing may.
    """
    return _require(c.account.cash, _legs(c, position, cached), c.now)


def check(c: Context) -> bool:
    """True when IM-equity covers IM. Otherwise the action must not have lowered equity - IM, nor leave equity
    negative (MARGIN-10). A call that did not trade may rely on cached marks."""
    cached = c.traded_lots == 0
    legs = _legs(c, c.position, cached)
    im_equity, gross, highest = c.account.cash, 0, 0
    for _, _, counted, delta, buys, sells, _, rate, _, _ in legs:
        im_equity += counted
        gross += (delta if delta > 0 else -delta) + buys + sells
        if rate > highest:
            highest = rate
    # No group needs more than its rate on its gross (MARGIN-8), rounded up: who covers that needs no offsets.
    if (im_equity - len(legs)) * RATE >= highest * gross:
        return True
    if im_equity >= sum(map(_initial, _groups(legs, c.now))):
        return True
    was = assess_in(c, Position(*c.before), cached=cached)
    require_not_lowered(c.account, _require(c.account.cash, legs, c.now), was)
    return False


def _legs(c: Context, position: Position, cached: bool) -> list[Leg]:
    """The series of the acting account."""
    account, series = c.account, c.series
    legs: list[Leg] = []
    for number in account.series:
        if number == series.id:
            hot = series.hot
            # What was idle before must not lend its rates to what was.
            if position.lots or position.quote or position.open_count:
                delta_mark = c.quote.delta_mark if c.quote else hot.mark
                legs.append(_leg(series, position, hot.mark, delta_mark, hot.stale))
        elif number:
            _other(c.state, legs, account, c.state.series[number], c.now, cached=cached)
    return legs


def recheck(state: State, account: Account, now: int) -> None:
    """After money or lots went out under enough margin: the marks of now are those at which open orders were
    last checked (MARGIN-10). A lower mark asks for less than the one of their placing did."""
    for number in account.series:
        series = state.series.get(number)
        position = series.positions.get(account.id) if series else None
        if series is None or position is None or series.hot.settled or not position.open_count:
            continue
        state.journal.keep(position)
        position.checked_mark = mark.quote(state.oracle, series, now).mark


def doubt(state: State, account: Account, now: int) -> int:
    """By how much lots at a stale index may be worth more than at their last mark: initial margin's share of
    it (LIQ-13)."""
    scaled = 0
    for number in account.series:
        series = state.series.get(number)
        position = series.positions.get(account.id) if series else None
        if series is None or position is None or series.hot.settled:
            continue
        q = mark.quote(state.oracle, series, now)
        if q.stale:
            scaled += abs(position.lots) * q.mark * series.spec.tick_value * series.spec.im_bps
    return -(-scaled // 10_000)


def require_not_lowered(account: Account, m: AccountMargin, was: AccountMargin) -> None:
    if m.equity - m.initial_margin < was.equity - was.initial_margin or m.equity < 0:
        refuse(InsufficientMargin, account.id, m.im_equity, m.initial_margin)


def withdrawable(m: AccountMargin) -> int:
    """cash + losses - IM, not below zero: nobody can withdraw an unrealised gain (MARGIN-2)."""
    return max(m.cash + m.losses - m.initial_margin, 0)


def _other(
    state: State, legs: list[Leg], account: Account, series: Series, now: int, *, cached: bool
) -> None:
    """A series that is not the one being traded."""
    position, hot = series.positions.get(account.id), series.hot
    if position is None:
        return
    if hot.settled:
        # Gains count for nothing before they are drawn, and no margin is needed.
        value = position.quote + position.lots * hot.mark * series.spec.tick_value
        legs.append((series, value, min(value, 0), 0, 0, 0, 0, 0, False, False))
    elif not (position.lots or position.quote or position.open_count):
        pass  # idle: it must not lend its rates to its group
    elif cached and not mark.expired(series, now):
        legs.append(_leg(series, position, hot.mark, hot.mark, hot.stale))
    else:
        q = mark.quote(state.oracle, series, now)
        legs.append(_leg(series, position, q.mark, q.delta_mark, q.stale))


def _leg(series: Series, position: Position, mark_: int, delta_mark: int, stale: bool) -> Leg:
    """An unsettled series at a mark."""
    spec, lots = series.spec, position.lots
    open_buy, open_sell = position.open_buy, position.open_sell
    tick_value = spec.tick_value
    unit = mark_ * tick_value
    # MARGIN-1: of a gain only a part counts for IM.
    value = position.quote + lots * unit
    counted = value if value < 0 else value * spec.gain_pct // 100
    # MARGIN-9: im(size) grows with the position's share of open interest.
    # Of the two sides the larger is never negative, so it is the larger of both sizes too.
    im_rate = spec.im_bps * 10_000
    bought, sold = lots + open_buy, open_sell - lots
    size = bought if bought > sold else sold
    if size:
        share = series.hot.open_interest + size
        im_rate += spec.im_bps * spec.concentration_pct * 100 * size // share
    delta = lots * delta_mark * tick_value
    short_loss = -lots * (spec.price_cap - mark_) * tick_value if lots < 0 else 0
    # MARGIN-4: a fill can cost the band of the whole mark, however little of it can still move.
    buys, sells = open_buy * unit, open_sell * unit
    whole, silent = delta_mark == mark_, stale and lots != 0
    return series, value, counted, delta, buys, sells, short_loss, im_rate, whole, silent


def _require(cash: int, legs: list[Leg], now: int) -> AccountMargin:
    """Values and requirements together."""
    m = AccountMargin(cash, cash, cash)
    for leg in legs:
        value, counted, silent = leg[1], leg[2], leg[9]
        m.equity += value
        m.im_equity += counted
        m.losses += min(value, 0)
        m.stale = m.stale or silent
    for group in _groups(legs, now):
        m.initial_margin += _initial(group)
        _maintain(m, group)
    return m


def _groups(legs: list[Leg], now: int) -> list[list[Leg]]:
    """Legs that offset each other: one feed, one cap (MARGIN-3, MARGIN-12)."""
    if len(legs) == 1:
        return [legs]
    groups: dict[tuple[int, ...], list[Leg]] = {}
    for leg in legs:
        series, spec = leg[0], leg[0].spec
        kin: tuple[int, ...] = spec.feed, spec.price_cap
        if series.hot.settled:
            kin = (series.id,)
        # MARGIN-12: whole though more than 2% of the window is behind, which moves no more with the index.
        elif leg[8] and now > series.fixing + (series.expiry - series.fixing) // 50:
            kin += spec.window_start, spec.expiry_day
        groups.setdefault(kin, []).append(leg)
    return list(groups.values())


def _initial(group: list[Leg]) -> int:
    """IM of one group (MARGIN-6). Rates are the highest of its legs."""
    longs = shorts = buys = sells = rate = spread_bps = 0
    for series, _, _, delta, leg_buys, leg_sells, _, im_rate, _, _ in group:
        if delta >= 0:
            longs += delta
        else:
            shorts -= delta
        buys += leg_buys
        sells += leg_sells
        if im_rate > rate:
            rate = im_rate
        if series.spec.spread_bps > spread_bps:
            spread_bps = series.spec.spread_bps
    long_side, short_side = longs + buys, shorts + sells
    bought, sold = long_side - shorts, short_side - longs
    offset = long_side if long_side < short_side else short_side
    scaled = rate * (bought if bought > sold else sold) + spread_bps * 10_000 * offset
    most = rate * (longs + buys + sells) + (_capped(group, rate) if shorts else 0)
    return -(-(scaled if scaled < most else most) // RATE)  # rounded up


def _maintain(m: AccountMargin, group: list[Leg]) -> None:
    """MM of one group (MARGIN-5), and below which equity its orders may be cancelled (MARGIN-7)."""
    longs = sum(leg[3] for leg in group if leg[3] > 0)
    shorts = -sum(leg[3] for leg in group if leg[3] < 0)
    buys = sum(leg[4] for leg in group)
    sells = sum(leg[5] for leg in group)
    rate = max(leg[0].spec.mm_bps for leg in group) * 10_000
    spread = max(leg[0].spec.spread_bps for leg in group) * 10_000
    band = max(leg[0].spec.band_bps for leg in group) * 10_000
    net, offset = longs - shorts, spread * min(longs, shorts)
    most = rate * longs + _capped(group, rate)
    m.maintenance_margin += -(-min(rate * abs(net) + offset, most) // RATE)
    worst = max(abs(net + buys), abs(net - sells))
    filled = min(rate * worst + offset, most + rate * (buys + sells))
    m.orders_margin += -(-(filled + band * (buys + sells)) // RATE)


def _capped(group: list[Leg], rate: int) -> int:
    """Margin of the shorts at a rate: none needs more than it can lose (MARGIN-8)."""
    total = 0
    for _, _, _, delta, _, _, short_loss, _, _, _ in group:
        if delta < 0:
            margin, most = rate * -delta, short_loss * RATE
            total += margin if margin < most else most
    return total
