"""The fixed gas limits cover what the calls use, with room, and are not many times too high."""

from __future__ import annotations

from decimal import Decimal

from market_kit import SYMBOL, Market, open_market, terms
from olivepress.exchange import Cancel, Place
from olivepress.types import Side

D = Decimal
COUNT = 40


async def share_used(market: Market, tx_hash: str) -> Decimal:
    """Gas used as a share of the limit."""
    request = market.chain.transport.request
    receipt = await request("eth_getTransactionReceipt", [tx_hash])
    sent = await request("eth_getTransactionByHash", [tx_hash])
    return Decimal(int(receipt["gasUsed"], 16)) / int(sent["gas"], 16)


async def test_gas_limits_fit() -> None:
    async with open_market(3, D(1_000_000)) as market:
        first, second, taker = market.traders
        used: dict[str, Decimal] = {}

        async def note(name: str, tx_hash: str) -> None:
            used[name] = await share_used(market, tx_hash)

        await note("first order", (await first.place(SYMBOL, Side.BUY, D("3.4"), 1, post_only=True)).tx_hash)
        ladder = [Place(Side.BUY, D("3.42") + at * D("0.001"), 1, post_only=True) for at in range(COUNT)]
        placed = await first.batch(SYMBOL, ladder)
        await note("fresh batch", placed.tx_hash)
        await note("swept levels", (await taker.place(SYMBOL, Side.SELL, D("3.42"), COUNT)).tx_hash)
        for _ in range(10):
            for maker in (first, second):
                await maker.place(SYMBOL, Side.SELL, D("3.6"), 1)
        await note("many makers", (await taker.place(SYMBOL, Side.BUY, D("3.6"), 20)).tx_hash)
        again = await first.batch(SYMBOL, ladder)
        gone = await first.batch(SYMBOL, [Cancel(one.order_id or 0) for one in again.orders])
        await note("cancels", gone.tx_hash)
        await note("mass cancel", (await first.mass_cancel(SYMBOL)).tx_hash)
        for number in range(9):
            other = f"OTHER-{number}"
            await market.owner.list_series(terms(symbol=other))
            await taker.place(other, Side.BUY, D("3.5"), 1)
        await note("ten series", (await taker.place(SYMBOL, Side.BUY, D("3.4"), 1, post_only=True)).tx_hash)
        await market.fund(taker, D(1))
        await taker.withdraw(D(1))
        await note("deposit", (await taker.deposit(D(1))).tx_hash)
        assert {name: share for name, share in used.items() if share > D("0.8")} == {}
        assert used["swept levels"] > D("0.15")
        assert used["first order"] > D("0.25")
        assert used["fresh batch"] > D("0.25")
