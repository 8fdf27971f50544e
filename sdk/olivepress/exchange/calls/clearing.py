"""Calls that turn positions into money: realising, settlement, claims, challenges. IClearing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from olivepress import events as ev
from olivepress.errors import OutOfRange, ValidationError, WrongType
from olivepress.exchange import gas
from olivepress.exchange.calls.base import U32, Builder, Call
from olivepress.exchange.models import TxResult
from olivepress.exchange.outcomes import RulingResult
from olivepress.exchange.results import events_of, tx_hash_of
from olivepress.tx import Receipt
from olivepress.units import require_int


class ClearingCalls(Builder):
    """From a flat or expired position to cash."""

    def realise(self, account: int, symbol: str, payers: Sequence[int] = ()) -> Call[TxResult]:
        number = require_int(account, "account", 1, U32)
        named = [require_int(payer, "payers", 1, U32) for payer in payers]

        def read(receipt: Receipt) -> TxResult:
            told = [one for one in events_of(receipt, ev.Realised, self._to) if one.account == number]
            return self._done(receipt, sum(one.amount for one in told))

        limit = gas.realise(len(named))
        return self._cold("realise", number, self.series(symbol).id, named, read=read, limit=limit)

    def settle(self, symbol: str) -> Call[Decimal]:
        series = self.series(symbol)

        def read(receipt: Receipt) -> Decimal:
            return series.to_price(events_of(receipt, ev.SeriesSettled, self._to)[0].settlement_tick)

        return self._cold("settle", series.id, read=read, limit=gas.SETTLE)

    def settle_accounts(self, accounts: Sequence[int]) -> Call[TxResult]:
        numbers = [require_int(one, "accounts", 1, U32) for one in accounts]
        if not numbers:
            raise OutOfRange("accounts", accounts, "at least one")
        return self._cold("settleAccounts", numbers)

    def draw(self, account: int, symbol: str) -> Call[TxResult]:
        number = require_int(account, "account", 1, U32)
        return self._cold("draw", number, self.series(symbol).id, read=self._amount_of(ev.ClaimDrawn))

    def collect_fees(self, symbol: str) -> Call[TxResult]:
        return self._cold("collectFees", self.series(symbol).id, read=self._amount_of(ev.FeesCollected))

    def collect_bounty(self, symbol: str) -> Call[TxResult]:
        return self._cold("collectBounty", self.series(symbol).id, read=self._amount_of(ev.BountyPaid))

    def challenge(self, symbol: str) -> Call[TxResult]:
        """The allowance of the bond is the caller's business."""

        def read(receipt: Receipt) -> TxResult:
            return self._done(receipt, events_of(receipt, ev.Challenged, self._to)[0].bond)

        return self._cold("challenge", self.series(symbol).id, read=read, limit=gas.CHALLENGE)

    def rule(self, symbol: str, price: Decimal, evidence: str) -> Call[RulingResult]:
        """`evidence` is a hash, 32 bytes as 0x-hex."""
        series = self.series(symbol)
        tick, digest = series.to_ticks(price), _digest(evidence)

        def read(receipt: Receipt) -> RulingResult:
            event = events_of(receipt, ev.Ruled, self._to)[0]
            return RulingResult(
                symbol=series.symbol,
                price=series.to_price(event.tick),
                upheld=event.upheld,
                evidence="0x" + event.evidence.hex(),
                tx_hash=tx_hash_of(receipt),
                block=receipt.block_number,
            )

        return self._cold("rule", series.id, tick, digest, read=read, limit=gas.RULE)


def _digest(evidence: str) -> bytes:
    allowed = "a hash, 32 bytes as 0x-hex"
    if not isinstance(evidence, str):
        raise WrongType("evidence", evidence, allowed)
    try:
        digest = bytes.fromhex(evidence.removeprefix("0x"))
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValidationError("evidence", evidence, allowed)
    return digest
