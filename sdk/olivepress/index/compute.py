"""Quotes to an index value. Pure: the same quotes, methodology and time give the same record, anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from olivepress.index.audit import AuditedQuote, AuditRecord, Excluded, MethodologyRef
from olivepress.index.basket import select_assets
from olivepress.index.estimators import to_e8
from olivepress.index.llm import select_vendors
from olivepress.index.methodology import AnyMethodology, Basket, LlmBlend, ProviderMedian
from olivepress.index.providers import select_providers
from olivepress.index.selection import Selection
from olivepress.prices.errors import QuoteError
from olivepress.prices.quote import Quote
from olivepress.prices.source import Reading


def compute(methodology: AnyMethodology, reading: Reading, as_of: datetime) -> AuditRecord:
    """The index value at `as_of` (aware) from what the sources gave, with its audit trail.

    For a ProviderMedian the reading holds the quotes of the last `carry_hours` too: the latest of each
    provider counts. Too few members withhold the value; that is a record too, not an error.
    """
    if as_of.tzinfo is None:
        raise QuoteError("as_of", as_of, "a date and time with a time zone")
    as_of = as_of.astimezone(UTC)
    quotes = [quote for quote in reading.quotes if methodology.wants(quote)]
    selection = _select(methodology, quotes, as_of)
    value = selection.value
    return AuditRecord(
        index=methodology.id,
        methodology=MethodologyRef(
            id=methodology.id, version=methodology.version, hash=methodology.hash.hex()
        ),
        unit=methodology.unit,
        as_of=as_of,
        status="withheld" if value is None else "published",
        reason=selection.withheld or f"{len(selection.members)} members",
        estimator=selection.estimator,
        value=value,
        value_e8=None if value is None else to_e8(value),
        members=tuple(selection.members),
        absent=tuple(selection.absent),
        quotes=tuple(AuditedQuote(quote=q, used=used, reason=why) for q, (used, why) in selection.verdicts()),
        unrelated=len(reading.quotes) - len(quotes),
        rejected=tuple(Excluded(source=r.source, entry=r.entry, reason=r.reason) for r in reading.rejected),
        failures=tuple(Excluded(source=f.source, entry=f.error, reason=f.reason) for f in reading.failures),
    )


def _select(methodology: AnyMethodology, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    match methodology:
        case LlmBlend():
            return select_vendors(methodology, quotes, as_of)
        case ProviderMedian():
            return select_providers(methodology, quotes, as_of)
        case Basket():
            return select_assets(methodology, quotes, as_of)
