"""One market life: its people, feeds and clock, and the helpers with which moves and plans are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from differential.actions import Action
from differential.evm import Contracts
from differential.setting import CHAIN_ID, DAY, DEPLOYER, EVERYBODY, STRANGERS, TRADERS
from differential.updates import Update, sign
from differential.view import View
from olivepress.errors import Reverted
from olivepress.hashing import keccak256
from olivepress.oracle.codec import OracleDomain
from olivepress.signer import LocalSigner, address_bytes

T = TypeVar("T")
MAX_MIDNIGHTS = 8  # that one report may cross

Plan = Iterator[Action]
_MARGIN_OF = keccak256(b"marginOf(uint32)")[:4]


BUY, SELL = 0, 1
MOST_TICKS = 2**21 - 1


@dataclass
class FeedPlan:
    """Where an index is going; `value` is USD x 1e8."""

    value: int
    tick_size: int
    heartbeat: int
    bound_bps: int
    operator_set: int
    silent: bool = False  # nobody reports for now


@dataclass
class World:
    """`now` is the time of the next action. All randomness comes from `rng`."""

    rng: Random
    contracts: Contracts
    now: int
    feeds: dict[int, FeedPlan] = field(default_factory=dict)
    sets: dict[int, list[list[LocalSigner]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.view = View(self.contracts)
        self.domain = OracleDomain(CHAIN_ID, self.contracts.addresses["oracle"])
        self.exchange = self.contracts.addresses["exchange"]

    # --- chance ---

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.rng.randrange(len(choices))]

    def between(self, low: int, high: int) -> int:
        return self.rng.randint(low, max(low, high))

    # --- acting ---

    def act(self, sender: str, verb: str, *args: Any) -> Action:
        return Action(self.now, sender, verb, args)

    def wait(self, seconds: int) -> None:
        self.now += max(0, seconds)

    def wait_until(self, time: int) -> None:
        self.now = max(self.now, time)

    # --- people ---

    @property
    def owner(self) -> str:
        """Who owns the exchange; the deployer once nobody does."""
        return self._owner(self.exchange)

    @property
    def oracle_owner(self) -> str:
        return self._owner(self.contracts.addresses["oracle"])

    def _owner(self, contract: str) -> str:
        owner = self.contracts.storage(contract, 0)
        return f"0x{owner:040x}" if owner else DEPLOYER

    def account_of(self, address: str) -> int:
        return int(self.view.principal(address).account)

    def accounts(self) -> list[int]:
        """Accounts of people."""
        return [n for n in range(1, self.view.account_count + 1) if not self.view.is_token(n)]

    def any_account(self) -> int:
        """Mostly one that exists."""
        count = self.view.account_count
        return self.between(1, count) if count and not self.chance(4) else self.pick([0, count + 1, 99])

    def trader(self) -> str:
        """Somebody who owns an account, if there is anybody."""
        owners = [self.view.owner_of(n) for n in self.accounts()]
        return self.pick(owners) if owners else self.pick(TRADERS)

    def newcomer(self) -> str:
        """A stranger while there are any, whose account is empty."""
        return next((one for one in STRANGERS if not self.account_of(one)), None) or self.trader()

    def anybody(self) -> str:
        return self.trader() if self.chance(94) else self.pick(EVERYBODY)

    # --- series ---

    @property
    def day(self) -> int:
        return self.now // DAY

    def listed(self) -> range:
        return range(1, self.view.series_count + 1)

    def alive(self) -> list[int]:
        """Series that have not expired."""
        return [one for one in self.listed() if self.now < self.view.terms(one).expiry_day * DAY]

    def calm(self) -> list[int]:
        """Feeds that are neither halted nor braked; all where there are no such."""
        view = self.view
        found = [n for n in self.feeds if not view.feed(n).halted and view.deficit(n) <= view.insurance(n)]
        return found or list(self.feeds)

    def two_feeds(self) -> list[int]:
        """Any two, calm ones where there are as many."""
        calm = self.calm()
        return self.rng.sample(calm if len(calm) > 1 else list(self.feeds), 2)

    def any_series(self) -> int:
        alive = self.alive()
        if alive and not self.chance(12):
            return self.pick(alive)
        return self.pick(list(self.listed())) if self.listed() and not self.chance(20) else self.pick([0, 77])

    def expired(self) -> list[int]:
        return [one for one in self.listed() if self.now >= self.view.terms(one).expiry_day * DAY]

    def band(self, series: int) -> tuple[int, int]:
        """Around the cached mark."""
        terms, mark = self.view.terms(series), int(self.view.hot(series).mark)
        width = mark * terms.band_bps // 10_000
        return max(1, mark - width), max(1, min(mark + width, int(terms.price_cap)))

    def holders(self, series: int, *, sign_of: int = 0) -> list[int]:
        """People's accounts with lots in a series; only longs or shorts where a sign is given."""
        found = []
        for account in self.accounts():
            lots = self.view.position(account, series).lots
            if series in self.view.series_of(account) and lots and lots * sign_of >= 0:
                found.append(account)
        return found

    def margin(self, account: int) -> tuple[int, int, int, int]:
        """(equity, equity for initial margin, IM, MM) as the lens says; zeros where it cannot."""
        words = self._margin_words(account)
        return words[1], words[2], words[4], words[5]

    def free_cash(self, account: int) -> int:
        """What can be taken out when nothing has gained; below zero where cash lacks."""
        cash, _, _, losses, im, *_ = self._margin_words(account)
        return min(cash, cash + losses - im)

    def _margin_words(self, account: int) -> list[int]:
        self.contracts.set_time(self.now)
        try:
            answer = self.contracts.raw("lens", _MARGIN_OF + account.to_bytes(32))
        except Reverted:
            return [0] * 8
        return [int.from_bytes(answer[n : n + 32], signed=True) for n in range(0, 256, 32)]

    def affordable(self, account: int, series: int) -> int:
        """Lots that the account can take on, roughly."""
        _, im_equity, im, _ = self.margin(account)
        return max(0, im_equity - im) // self.lot_margin(series)

    def mark_of(self, feed: int) -> int:
        """Where a feed is going, ticks; so that eight times as much is a price."""
        plan = self.feeds[feed]
        return min(max(2, plan.value // plan.tick_size), MOST_TICKS)

    def lot_margin(self, series: int) -> int:
        """What a lot needs at most, base units."""
        terms, mark = self.view.terms(series), int(self.view.hot(series).mark)
        rate = int(terms.im_bps) * (100 + int(terms.concentration_pct))
        return max(1, mark * int(terms.tick_value) * rate // 1_000_000)

    # --- oracle ---

    def operators(self, number: int) -> list[LocalSigner] | None:
        """The operators now in force."""
        wanted = int(self.view.operator_set(number).operators_hash)
        for one in self.sets.get(number, []):
            packed = b"".join(address_bytes(signer.address) for signer in one)
            if int.from_bytes(keccak256(packed)[:24]) == wanted:
                return one
        return None

    def report(
        self,
        values: dict[int, int],
        *,
        observed_at: int | None = None,
    ) -> Update | None:
        """A right update of feeds that share a set; its lower median is the value given, mostly."""
        number = self.feeds[next(iter(values))].operator_set
        operators = self.operators(number)
        if operators is None:
            return None
        current = self.view.operator_set(number)
        size = self.between(current.quorum, len(operators))
        signing = sorted(self.rng.sample(range(len(operators)), size))
        told = {}
        for place, n in enumerate(signing):
            spread = (place - (size - 1) // 2) * self.rng.randrange(3)
            told[operators[n]] = {feed: max(1, value + spread) for feed, value in values.items()}
        when = self.now if observed_at is None else observed_at
        return sign(self.domain, number, current.version, operators, when, told)

    def fresh_time(self, feed: int) -> int:
        """A time after the last round at which a report can have been observed."""
        state = self.view.feed(feed)
        last = int(self.view.pending(feed).time) if state.pending else int(state.time)
        return self.between(max(last + 1, self.now - 30), self.now) if last < self.now else self.now

    def update(self, *feeds: int) -> Action | None:
        """Reports the values at which the feeds are meant to be."""
        same = [one for one in feeds if self.feeds[one].operator_set == self.feeds[feeds[0]].operator_set]
        when = max(self.fresh_time(one) for one in same)
        update = self.report({one: self.feeds[one].value for one in same}, observed_at=min(when, self.now))
        return update and self.act(self.pick(EVERYBODY), "oracle.update", update)

    def refresh(self) -> Plan:
        """Reports every feed older than half its heartbeat that is not silent, twice where a round waits."""
        yield from self._report_old()
        if any(self.view.feed(number).pending for number in self.feeds):
            self.wait(1)
            yield from self._report_old()

    def _report_old(self) -> Plan:
        for number, plan in self.feeds.items():
            state = self.view.feed(number)
            old = self.now - state.time > plan.heartbeat // 2 or state.pending
            if old and not plan.silent and not state.halted and state.time < self.now:
                yield from self.catch_up(number)
                action = self.update(number)
                if action is not None:
                    yield action

    def catch_up(self, feed: int) -> Plan:
        """Fixes the checkpoints that lie beyond the reach of one report after a long silence."""
        last = int(self.view.feed(feed).time) // DAY
        for day in range(last + 1, self.day - MAX_MIDNIGHTS + 1) if last else ():
            if not self.view.checkpoint_stored(feed, day):
                yield self.act(self.pick(EVERYBODY), "oracle.fixCheckpoint", feed, day)

    def pass_time(self, until: int) -> Plan:
        """Time passes with reports often enough to keep the feeds fresh that are not silent."""
        while self.now < until:
            states = [(self.view.feed(n), one) for n, one in self.feeds.items() if not one.silent]
            loud = [(int(state.time), one) for state, one in states if not state.halted]
            due = min((last + one.heartbeat * 9 // 10 for last, one in loud), default=until)
            self.wait(min(until - self.now, max(60, due - self.now)))
            yield from self.refresh()

    def silence(self, feed: int) -> Plan:
        """Time passes until a feed is stale; the others stay fresh."""
        plan = self.feeds[feed]
        plan.silent = True
        yield from self.pass_time(int(self.view.feed(feed).time) + plan.heartbeat + 1)
        plan.silent = False

    def skip_to(self, until: int) -> Plan:
        """Time passes in silence, and then the feeds are fresh again."""
        self.wait_until(until)
        yield from self.refresh()
