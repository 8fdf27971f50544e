"""LLM indices: one blended price a vendor, from the quotes of its designated flagship."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from olivepress.index.audit import Component, Excluded, Member
from olivepress.index.estimators import blend
from olivepress.index.methodology import Flagship, LlmBlend, Vendor
from olivepress.index.selection import Selection
from olivepress.prices.quote import Kind, Market, Quote

#: Quotes that belong together: one source's prices of one item at one time.
_Offer = dict[str, tuple[int, Quote]]


def select_vendors(methodology: LlmBlend, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    """Choose one offer for each vendor designated at `as_of`, and say why every other quote is out."""
    parts = methodology.blend.parts()
    text = " : ".join(f"{count} {unit}" for unit, count in parts.items())
    selection = Selection(quotes, f"median over vendors of the blend {text}")
    designated = [
        (vendor, flagship) for vendor in methodology.vendor if (flagship := vendor.flagship_on(as_of.date()))
    ]
    _leave_ineligible(methodology, selection, as_of)
    for vendor, flagship in designated:
        _select_vendor(methodology, selection, vendor, flagship)
    for number, quote in selection.open():
        selection.leave(number, f"{quote.venue} {quote.item} is not a designated flagship on {as_of.date()}")
    needed = max(methodology.minimum_vendors, int(methodology.majority * len(designated)) + 1)
    if len(selection.members) < needed:
        found = f"{len(selection.members)} of {len(designated)} designated vendors have a price"
        selection.withheld = f"{found}; at least {needed} are needed"
    share = str(Fraction(1, max(1, len(selection.members))))
    selection.members = [member.model_copy(update={"weight": share}) for member in selection.members]
    return selection


def _leave_ineligible(methodology: LlmBlend, selection: Selection, as_of: datetime) -> None:
    oldest = as_of - timedelta(days=methodology.max_age_days)
    for number, quote in selection.open():
        if package(quote) not in methodology.sources:
            selection.leave(number, f"source {package(quote)} is not one of {', '.join(methodology.sources)}")
        elif quote.unit not in methodology.blend.parts():
            selection.leave(number, f"the blend has no part for {quote.unit}")
        elif quote.kind is not Kind.LIST or quote.market is not Market.ON_DEMAND:
            selection.leave(number, f"{quote.market} {quote.kind} price; only on-demand list prices count")
        elif quote.observed_at > as_of:
            selection.leave(number, f"observed after {as_of.isoformat()}")
        elif quote.observed_at < oldest:
            selection.leave(number, f"stale: older than {methodology.max_age_days} days")


def _select_vendor(methodology: LlmBlend, selection: Selection, vendor: Vendor, flagship: Flagship) -> None:
    parts = methodology.blend.parts()
    offers: dict[tuple[int, int, Decimal, str], _Offer] = {}
    for number, quote in selection.open():
        if quote.venue in vendor.venues and quote.item in flagship.items:
            # The preferred source first, then the preferred name, then the newest.
            age = Decimal(-int(quote.observed_at.timestamp() * 1_000_000))
            rank = (
                methodology.sources.index(package(quote)),
                flagship.items.index(quote.item),
                age,
                quote.source,
            )
            offers.setdefault(rank, {}).setdefault(quote.unit, (number, quote))
    chosen: _Offer | None = None
    for rank in sorted(offers):
        offer = offers[rank]
        missing = [unit for unit in parts if unit not in offer]
        for number, quote in offer.values():
            if missing:
                selection.leave(number, f"{quote.source} has no price for {', '.join(missing)}")
            elif chosen is None:
                selection.use(
                    number, f"{vendor.name}: {flagship.model} is its flagship since {flagship.effective}"
                )
            else:
                selection.leave(
                    number, f"{next(iter(chosen.values()))[1].source} comes first for {vendor.name}"
                )
        if not missing and chosen is None:
            chosen = offer
    if chosen is None:
        reason = f"no usable price of {flagship.model} ({', '.join(flagship.items)})"
        selection.absent.append(Excluded(source=vendor.name, entry=flagship.model, reason=reason))
        return
    components = tuple(
        Component(unit=unit, price=chosen[unit][1].price, parts=count) for unit, count in parts.items()
    )
    first = chosen[components[0].unit][1]
    selection.members.append(
        Member(
            name=vendor.name,
            item=first.item,
            source=first.source,
            observed_at=first.observed_at,
            components=components,
            value=blend(
                [component.price for component in components], [component.parts for component in components]
            ),
            weight="1",
        )
    )


def package(quote: Quote) -> str:
    """The source's name without its version: `genai-prices` of `genai-prices==0.2.3`."""
    return quote.source.partition("==")[0]
