"""Reads of the exchange: series, books, marks, accounts."""

from __future__ import annotations

from olivepress.exchange.models import AccountView, BookView, MarkView, Principal, SeriesStatus
from olivepress.manifest import Deployment
from olivepress.rpc import Transport
from olivepress.types import Phase, Series


class ExchangeReader:
    """Reads through one transport; needs no key.

    Symbols are those of the listing, such as 'LLM-FLAGSHIP-DEC26'. Every method raises UnknownSymbol or
    UnknownAccount for what the chain does not know, and TransportError when the node does not answer.
    """

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self.transport = transport
        self.deployment = deployment

    async def series_list(self) -> list[Series]:
        """Every series ever listed, in order of id."""
        raise NotImplementedError

    async def series(self, symbol: str) -> Series:
        raise NotImplementedError

    async def phase(self, symbol: str) -> Phase:
        raise NotImplementedError

    async def status(self, symbol: str) -> SeriesStatus:
        raise NotImplementedError

    async def mark(self, symbol: str) -> MarkView:
        raise NotImplementedError

    async def book(self, symbol: str, depth: int = 10) -> BookView:
        raise NotImplementedError

    async def account(self, account: int) -> AccountView:
        raise NotImplementedError

    async def principal(self, address: str) -> Principal:
        """For whom an address acts; account 0 for nobody."""
        raise NotImplementedError
