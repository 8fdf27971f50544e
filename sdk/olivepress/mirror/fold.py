"""What each event does to the state. The figures are computed exactly as the contracts compute them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olivepress import events as ev
from olivepress.events.records import Cancelled, Filled, Placed, Taken
from olivepress.mirror import risk, settlement
from olivepress.mirror.lookup import account_of, series_of
from olivepress.mirror.state import AccountState, ExchangeState, SeriesState
from olivepress.types import Fill, Order, OrderFlags, OrderId, Side, Trade
from olivepress.units import SECONDS_PER_DAY

FEE_UNIT = 1_000_000
FEES_WAIVED = 64
"""Flag of a Taken record: a liquidation at no equity, whose fills paid no fee and earned no rebate."""


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


# --- book ---


def _book(state: ExchangeState, event: ev.Book, trades: list[Trade] | None) -> None:
    series = series_of(state, event.series)
    book = series.book
    fills: list[Filled] = []
    for record in event.records:
        kind = type(record)
        if kind is Filled:
            assert isinstance(record, Filled)
            book.reduce(record.order_id, record.lots)
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
            # The summary comes after the fills and says whether they paid fees.
            assert isinstance(record, Taken)
            series.mark = record.mark
            told = [_fill(state, series, event.account, fill, record) for fill in fills]
            if trades is not None:
                trades += [
                    Trade(one, event.block, event.log_index, event.tx_hash, state.timestamp) for one in told
                ]
            fills = []


def _fill(state: ExchangeState, series: SeriesState, taker_id: int, fill: Filled, taken: Taken) -> Fill:
    spec = series.spec
    amount = fill.lots * fill.tick * spec.tick_value
    waived = taken.flags & FEES_WAIVED
    fee, rebate = (0, 0) if waived else fill_fees(amount, spec.taker_fee, spec.maker_rebate)
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
    return Fill(
        series=series.id,
        order_id=OrderId(fill.order_id),
        side=Side(1 - fill.side),
        tick=fill.tick,
        lots=fill.lots,
        maker=fill.maker,
        taker=taker_id,
        maker_client_id=fill.client_id,
        taker_client_id=taken.client_id,
        left=fill.left,
        amount=amount,
        taker_fee=fee,
        maker_rebate=rebate,
    )


def _mass_cancelled(state: ExchangeState, event: ev.MassCancelled) -> None:
    series = series_of(state, event.series)
    series.book.remove_account(event.account)
    series.position(event.account).epoch = event.epoch


# --- accounts ---


def _opened(state: ExchangeState, event: ev.AccountOpened) -> None:
    state.accounts[event.account] = AccountState(event.account, event.owner)


def _deposited(state: ExchangeState, event: ev.Deposited) -> None:
    account = account_of(state, event.account)
    account.cash += event.amount
    account.deposited += event.amount


def _withdrawn(state: ExchangeState, event: ev.Withdrawn) -> None:
    account = account_of(state, event.account)
    account.cash -= event.amount
    account.withdrawn += event.amount


def _agent_accepted(state: ExchangeState, event: ev.AgentAccepted) -> None:
    account_of(state, event.account).agents[event.agent.lower()] = (event.permissions, event.expiry)


def _agent_removed(state: ExchangeState, event: ev.AgentRemoved) -> None:
    account_of(state, event.account).agents.pop(event.agent.lower(), None)


# --- series ---


def _listed(state: ExchangeState, event: ev.SeriesListed) -> None:
    state.series[event.series] = SeriesState(event.series, event.spec, mark=event.spec.initial_mark)


def _mark(state: ExchangeState, event: ev.MarkRefreshed) -> None:
    series = series_of(state, event.series)
    series.mark = event.mark
    series.stale = event.stale


def _reduce_only(state: ExchangeState, event: ev.GuardianReduceOnly) -> None:
    series_of(state, event.series).reduce_only_until = event.until


def _guardian(state: ExchangeState, event: ev.GuardianSet) -> None:
    state.guardian = event.guardian


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
    **settlement.HANDLERS,
    **risk.HANDLERS,
}
