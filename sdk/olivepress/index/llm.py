"""LLM indices: one blended price a vendor, from the quotes of its designated flagship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from olivepress.index.audit import Component, Excluded, Member
from olivepress.index.estimators import blend, is_outlier, median, yardstick
from olivepress.index.methodology import Flagship, LlmBlend, Vendor
from olivepress.index.selection import Selection
from olivepress.prices.quote import Kind, Market, Quote, Unit


@dataclass(frozen=True, slots=True)
class _Offer:
    """One source's prices of one item at one time: they belong together and are never mixed with others."""

    numbers: tuple[int, ...]
    quotes: dict[Unit, Quote]
    value: Decimal

    @property
    def first(self) -> Quote:
        return next(iter(self.quotes.values()))


def select_vendors(methodology: LlmBlend, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    """Choose one offer for each vendor designated at `as_of`, and say why every other quote is out."""
    parts = methodology.blend.parts()
    text = " : ".join(f"{count} {unit.removeprefix('1M ')}" for unit, count in parts.items())
    selection = Selection(quotes, f"median over vendors of the blend {text}")
    _leave_ineligible(methodology, selection, as_of)
    designated = [
        (vendor, flagship)
        for vendor in methodology.vendor
        if (flagship := vendor.flagship_on(as_of.date())) and flagship.items
    ]
    offers = {vendor.name: _offers(methodology, selection, vendor, roll) for vendor, roll in designated}
    firsts = [found[0].value for found in offers.values() if found]
    for vendor, flagship in designated:
        middle = yardstick(firsts) if firsts else Decimal(0)
        _choose(methodology, selection, vendor, flagship, offers[vendor.name], middle)
    for number, quote in selection.open():
        selection.leave(number, f"{quote.venue} {quote.item} is not a designated flagship on {as_of.date()}")
    _finish(methodology, selection, len(designated))
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


def _offers(methodology: LlmBlend, selection: Selection, vendor: Vendor, flagship: Flagship) -> list[_Offer]:
    """The vendor's whole offers: the preferred source first, then the preferred name, then the newest."""
    parts = methodology.blend.parts()
    found: dict[tuple[int, int, Decimal, str], dict[Unit, tuple[int, Quote]]] = {}
    for number, quote in selection.open():
        if quote.venue in vendor.venues and quote.item in flagship.items:
            age = Decimal(-int(quote.observed_at.timestamp() * 1_000_000))
            source = methodology.sources.index(package(quote))
            rank = (source, flagship.items.index(quote.item), age, quote.source)
            if quote.unit in found.setdefault(rank, {}):
                selection.leave(number, f"{quote.source} gives this price twice; the first counts")
            else:
                found[rank][quote.unit] = (number, quote)
    offers = []
    for _, prices in sorted(found.items()):
        missing = [unit for unit in parts if unit not in prices]
        for number, quote in prices.values() if missing else ():
            selection.leave(number, f"{quote.source} has no price for {', '.join(missing)}")
        if not missing:
            numbers = tuple(prices[unit][0] for unit in parts)
            quotes = {unit: prices[unit][1] for unit in parts}
            value = blend([quote.price for quote in quotes.values()], list(parts.values()))
            offers.append(_Offer(numbers, quotes, value))
    return offers


def _choose(
    methodology: LlmBlend,
    selection: Selection,
    vendor: Vendor,
    flagship: Flagship,
    offers: list[_Offer],
    middle: Decimal,
) -> None:
    """Use the first offer that is no outlier against `middle`, which the vendors' first offers give."""
    chosen: _Offer | None = None
    above, below = methodology.max_above, methodology.max_below
    for offer in offers:
        for number in offer.numbers:
            if is_outlier(offer.value, middle, above, below):
                reason = f"outlier: {offer.value} against a median of {middle} over the vendors"
                selection.leave(number, f"{reason}; allowed is {above} times above to {below} times below")
            elif chosen is None or chosen is offer:
                chosen = offer
                selection.use(number, f"{vendor.name}: {flagship.model}, flagship since {flagship.effective}")
            else:
                selection.leave(number, f"{chosen.first.source} comes first for {vendor.name}")
    if chosen is None:
        reason = f"no usable price of {flagship.model} ({', '.join(flagship.items)})"
        selection.absent.append(Excluded(source=vendor.name, entry=flagship.model, reason=reason))
        return
    parts = methodology.blend.parts()
    selection.members.append(
        Member(
            name=vendor.name,
            item=chosen.first.item,
            source=chosen.first.source,
            observed_at=chosen.first.observed_at,
            components=tuple(
                Component(unit=unit, price=quote.price, parts=Decimal(parts[unit]))
                for unit, quote in chosen.quotes.items()
            ),
            value=chosen.value,
            weight="1",
        )
    )


def _finish(methodology: LlmBlend, selection: Selection, designated: int) -> None:
    found = len(selection.members)
    needed = max(methodology.minimum_vendors, int(methodology.majority * designated) + 1)
    if found < needed:
        have = f"{found} of {designated} designated vendors have a price"
        selection.withheld = f"{have}; at least {needed} are needed"
    else:
        selection.value = median([member.value for member in selection.members])
    selection.weigh([Fraction(1, found)] * found if found else [])


def package(quote: Quote) -> str:
    """The source's name without its version: `genai-prices` of `genai-prices==0.2.3`."""
    return quote.source.partition("==")[0]
