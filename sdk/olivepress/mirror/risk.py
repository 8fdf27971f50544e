"""Liquidation, and lots that change hands without a trade: auctions and position tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olivepress import events as ev
from olivepress.mirror.lookup import account_of, series_of
from olivepress.mirror.state import ExchangeState
from olivepress.units import SECONDS_PER_DAY


def _liquidated(state: ExchangeState, event: ev.Liquidated) -> None:
    series = series_of(state, event.series)
    series.position(event.account).quote -= event.reward
    keeper = series.position(event.keeper)
    keeper.quote += event.reward
    if event.reward:
        keeper.last_fill_day = state.timestamp // SECONDS_PER_DAY


def _moved(state: ExchangeState, event: ev.PositionMoved) -> None:
    series = series_of(state, event.series)
    money = event.lots * event.tick * series.spec.tick_value
    giver, taker = series.position(event.from_), series.position(event.to)
    giver.lots -= event.lots
    giver.quote += money
    taker.lots += event.lots
    taker.quote -= money
    state.moves = [one for one in state.moves if one.tx_hash == event.tx_hash] + [event]


def _auctioned(state: ExchangeState, event: ev.Auctioned) -> None:
    """The moves of the slice count like fills; the discount is paid in the last of them."""
    day = state.timestamp // SECONDS_PER_DAY
    for move in state.moves:
        positions = series_of(state, move.series)
        positions.position(move.from_).last_fill_day = positions.position(move.to).last_fill_day = day
    last = series_of(state, state.moves[-1].series)
    last.position(event.account).quote -= event.paid
    last.position(event.bidder).quote += event.paid + event.insured
    last.pool += event.insured
    if event.insured:
        state.insurance[event.feed] = state.insurance.get(event.feed, 0) - event.insured
    state.moves = []


def _flagged(state: ExchangeState, event: ev.Flagged) -> None:
    account = account_of(state, event.account)
    account.flagged_since, account.negative_since = event.since, event.negative_since


def _declared(state: ExchangeState, event: ev.DeficitDeclared) -> None:
    account_of(state, event.account).declared[event.feed] = event.amount


def _tokens_created(state: ExchangeState, event: ev.TokensCreated) -> None:
    series_of(state, event.series).token_accounts = (event.long_account, event.short_account)


def _wrapped(state: ExchangeState, event: ev.Wrapped) -> None:
    state.moves = []


def _unwrapped(state: ExchangeState, event: ev.Unwrapped) -> None:
    """The receiver's gain may not be drawn before the second midnight, as after a fill."""
    position = series_of(state, event.series).position(event.account)
    position.last_fill_day = state.timestamp // SECONDS_PER_DAY
    state.moves = []


def _redeemed(state: ExchangeState, event: ev.Redeemed) -> None:
    series = series_of(state, event.series)
    holder = series.position(series.token_accounts[0 if event.long else 1])
    holder.claim -= event.claim
    holder.quote -= event.claim
    if event.claim:
        position = series.position(event.account)
        position.settled = True
        position.claim += event.claim
        position.quote += event.claim


HANDLERS: dict[type[ev.Event], Callable[[ExchangeState, Any], None]] = {
    ev.Liquidated: _liquidated,
    ev.PositionMoved: _moved,
    ev.Auctioned: _auctioned,
    ev.Flagged: _flagged,
    ev.DeficitDeclared: _declared,
    ev.TokensCreated: _tokens_created,
    ev.Wrapped: _wrapped,
    ev.Unwrapped: _unwrapped,
    ev.Redeemed: _redeemed,
}
