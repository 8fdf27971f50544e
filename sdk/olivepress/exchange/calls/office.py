"""Calls of those who run the exchange: listing, roles, treasury, insurance. IBackOffice."""

from __future__ import annotations

from dataclasses import astuple
from decimal import Decimal

from olivepress import events as ev
from olivepress.errors import WrongType
from olivepress.exchange import gas
from olivepress.exchange.calls.base import Builder, Call, address_of, feed_of
from olivepress.exchange.models import TxResult
from olivepress.exchange.results import events_of
from olivepress.exchange.terms import SeriesTerms
from olivepress.tx import Receipt
from olivepress.types import Series


class OfficeCalls(Builder):
    """What only an owner or a guardian may do, and topping insurance up, which anyone may."""

    def list_series(self, terms: SeriesTerms) -> Call[Series]:
        spec = terms.to_spec(self._decimals)

        def read(receipt: Receipt) -> Series:
            event = events_of(receipt, ev.SeriesListed, self._to)[0]
            return Series(event.series, event.spec, self._decimals)

        return self._cold("listSeries", astuple(spec), read=read)

    def withdraw_treasury(self, to: str, amount: Decimal) -> Call[TxResult]:
        read = self._amount_of(ev.TreasuryWithdrawn)
        return self._cold("withdrawTreasury", address_of(to, "to"), self.base(amount), read=read)

    def top_up_insurance(self, feed: int, amount: Decimal) -> Call[TxResult]:
        read = self._amount_of(ev.InsuranceToppedUp)
        data = self._interface.encode("topUpInsurance", feed_of(feed), self.base(amount))
        return Call(self._to, data, gas.DEPOSIT, read)

    def set_guardian(self, guardian: str) -> Call[TxResult]:
        return self._cold("setGuardian", address_of(guardian, "guardian"))

    def set_arbiter(self, arbiter: str) -> Call[TxResult]:
        return self._cold("setArbiter", address_of(arbiter, "arbiter"))

    def transfer_ownership(self, owner: str) -> Call[TxResult]:
        return self._cold("transferOwnership", address_of(owner, "owner"))

    def accept_ownership(self) -> Call[TxResult]:
        return self._cold("acceptOwnership")

    def set_reduce_only(self, symbol: str, on: bool) -> Call[int]:
        if not isinstance(on, bool):
            raise WrongType("on", on, "True or False")

        def read(receipt: Receipt) -> int:
            return events_of(receipt, ev.GuardianReduceOnly, self._to)[0].until

        return self._cold("setReduceOnly", self.series(symbol).id, on, read=read)
