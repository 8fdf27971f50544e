"""What the demo writes down while it runs: published values, orders, fills, a timeline of each series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from olivepress import events as ev
from olivepress.mirror import Mirror
from olivepress.types import Side
from olivepress.units import oracle_to_price
from olivepress_bots.demo.recompute import Published
from olivepress_bots.demo.scenario import SeriesPlan, shown_price


@dataclass(slots=True)
class Timeline:
    """One row a sample: prices as text, inventories in lots, profits in base units."""

    time: list[int] = field(default_factory=list)
    index: list[str | None] = field(default_factory=list)
    mark: list[str | None] = field(default_factory=list)
    bid: list[str | None] = field(default_factory=list)
    ask: list[str | None] = field(default_factory=list)
    inventory: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    pnl: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class Recorder:
    """Listens to the stream and samples the mirror.

    Args:
        feeds: feed symbol -> number.
        names: account number -> name.
    """

    def __init__(self, feeds: dict[str, int], names: dict[int, str]) -> None:
        self.feeds = feeds
        self.names = names
        self.published: dict[int, list[Published]] = defaultdict(list)
        """Feed -> values in force, as the oracle's events told them."""
        self.pending: set[int] = set()
        """Feeds with a round that waits for a second one."""
        self.orders: dict[int, int] = defaultdict(int)
        self.fills: dict[int, int] = defaultdict(int)
        self.timelines: dict[str, Timeline] = defaultdict(Timeline)

    def listen(self, item: ev.StreamItem) -> None:
        """Takes in one item of the stream. The demo's chain never switches, so a rollback is an error."""
        if isinstance(item, ev.Rollback):
            raise RuntimeError(f"the local chain rolled back to block {item.to_block}")
        for event in item.events:
            if isinstance(event, ev.RoundAccepted | ev.RoundConfirmed):
                self.published[event.feed].append(Published(event.time, event.price))
                self.pending.discard(event.feed)
            elif isinstance(event, ev.RoundPending):
                self.pending.add(event.feed)
            elif isinstance(event, ev.RoundDropped):
                self.pending.discard(event.feed)
            elif isinstance(event, ev.Book):
                self._count(event)

    def _count(self, event: ev.Book) -> None:
        for record in event.records:
            if isinstance(record, ev.Placed):
                self.orders[event.series] += 1
            elif isinstance(record, ev.Filled):
                self.fills[event.series] += 1
            elif isinstance(record, ev.Taken) and record.end != ev.TakeEnd.RESTS:
                # An order that took and then rests has a Placed record too.
                self.orders[event.series] += 1

    def sample(self, plan: SeriesPlan, mirror: Mirror, time: int, mark: Decimal) -> None:
        """Writes down one row of a series at `time` (unix seconds)."""
        series, terms = mirror.series(plan.symbol), mirror.terms(plan.symbol)
        line = self.timelines[plan.symbol]
        best = [series.book.best(side, time) for side in (Side.BUY, Side.SELL)]
        bid, ask = (None if tick is None else shown_price(terms.to_price(tick), plan) for tick in best)
        latest = self.published[self.feeds[plan.feed]]
        line.time.append(time)
        line.index.append(str(oracle_to_price(latest[-1].value).normalize()) if latest else None)
        line.mark.append(shown_price(mark, plan))
        line.bid.append(bid)
        line.ask.append(ask)
        ticks = terms.to_ticks(mark)
        for account, name in self.names.items():
            position = mirror.position(account, plan.symbol)
            line.inventory[name].append(position.lots)
            line.pnl[name].append(position.value(ticks, terms.spec.tick_value))

    def trades(self, plan: SeriesPlan, mirror: Mirror) -> list[dict[str, Any]]:
        """Every fill of a series, oldest first, as the report has them."""
        terms = mirror.terms(plan.symbol)
        return [
            {
                "time": trade.timestamp,
                "price": shown_price(terms.to_price(trade.fill.tick), plan),
                "lots": trade.fill.lots,
                "side": "buy" if trade.fill.side is Side.BUY else "sell",
                "taker": self.names[trade.fill.taker],
                "maker": self.names[trade.fill.maker],
            }
            for trade in mirror.trades
            if trade.fill.series == terms.id
        ]

    def positions(self, plan: SeriesPlan) -> dict[str, dict[str, Sequence[int]]]:
        """Name -> inventory and profit over time."""
        line = self.timelines[plan.symbol]
        return {
            name: {"inventory": line.inventory[name], "pnl": line.pnl[name]} for name in self.names.values()
        }
