"""What happens to an account below its margin (Liquidation.sol; docs/spec/liquidation.md).

    cancel_orders   equity does not carry the fills of its orders: they are killed
    liquidate       equity < MM: part of a position is closed through the book, no more than restores IM
    auction         equity < MM: a bidder takes a fraction of every position at the mark less a discount
    declare         equity < 0 for a whole auction: what it lacks is declared, and brakes the feed

In `liquidate` and `auction` what the account loses against the mark, keeper and fees included, is at most
max(equity, 0) * MM freed / MM (LIQ-9). So no step lowers its equity - MM. Every step is open to anyone.
"""

from __future__ import annotations

from dataclasses import dataclass

from olivepress.events.model import Auctioned, DeficitDeclared, Flagged, Liquidated, PositionMoved
from olivepress.events.records import Taken
from olivepress.model import book, insurance, ledger, margin, matching, trading
from olivepress.model.accounts import actor
from olivepress.model.context import END_IMMEDIATE, Context
from olivepress.model.errors import refuse
from olivepress.model.margin import AccountMargin
from olivepress.model.mark import quote, towards_zero
from olivepress.model.matching import fits
from olivepress.model.state import BUYS, DAY, PLACE, SELLS, Account, Call, Clock, Position, Series, State
from olivepress.reverts import (
    Healthy,
    InsufficientMargin,
    InvalidFraction,
    LiquidationLoss,
    NotAuthorised,
    NothingFreed,
    NothingToReduce,
    NothingTraded,
    PositionLimit,
    StaleAccount,
    TooEarly,
    UnknownAccount,
)

KEEPER_BPS = 1_000
"""The keeper's share of the maintenance margin that it frees, 1e-4."""
AUCTION = 30 * 60
"""Seconds in which the auction's discount grows from none to all of the margin freed."""
MEMORY = AUCTION // 3
"""Seconds after which a clock at which nobody looked counts no more."""
FEES_WAIVED = 64
"""In the flags of a taken record: its fills paid no fee and earned no rebate."""
WHOLE = 1_000_000
"""A fraction of 1."""


# --- step 1: orders ---


def cancel_orders(state: State, call: Call, number: int) -> None:
    """Kills all orders of an account whose equity would not carry their fills (LIQ-1)."""
    account, m = _assess(state, call, number)
    _sure(state, call, account, m, m.orders_margin)
    if m.equity >= m.orders_margin:
        refuse(Healthy, number, m.equity, m.orders_margin)
    _kill_orders(state, account)


def _kill_orders(state: State, account: Account) -> None:
    """Both other steps begin with it (LIQ-2)."""
    for number in account.series:
        if number:
            book.kill_orders(state, account.id, state.series[number])


# --- step 2: through the book ---


def liquidate(
    state: State, call: Call, number: int, series_number: int, lots: int, limit: int, max_steps: int
) -> tuple[int, int]:
    """Closes part of a position through the book, inside the band (LIQ-3).

    :param lots: close at most so many
    :param limit: worst tick for the account
    :returns: lots closed, and what the keeper earned; (0, 0) when only dead orders were met, which stay
        removed (LIQ-6)
    """
    keeper = actor(state, call, PLACE)
    if keeper.id == number:
        refuse(NotAuthorised, call.sender)
    account = state.accounts.get(number)
    if account is None:
        refuse(UnknownAccount, number)
    _kill_orders(state, account)
    c = trading.load(state, call.time, series_number, account, max_steps)
    trading.refresh(c)
    if c.series.hot.stale:
        refuse(StaleAccount, number)
    before = margin.assess_in(c, c.position, cached=False)
    _below(state, call, account, before)
    lots = min(lots, _most_lots(c, before))
    flags = trading.IMMEDIATE if c.position.lots < 0 else trading.IMMEDIATE | trading.SELL
    if before.equity <= 0:  # LIQ-5
        c.fees_waived = True
        flags |= FEES_WAIVED
    low, high = matching.band(c.series)
    limit = max(limit, low) if flags & trading.SELL else min(limit, high)
    resting = c.series.sides[BUYS if flags & trading.SELL else SELLS]
    left, _ = matching.walk(c, resting, limit, lots, trading.IMMEDIATE)
    closed = lots - left
    if closed == 0:
        if not c.records:
            refuse(NothingTraded, series_number)
        trading.finish(c)  # dead orders went: the next call meets living ones
        return 0, 0
    c.records.append((Taken, flags, limit, closed, left, c.series.hot.mark, 0, END_IMMEDIATE))
    reward = _reward(state, call, c, before)
    c.position.quote -= reward
    trading.finish(c)
    _credit(state, call, keeper, c.series, reward)
    state.log.add(Liquidated, number, series_number, keeper.id, closed, reward)
    return closed, reward


def _most_lots(c: Context, before: AccountMargin) -> int:
    """The lots that bring equity at the mark back to IM (LIQ-3). IM is convex in the lots closed, so each
    frees at most what the first does, and those asked for are never too many."""
    held = c.position.lots
    if held == 0:
        refuse(NothingToReduce, c.series.id, 0)
    one = 1 if held > 0 else -1
    less = Position(*c.before)
    less.lots -= one
    less.quote += one * c.series.hot.mark * c.series.spec.tick_value
    freed = before.initial_margin - margin.assess_in(c, less, cached=False).initial_margin
    if freed <= 0:
        refuse(NothingFreed, c.account.id, c.series.id)
    missing = before.initial_margin - before.equity
    return min(-(-missing // freed), abs(held))


def _reward(state: State, call: Call, c: Context, before: AccountMargin) -> int:
    """The keeper's share of the MM freed, as far as the account's allowed loss reaches (LIQ-4)."""
    m = margin.assess_in(c, c.position, cached=False)
    freed = before.maintenance_margin - m.maintenance_margin
    if freed <= 0:
        refuse(NothingFreed, c.account.id, c.series.id)
    allowed, loss = _allowed(before, freed), before.equity - m.equity
    if loss > allowed:
        refuse(LiquidationLoss, loss, allowed)
    reward = min(freed * KEEPER_BPS // 10_000, allowed - max(loss, 0))
    _note(state, call, c.account.id, m.equity - reward, m.maintenance_margin)
    return reward


def _allowed(before: AccountMargin, freed: int) -> int:
    """max(equity, 0) * MM freed / MM: what the account may lose (LIQ-9)."""
    if before.equity <= 0 or before.maintenance_margin == 0:
        return 0
    return before.equity * freed // before.maintenance_margin


# --- step 3: auction ---


@dataclass(slots=True)
class Slice:
    """What an auction hands over. `pay_in` is the series in which the discount is paid, the last that moved;
    `discount` is 1e-6 of the margin freed."""

    before: AccountMargin
    account: Account
    bidder: Account
    feed: int
    fraction: int
    discount: int
    pay_in: Series | None = None


def auction(state: State, call: Call, number: int, feed: int, fraction: int) -> tuple[int, int]:
    """Hands a fraction (1e-6) of every position of a feed to the caller's account (LIQ-7).

    :returns: the discount paid by the account, and that paid by insurance
    """
    bidder = actor(state, call, PLACE)
    if not 1 <= fraction <= WHOLE:
        refuse(InvalidFraction, fraction, WHOLE)
    if number == bidder.id:
        refuse(NotAuthorised, call.sender)
    known = state.accounts.get(number)
    if known is not None:
        _kill_orders(state, known)
    account, before = _assess(state, call, number)
    discount = _below(state, call, account, before) * WHOLE // AUCTION
    x = Slice(before, account, bidder, feed, fraction, discount)
    for listed in account.series:
        if listed:
            _move(state, call, x, state.series[listed])
    if x.pay_in is None:
        refuse(NothingFreed, number, 0)
    paid, insured = _pay_discount(state, call, x, x.pay_in)
    m = margin.assess(state, bidder, call.time)
    if m.im_equity < m.initial_margin:
        refuse(InsufficientMargin, bidder.id, m.im_equity, m.initial_margin)
    state.log.add(Auctioned, number, feed, bidder.id, fraction, paid, insured)
    return paid, insured


def _move(state: State, call: Call, x: Slice, series: Series) -> None:
    """One series of the slice at the mark; lots rounded towards zero."""
    if series.spec.feed != x.feed or series.hot.settled or call.time >= series.expiry:
        return
    given = state.position(series, x.account.id)
    lots = towards_zero(given.lots * x.fraction, WHOLE)
    if lots == 0:
        return
    x.pay_in = series
    at = quote(state.oracle, series, call.time)
    if at.stale:
        refuse(StaleAccount, x.account.id)
    tick = at.mark
    amount = lots * tick * series.spec.tick_value
    ledger.join(state, x.bidder, series)
    taken = state.position(series, x.bidder.id)
    state.journal.keep(given)
    state.journal.keep(taken)
    longs = max(given.lots, 0) + max(taken.lots, 0)
    given.lots -= lots
    given.quote += amount
    taken.lots += lots
    taken.quote -= amount
    given.last_fill_day = taken.last_fill_day = call.time // DAY
    most = max(taken.lots + taken.open_buy, taken.open_sell - taken.lots)
    if most > series.spec.position_limit:
        refuse(PositionLimit, series.id, most, series.spec.position_limit)
    state.journal.keep(series.hot)
    series.hot.open_interest += max(given.lots, 0) + max(taken.lots, 0) - longs
    fits(given)
    fits(taken)
    state.log.add(PositionMoved, x.account.id, x.bidder.id, series.id, lots, tick)


def _pay_discount(state: State, call: Call, x: Slice, series: Series) -> tuple[int, int]:
    """The account pays the discount as far as its allowed loss reaches, insurance the rest as far as it
    goes (LIQ-9)."""
    m = margin.assess(state, x.account, call.time)
    freed = x.before.maintenance_margin - m.maintenance_margin
    if freed <= 0:
        refuse(NothingFreed, x.account.id, series.id)
    discount = freed * x.discount // WHOLE
    paid = min(discount, _allowed(x.before, freed))
    insured = min(discount - paid, state.insurance.get(x.feed, 0))
    if insured:
        insurance.take(state, x.feed, insured)
        state.journal.keep(series.money)
        series.money.pool += insured
    _add_quote(state, call, x.account, series, -paid)
    _add_quote(state, call, x.bidder, series, paid + insured)
    _note(state, call, x.account.id, m.equity - paid, m.maintenance_margin)
    return paid, insured


# --- clocks and deficits ---


def flag(state: State, call: Call, number: int) -> None:
    """Starts the clocks of an account below MM, or below zero; stops those of one that recovered."""
    account, m = _assess(state, call, number)
    _sure(state, call, account, m, m.maintenance_margin)
    if m.equity >= m.maintenance_margin and state.clocks.get(number, Clock()) == Clock():
        refuse(Healthy, number, m.equity, m.maintenance_margin)
    _note(state, call, number, m.equity, m.maintenance_margin)


def _below(state: State, call: Call, account: Account, m: AccountMargin) -> int:
    """Refuses unless the account is below MM. The seconds since it was first seen there, at most AUCTION: the
    discount grows with them (LIQ-8)."""
    _sure(state, call, account, m, m.maintenance_margin)
    if m.equity >= m.maintenance_margin:
        refuse(Healthy, account.id, m.equity, m.maintenance_margin)
    since = _note(state, call, account.id, m.equity, m.maintenance_margin)
    return min(call.time - since, AUCTION)


def _note(state: State, call: Call, account: int, equity: int, maintenance_margin: int) -> int:
    """Keeps both clocks of an account: below MM since, and below zero since; 0 when it is not (LIQ-10).
    Returns the first.

    A clock at which nobody has looked for MEMORY starts anew: the account may have recovered meanwhile.
    """
    clock = _clock(state, call, account)
    since = 0 if equity >= maintenance_margin else clock.since or call.time
    negative_since = 0 if equity >= 0 else clock.negative_since or call.time
    was = state.clocks.get(account, Clock())
    running = bool(since or negative_since)
    changed = Clock(since, negative_since, call.time) if running else Clock()
    if changed != was:
        state.journal.put(state.clocks, account, changed)
    if changed[:2] != was[:2]:
        state.log.add(Flagged, account, since, negative_since)
    return since


def _clock(state: State, call: Call, account: int) -> Clock:
    """The account's clocks, unless they are forgotten."""
    clock = state.clocks.get(account, Clock())
    return Clock() if call.time > clock.looked_at + MEMORY else clock


def declare(state: State, call: Call, number: int, feed: int) -> int:
    """Declares what an account lacks in a feed once it has been below zero for as long as a whole auction;
    less, or nothing once cured, at any time (LIQ-11). Returns the amount."""
    account, m = _assess(state, call, number)
    before = state.declared.get((number, feed), 0)
    # Without a loss in the feed there is nothing to declare in it, whatever the rest is worth.
    amount = _loss_in(state, call, account, feed) if m.stale or m.equity < 0 else 0
    if amount:
        _sure(state, call, account, m, 0)
        amount = min(amount, -m.equity)
    if amount == before:
        refuse(Healthy, number, m.equity, 0)
    since = _clock(state, call, number).negative_since
    if amount > before and (since == 0 or call.time < since + AUCTION):
        refuse(TooEarly, since + AUCTION if since else 0)
    insurance.declare(state, number, feed, amount)
    state.log.add(DeficitDeclared, number, feed, amount)
    return amount


def _loss_in(state: State, call: Call, account: Account, feed: int) -> int:
    """The account's loss in the unsettled series of one feed, at the mark."""
    value = 0
    for number in account.series:
        series = state.series.get(number)
        if series is None or series.spec.feed != feed or series.hot.settled:
            continue
        position = state.position(series, account.id)
        at = quote(state.oracle, series, call.time)
        if at.stale and position.lots:
            refuse(StaleAccount, account.id)
        value += position.quote + position.lots * at.mark * series.spec.tick_value
    return max(-value, 0)


# --- small ---


def _assess(state: State, call: Call, number: int) -> tuple[Account, AccountMargin]:
    account = state.accounts.get(number)
    if account is None:
        refuse(UnknownAccount, number)
    return account, margin.assess(state, account, call.time)


def _sure(state: State, call: Call, account: Account, m: AccountMargin, needed: int) -> None:
    """Refuses when lots at a stale index may be worth so much more that equity is not below what is needed
    (LIQ-13)."""
    if m.stale and m.equity + margin.doubt(state, account, call.time) >= needed:
        refuse(StaleAccount, account.id)


def _credit(state: State, call: Call, account: Account, series: Series, amount: int) -> None:
    if amount:
        ledger.join(state, account, series)
        _add_quote(state, call, account, series, amount)


def _add_quote(state: State, call: Call, account: Account, series: Series, amount: int) -> None:
    position = state.position(series, account.id)
    state.journal.keep(position)
    position.quote += amount
    fits(position)
    if amount > 0:  # a gain like one from a fill: drawn no sooner
        position.last_fill_day = call.time // DAY
