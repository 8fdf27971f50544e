"""Money outside trading: realising, settlement, claims and debts, challenges, insurance, fees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olivepress import events as ev
from olivepress.mirror.lookup import account_of, series_of
from olivepress.mirror.state import ExchangeState


def _realised(state: ExchangeState, event: ev.Realised) -> None:
    series = series_of(state, event.series)
    position = series.position(event.account)
    if position.settled:
        return  # a debt paid after settlement: its DebtPaid event told the money
    account_of(state, event.account).cash += event.amount
    position.quote -= event.amount
    series.pool -= event.amount


def _settled(state: ExchangeState, event: ev.SeriesSettled) -> None:
    series = series_of(state, event.series)
    series.settlement_tick = series.mark = event.settlement_tick
    series.stale = False
    series.book.clear()
    series.bond = 0  # of a challenge nobody ruled: BondReturned follows


def _account_settled(state: ExchangeState, event: ev.AccountSettled) -> None:
    series = series_of(state, event.series)
    account_of(state, event.account).cash -= event.paid
    series.pool += event.paid
    position = series.position(event.account)
    position.lots = 0
    position.quote = event.claim
    position.settled = True
    position.claim = max(event.claim, 0)
    series.claims += position.claim


def _closed(state: ExchangeState, event: ev.SeriesClosed) -> None:
    series = series_of(state, event.series)
    feed = series.spec.feed
    series.closed = True
    series.collected = event.collected
    series.advance += event.advanced
    series.pool += event.advanced
    state.insurance[feed] = state.insurance.get(feed, 0) - event.advanced


def _drawn(state: ExchangeState, event: ev.ClaimDrawn) -> None:
    series = series_of(state, event.series)
    account_of(state, event.account).cash += event.amount
    series.position(event.account).quote -= event.amount
    series.pool -= event.amount
    series.drawn += event.amount


def _debt_paid(state: ExchangeState, event: ev.DebtPaid) -> None:
    series = series_of(state, event.series)
    account_of(state, event.account).cash -= event.amount
    series.position(event.account).quote += event.amount
    series.pool += event.amount
    if series.closed:
        series.collected += min(event.amount, series.claims - series.collected)


def _topped_up(state: ExchangeState, event: ev.InsuranceToppedUp) -> None:
    state.insurance[event.feed] = state.insurance.get(event.feed, 0) + event.amount


def _repaid(state: ExchangeState, event: ev.InsuranceRepaid) -> None:
    series = series_of(state, event.series)
    series.advance -= event.amount
    series.pool -= event.amount
    state.insurance[event.feed] = state.insurance.get(event.feed, 0) + event.amount


def _fees_collected(state: ExchangeState, event: ev.FeesCollected) -> None:
    series = series_of(state, event.series)
    series.pool -= event.amount
    series.fees -= event.amount
    state.treasury += event.amount


def _treasury(state: ExchangeState, event: ev.TreasuryWithdrawn) -> None:
    state.treasury -= event.amount


def _bounty_paid(state: ExchangeState, event: ev.BountyPaid) -> None:
    series = series_of(state, event.series)
    series.pool -= event.amount
    series.fees -= event.amount
    account_of(state, event.account).cash += event.amount


# --- challenges ---


def _arbiter(state: ExchangeState, event: ev.ArbiterSet) -> None:
    state.arbiter = event.arbiter


def _challenged(state: ExchangeState, event: ev.Challenged) -> None:
    series_of(state, event.series).bond = event.bond


def _ruled(state: ExchangeState, event: ev.Ruled) -> None:
    series = series_of(state, event.series)
    if not event.upheld:
        feed = series.spec.feed
        state.insurance[feed] = state.insurance.get(feed, 0) + series.bond
    series.bond = 0  # upheld: BondReturned follows


def _bond_returned(state: ExchangeState, event: ev.BondReturned) -> None:
    account_of(state, event.account).cash += event.amount


HANDLERS: dict[type[ev.Event], Callable[[ExchangeState, Any], None]] = {
    ev.Realised: _realised,
    ev.SeriesSettled: _settled,
    ev.AccountSettled: _account_settled,
    ev.SeriesClosed: _closed,
    ev.ClaimDrawn: _drawn,
    ev.DebtPaid: _debt_paid,
    ev.InsuranceToppedUp: _topped_up,
    ev.InsuranceRepaid: _repaid,
    ev.FeesCollected: _fees_collected,
    ev.TreasuryWithdrawn: _treasury,
    ev.BountyPaid: _bounty_paid,
    ev.ArbiterSet: _arbiter,
    ev.Challenged: _challenged,
    ev.Ruled: _ruled,
    ev.BondReturned: _bond_returned,
}
