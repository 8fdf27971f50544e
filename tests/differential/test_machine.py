"""Model and contracts as one state machine of Hypothesis.

The generator's lives go deep by plan. Here nobody plans: a market is set up, and then Hypothesis draws what
happens. What differs is shrunk by leaving out actions, as in a run: Hypothesis would play the market
thousands of times, for minutes. It is printed as the script that replays it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from differential import mutants
from differential.actions import Action
from differential.arena import Arena, Disagreement
from differential.generator.setup import begin, list_series
from differential.generator.world import World
from differential.setting import ARBITER, DAY, FIRST_DAY
from differential.shrink import script, shrink
from olivepress.contracts import packing

SELL = 128
people = st.integers(0, 3)
months = st.integers(0, 3)
distances = st.integers(-60, 60)
"""Ticks from the mark, in 1/1000 of it."""
lots = st.one_of(st.integers(1, 12), st.integers(0, 2**32 - 1))
flags = st.sampled_from([0, 0, 1, 2, 4, 8, 16, 17, 9, 6, 64])
sells = st.booleans()
accounts = st.integers(0, 6)
parts = st.sampled_from([1, 10, 500, 999, 1_000, 1_001])
"""Of what somebody has, 1/1000."""


class Machine(RuleBasedStateMachine):
    """Two or three feeds, their months, four people and more; a rule is an action, or time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = Arena()
        self.world = World(Random("machine"), self.arena.contracts, FIRST_DAY * DAY + 1)
        self.done: list[Action] = []
        self.steps(begin(self.world))
        self.people = [self.world.view.owner_of(one) for one in self.world.accounts()[:4]]

    def steps(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.done.append(action)
            with self.printed():
                self.arena.step(action)

    @contextmanager
    def printed(self) -> Iterator[None]:
        """A disagreement as a script."""
        try:
            yield
        except Disagreement as found:
            raise AssertionError(script(shrink(self.done), found)) from found

    def act(self, who: int | str, verb: str, *args: Any) -> None:
        sender = self.people[who] if isinstance(who, int) else who
        self.steps([self.world.act(sender, verb, *args)])

    def month(self, number: int) -> int:
        return number % int(self.world.view.series_count) + 1

    def tick(self, series: int, distance: int) -> int:
        mark = int(self.world.view.hot(series).mark)
        return min(max(0, mark + mark * distance // 1_000), 2**24 - 1)

    # --- time and the index ---

    @rule(seconds=st.sampled_from([1, 59, 61, 899, 1_799, 1_801, 3_600, DAY // 2]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(days=st.integers(1, 4))
    def pass_days(self, days: int) -> None:
        """The operators report meanwhile."""
        self.steps(self.world.pass_time((self.world.day + days) * DAY))

    @rule(feed=st.integers(0, 2), per_mille=st.sampled_from([400, 800, 970, 990, 1_000, 1_001, 1_030, 1_900]))
    def report(self, feed: int, per_mille: int) -> None:
        number = list(self.world.feeds)[feed % len(self.world.feeds)]
        plan = self.world.feeds[number]
        plan.value = max(20 * plan.tick_size, min(plan.value * per_mille // 1_000, 2**50))
        self.world.wait(1)
        action = self.world.update(number)
        if action is not None:
            self.steps([action])

    @rule(feed=st.integers(0, 3), back=st.integers(-1, 3))
    def fix_checkpoint(self, feed: int, back: int) -> None:
        self.act(0, "oracle.fixCheckpoint", feed, self.world.day - back)

    # --- orders ---

    @rule(who=people, month=months, flags=flags, sell=sells, at=distances, lots=lots, life=st.integers(0, 90))
    def place(self, who: int, month: int, flags: int, sell: bool, at: int, lots: int, life: int) -> None:
        series = self.month(month)
        expiry = self.world.now + life if life > 60 else 0
        flags |= SELL if sell else 0
        self.act(who, "exchange.place", series, flags, self.tick(series, at), lots, expiry, len(self.done), 0)

    @rule(pair=st.permutations(range(4)), month=months, at=distances, size=st.integers(1, 12), sell=sells)
    def meet(self, pair: list[int], month: int, at: int, size: int, sell: bool) -> None:
        """One rests, the other takes."""
        series = self.month(month)
        self.act(pair[0], "exchange.refreshMark", series)
        tick, sides = self.tick(series, at), (0, SELL) if sell else (SELL, 0)
        self.act(pair[0], "exchange.place", series, sides[0], tick, size, 0, 0, 0)
        self.act(pair[1], "exchange.place", series, sides[1] | 1, tick, size, 0, 0, 0)

    @rule(
        month=months, steps=st.lists(st.tuples(people, distances, st.integers(1, 9)), max_size=5), sell=sells
    )
    def crowd(self, month: int, steps: list[tuple[int, int, int]], sell: bool) -> None:
        """Several on one side, so that somebody crosses them."""
        series = self.month(month)
        for who, at, size in steps:
            tick = self.tick(series, abs(at) // 4 if sell else -abs(at) // 4)
            self.act(who, "exchange.place", series, SELL if sell else 0, tick, size, 0, 0, 0)

    @rule(month=months, which=st.integers(0, 30), other=st.booleans())
    def cancel(self, month: int, which: int, other: bool) -> None:
        """By the owner of the order, or by another."""
        series = self.month(month)
        orders = [one for side in (0, 1) for one in self.world.view.orders(series, side)]
        if orders:
            number, order = orders[which % len(orders)]
            owner = self.world.view.owner_of(int(order.account))
            self.act(self.people[which % 4] if other else owner, "exchange.cancel", number)

    @rule(who=people, month=months, at=st.lists(distances, max_size=4), strict=st.booleans())
    def batch(self, who: int, month: int, at: list[int], strict: bool) -> None:
        """Quotes on both sides; those of the next batch replace nothing."""
        series = self.month(month)
        ops = [packing.place_op(4 | SELL * (n > 0), self.tick(series, n), 2, 0, abs(n)) for n in at]
        self.act(who, "exchange.batch", series, packing.join(ops), strict, 0)

    @rule(who=people, month=months)
    def mass_cancel(self, who: int, month: int) -> None:
        self.act(who, "exchange.massCancel", self.month(month))

    @rule(who=people, month=months, sell=sells, steps=st.integers(0, 3))
    def prune(self, who: int, month: int, sell: bool, steps: int) -> None:
        self.act(who, "exchange.prune", self.month(month), sell, steps)

    @rule(who=people, first=months, second=months, lots=st.integers(0, 5), limit=st.integers(-500, 500))
    def spread(self, who: int, first: int, second: int, lots: int, limit: int) -> None:
        self.act(who, "exchange.spread", self.month(first), self.month(second), lots, limit, 0, 0)

    # --- money ---

    @rule(who=people, account=accounts, amount=st.integers(0, 2**89))
    def deposit(self, who: int, account: int, amount: int) -> None:
        self.act(who, "exchange.deposit", account, amount)

    @rule(who=people, part=parts)
    def withdraw(self, who: int, part: int) -> None:
        owner = self.people[who]
        free = self.arena.exchange.withdrawable(self.world.account_of(owner), self.world.now)
        self.act(who, "exchange.withdraw", free * part // 1_000, owner)

    @rule(account=accounts, month=months, payers=st.lists(accounts, max_size=3))
    def realise(self, account: int, month: int, payers: list[int]) -> None:
        self.act(0, "exchange.realise", account, self.month(month), tuple(payers))

    # --- below margin ---

    @rule(account=accounts)
    def cancel_orders(self, account: int) -> None:
        self.act(0, "exchange.cancelOrders", account)

    @rule(who=people, account=accounts, month=months, lots=lots, at=distances)
    def liquidate(self, who: int, account: int, month: int, lots: int, at: int) -> None:
        series = self.month(month)
        self.act(who, "exchange.liquidate", account, series, lots, self.tick(series, at), 0)

    @rule(who=people, account=accounts, feed=st.integers(0, 3), fraction=st.integers(0, 1_000_001))
    def auction(self, who: int, account: int, feed: int, fraction: int) -> None:
        self.act(who, "exchange.auction", account, feed, fraction)

    @rule(account=accounts, feed=st.integers(0, 3))
    def flag_and_declare(self, account: int, feed: int) -> None:
        self.act(0, "exchange.flag", account)
        self.act(0, "exchange.declare", account, feed)

    # --- the end ---

    @rule(who=people, month=months, part=parts)
    def settle(self, who: int, month: int, part: int) -> None:
        """A thin window can be challenged and ruled on first."""
        series = self.month(month)
        self.act(who, "exchange.settle", series)
        self.act(who, "exchange.challenge", series)
        tick = min(int(self.world.view.hot(series).mark) * part // 1_000, 2**24 - 1)
        self.act(ARBITER, "exchange.rule", series, tick, bytes(32))

    @rule(who=people, numbers=st.lists(accounts, max_size=5))
    def settle_accounts(self, who: int, numbers: list[int]) -> None:
        self.act(who, "exchange.settleAccounts", tuple(numbers))

    @rule(who=people, account=accounts, month=months)
    def pay_out(self, who: int, account: int, month: int) -> None:
        series = self.month(month)
        self.act(who, "exchange.draw", account, series)
        self.act(who, "exchange.collectBounty", series)
        self.act(who, "exchange.collectFees", series)

    @rule(feed=st.integers(0, 2))
    def list_another(self, feed: int) -> None:
        number = list(self.world.feeds)[feed % len(self.world.feeds)]
        self.steps([list_series(self.world, number)])

    # --- tokens ---

    @rule(who=people, month=months, long_=st.booleans(), lots=st.integers(0, 12))
    def wrap(self, who: int, month: int, long_: bool, lots: int) -> None:
        series = self.month(month)
        self.act(who, "exchange.createTokens", series)
        self.act(who, "exchange.wrap", series, long_, lots, self.people[lots % 4])

    @rule(who=people, month=months, long_=st.booleans(), lots=st.integers(0, 12))
    def unwrap(self, who: int, month: int, long_: bool, lots: int) -> None:
        self.act(who, "exchange.unwrap", self.month(month), long_, lots)

    @rule(who=people, month=months, long_=st.booleans(), lots=st.integers(0, 12))
    def redeem(self, who: int, month: int, long_: bool, lots: int) -> None:
        self.act(who, "exchange.redeem", self.month(month), long_, lots)

    def teardown(self) -> None:
        with self.printed():
            self.arena.compare_all(self.done[-1])


def draw(examples: int, steps: int) -> int:
    """Runs so many markets of so many steps; the actions compared."""
    compared = 0

    class Counted(Machine):
        def teardown(self) -> None:
            nonlocal compared
            super().teardown()
            compared += self.arena.actions

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return compared


def test_they_agree_whatever_hypothesis_draws() -> None:
    assert draw(examples=10, steps=50) > 500


@pytest.mark.deep
def test_they_agree_for_many_draws() -> None:
    assert draw(examples=400, steps=120) > 20_000


def test_what_differs_is_printed_as_a_short_script() -> None:
    with mutants.MODEL["mark-rounded-down"], pytest.raises(AssertionError) as failed:
        draw(examples=200, steps=50)
    text = str(failed.value)
    assert "print(replay(ACTIONS)" in text
    assert 2 < text.count(" Action(at=") < 60
    compile(text, "replay.py", "exec")
