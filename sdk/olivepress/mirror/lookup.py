"""Finding what an event is about."""

from __future__ import annotations

from olivepress.errors import OlivepressError
from olivepress.mirror.state import AccountState, ExchangeState, SeriesState


class MirrorError(OlivepressError):
    """An event about something that no earlier event told of: the stream did not start at the deployment
    block."""


def series_of(state: ExchangeState, series: int) -> SeriesState:
    """A series that an earlier event listed."""
    found = state.series.get(series)
    if found is None:
        raise MirrorError(f"series {series} was never listed in this stream; start at the deployment block")
    return found


def account_of(state: ExchangeState, account: int) -> AccountState:
    """An account that an earlier event opened."""
    found = state.accounts.get(account)
    if found is None:
        raise MirrorError(f"account {account} was never opened in this stream; start at the deployment block")
    return found
