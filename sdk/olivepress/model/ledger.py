"""Cash, the series that an account lists, and collateral moving in and out (Ledger.sol;
docs/spec/accounts.md)."""

from __future__ import annotations

from olivepress.model.errors import refuse
from olivepress.model.standard import Transfer
from olivepress.model.state import MAX_SERIES, Account, Series, State, Token
from olivepress.reverts import ERC20InsufficientBalance, Overflow, TooManySeries

CASH_BITS = 88


def set_cash(state: State, account: Account, amount: int) -> None:
    if amount >> CASH_BITS:
        refuse(Overflow, CASH_BITS, amount)
    state.journal.keep(account)
    account.cash = amount


# --- the list of an account ---


def join(state: State, account: Account, series: Series) -> None:
    """Adds a series to an account's list; makes room by dropping series in which nothing is left
    (ACCOUNT-3)."""
    if series.id in account.series:
        return
    if not _room(account):
        tidy(state, account)
        if not _room(account):
            refuse(TooManySeries, account.id, MAX_SERIES)
    state.journal.keep(series.money)
    series.money.members += 1
    state.journal.keep(account)
    places = account.series
    if 0 in places:
        free = places.index(0)
        account.series = (*places[:free], series.id, *places[free + 1 :])
    else:
        account.series = (*places, series.id)


def _room(account: Account) -> bool:
    return len(account.series) < MAX_SERIES or 0 in account.series


def tidy(state: State, account: Account) -> None:
    """Drops every series in which the account has neither position, quote nor open order."""
    for number in account.series:
        if not number or state.series[number].hot.settled:
            continue
        series = state.series[number]
        position = series.positions.get(account.id)
        if position is None or not (position.lots or position.quote or position.open_count):
            strike(state, account, number)
            state.journal.keep(series.money)
            series.money.members -= 1


def strike(state: State, account: Account, series: int) -> None:
    """Takes a series off the list without touching the member count."""
    if series not in account.series:
        return
    state.journal.keep(account)
    places = tuple(0 if number == series else number for number in account.series)
    while places and not places[-1]:
        places = places[:-1]
    account.series = places


# --- tokens ---


def transfer(state: State, token: Token, sender: str, to: str, amount: int) -> None:
    """As an ERC-20 does it."""
    held = token.balances.get(sender, 0)
    if held < amount:
        refuse(ERC20InsufficientBalance, sender, held, amount)
    state.journal.put(token.balances, sender, held - amount)
    state.journal.put(token.balances, to, token.balances.get(to, 0) + amount)
    state.log.add(Transfer, token.address, sender, to, amount)


def pull(state: State, sender: str, amount: int) -> None:
    """Collateral into the exchange."""
    transfer(state, state.collateral, sender, state.address, amount)


def push(state: State, to: str, amount: int) -> None:
    """Collateral out of the exchange."""
    transfer(state, state.collateral, state.address, to, amount)
