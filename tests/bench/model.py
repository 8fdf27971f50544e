"""Speed and memory of the executable model: what one core does in a second, with many accounts.

The market is a whole one: an index oracle with an operator and reports every minute, margin checks, fees,
events. The same seed gives the same actions. What is timed is processor time of the verbs alone, for each
second of the market the least of several runs: other programs slow one run here, another there.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from olivepress.events import Book, Cancelled, Filled
from olivepress.model import Call, Exchange, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.operators import make_batch
from olivepress.model.state import DAY
from olivepress.reverts import OrderNotLive
from olivepress.types import SeriesSpec

OPERATOR = "0x" + "11" * 20
TODAY = 20_000
MARK = 3_500
REACH = 60
"""Orders rest at most this many ticks from the mark."""
MOST_LOTS = 20
ORDERS_EACH = 20
"""Resting orders an account that fill the book before cancels, takes and the mixed flow."""
CASH = 10**15
SELL, IOC = 128, 1
REPORT_EVERY = 60
ACTIONS_A_SECOND = 100
"""Actions in a second of the market's own clock."""

FLOWS = {"place": (100, 0, 0), "cancel": (0, 100, 0), "take": (0, 0, 100), "mixed": (50, 40, 10)}
"""Shares of places, cancels and takes, percent. In the mixed flow the book keeps its depth."""

Verb = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Measured:
    """Actions of one flow; those `refused` are cancels of orders that were filled in the same second.

    `seconds` are nanoseconds of processor time for each second of the market.
    """

    actions: int
    refused: int
    seconds: tuple[int, ...]

    @property
    def a_second(self) -> int:
        return self.actions * 1_000_000_000 // sum(self.seconds)

    def least(self, other: Measured) -> Measured:
        """Of two runs of the same actions, what each second took at least."""
        if (self.actions, self.refused) != (other.actions, other.refused):
            raise ValueError(
                f"{self.actions}, {self.refused} and {other.actions}, {other.refused}: not the same actions"
            )
        return replace(self, seconds=tuple(map(min, self.seconds, other.seconds)))


class Venue:
    """One exchange with funded accounts, and a clock that moves with the actions."""

    def __init__(self, accounts: int, series: int, seed: int) -> None:
        self.random = Random(seed)
        self.now = TODAY * DAY + 3_600
        self.oracle = IndexOracle("owner", max_lag=3_600)
        owner = Call("owner", self.now)
        self.oracle.add_operator_set(owner, [OPERATOR], 1)
        self.oracle.add_feed(owner, FeedInfo(bytes(32), bytes(32), 1, 3_600, 1_000))
        self.report()
        self.exchange = Exchange(self.oracle)
        self.series = [self.exchange.list_series(owner, spec(month)) for month in range(series)]
        self.names = [f"trader {number}" for number in range(accounts)]
        self.live: list[tuple[str, int]] = []
        self.place_of: dict[int, int] = {}
        for name in self.names:
            self.exchange.collateral.balances[name] = CASH
            self.exchange.deposit(Call(name, self.now), 0, CASH)

    def report(self) -> None:
        values = {OPERATOR: {1: MARK * 100_000}}
        self.oracle.update(Call("anyone", self.now), make_batch(1, [OPERATOR], self.now, 1, values))
        self.reported = self.now

    def fill_book(self) -> None:
        self.run(ORDERS_EACH * len(self.names), FLOWS["place"])

    def run(self, actions: int, shares: tuple[int, int, int]) -> Measured:
        """The actions of one second are chosen, then done, then time passes."""
        refused, seconds = 0, []
        for first in range(0, actions, ACTIONS_A_SECOND):
            count = min(ACTIONS_A_SECOND, actions - first)
            kinds = self.random.choices((self.place, self.cancel, self.take), shares, k=count)
            plan = [kind() for kind in kinds]
            answers: list[Any] = []
            start = time.process_time_ns()
            for verb, arguments in plan:
                try:
                    answers.append(verb(*arguments))
                except OrderNotLive:
                    answers.append(None)
                    refused += 1
            seconds.append(time.process_time_ns() - start)
            self.remember(plan, answers)
            self.pass_time()
        return Measured(actions, refused, tuple(seconds))

    def remember(self, plan: list[Verb], answers: list[Any]) -> None:
        """What traders know after their events: which orders rest, and which are gone."""
        for (_, arguments), answer in zip(plan, answers, strict=True):
            if answer and answer[0]:
                self.place_of[answer[0]] = len(self.live)
                self.live.append((arguments[0].sender, answer[0]))
        for event in self.exchange.log.drain():
            for one in event.records if isinstance(event, Book) else ():
                if isinstance(one, Cancelled) or (isinstance(one, Filled) and not one.left):
                    self.forget(one.order_id)

    def forget(self, order: int) -> None:
        at = self.place_of.pop(order, None)
        if at is None:
            return
        last = self.live.pop()
        if last[1] != order:
            self.live[at] = last
            self.place_of[last[1]] = at

    def pass_time(self) -> None:
        """A second; operators report every minute."""
        self.now += 1
        if self.now - self.reported >= REPORT_EVERY:
            self.report()
        self.oracle.log.drain()

    def place(self) -> Verb:
        """A resting order near the mark."""
        sell = self.random.randrange(2)
        distance = 1 + self.random.randrange(REACH)
        return self.order(sell * SELL, MARK + distance if sell else MARK - distance)

    def cancel(self) -> Verb:
        """One of the orders placed, whichever."""
        name, order = self.random.choice(self.live)
        self.forget(order)
        return self.exchange.cancel, (Call(name, self.now), order)

    def take(self) -> Verb:
        """An immediate order about as large as a resting one."""
        sell = self.random.randrange(2)
        return self.order(sell * SELL | IOC, MARK - REACH if sell else MARK + REACH)

    def order(self, flags: int, tick: int) -> Verb:
        choice = self.random.choice
        lots = 1 + self.random.randrange(MOST_LOTS)
        client_id = self.random.getrandbits(64)
        call = Call(choice(self.names), self.now)
        return self.exchange.place, (call, choice(self.series), flags, tick, lots, 0, client_id, 0)


def spec(month: int) -> SeriesSpec:
    first = TODAY + 10 + 30 * month
    return SeriesSpec(
        symbol=f"BENCH-{month}",
        feed=1,
        window_start=first,
        expiry_day=first + 5,
        tick_size=100_000,
        tick_value=1_000_000,
        price_cap=20_000,
        initial_mark=MARK,
        max_basis=700,
        min_lots=1,
        position_limit=1 << 20,
        open_interest_cap=1 << 28,
        im_bps=2_500,
        mm_bps=1_000,
        spread_bps=300,
        band_bps=500,
        gap_bps=200,
        concentration_pct=50,
        gain_pct=80,
        taker_fee=500,
        maker_rebate=100,
        max_mark_age=60,
    )


def speeds(accounts: int, series: int, actions: int, seed: int, repeat: int) -> dict[str, Measured]:
    """Each flow on venues of its own, the flows in turns."""
    found: dict[str, Measured] = {}
    for _ in range(repeat):
        for name, shares in FLOWS.items():
            venue = Venue(accounts, series, seed)
            if name != "place":
                venue.fill_book()
            resting = len(venue.live)
            # A take meets about two orders, and one that finds none says little.
            most = {"place": 200 * accounts, "cancel": resting, "take": resting // 4}.get(name, actions)
            measured = venue.run(min(actions, most), shares)
            found[name] = found[name].least(measured) if name in found else measured
    return found


def memory(accounts: int, series: int, actions: int, seed: int) -> list[tuple[int, int, int]]:
    """(actions so far, live orders, bytes) at each quarter of a mixed flow: bytes stay with the orders."""
    tracemalloc.start()
    venue = Venue(accounts, series, seed)
    venue.fill_book()
    found = []
    for part in range(5):
        if part:
            venue.run(actions // 4, FLOWS["mixed"])
        sides = [side for one in venue.exchange.state.series.values() for side in one.sides]
        orders = sum(len(level.orders) for side in sides for level in side.levels.values())
        found.append((part * (actions // 4), orders, tracemalloc.get_traced_memory()[0]))
    tracemalloc.stop()
    return found
