"""From expiry to money: settlement price, crank, claims, fees and bounties (Settlement.sol;
docs/spec/settlement.md).

    settle            fixes the price once the window's last checkpoint is final
    settle_accounts   turns each account's lots into money: losers pay what their cash allows, and the rest
                      stays a debt; gains become claims
    (closing)         with the last account insurance advances what claims lack, as far as it goes
    draw              pays a claim at collected / claims; then the account pays its debts elsewhere

Within a series the result depends neither on the order of the accounts nor on how they are split over calls
(SETTLE-19).
"""

from __future__ import annotations

from collections.abc import Sequence

from olivepress.events.model import (
    AccountSettled,
    BountyPaid,
    ClaimDrawn,
    FeesCollected,
    SeriesClosed,
    SeriesSettled,
)
from olivepress.model import challenges, insurance, ledger
from olivepress.model.accounts import actor
from olivepress.model.errors import refuse
from olivepress.model.matching import fits
from olivepress.model.realise import pay_debt
from olivepress.model.state import PLACE, Account, Call, Money, Series, State
from olivepress.reverts import (
    AlreadySettled,
    NotClosed,
    NotExpired,
    NothingToCollect,
    NothingToRealise,
    TokenAccount,
    UnknownSeries,
    WindowNotFixed,
)

# The contract keeps the bounty in 64 bits.
_LARGEST_BOUNTY = (1 << 64) - 1
BOUNTY_BPS = 1_000
"""The crankers' share of a series' fees, 1e-4."""


# --- expiry ---


def settle(state: State, call: Call, number: int) -> int:
    """Fixes the settlement price; the tick. Anyone may call it (SETTLE-7)."""
    series = _known(state, number)
    if call.time < series.expiry:
        refuse(NotExpired, number, series.expiry)
    if series.hot.settled:
        refuse(AlreadySettled, number)
    found = challenges.average(state, series, call.time)
    if not found.fixed:
        refuse(WindowNotFixed, number)
    tick = challenges.decide(state, series, found, call.time) if found.thin else found.tick
    state.journal.keep(series.hot)
    series.hot.mark = tick
    series.hot.mark_time = call.time
    series.hot.settled = True
    state.journal.keep(series.money)
    series.money.uncranked = series.money.members
    insurance.delist(state, series.spec.feed, number)
    state.log.add(SeriesSettled, number, tick, found.fresh, found.elapsed)
    if series.money.uncranked == 0:
        _close(state, series)
    challenges.release(state, number)
    return tick


def settle_accounts(state: State, call: Call, numbers: Sequence[int]) -> None:
    """Settles every settled series of each account, lowest id first. A caller with an account earns
    bounties."""
    caller = state.principals.get(call.sender)
    for number in numbers:
        account = state.accounts.get(number)
        if account is None:
            continue
        for listed in sorted(account.series):
            series = state.series.get(listed)
            if series is None or not series.hot.settled or state.position(series, number).settled:
                continue
            _settle_account(state, account, series)
            if caller is not None:
                _credit(state, series, caller.account)


def _credit(state: State, series: Series, cranker: int) -> None:
    state.journal.keep(series.money)
    series.money.credited += 1
    key = series.id, cranker
    state.journal.put(state.cranks, key, state.cranks.get(key, 0) + 1)


def _settle_account(state: State, account: Account, series: Series) -> None:
    """quote += lots * S * v, lots = 0; a loser pays what its cash allows (SETTLE-13)."""
    position, money = state.position(series, account.id), series.money
    state.journal.keep(position)
    state.journal.keep(money)
    lots = position.lots
    claim = position.quote + lots * series.hot.mark * series.spec.tick_value
    paid = 0
    if claim < 0:
        paid = min(-claim, account.cash)
        ledger.set_cash(state, account, account.cash - paid)
        money.pool += paid
        claim += paid
    else:
        money.claims += claim
    if claim == 0:
        ledger.strike(state, account, series.id)
    # A struck series keeps a settled position: it cannot be joined again.
    for name in position.FIELDS:
        setattr(position, name, 0)
    position.settled, position.claim, position.quote = True, max(claim, 0), claim
    fits(position)
    state.log.add(AccountSettled, account.id, series.id, lots, claim, paid)
    money.uncranked -= 1
    if money.uncranked == 0:
        _close(state, series)


def _close(state: State, series: Series) -> None:
    """Every account is settled: insurance advances what claims lack, as far as it goes (SETTLE-14)."""
    money, feed = series.money, series.spec.feed
    state.journal.keep(money)
    state.journal.keep(series.hot)
    advance = 0
    if money.pool < money.claims:
        advance = min(money.claims - money.pool, state.insurance.get(feed, 0))
        insurance.take(state, feed, advance)
        money.pool += advance
        money.advance = advance
    money.collected = min(money.pool, money.claims)
    money.bounty = min(money.fees * BOUNTY_BPS // 10_000 // max(money.members, 1), _LARGEST_BOUNTY)
    series.hot.closed = True
    state.log.add(SeriesClosed, series.id, money.claims, money.collected, advance)


# --- after closing ---


def draw(state: State, call: Call, number: int, series_number: int) -> int:
    """Draws what an account's claim may draw now, claim x collected / claims less what was drawn (SETTLE-15);
    with it the account pays what it owes elsewhere."""
    series = _known(state, series_number)
    if not series.hot.closed:
        refuse(NotClosed, series_number)
    account = state.accounts.get(number)
    if account is not None and account.is_token:
        refuse(TokenAccount, number)
    position = series.positions.get(number)
    if account is None or position is None or not position.settled or position.quote <= 0:
        refuse(NothingToRealise, number, series_number)
    money = series.money
    entitled = position.claim * money.collected // money.claims
    amount = entitled - (position.claim - position.quote)
    if amount == 0:
        refuse(NothingToRealise, number, series_number)
    state.journal.keep(position)
    position.quote -= amount
    state.journal.keep(money)
    money.pool -= amount
    money.drawn += amount
    if position.quote == 0:
        ledger.strike(state, account, series_number)
    ledger.set_cash(state, account, account.cash + amount)
    state.log.add(ClaimDrawn, number, series_number, amount)
    _pay_debts(state, account)
    return amount


def _pay_debts(state: State, account: Account) -> None:
    """The lien: debts take the account's cash in the order in which their series expired (SETTLE-16)."""
    owed = []
    for number in account.series:
        series = state.series.get(number)
        if series is not None:
            position = series.positions.get(account.id)
            if position is not None and position.settled and position.quote < 0:
                owed.append((series.spec.expiry_day, number))
    for _, number in sorted(owed):
        if pay_debt(state, account, state.series[number]) == 0:
            return


def collect_fees(state: State, call: Call, number: int) -> int:
    """Moves to the treasury what the pool holds beyond all claims and advances. Bounties stay."""
    series = _known(state, number)
    if not series.hot.closed:
        refuse(NotClosed, number)
    money = series.money
    amount = _for_fees(money) - money.credited * money.bounty
    if amount <= 0:
        refuse(NothingToCollect, number)
    state.journal.keep(money)
    money.pool -= amount
    money.fees -= amount
    state.journal.keep(state.office)
    state.office.treasury += amount
    state.log.add(FeesCollected, number, amount)
    return amount


def collect_bounty(state: State, call: Call, number: int) -> int:
    """Pays the caller's account for the accounts that it settled in a closed series."""
    account = actor(state, call, PLACE)
    series, key = state.series.get(number), (number, account.id)
    amount = state.cranks.get(key, 0) * series.money.bounty if series is not None else 0
    if series is None or amount == 0 or _for_fees(series.money) < amount:
        refuse(NothingToCollect, number)
    money = series.money
    state.journal.keep(money)
    money.credited -= state.cranks[key]
    money.pool -= amount
    money.fees -= amount
    state.journal.drop(state.cranks, key)
    ledger.set_cash(state, account, account.cash + amount)
    state.log.add(BountyPaid, number, account.id, amount)
    return amount


def _for_fees(money: Money) -> int:
    """What a closed series' pool holds beyond all claims and advances: fees rank last (SETTLE-18)."""
    if money.collected != money.claims or money.advance:
        return 0
    return money.pool - (money.collected - money.drawn)


def _known(state: State, number: int) -> Series:
    series = state.series.get(number)
    if series is None:
        refuse(UnknownSeries, number)
    return series
