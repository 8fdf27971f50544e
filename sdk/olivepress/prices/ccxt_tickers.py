"""Prices of AI-related coins from any exchange that ccxt knows (extra `ccxt`; loaded on the first read)."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from olivepress.prices.errors import QuoteError, SourceError
from olivepress.prices.quote import Kind, Quote, Unit, to_decimal
from olivepress.prices.source import Reading, Rejected

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CcxtTickers:
    """Spot tickers of one exchange: the middle of bid and ask, or the last trade where one is missing.

    exchange   ccxt's id, such as `kraken`
    symbols    ccxt's unified symbols, such as `TAO/USD`; the quote's item is the base, `TAO`
    at_par     currencies beside USD that count as one dollar, such as `USDT`
    settings   further settings of the ccxt exchange: timeout, proxies, urls, keys
    """

    def __init__(
        self,
        exchange: str,
        symbols: Sequence[str],
        at_par: Sequence[str] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        for symbol in symbols:
            if symbol.count("/") != 1 or ":" in symbol or symbol.split("/")[1] not in ("USD", *at_par):
                allowed = ", ".join(f"COIN/{currency}" for currency in ("USD", *at_par))
                raise QuoteError("symbols", symbol, f"spot symbols {allowed}")
        if not symbols:
            raise QuoteError("symbols", symbols, "one symbol or more")
        self._exchange = exchange
        self._symbols = list(symbols)
        self._settings = {"enableRateLimit": True, "timeout": 10_000} | dict(settings or {})

    @property
    def name(self) -> str:
        """`ccxt:` and the exchange's id."""
        return f"ccxt:{self._exchange}"

    async def read(self, now: datetime) -> Reading:
        """Quotes of the symbols. Raises SourceError when ccxt is missing or the exchange does not answer."""
        client = await self._client()
        try:
            tickers = await client.fetch_tickers(self._symbols)
        except Exception as error:
            raise SourceError(self.name, f"{type(error).__name__}: {error}"[:300]) from error
        finally:
            await client.close()
        reading = Reading()
        for symbol in self._symbols:
            try:
                reading.quotes.append(self._quote(symbol, tickers.get(symbol) or {}, now))
            except QuoteError as error:
                reading.rejected.append(Rejected(self.name, symbol, str(error)))
        return reading

    async def _client(self) -> Any:
        try:
            # Loading ccxt takes seconds; a thread keeps the other sources going meanwhile.
            ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
        except ImportError as error:
            raise SourceError(self.name, "ccxt is not installed; pip install 'olivepress[ccxt]'") from error
        if self._exchange not in ccxt.exchanges:
            raise SourceError(self.name, f"ccxt {ccxt.__version__} knows no exchange {self._exchange}")
        client = getattr(ccxt, self._exchange)(self._settings)
        # ccxt's numbers are floats unless it is told to leave them as text.
        client.number = str
        return client

    def _quote(self, symbol: str, ticker: Mapping[str, Any], now: datetime) -> Quote:
        bid, ask = (to_decimal(side, ticker.get(side) or "0") for side in ("bid", "ask"))
        two_sided = Decimal(0) < bid <= ask
        price = (bid + ask) / 2 if two_sided else to_decimal("last", ticker.get("last") or "0")
        milliseconds = ticker.get("timestamp")
        return Quote(
            venue=self._exchange,
            item=symbol.partition("/")[0],
            price=price,
            unit=Unit.COIN,
            observed_at=now if milliseconds is None else _EPOCH + timedelta(milliseconds=int(milliseconds)),
            source=self.name,
            kind=Kind.OFFER if two_sided else Kind.TRADE,
        )
