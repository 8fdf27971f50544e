"""Fully funded long and short sides of a series as ERC-20 tokens (Tokens.sol, PositionToken.sol;
docs/spec/tokens.md).

One token per series and side, itself an account that never trades. Wrapping hands lots to it at a constant
price: 0 for LONG, priceCap for SHORT. What that leaves the wrapper with as a loss, at the mark, is paid
into the pool at once. So a LONG token is worth the settlement price, a SHORT token priceCap minus it,
neither ever owes anything, and both rank equally with every winner of the series (TOKEN-5).
"""

from __future__ import annotations

from olivepress.events.model import PositionMoved, Realised, Redeemed, TokensCreated, Unwrapped, Wrapped
from olivepress.model import accounts, ledger, margin
from olivepress.model.errors import refuse
from olivepress.model.mark import quote
from olivepress.model.matching import fits
from olivepress.model.realise import pay
from olivepress.model.standard import Transfer
from olivepress.model.state import (
    DAY,
    OWNER,
    ZERO_ADDRESS,
    Account,
    Call,
    PositionToken,
    Series,
    State,
    Token,
)
from olivepress.reverts import (
    ERC20InsufficientBalance,
    ERC20InvalidReceiver,
    InsufficientCash,
    InsufficientMargin,
    InvalidRecipient,
    NotClosed,
    NothingToWrap,
    NoToken,
    OwesSeries,
    PositionLimit,
    SeriesExpired,
    StaleAccount,
    TokenExists,
    UnknownSeries,
    ZeroAmount,
)
from olivepress.signer import contract_address


def create_tokens(state: State, call: Call, number: int) -> tuple[str, str]:
    """Both tokens of a series: their addresses, LONG first. Anyone may create them, once (TOKEN-1)."""
    series = state.series.get(number)
    if series is None:
        refuse(UnknownSeries, number)
    existing = state.tokens.get((number, True))
    if existing is not None:
        refuse(TokenExists, number, existing.address)
    # The factory is a contract, so its creations are numbered from 1.
    created = len(state.tokens)
    addresses = [contract_address(state.factory, created + n).lower() for n in (1, 2)]
    holders = []
    for long, address in zip((True, False), addresses, strict=True):
        holder = accounts.add(state, address, is_token=True)
        state.journal.put(state.tokens, (number, long), PositionToken(address, account=holder.id))
        holders.append(holder.id)
    state.log.add(TokensCreated, number, *addresses, *holders)
    return addresses[0], addresses[1]


def wrap(state: State, call: Call, number: int, long: bool, lots: int, to: str) -> None:
    """Turns lots of the caller's position into tokens for `to` (TOKEN-2)."""
    account = accounts.actor(state, call, OWNER)
    token, series = _token(state, number, long, lots, to)
    _check_alive(series, call)
    if number not in account.series:
        refuse(NothingToWrap, number, 0, lots)
    held = state.position(series, account.id).lots
    if (held if long else -held) < lots:
        refuse(NothingToWrap, number, held, lots)
    _move(state, account, state.accounts[token.account], series, long, lots)
    _limit(state, account, series)  # open orders may take the position back, and farther
    paid = _fund(state, account, series, call.time)
    m = margin.assess(state, account, call.time)
    if m.stale:
        refuse(StaleAccount, account.id)
    if m.cash + m.losses < m.initial_margin:
        refuse(InsufficientMargin, account.id, m.cash + m.losses, m.initial_margin)
    margin.recheck(state, account, call.time)
    state.log.add(Wrapped, account.id, number, long, lots, paid)
    mint(state, token, to, lots)


def _fund(state: State, account: Account, series: Series, now: int) -> int:
    """The loss that giving the lots away leaves, at the mark, goes into the pool at once."""
    at = quote(state.oracle, series, now)
    if at.stale:
        refuse(StaleAccount, account.id)
    position = state.position(series, account.id)
    value = position.quote + position.lots * at.mark * series.spec.tick_value
    if value >= 0:
        return 0
    paid = pay(state, account, series, -value)
    if paid != -value:
        refuse(InsufficientCash, account.id, paid, -value)
    state.log.add(Realised, account.id, series.id, value)
    return paid


def unwrap(state: State, call: Call, number: int, long: bool, lots: int) -> None:
    """Turns the caller's tokens into lots of its position, before expiry (TOKEN-3)."""
    account = accounts.actor(state, call, OWNER)
    token, series = _token(state, number, long, lots)
    _check_alive(series, call)
    burn(state, token, call.sender, lots)
    was = margin.assess(state, account, call.time)
    _move(state, state.accounts[token.account], account, series, long, lots)
    position = state.position(series, account.id)
    # A gain may not be drawn before the second midnight, as after a fill.
    position.last_fill_day = call.time // DAY
    _limit(state, account, series)
    m = margin.assess(state, account, call.time)
    if m.im_equity < m.initial_margin:
        margin.require_not_lowered(account, m, was)
    state.log.add(Unwrapped, account.id, number, long, lots)


def _limit(state: State, account: Account, series: Series) -> None:
    """BOOK-8"""
    position = state.position(series, account.id)
    most = max(position.lots + position.open_buy, position.open_sell - position.lots)
    if most > series.spec.position_limit:
        refuse(PositionLimit, series.id, most, series.spec.position_limit)


def _move(state: State, giver: Account, taker: Account, series: Series, long: bool, lots: int) -> None:
    """Lots at the constant price of the side: 0 for LONG, priceCap for SHORT. Not a trade: no mark, no
    fee."""
    ledger.join(state, taker, series)
    signed = lots if long else -lots
    tick = 0 if long else series.spec.price_cap
    money = lots * tick * series.spec.tick_value
    a, b = state.position(series, giver.id), state.position(series, taker.id)
    for position in (a, b):
        state.journal.keep(position)
    longs = max(a.lots, 0) + max(b.lots, 0)
    a.lots -= signed
    a.quote -= money
    b.lots += signed
    b.quote += money
    fits(a)
    fits(b)
    # Unwrapping into the other side closes both.
    state.journal.keep(series.hot)
    series.hot.open_interest += max(a.lots, 0) + max(b.lots, 0) - longs
    state.log.add(PositionMoved, giver.id, taker.id, series.id, signed, tick)


def redeem(state: State, call: Call, number: int, long: bool, lots: int) -> int:
    """Moves the tokens' claim on a closed series into the caller's account, where it draws like any other
    (TOKEN-4)."""
    account = accounts.actor(state, call, OWNER)
    token, series = _token(state, number, long, lots)
    if not series.hot.closed:
        refuse(NotClosed, number)
    burn(state, token, call.sender, lots)
    settled_at = series.hot.mark
    ticks = settled_at if long else series.spec.price_cap - settled_at
    claim = lots * ticks * series.spec.tick_value
    if claim:
        holder = state.position(series, token.account)
        state.journal.keep(holder)
        holder.claim -= claim
        holder.quote = holder.claim
        _add_claim(state, account, series, claim)
    state.log.add(Redeemed, account.id, number, long, lots, claim)
    return claim


def _add_claim(state: State, account: Account, series: Series, claim: int) -> None:
    position = state.position(series, account.id)
    if position.settled and position.quote < 0:
        refuse(OwesSeries, account.id, series.id, -position.quote)
    state.journal.keep(position)
    if not position.settled:
        for name in position.FIELDS:
            setattr(position, name, 0)
        position.settled = True
    position.claim += claim
    position.quote += claim
    fits(position)
    ledger.join(state, account, series)


def _token(state: State, number: int, long: bool, lots: int, to: str = "") -> tuple[PositionToken, Series]:
    if lots == 0:
        refuse(ZeroAmount)
    if to == state.address:  # it redeems nothing
        refuse(InvalidRecipient, to)
    token = state.tokens.get((number, long))
    if token is None:
        refuse(NoToken, number, long)
    return token, state.series[number]


def _check_alive(series: Series, call: Call) -> None:
    if call.time >= series.expiry:
        refuse(SeriesExpired, series.id, series.expiry)


# --- the token itself: one lot each, no decimals ---


def mint(state: State, token: Token, to: str, lots: int) -> None:
    if to == ZERO_ADDRESS:
        refuse(ERC20InvalidReceiver, to)
    state.journal.put(token.balances, to, token.balances.get(to, 0) + lots)
    state.log.add(Transfer, token.address, ZERO_ADDRESS, to, lots)


def transfer(state: State, call: Call, number: int, long: bool, to: str, lots: int) -> None:
    token = state.tokens.get((number, long))
    if token is None:
        refuse(NoToken, number, long)
    if to == ZERO_ADDRESS:
        refuse(ERC20InvalidReceiver, to)
    ledger.transfer(state, token, call.sender, to, lots)


def burn(state: State, token: Token, holder: str, lots: int) -> None:
    held = token.balances.get(holder, 0)
    if held < lots:
        refuse(ERC20InsufficientBalance, holder, held, lots)
    state.journal.put(token.balances, holder, held - lots)
    state.log.add(Transfer, token.address, holder, ZERO_ADDRESS, lots)
