"""Calendar spreads: one month against another, both legs at once or not at all (Spreads.sol; BOOK-21 in
docs/spec/book.md).

Both books' resting orders are the liquidity: there is no spread book, so nothing is split.
"""

from __future__ import annotations

from olivepress.events.model import SpreadTraded
from olivepress.model import ledger, margin, matching, trading
from olivepress.model.context import Context
from olivepress.model.errors import refuse
from olivepress.model.state import Account, Call, State
from olivepress.reverts import SpreadMismatch, SpreadWorse


def trade(
    state: State,
    call: Call,
    account: Account,
    buy_series: int,
    sell_series: int,
    lots: int,
    limit: int,
    client_id: int,
    max_steps: int,
) -> tuple[int, int]:
    """Returns the sums of lots x tick that were bought and sold; bought - sold <= limit x lots."""
    buying = trading.load(state, call.time, buy_series, account, max_steps)
    selling = trading.load(state, call.time, sell_series, account, max_steps)
    a, b = buying.series.spec, selling.series.spec
    if buy_series == sell_series or a.feed != b.feed or a.tick_value != b.tick_value:
        refuse(SpreadMismatch, buy_series, sell_series)
    was = margin.assess(state, account, call.time)
    fill_or_kill = trading.FILL_OR_KILL
    trading.place(buying, fill_or_kill, a.price_cap, lots, 0, client_id)
    trading.place(selling, fill_or_kill | trading.SELL, 1, lots, 0, client_id)
    bought, sold = buying.traded_ticks, selling.traded_ticks
    if bought - sold > limit * lots:
        refuse(SpreadWorse, bought - sold, limit * lots)
    for leg in (buying, selling):
        ledger.join(state, account, leg.series)
        matching.fits(leg.position)
        leg.margined = False  # `finish` would look at one leg alone
    _check(state, account, buying, selling, was)
    trading.finish(buying)
    trading.finish(selling)
    state.log.add(SpreadTraded, account.id, buy_series, sell_series, lots, bought, sold)
    return bought, sold


def _check(
    state: State, account: Account, buying: Context, selling: Context, was: margin.AccountMargin
) -> None:
    """Margin once, with both legs (BOOK-22); the basis still stands where it stood for `was`."""
    m = margin.assess(state, account, buying.now)
    if m.im_equity < m.initial_margin:
        margin.require_not_lowered(account, m, was)
        return
    for leg in (buying, selling):
        leg.position.checked_mark = leg.series.hot.mark
