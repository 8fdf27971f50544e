"""GPU indices: the lowest eligible price of each provider, carried for a while when it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from olivepress.index.audit import Component, Excluded, Member
from olivepress.index.estimators import capped_weights, is_outlier, median, weighted_median
from olivepress.index.methodology import ProviderMedian
from olivepress.index.selection import Selection
from olivepress.prices.quote import Quote

_Numbered = tuple[int, Quote]


def select_providers(methodology: ProviderMedian, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    """Choose the lowest price among each provider's current quotes, and weigh the providers."""
    share = f"no group above {methodology.cap * 100:f}%"
    title = f"median over providers of the lowest {methodology.market} price, {share}"
    selection = Selection(quotes, title)
    _leave_ineligible(methodology, selection, as_of)
    fresh_since = as_of - timedelta(minutes=methodology.fresh_minutes)
    current = _current(selection, fresh_since)
    lowest = [min(quote.price for _, quote in found) for found in current.values()]
    middle = median(lowest) if lowest else Decimal(0)
    for provider, found in sorted(current.items()):
        _choose(methodology, selection, provider, found, middle, fresh_since)
    _finish(methodology, selection)
    return selection


def _leave_ineligible(methodology: ProviderMedian, selection: Selection, as_of: datetime) -> None:
    hours = max(timedelta(hours=methodology.carry_hours), timedelta(minutes=methodology.fresh_minutes))
    for number, quote in selection.open():
        if quote.market is not methodology.market:
            selection.leave(number, f"{quote.market}; only {methodology.market} counts")
        elif quote.kind not in methodology.kinds:
            selection.leave(number, f"{quote.kind} price; only {', '.join(methodology.kinds)} count")
        elif quote.observed_at > as_of:
            selection.leave(number, f"observed after {as_of.isoformat()}")
        elif quote.observed_at < as_of - hours:
            selection.leave(number, f"stale: older than {hours}")


def _current(selection: Selection, fresh_since: datetime) -> dict[str, list[_Numbered]]:
    """Provider -> its current quotes: the latest of each fresh source, or of all if none is fresh."""
    latest: dict[str, dict[str, datetime]] = {}
    for _, quote in selection.open():
        of_provider = latest.setdefault(quote.venue, {})
        of_provider[quote.source] = max(quote.observed_at, of_provider.get(quote.source, quote.observed_at))
    current: dict[str, list[_Numbered]] = {}
    for number, quote in list(selection.open()):
        of_provider = latest[quote.venue]
        newest = max(of_provider.values())
        if quote.observed_at < of_provider[quote.source]:
            seen = of_provider[quote.source]
            selection.leave(number, f"{quote.source} has a later quote of {quote.venue}, {seen.isoformat()}")
        elif quote.observed_at < min(newest, fresh_since):
            selection.leave(
                number, f"another source has a later quote of {quote.venue}, {newest.isoformat()}"
            )
        else:
            current.setdefault(quote.venue, []).append((number, quote))
    return current


def _choose(
    methodology: ProviderMedian,
    selection: Selection,
    provider: str,
    found: list[_Numbered],
    middle: Decimal,
    fresh_since: datetime,
) -> None:
    """Use the lowest price that is no outlier against `middle`, the median over providers of their lowest."""
    chosen: Quote | None = None
    # Of equal prices the first one given counts.
    for number, quote in sorted(found, key=lambda entry: (entry[1].price, entry[0])):
        if is_outlier(quote.price, middle, methodology.max_ratio, methodology.max_ratio):
            reason = f"outlier: {quote.price} against a median of {middle} over the providers"
            selection.leave(number, f"{reason}; allowed is a factor of {methodology.max_ratio}")
        elif chosen is None:
            chosen = quote
            carried = quote.observed_at < fresh_since
            age = f", carried from {quote.observed_at.isoformat()}" if carried else ""
            selection.use(number, f"lowest of {provider}{age}")
            selection.members.append(_member(provider, quote, carried))
        else:
            selection.leave(number, f"{provider} has a lower price, {chosen.price}")
    if chosen is None:
        reason = "every current price is an outlier"
        selection.absent.append(Excluded(source=provider, entry=methodology.items[0], reason=reason))


def _member(provider: str, quote: Quote, carried: bool) -> Member:
    return Member(
        name=provider,
        item=quote.item,
        source=quote.source,
        observed_at=quote.observed_at,
        components=(Component(unit=quote.unit, price=quote.price, parts=Decimal(1)),),
        value=quote.price,
        weight="1",
        carried=carried,
    )


def _finish(methodology: ProviderMedian, selection: Selection) -> None:
    carried = sum(member.carried for member in selection.members)
    fresh = len(selection.members) - carried
    groups = [methodology.groups.get(member.name, member.name) for member in selection.members]
    weights = capped_weights(groups, Fraction(methodology.cap)) if groups else []
    selection.weigh(weights)
    if fresh < methodology.minimum_fresh:
        found = f"{fresh} providers have a fresh price ({carried} carried)"
        selection.withheld = f"{found}; at least {methodology.minimum_fresh} are needed"
    else:
        selection.value = weighted_median([member.value for member in selection.members], weights)
