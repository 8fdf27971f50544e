"""Compares a mirror with the contracts, word by word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from market_kit import Market
from olivepress.contracts.artifacts import load
from olivepress.contracts.contract import Contract
from olivepress.events import EventStream
from olivepress.mirror import Mirror
from olivepress.types import Side

SETTLED = 255


def signed(word: int, at: int, bits: int) -> int:
    value = (word >> at) & ((1 << bits) - 1)
    return value - (1 << bits) if value >> (bits - 1) else value


def unsigned(word: int, at: int, bits: int) -> int:
    return (word >> at) & ((1 << bits) - 1)


@dataclass
class Follower:
    """A market whose mirror must equal the chain after every step."""

    market: Market
    mirror: Mirror
    stream: EventStream

    @classmethod
    def of(cls, market: Market) -> Follower:
        deployment = market.deployment
        stream = EventStream(market.chain.transport, [deployment.exchange], deployment.block)
        return cls(market, market.mirror(), stream)

    async def check(self) -> None:
        await self.mirror.sync(self.stream)
        await assert_same(self.mirror, self.market)


async def assert_same(mirror: Mirror, market: Market) -> None:
    """Books in price and time order, positions, cash, money of every series, insurance, treasury, roles,
    tokens, flags, deficits and bonds."""
    for series in mirror.state.series.values():
        await _same_series(mirror, market, series.id)
    exchange = market.reader.exchange
    assert await exchange.value("accountCount") == len(mirror.state.accounts)
    for account in mirror.state.accounts.values():
        word = await exchange.value("accountWord", account.id)
        assert unsigned(word, 0, 88) == account.cash, f"cash of {account.id}"
        assert (await exchange.value("ownerOf", account.id)).lower() == account.owner.lower()
        assert await exchange.value("flaggedAt", account.id) == account.flagged_since, f"flag of {account.id}"
        assert await exchange.value("negativeSince", account.id) == account.negative_since, f"{account.id}"
    for feed in {series.spec.feed for series in mirror.state.series.values()}:
        await _same_deficits(mirror, market, feed)
    for role in ("guardian", "arbiter"):
        assert int(await exchange.value(role), 16) == int(getattr(mirror.state, role) or "0x0", 16), role
    assert await exchange.value("bonds") == sum(one.bond for one in mirror.state.series.values())
    assert await exchange.value("treasury") == mirror.state.treasury
    token = Contract(market.deployment.collateral, load("MockUSDC").interface, market.chain.transport)
    assert await token.value("balanceOf", market.deployment.exchange) == mirror.state.tokens()


async def _same_deficits(mirror: Mirror, market: Market, feed: int) -> None:
    exchange = market.reader.exchange
    assert await exchange.value("insurance", feed) == mirror.state.insurance.get(feed, 0)
    total = 0
    for account in mirror.state.accounts.values():
        declared = account.declared.get(feed, 0)
        assert await exchange.value("declared", account.id, feed) == declared, f"deficit of {account.id}"
        total += declared
    assert await exchange.value("deficit", feed) == total


async def _same_series(mirror: Mirror, market: Market, number: int) -> None:
    exchange, lens = market.reader.exchange, market.reader.lens
    state = mirror.series(number)
    money: dict[str, Any] = await exchange.value("moneyOf", number)
    hot = await exchange.value("hotWord", number)
    for field in ("pool", "advance", "claims", "collected", "drawn"):
        assert money[field] == getattr(state, field), field
    assert money["fees"] + unsigned(hot, 200, 48) == state.fees
    if state.settlement_tick is None:
        assert unsigned(hot, 168, 32) == state.open_interest
    assert state.identity() == 0
    assert money["reduceOnlyUntil"] == state.reduce_only_until
    for long, holder in zip((True, False), state.token_accounts, strict=True):
        token = await exchange.value("tokenOf", number, long)
        assert int(token, 16) == (int(mirror.account(holder).owner, 16) if holder else 0)
    for account in mirror.state.accounts:
        word = await exchange.value("positionWord", account, number)
        position = state.position(account)
        if position.settled:
            assert unsigned(word, 208, 8) == SETTLED
            assert unsigned(word, 0, 96) == position.claim
        else:
            assert signed(word, 0, 32) == position.lots, f"lots of {account}"
            assert unsigned(word, 176, 32) == position.epoch
            assert unsigned(word, 240, 16) == position.last_fill_day
        assert signed(word, 96, 80) == position.quote, f"quote of {account}"
    if state.settlement_tick is not None:
        return
    now = await market.chain.timestamp()
    for side in Side:
        told = await lens.value("orders", number, bool(side), 1000)
        wanted = [
            (order["orderId"], order["account"], order["lots"], order["expiry"], order["clientId"])
            for order in told
        ]
        book = state.book
        found = [
            (order.id, order.account, order.lots, order.expiry, order.client_id)
            for tick in book.ticks(side)
            for order in book.queue(side, tick, now)
        ]
        assert found == wanted, f"{side.name} of series {number} at {now}: {set(found) ^ set(wanted)}"
    view = await market.reader.book(state.spec.symbol, 1000)
    assert view.checksum == state.book.checksum(now=now)
    for account in mirror.state.accounts:
        word = await exchange.value("positionWord", account, number)
        if unsigned(word, 208, 8) == len(state.book.of_account(account)):
            shown = state.view(account)
            assert (unsigned(word, 32, 32), unsigned(word, 64, 32)) == (shown.open_buy, shown.open_sell)
