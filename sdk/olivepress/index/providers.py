"""GPU indices: the lowest eligible price of each provider, carried for a while when it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from olivepress.index.audit import Component, Excluded, Member
from olivepress.index.estimators import capped_weights
from olivepress.index.methodology import ProviderMedian
from olivepress.index.selection import Selection
from olivepress.prices.quote import Quote


def select_providers(methodology: ProviderMedian, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    """Choose the lowest price among each provider's latest eligible quotes, and weigh the providers."""
    share = f"no group above {methodology.cap * 100:f}%"
    title = f"median over providers of the lowest {methodology.market} price, {share}"
    selection = Selection(quotes, title)
    _leave_ineligible(methodology, selection, as_of)
    fresh_since = as_of - timedelta(minutes=methodology.fresh_minutes)
    by_provider: dict[str, list[tuple[int, Quote]]] = {}
    for number, quote in selection.open():
        by_provider.setdefault(quote.venue, []).append((number, quote))
    for provider, found in sorted(by_provider.items()):
        latest = max(quote.observed_at for _, quote in found)
        # Of equal prices the first one given counts.
        number, best = min(
            (entry for entry in found if entry[1].observed_at == latest), key=lambda e: e[1].price
        )
        carried = latest < fresh_since
        age = f", carried from {latest.isoformat()}" if carried else ""
        selection.use(number, f"lowest of {provider}{age}")
        selection.members.append(_member(provider, best, carried))
        for other, quote in found:
            if quote.observed_at < latest:
                selection.leave(other, f"{provider} has a later quote of {latest.isoformat()}")
            else:
                selection.leave(other, f"{provider} has a lower price, {best.price}")
    _weigh(methodology, selection)
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


def _member(provider: str, quote: Quote, carried: bool) -> Member:
    return Member(
        name=provider,
        item=quote.item,
        source=quote.source,
        observed_at=quote.observed_at,
        components=(Component(unit=quote.unit, price=quote.price, parts=1),),
        value=quote.price,
        weight="1",
        carried=carried,
    )


def _weigh(methodology: ProviderMedian, selection: Selection) -> None:
    fresh = [member for member in selection.members if not member.carried]
    if len(fresh) < methodology.minimum_fresh:
        carried = len(selection.members) - len(fresh)
        found = f"{len(fresh)} providers have a fresh price ({carried} carried)"
        selection.withheld = f"{found}; at least {methodology.minimum_fresh} are needed"
        selection.absent.append(
            Excluded(source=methodology.id, entry="fresh providers", reason=selection.withheld)
        )
    if selection.members:
        groups = [methodology.groups.get(member.name, member.name) for member in selection.members]
        weights = capped_weights(groups, Fraction(methodology.cap))
        selection.members = [
            member.model_copy(update={"weight": str(weight)})
            for member, weight in zip(selection.members, weights, strict=True)
        ]
