"""Asset indices: fixed quantities of coins, each at the median over venues of its fresh prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from olivepress.index.audit import Component, Excluded, Member
from olivepress.index.estimators import EXACT, median
from olivepress.index.methodology import Asset, Basket
from olivepress.index.selection import Selection
from olivepress.prices.quote import Market, Quote


def select_assets(methodology: Basket, quotes: Sequence[Quote], as_of: datetime) -> Selection:
    """Price every asset of the basket, or withhold the value: a basket with a hole is another basket."""
    spread = f"venues within {methodology.max_deviation * 100:f}% of their median"
    selection = Selection(quotes, f"sum over assets of quantity x median price over venues, {spread}")
    oldest = as_of - timedelta(minutes=methodology.fresh_minutes)
    for number, quote in selection.open():
        if quote.kind not in methodology.kinds or quote.market is not Market.ON_DEMAND:
            selection.leave(number, f"{quote.kind} price; only {', '.join(methodology.kinds)} count")
        elif quote.observed_at > as_of:
            selection.leave(number, f"observed after {as_of.isoformat()}")
        elif quote.observed_at < oldest:
            selection.leave(number, f"stale: older than {methodology.fresh_minutes} minutes")
    for asset in methodology.asset:
        _select_asset(methodology, selection, asset)
    if selection.absent:
        missing = ", ".join(entry.source for entry in selection.absent)
        selection.withheld = f"no price of {missing}; every asset of the basket needs one"
    else:
        with localcontext(EXACT):
            selection.value = sum((member.value for member in selection.members), Decimal(0))
        selection.weigh([Fraction(member.value) / Fraction(selection.value) for member in selection.members])
    return selection


def _select_asset(methodology: Basket, selection: Selection, asset: Asset) -> None:
    by_venue: dict[str, tuple[int, Quote]] = {}
    for number, quote in list(selection.open()):
        if quote.item != asset.item:
            continue
        held = by_venue.get(quote.venue)
        if held and held[1].observed_at >= quote.observed_at:
            selection.leave(number, f"{quote.venue} has a later quote")
            continue
        if held:
            selection.leave(held[0], f"{quote.venue} has a later quote")
        by_venue[quote.venue] = (number, quote)
    middle = median([quote.price for _, quote in by_venue.values()]) if by_venue else Decimal(0)
    kept = []
    for venue, (number, quote) in sorted(by_venue.items()):
        if abs(quote.price - middle) > middle * methodology.max_deviation:
            reason = f"outlier: {quote.price} against a median of {middle} over {len(by_venue)} venues"
            selection.leave(number, f"{reason}; allowed is {methodology.max_deviation * 100:f}%")
        else:
            selection.use(number, f"{asset.item} at {venue}")
            kept.append(quote)
    if len(kept) < methodology.minimum_venues:
        have = f"{len(kept)} venues agree on a fresh price"
        reason = f"{have}; at least {methodology.minimum_venues} are needed"
        selection.absent.append(Excluded(source=asset.item, entry="venues", reason=reason))
        return
    price = median([quote.price for quote in kept])
    with localcontext(EXACT):
        value = price * asset.quantity
    selection.members.append(
        Member(
            name=asset.item,
            item=asset.item,
            source=", ".join(sorted(quote.venue for quote in kept)),
            observed_at=min(quote.observed_at for quote in kept),
            components=(Component(unit=kept[0].unit, price=price, parts=asset.quantity),),
            value=value,
            weight="1",
        )
    )
