"""Reads of the exchange: series, books, marks, accounts. Batch reads go through the lens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from olivepress.contracts.artifacts import exchange_interface, load
from olivepress.contracts.contract import Contract
from olivepress.errors import UnknownAccount, UnknownSymbol
from olivepress.exchange.models import (
    AccountView,
    BookView,
    Level,
    MarkView,
    OpenOrder,
    PositionView,
    Principal,
    SeriesStatus,
)
from olivepress.exchange.outcomes import TokenSide, require_token_side
from olivepress.manifest import Deployment
from olivepress.mirror.book import checksum
from olivepress.rpc import Transport
from olivepress.signer import address_bytes, checksum_address
from olivepress.types import OrderFlags, OrderId, Phase, Series, SeriesSpec, Side
from olivepress.units import base_to_amount, require_int

_MAX_SERIES = 2**16 - 1


class ExchangeReader:
    """Reads through one transport; needs no key.

    Symbols are those of the listing, such as 'LLM-FLAGSHIP-DEC26'. Terms are frozen, so a series is read once
    and kept. Every method raises UnknownSymbol or UnknownAccount for what the chain does not know, and
    TransportError when the node does not answer.
    """

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self.transport = transport
        self.deployment = deployment
        self.exchange = Contract(deployment.exchange, exchange_interface(), transport)
        self.lens = Contract(deployment.lens, load("Lens").interface, transport)
        self._known: dict[str, Series] = {}
        self._accounts = 0

    # --- series ---

    async def series_list(self) -> list[Series]:
        """Every series ever listed, in order of id."""
        return [self._learn(view) for view in await self._views()]

    async def series(self, symbol: str) -> Series:
        """A series by symbol."""
        if symbol not in self._known:
            await self.series_list()
        found = self._known.get(symbol)
        if found is None:
            raise UnknownSymbol("symbol", symbol, ", ".join(self._known) or "no series is listed")
        return found

    async def statuses(self) -> list[SeriesStatus]:
        """Life, prices and money of every series, in one read."""
        return [self._status(view) for view in await self._views()]

    async def status(self, symbol: str) -> SeriesStatus:
        """Life, prices and money of one series."""
        series = await self.series(symbol)
        return self._status(await self.lens.value("seriesInfo", series.id))

    async def phase(self, symbol: str) -> Phase:
        """Where a series stands in its life."""
        return Phase(await self.lens.value("phaseOf", (await self.series(symbol)).id))

    async def mark(self, symbol: str) -> MarkView:
        """The mark as a taking order would see it now."""
        series = await self.series(symbol)
        mark, _, stale = (await self.lens.read("markOf", series.id)).values()
        return MarkView(series.symbol, series.to_price(mark), stale)

    async def book(self, symbol: str, depth: int = 10) -> BookView:
        """The best `depth` levels of both sides, live orders only."""
        series = await self.series(symbol)
        count = require_int(depth, "depth", 1, 2**16 - 1)
        reads = [("depth", (series.id, sells, count)) for sells in (False, True)]
        bids, asks = [next(iter(answer.values())) for answer in await self.lens.read_many(reads)]
        return BookView(
            symbol=series.symbol,
            bids=_levels(series, bids),
            asks=_levels(series, asks),
            checksum=checksum(
                (side, level["tick"], level["lots"])
                for side, levels in ((Side.BUY, bids), (Side.SELL, asks))
                for level in levels
            ),
        )

    # --- accounts ---

    async def principal(self, address: str) -> Principal:
        """For whom an address acts; account 0 for nobody."""
        checked = checksum_address(address_bytes(address))
        account, permissions, expiry = (await self.lens.read("principal", checked)).values()
        return Principal(account, permissions, expiry)

    async def require_account(self, account: int) -> int:
        """The number itself when there is such an account. UnknownAccount when not."""
        number = require_int(account, "account", 0, 2**32 - 1)
        if not 1 <= number <= self._accounts:
            self._accounts = await self.exchange.value("accountCount")
        if not 1 <= number <= self._accounts:
            raise UnknownAccount(
                "account", account, f"1 to {self._accounts}" if self._accounts else "none is open"
            )
        return number

    async def account(self, account: int) -> AccountView:
        """Money, margin, positions and live orders of an account, all at one block."""
        number = await self.require_account(account)
        block = int(await self.transport.request("eth_blockNumber"), 16)
        info = next(iter((await self.lens.read("accountInfo", number, block=block)).values()))
        views: list[Mapping[str, Any]] = list(info["positions"])
        if any(view["series"] not in {one.id for one in self._known.values()} for view in views):
            await self.series_list()
        by_id = {one.id: one for one in self._known.values()}
        reads = [("openOrders", (number, view["series"])) for view in views]
        answers = await self.lens.read_many(reads, block=block) if reads else []
        orders = [
            _open_order(by_id[view["series"]], order)
            for view, answer in zip(views, answers, strict=True)
            for order in next(iter(answer.values()))
        ]
        margin = info["margin"]
        return AccountView(
            account=number,
            owner=checksum_address(address_bytes(info["owner"])),
            cash=self._money(margin["cash"]),
            equity=self._money(margin["equity"]),
            initial_margin=self._money(margin["initialMargin"]),
            maintenance_margin=self._money(margin["maintenanceMargin"]),
            orders_margin=self._money(margin["ordersMargin"]),
            withdrawable=self._money(info["withdrawable"]),
            stale=margin["stale"],
            positions=tuple(_position(by_id[view["series"]], view) for view in views),
            orders=tuple(orders),
        )

    async def insurance(self, feed: int) -> Decimal:
        """Insurance of a feed, Decimal collateral units."""
        return self._money(await self.exchange.value("insurance", _feed(feed)))

    async def deficit(self, feed: int) -> Decimal:
        """Declared deficits of a feed, Decimal collateral units. Above its insurance its series are
        reduce-only."""
        return self._money(await self.exchange.value("deficit", _feed(feed)))

    async def declared(self, account: int, feed: int) -> Decimal:
        """An account's part of a feed's deficit, Decimal collateral units."""
        number = await self.require_account(account)
        return self._money(await self.exchange.value("declared", number, _feed(feed)))

    async def flagged_at(self, account: int) -> int:
        """When the account's auction began, unix seconds; 0 for none."""
        return int(await self.exchange.value("flaggedAt", await self.require_account(account)))

    async def negative_since(self, account: int) -> int:
        """Since when an account has been known to have equity below zero, unix seconds; 0 for not."""
        return int(await self.exchange.value("negativeSince", await self.require_account(account)))

    async def challenge_bond(self) -> Decimal:
        """What a challenge costs until it is ruled, Decimal collateral units."""
        return self._money(await self.exchange.value("challengeBond"))

    async def bonds(self) -> Decimal:
        """Sum of the bonds of open challenges, Decimal collateral units."""
        return self._money(await self.exchange.value("bonds"))

    async def token_of(self, symbol: str, side: TokenSide) -> str | None:
        """Address of the token of a series and side; None when it was not created."""
        series = await self.series(symbol)
        long = require_token_side(side).is_long
        raw = address_bytes(await self.exchange.value("tokenOf", series.id, long))
        return checksum_address(raw) if any(raw) else None

    async def treasury(self) -> Decimal:
        """Fees collected and not yet paid out, Decimal collateral units."""
        return self._money(await self.exchange.value("treasury"))

    async def balance(self, address: str) -> Decimal:
        """Collateral that an address holds outside the exchange, Decimal collateral units."""
        token = Contract(self.deployment.collateral, load("MockUSDC").interface, self.transport)
        return self._money(await token.value("balanceOf", checksum_address(address_bytes(address))))

    # --- from the lens ---

    async def _views(self) -> list[Mapping[str, Any]]:
        return list(await self.lens.value("seriesList", 1, _MAX_SERIES))

    def _learn(self, view: Mapping[str, Any]) -> Series:
        spec = SeriesSpec(*view["spec"].values())
        series = self._known.get(spec.symbol)
        if series is None:
            series = Series(view["series"], spec, self.deployment.collateral_decimals)
            self._known[spec.symbol] = series
        return series

    def _status(self, view: Mapping[str, Any]) -> SeriesStatus:
        series = self._learn(view)
        money = view["money"]
        return SeriesStatus(
            symbol=series.symbol,
            phase=Phase(view["phase"]),
            mark=series.to_price(view["mark"]),
            stale=view["stale"],
            reduce_only=view["reduceOnly"],
            bid=series.to_price(view["bestBid"]) if view["bestBid"] else None,
            ask=series.to_price(view["bestAsk"]) if view["bestAsk"] else None,
            open_interest=view["openInterest"],
            members=money["members"],
            uncranked=money["uncranked"],
            **{
                name: self._money(money[name])
                for name in ("pool", "fees", "advance", "claims", "collected", "drawn")
            },
        )

    def _money(self, base: int) -> Decimal:
        return base_to_amount(base, self.deployment.collateral_decimals)


def _feed(feed: int) -> int:
    return require_int(feed, "feed", 1, 2**16 - 1)


def _levels(series: Series, levels: list[Mapping[str, Any]]) -> tuple[Level, ...]:
    return tuple(Level(series.to_price(one["tick"]), one["lots"], one["orders"]) for one in levels)


def _open_order(series: Series, order: Mapping[str, Any]) -> OpenOrder:
    order_id = OrderId(order["orderId"])
    return OpenOrder(
        symbol=series.symbol,
        order_id=order_id,
        side=order_id.side,
        price=series.to_price(order_id.tick),
        lots=order["lots"],
        expiry=order["expiry"],
        client_id=order["clientId"],
        reduce_only=bool(order["flags"] & OrderFlags.REDUCE_ONLY),
    )


def _position(series: Series, view: Mapping[str, Any]) -> PositionView:
    return PositionView(
        symbol=series.symbol,
        lots=view["lots"],
        quote=series.to_amount(view["quote"]),
        value=series.to_amount(view["value"]),
        open_buy=view["openBuy"],
        open_sell=view["openSell"],
        settled=view["settled"],
        claim=series.to_amount(view["claim"]),
    )
