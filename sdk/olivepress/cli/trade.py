"""Commands that send transactions with the user's key."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from olivepress.cli.options import (
    DEFAULT_MANIFEST,
    DEFAULT_RPC,
    AsJson,
    Keystore,
    Manifest,
    Rpc,
    open_client,
    to_decimal,
)
from olivepress.cli.output import print_json, print_pairs
from olivepress.errors import ValidationError
from olivepress.types import Side, TimeInForce

Amount = Annotated[str, typer.Argument(help="Collateral in whole tokens, such as 2500.50.")]


def deposit(
    amount: Amount,
    account: Annotated[int, typer.Option(help="Account to credit; 0 for your own.")] = 0,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Pay collateral into an account; yours is opened when you have none."""
    tokens = to_decimal("amount", amount)

    async def go() -> dict[str, object]:
        async with open_client(rpc, manifest, keystore) as client:
            result = await client.deposit(tokens, account)
            credited = account or await client.account_id()
            return {"account": credited, "deposited": result.amount, "tx_hash": result.tx_hash}

    _show("Deposit", asyncio.run(go()), as_json)


def withdraw(
    amount: Amount,
    to: Annotated[str | None, typer.Option(help="Address that receives; your own by default.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Take collateral out of your account."""
    tokens = to_decimal("amount", amount)

    async def go() -> dict[str, object]:
        async with open_client(rpc, manifest, keystore) as client:
            result = await client.withdraw(tokens, to)
            return {
                "withdrawn": abs(result.amount),
                "to": to or client.sender.address,
                "tx_hash": result.tx_hash,
            }

    _show("Withdrawal", asyncio.run(go()), as_json)


def place(
    symbol: Annotated[str, typer.Argument(help="Series, such as LLM-FLAGSHIP-DEC26.")],
    side: Annotated[str, typer.Argument(metavar="buy|sell", help="What the order does.")],
    price: Annotated[str, typer.Argument(help="Limit price in USD, on the tick grid.")],
    lots: Annotated[int, typer.Argument(help="Whole lots.")],
    tif: Annotated[str, typer.Option(metavar="gtc|gtt|ioc|fok", help="How long the order lives.")] = "gtc",
    expiry: Annotated[int, typer.Option(help="Unix second at which a gtt order dies.")] = 0,
    post_only: Annotated[
        bool, typer.Option("--post-only", help="Refuse the order if it would take.")
    ] = False,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="Only ever reduce the position.")
    ] = False,
    client_id: Annotated[int, typer.Option(help="Your own number for the order, 64 bits.")] = 0,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Place an order; prints its id, what it filled and what rests."""
    direction, limit, life = to_side(side), to_decimal("price", price), to_tif(tif)

    async def go() -> dict[str, object]:
        async with open_client(rpc, manifest, keystore) as client:
            result = await client.place(
                symbol,
                direction,
                limit,
                lots,
                tif=life,
                post_only=post_only,
                reduce_only=reduce_only,
                expiry=expiry,
                client_id=client_id,
            )
            return {
                "symbol": result.symbol,
                "side": result.side,
                "price": result.price,
                "lots": result.lots,
                "order_id": result.order_id,
                "filled": result.filled,
                "average_price": result.average_price,
                "fee": result.fee,
                "resting": result.resting,
                "end": result.end,
                "client_id": result.client_id,
                "tx_hash": result.tx_hash,
                "block": result.block,
            }

    _show("Order", asyncio.run(go()), as_json)


def spread(
    buy: Annotated[str, typer.Argument(help="Series to buy, such as LLM-FLAGSHIP-JAN27.")],
    sell: Annotated[str, typer.Argument(help="Series of the same feed to sell.")],
    lots: Annotated[int, typer.Argument(help="Whole lots of each.")],
    limit: Annotated[
        str, typer.Option(help="Most that the bought may cost above the sold, USD; negative for a credit.")
    ],
    client_id: Annotated[int, typer.Option(help="Your own number for both legs, 64 bits.")] = 0,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Buy one month and sell another, both at once or not at all. Moves a position to the next month."""
    difference = to_decimal("limit", limit)

    async def go() -> dict[str, object]:
        async with open_client(rpc, manifest, keystore) as client:
            result = await client.spread(buy, sell, lots, difference, client_id=client_id)
            return {
                "bought": result.buy_symbol,
                "sold": result.sell_symbol,
                "lots": result.lots,
                "difference": result.difference,
                "fee": result.fee,
                "client_id": result.client_id,
                "tx_hash": result.tx_hash,
                "block": result.block,
            }

    _show("Spread", asyncio.run(go()), as_json)


def cancel(
    order_id: Annotated[str, typer.Argument(help="Id that `order place` printed; `all` for every order.")],
    symbol: Annotated[str | None, typer.Option(help="With `all`: only in this series.")] = None,
    rpc: Rpc = DEFAULT_RPC,
    manifest: Manifest = DEFAULT_MANIFEST,
    keystore: Keystore = None,
    as_json: AsJson = False,
) -> None:
    """Cancel one resting order, or all."""
    one = None if order_id == "all" else to_order_id(order_id)

    async def go() -> dict[str, object]:
        async with open_client(rpc, manifest, keystore) as client:
            if one is None:
                done = await (client.mass_cancel(symbol) if symbol else client.mass_cancel_all())
                return {"cancelled": "all", "symbol": symbol, "tx_hash": done.tx_hash}
            result = await client.cancel(one)
            return {"cancelled": order_id, "lots": result.lots, "tx_hash": result.tx_hash}

    _show("Cancelled", asyncio.run(go()), as_json)


def to_order_id(text: str) -> int:
    """An order id in decimal or 0x hex. Raises ValidationError."""
    try:
        return int(text, 0)
    except ValueError:
        raise ValidationError("order_id", text, "a number as `order place` prints it, or all") from None


def to_side(text: str) -> Side:
    """`buy` or `sell`. Raises ValidationError."""
    if text.upper() not in Side.__members__:
        raise ValidationError("side", text, "buy or sell")
    return Side[text.upper()]


def to_tif(text: str) -> TimeInForce:
    """`gtc`, `gtt`, `ioc` or `fok`. Raises ValidationError."""
    if text.upper() not in TimeInForce.__members__:
        raise ValidationError("tif", text, "gtc, gtt, ioc or fok")
    return TimeInForce[text.upper()]


def _show(title: str, result: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        print_pairs(title, result)
