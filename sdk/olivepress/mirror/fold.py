"""What each event does to the state. The figures are computed exactly as the contracts compute them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olivepress import events as ev
from olivepress.errors import OlivepressError
from olivepress.events.records import Cancelled, Filled, Placed, Taken
from olivepress.mirror.state import AccountState, ExchangeState, SeriesState
from olivepress.types import Fill, Order, OrderFlags, OrderId, Side, Trade
from olivepress.units import SECONDS_PER_DAY

FEE_UNIT = 1_000_000


class MirrorError(OlivepressError):
    """An event about something that no earlier event told of: the stream did not start at the deployment
    block."""


def fold(state: ExchangeState, block: ev.BlockEvents, trades: list[Trade] | None = None) -> None:
    """Applies one block; its trades are appended to `trades`."""
    state.block = block.number
    state.timestamp = block.timestamp
    for series in state.series.values():
        if series.book.orders and block.timestamp >= series.spec.expiry_day * SECONDS_PER_DAY:
            series.book.clear()  # after expiry nothing is matched any more
    for event in block.events:
        if type(event) is ev.Book:
            _book(state, event, trades)
        else:
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(state, event)


def fill_fees(amount: int, taker_fee: int, maker_rebate: int) -> tuple[int, int]:
    """Taker's fee (rounded up) and maker's rebate (rounded down) of one fill, base units."""
    return -(-amount * taker_fee // FEE_UNIT), amount * maker_rebate // FEE_UNIT


def _series(state: ExchangeState, series: int) -> SeriesState:
    found = state.series.get(series)
    if found is None:
        raise MirrorError(f"series {series} was never listed in this stream; start at the deployment block")
    return found


def _account(state: ExchangeState, account: int) -> AccountState:
    found = state.accounts.get(account)
    if found is None:
        raise MirrorError(f"account {account} was never opened in this stream; start at the deployment block")
    return found


# --- book ---


def _book(state: ExchangeState, event: ev.Book, trades: list[Trade] | None) -> None:
    series = _series(state, event.series)
    book = series.book
    fills: list[Filled] = []
    for record in event.records:
        kind = type(record)
        if kind is Filled:
            assert isinstance(record, Filled)
            _fill(state, series, event.account, record)
            fills.append(record)
        elif kind is Placed:
            assert isinstance(record, Placed)
            book.add(
                Order(
                    OrderId(record.order_id),
                    event.account,
                    record.lots,
                    OrderFlags(record.flags),
                    record.expiry,
                    record.client_id,
                    series.position(event.account).epoch,
                )
            )
        elif kind is Cancelled:
            assert isinstance(record, Cancelled)
            book.reduce(record.order_id, record.lots)
        elif kind is Taken:
            assert isinstance(record, Taken)
            series.mark = record.mark
            if trades is not None and fills:
                trades += [_trade(state, series, event, fill, record) for fill in fills]
            fills = []


def _fill(state: ExchangeState, series: SeriesState, taker_id: int, fill: Filled) -> None:
    spec = series.spec
    amount = fill.lots * fill.tick * spec.tick_value
    fee, rebate = fill_fees(amount, spec.taker_fee, spec.maker_rebate)
    sign = -1 if fill.side else 1
    maker = series.position(fill.maker)
    taker = series.position(taker_id)
    maker.lots += sign * fill.lots
    taker.lots -= sign * fill.lots
    maker.quote += rebate - sign * amount
    taker.quote += sign * amount - fee
    maker.fees_paid -= rebate
    taker.fees_paid += fee
    maker.traded_lots += fill.lots
    taker.traded_lots += fill.lots
    maker.last_fill_day = taker.last_fill_day = state.timestamp // SECONDS_PER_DAY
    series.fees += fee - rebate
    series.volume_lots += fill.lots
    series.last_tick = fill.tick
    series.book.reduce(fill.order_id, fill.lots)


def _trade(state: ExchangeState, series: SeriesState, event: ev.Book, fill: Filled, taken: Taken) -> Trade:
    spec = series.spec
    amount = fill.lots * fill.tick * spec.tick_value
    fee, rebate = fill_fees(amount, spec.taker_fee, spec.maker_rebate)
    told = Fill(
        series=series.id,
        order_id=OrderId(fill.order_id),
        side=Side(1 - fill.side),
        tick=fill.tick,
        lots=fill.lots,
        maker=fill.maker,
        taker=event.account,
        maker_client_id=fill.client_id,
        taker_client_id=taken.client_id,
        left=fill.left,
        amount=amount,
        taker_fee=fee,
        maker_rebate=rebate,
    )
    return Trade(told, event.block, event.log_index, event.tx_hash, state.timestamp)


def _mass_cancelled(state: ExchangeState, event: ev.MassCancelled) -> None:
    series = _series(state, event.series)
    series.book.remove_account(event.account)
    series.position(event.account).epoch = event.epoch


# --- accounts ---


def _opened(state: ExchangeState, event: ev.AccountOpened) -> None:
    state.accounts[event.account] = AccountState(event.account, event.owner)


def _deposited(state: ExchangeState, event: ev.Deposited) -> None:
    account = _account(state, event.account)
    account.cash += event.amount
    account.deposited += event.amount


def _withdrawn(state: ExchangeState, event: ev.Withdrawn) -> None:
    account = _account(state, event.account)
    account.cash -= event.amount
    account.withdrawn += event.amount


def _agent_accepted(state: ExchangeState, event: ev.AgentAccepted) -> None:
    _account(state, event.account).agents[event.agent.lower()] = (event.permissions, event.expiry)


def _agent_removed(state: ExchangeState, event: ev.AgentRemoved) -> None:
    _account(state, event.account).agents.pop(event.agent.lower(), None)


# --- series ---


def _listed(state: ExchangeState, event: ev.SeriesListed) -> None:
    state.series[event.series] = SeriesState(event.series, event.spec, mark=event.spec.initial_mark)


def _mark(state: ExchangeState, event: ev.MarkRefreshed) -> None:
    series = _series(state, event.series)
    series.mark = event.mark
    series.stale = event.stale


def _reduce_only(state: ExchangeState, event: ev.GuardianReduceOnly) -> None:
    _series(state, event.series).reduce_only_until = event.until


def _guardian(state: ExchangeState, event: ev.GuardianSet) -> None:
    state.guardian = event.guardian


# --- money ---


def _realised(state: ExchangeState, event: ev.Realised) -> None:
    series = _series(state, event.series)
    position = series.position(event.account)
    if position.settled:
        return  # a debt paid after settlement: its DebtPaid event told the money
    _account(state, event.account).cash += event.amount
    position.quote -= event.amount
    series.pool -= event.amount


def _settled(state: ExchangeState, event: ev.SeriesSettled) -> None:
    series = _series(state, event.series)
    series.settlement_tick = series.mark = event.settlement_tick
    series.stale = False
    series.book.clear()


def _account_settled(state: ExchangeState, event: ev.AccountSettled) -> None:
    series = _series(state, event.series)
    _account(state, event.account).cash -= event.paid
    series.pool += event.paid
    position = series.position(event.account)
    position.lots = 0
    position.quote = event.claim
    position.settled = True
    position.claim = max(event.claim, 0)
    series.claims += position.claim


def _closed(state: ExchangeState, event: ev.SeriesClosed) -> None:
    series = _series(state, event.series)
    feed = series.spec.feed
    series.closed = True
    series.collected = event.collected
    series.advance += event.advanced
    series.pool += event.advanced
    state.insurance[feed] = state.insurance.get(feed, 0) - event.advanced


def _drawn(state: ExchangeState, event: ev.ClaimDrawn) -> None:
    series = _series(state, event.series)
    _account(state, event.account).cash += event.amount
    series.position(event.account).quote -= event.amount
    series.pool -= event.amount
    series.drawn += event.amount


def _debt_paid(state: ExchangeState, event: ev.DebtPaid) -> None:
    series = _series(state, event.series)
    _account(state, event.account).cash -= event.amount
    series.position(event.account).quote += event.amount
    series.pool += event.amount
    if series.closed:
        series.collected += min(event.amount, series.claims - series.collected)


def _topped_up(state: ExchangeState, event: ev.InsuranceToppedUp) -> None:
    state.insurance[event.feed] = state.insurance.get(event.feed, 0) + event.amount


def _repaid(state: ExchangeState, event: ev.InsuranceRepaid) -> None:
    series = _series(state, event.series)
    series.advance -= event.amount
    series.pool -= event.amount
    state.insurance[event.feed] = state.insurance.get(event.feed, 0) + event.amount


def _fees_collected(state: ExchangeState, event: ev.FeesCollected) -> None:
    series = _series(state, event.series)
    series.pool -= event.amount
    series.fees -= event.amount
    state.treasury += event.amount


def _treasury(state: ExchangeState, event: ev.TreasuryWithdrawn) -> None:
    state.treasury -= event.amount


_HANDLERS: dict[type[ev.Event], Callable[[ExchangeState, Any], None]] = {
    ev.AccountOpened: _opened,
    ev.Deposited: _deposited,
    ev.Withdrawn: _withdrawn,
    ev.AgentAccepted: _agent_accepted,
    ev.AgentRemoved: _agent_removed,
    ev.MassCancelled: _mass_cancelled,
    ev.SeriesListed: _listed,
    ev.MarkRefreshed: _mark,
    ev.GuardianReduceOnly: _reduce_only,
    ev.GuardianSet: _guardian,
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
}
