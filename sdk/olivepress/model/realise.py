"""Value to cash and back: drawing a flat account's gain, paying losses and debts (Realising.sol;
docs/spec/settlement.md).

None of it changes anybody's equity (SETTLE-3). Per series, always: sum of quote + fees + advance = pool;
while settled, plus lots x settlement price of the accounts not yet cranked (SETTLE-20).
"""

from __future__ import annotations

from collections.abc import Sequence

from olivepress.events.model import DebtPaid, InsuranceRepaid, Realised
from olivepress.model import insurance, ledger
from olivepress.model.errors import refuse
from olivepress.model.mark import quote
from olivepress.model.state import DAY, Account, Call, Position, Series, State
from olivepress.reverts import (
    DeficitDeclaredIn,
    NotFlat,
    NothingToRealise,
    PayerNotLosing,
    SeriesExpired,
    StaleIndex,
    TooEarly,
)


def realise(state: State, call: Call, account: int, series: int, payers: Sequence[int]) -> int:
    """Draws a flat account's gain from the pool, or pays its debt from its cash. Anyone may call it.

    :param payers: accounts of the series whose losses may be called in when the pool is short
    :returns: what the account's cash grew by; below zero for a debt paid
    """
    owner, found = state.accounts.get(account), state.series.get(series)
    if owner is None or found is None or series not in owner.series:
        refuse(NothingToRealise, account, series)
    position = state.position(found, account)
    amount = 0
    if position.settled:
        amount = -pay_debt(state, owner, found)
    elif position.lots:
        refuse(NotFlat, account, series, position.lots)
    elif position.quote < 0:
        amount = -pay(state, owner, found, -position.quote)
    elif position.quote > 0:
        amount = _draw_gain(state, call, owner, found, position, payers)
    if amount == 0:
        refuse(NothingToRealise, account, series)
    ledger.tidy(state, owner)
    state.log.add(Realised, account, series, amount)
    return amount


def pay(state: State, account: Account, series: Series, wanted: int) -> int:
    """Moves up to `wanted` from cash into the pool against the account's negative quote."""
    paid = min(wanted, account.cash)
    if paid == 0:
        return 0
    ledger.set_cash(state, account, account.cash - paid)
    position = state.position(series, account.id)
    state.journal.keep(position)
    position.quote += paid
    _add_to_pool(state, series, paid)
    return paid


def _draw_gain(
    state: State, call: Call, account: Account, series: Series, position: Position, payers: Sequence[int]
) -> int:
    """No sooner than the second UTC midnight after the last fill, so that a deficit is declared before anyone
    runs; nothing while the declared deficits of the feed exceed its insurance (SETTLE-4)."""
    allowed_from = (position.last_fill_day + 2) * DAY
    if call.time < allowed_from:
        refuse(TooEarly, allowed_from)
    if call.time >= series.expiry:
        refuse(SeriesExpired, series.id, series.expiry)
    feed = series.spec.feed
    deficit, insured = state.deficits.get(feed, 0), state.insurance.get(feed, 0)
    if deficit > insured:
        refuse(DeficitDeclaredIn, feed, deficit, insured)
    wanted = position.quote
    if series.money.pool < wanted and payers:
        _collect(state, call, series, wanted, payers)
    drawn = min(wanted, series.money.pool)
    if drawn == 0:
        return 0
    _add_to_pool(state, series, -drawn)
    state.journal.keep(position)
    position.quote -= drawn
    ledger.set_cash(state, account, account.cash + drawn)
    return drawn


def _collect(state: State, call: Call, series: Series, wanted: int, payers: Sequence[int]) -> None:
    """Named losers pay at most their loss, their cash, and what is still needed (SETTLE-5). Their equity is
    unchanged."""
    now = quote(state.oracle, series, call.time)
    if now.stale:
        _, observed_at, _ = state.oracle.latest(series.spec.feed, call.time)
        refuse(StaleIndex, series.id, observed_at)
    for payer in payers:
        missing = wanted - series.money.pool
        if missing <= 0:
            return
        position = series.positions.get(payer)
        value = 0
        if position is not None:
            value = position.quote + position.lots * now.mark * series.spec.tick_value
        if value >= 0:
            refuse(PayerNotLosing, payer, value)
        paid = pay(state, state.accounts[payer], series, min(-value, missing))
        if paid:
            state.log.add(Realised, payer, series.id, -paid)


# --- debts ---


def pay_debt(state: State, account: Account, series: Series) -> int:
    """Pays what a settled account owes to a series, as far as its cash goes.

    A debt paid after closing first raises the claims' share to one, then repays insurance, then is fees
    (SETTLE-17).
    """
    position = state.position(series, account.id)
    paid = min(-position.quote, account.cash)
    if paid <= 0:
        return 0
    state.journal.keep(position)
    position.quote += paid
    ledger.set_cash(state, account, account.cash - paid)
    if position.quote == 0:
        ledger.strike(state, account, series.id)
    _add_to_pool(state, series, paid)
    state.log.add(DebtPaid, account.id, series.id, paid)
    if series.hot.closed:
        _repay(state, series, paid)
    return paid


def _repay(state: State, series: Series, amount: int) -> None:
    money = series.money
    state.journal.keep(money)
    raised = min(amount, money.claims - money.collected)
    money.collected += raised
    repaid = min(amount - raised, money.advance)
    if repaid == 0:
        return
    money.advance -= repaid
    money.pool -= repaid
    insurance.add(state, series.spec.feed, repaid)
    state.log.add(InsuranceRepaid, series.spec.feed, series.id, repaid)


def _add_to_pool(state: State, series: Series, amount: int) -> None:
    state.journal.keep(series.money)
    series.money.pool += amount
