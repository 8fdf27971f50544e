"""Series, trades and settlements of the year, each checked against plain Python as it happens."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from differential.setting import DEPLOYER
from olivepress import reverts
from olivepress.contracts import packing
from olivepress.events.model import AccountSettled, SeriesSettled
from olivepress.types import OrderFlags, SeriesSpec
from olivepress.units import day_of
from year import plain
from year.chain import ANYONE, ARBITER, Chain
from year.plain import Trade
from year.publishing import Publishing
from year.weather import DAY, FEEDS, MONTHS, FeedPlan

UNIT = 10**6
TRADERS = [f"0x{0x7000 + n:040x}" for n in range(6)]
CRANKER = "0x" + "c7" * 20
DEPOSIT = 40_000_000 * UNIT
BOND = 1_000 * UNIT
PURSE = 50 * BOND
THIN = ("stands unchallenged", "stands after the arbiter's silence", "ruled as it is")


@dataclass
class Settled:
    """How a series ended: its tick and what plain Python says, the average that both come from (USD x 1e8),
    fresh and all seconds of the window, how and when it was settled, and what its winners got."""

    symbol: str
    feed: int
    expiry: int
    tick: int
    expected: int
    average: Fraction | None
    fresh: int
    elapsed: int
    how: str
    at: int
    paid: int


@dataclass
class Month:
    """A listed series. `trades` are all that happened in it."""

    number: int
    feed: FeedPlan
    spec: SeriesSpec
    trades: list[Trade] = field(default_factory=list)
    plan: str | None = None
    challenged_at: int = 0
    ruled: bool = False

    def lots(self, who: str) -> int:
        """The position of an owner, from the trades."""
        taken = sum(t.lots * (1 if t.buys else -1) for t in self.trades if t.taker == who)
        return taken - sum(t.lots * (1 if t.buys else -1) for t in self.trades if t.maker == who)

    @property
    def start(self) -> int:
        return self.spec.window_start * DAY

    @property
    def end(self) -> int:
        return self.spec.expiry_day * DAY


def month_after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


@dataclass
class Market:
    """Six traders, one who cranks, and what each should have at any time: `owed`, base units, by owner."""

    chain: Chain
    publishing: Publishing
    live: list[Month] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    owed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    accounts: dict[str, int] = field(default_factory=dict)
    announced: list[tuple[FeedPlan, SeriesSpec]] = field(default_factory=list)
    treasury: int = 0
    insured: int = 0
    bonds_paid: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Money in; the arbiter named."""
        for who in (*TRADERS, CRANKER):
            self.chain.call(ANYONE, "usdc", "mint", who, DEPOSIT + PURSE)
            self.chain.call(who, "usdc", "approve", self.chain.addresses["exchange"], 2**256 - 1)
            self.chain.call(who, "exchange", "deposit", 0, DEPOSIT)
            self.accounts[who] = int(self.chain.read("lens", "principal", who)[0])
            self.owed[who] = DEPOSIT
        self.chain.schedule("exchange", "setArbiter", ARBITER)

    # --- listing ---

    def spec(self, feed: FeedPlan, first: date) -> SeriesSpec:
        """The terms of a month; listed at the index."""
        price = self.chain.read("oracle", "latest", feed.number)[0]
        return SeriesSpec(
            symbol=f"{feed.symbol}-{first:%b%y}".upper(),
            feed=feed.number,
            window_start=day_of(first),
            expiry_day=day_of(month_after(first)),
            tick_size=feed.tick_size,
            tick_value=feed.tick_value,
            price_cap=feed.price_cap,
            initial_mark=price // feed.tick_size,
            max_basis=feed.price_cap,
            min_lots=1,
            position_limit=100_000,
            open_interest_cap=1_000_000,
            im_bps=2_500,
            mm_bps=1_000,
            spread_bps=300,
            band_bps=500,
            gap_bps=200,
            concentration_pct=50,
            gain_pct=80,
            taker_fee=plain.TAKER_PPM,
            maker_rebate=plain.REBATE_PPM,
            max_mark_age=60,
        )

    def announce(self, first: date) -> None:
        """The timelock's two days before the listing of a month begin."""
        if first in MONTHS:
            self.announced = [(feed, self.spec(feed, first)) for feed in FEEDS]
        for _, spec in self.announced:
            self.chain.schedule("exchange", "listSeries", _fields(spec))

    def list_announced(self) -> None:
        """Lists what was announced."""
        for feed, spec in self.announced:
            self.chain.execute("exchange", "listSeries", _fields(spec))
            self.live.append(Month(self._count(), feed, spec))
        self.announced = []

    # --- trading ---

    def trade(self) -> None:
        """One trade in each month that is open and fresh: an order rests, another takes it."""
        rng = self.publishing.weather.rng
        for month in self.live:
            if self.chain.now >= month.end or rng.random() < 0.4:
                continue
            mark, _, stale = self.chain.read("lens", "markOf", month.number)
            maker, taker = rng.sample(TRADERS, 2)
            buys, lots = rng.random() < 0.5, rng.randint(1, 25)
            if stale and (held := month.lots(maker)):
                buys = held < 0  # the maker's order would make its position larger
            tick = max(1, mark * rng.randint(985, 1_015) // 1_000)
            rests = OrderFlags.POST_ONLY | (OrderFlags.SELL if buys else OrderFlags.NONE)
            takes = OrderFlags.IOC | (OrderFlags.NONE if buys else OrderFlags.SELL)
            if stale:
                with pytest.raises(reverts.ReduceOnlySeries):
                    self._place(maker, month, rests, tick, lots)
                self.counts["refused while stale"] += 1
                continue
            self._place(maker, month, rests, tick, lots)
            assert self._place(taker, month, takes, tick, lots) == lots
            month.trades.append(Trade(maker, taker, buys, lots, tick))
            self.counts["trades"] += 1

    def _place(self, who: str, month: Month, flags: OrderFlags, tick: int, lots: int) -> int:
        data = packing.place(month.number, int(flags), tick, lots, 0, 0, 0)
        answer = self.chain.send(who, self.chain.addresses["exchange"], data)
        if answer.error is not None:
            raise answer.error
        return int.from_bytes(answer.data[32:64])

    # --- settling ---

    def settle(self) -> None:
        """Tries to settle each expired month, and to pay it out."""
        for month in [one for one in self.live if self.chain.now >= one.end]:
            self.publishing.fix(month.feed.number, month.spec.expiry_day)
            events = self._settle(month)
            if events is None:
                continue
            self.live.remove(month)
            paid = self._pay_out(month, events.settlement_tick)
            ended = Settled(
                symbol=month.spec.symbol,
                feed=month.feed.number,
                expiry=month.end,
                tick=events.settlement_tick,
                expected=self._plain_tick(month),
                average=self._check(month, events),
                fresh=events.fresh_seconds,
                elapsed=events.elapsed,
                how=month.plan or "at once",
                at=self.chain.now,
                paid=paid,
            )
            self.settled.append(ended)
            self.check_money()

    def _settle(self, month: Month) -> SeriesSettled | None:
        """The settlement, or None while a thinly covered month waits."""
        fresh, elapsed = self._coverage(month)
        if self._waits(month, fresh, elapsed):
            with pytest.raises(reverts.CoverageTooLow) as thin:
                self.chain.call(ANYONE, "exchange", "settle", month.number)
            assert (thin.value.fresh_seconds, thin.value.elapsed) == (fresh, elapsed)
            self._object(month)
            return None
        events = self.chain.call(ANYONE, "exchange", "settle", month.number)
        (event,) = [one for one in events if isinstance(one, SeriesSettled)]
        if month.plan == THIN[1]:
            self.owed[CRANKER] += BOND  # the bond comes back
        return event

    def _waits(self, month: Month, fresh: int, elapsed: int) -> bool:
        """Whether a thin month must wait: two days from expiry, five from a challenge, or for a ruling."""
        if 100 * fresh >= 98 * elapsed or month.ruled:
            return False
        if month.challenged_at:
            return self.chain.now < month.challenged_at + 5 * DAY
        return self.chain.now < month.end + 2 * DAY

    def _object(self, month: Month) -> None:
        """What people do about a thin month: nothing; a challenge and no word; a challenge and a ruling."""
        if month.plan is None:
            month.plan = THIN[self.counts["thin"] % len(THIN)]
            self.counts["thin"] += 1
            if month.plan == THIN[0]:
                return
            self.chain.call(CRANKER, "exchange", "challenge", month.number)
            self.bonds_paid += BOND
            month.challenged_at = self.chain.now
        elif month.plan == THIN[2]:
            tick = self._plain_tick(month)
            self.chain.call(ARBITER, "exchange", "rule", month.number, tick, bytes(32))
            self.insured += BOND
            month.ruled = True

    def _coverage(self, month: Month) -> tuple[int, int]:
        _, fresh = plain.integral(self._valid(month.feed), month.feed.heartbeat, month.start, month.end)
        return fresh, month.end - month.start

    def _plain_tick(self, month: Month) -> int:
        feed = month.feed
        return plain.settlement_tick(
            self._valid(feed), feed.heartbeat, month.start, month.end, feed.tick_size, feed.price_cap
        )

    def _valid(self, feed: FeedPlan) -> list[plain.Told]:
        return plain.in_force(self.publishing.told[feed.number], feed.bound_bps, feed.heartbeat)

    def _check(self, month: Month, event: SeriesSettled) -> Fraction | None:
        """The settlement is the plain integral of what was published, to the unit."""
        feed = month.feed
        total, fresh = plain.integral(self._valid(feed), feed.heartbeat, month.start, month.end)
        window = self.chain.read(
            "oracle", "window", feed.number, month.spec.window_start, month.spec.expiry_day
        )
        assert window == (total, fresh, month.end - month.start, True), month.spec.symbol
        assert (event.fresh_seconds, event.elapsed) == (fresh, month.end - month.start)
        assert event.settlement_tick == self._plain_tick(month), month.spec.symbol
        return Fraction(total, fresh) if fresh else None

    def _pay_out(self, month: Month, tick: int) -> int:
        """Cranks and draws in a random order. Returns what the winners got."""
        rng = self.publishing.weather.rng
        expected = plain.payout(month.trades, month.spec.tick_value, tick)
        members = [self.accounts[who] for who in expected.by_owner]
        rng.shuffle(members)
        events = []
        while members:
            some = [members.pop() for _ in range(min(rng.randint(1, 3), len(members)))]
            events += self.chain.call(CRANKER, "exchange", "settleAccounts", some)
        claims = [one for one in events if isinstance(one, AccountSettled) and one.claim > 0]
        rng.shuffle(claims)
        for one in claims:
            self.chain.call(ANYONE, "exchange", "draw", one.account, month.number)
        if expected.bounty:
            self.chain.call(CRANKER, "exchange", "collectBounty", month.number)
        if expected.treasury:
            self.chain.call(ANYONE, "exchange", "collectFees", month.number)
        for who, amount in expected.by_owner.items():
            self.owed[who] += amount
        self.owed[CRANKER] += expected.bounty
        self.treasury += expected.treasury
        return sum(one.claim for one in claims)

    # --- money ---

    def check_money(self) -> None:
        """Every settled position is paid to the unit, and what the exchange holds is what it owes."""
        read = self.chain.read
        cash = 0
        for account in self.accounts.values():
            cash += self.chain.cash(account)
        assert read("exchange", "treasury")[0] == self.treasury
        insurance = sum(read("exchange", "insurance", feed)[0] for feed in (1, 2, 3))
        assert insurance == self.insured
        pools = sum(read("exchange", "moneyOf", n)[0][0] for n in range(1, self._count() + 1))
        bonds = read("exchange", "bonds")[0]
        held = self.chain.balance(self.chain.addresses["exchange"])
        assert held == cash + pools + insurance + bonds + self.treasury

    def _count(self) -> int:
        return int(self.chain.read("exchange", "seriesCount")[0])

    def end(self) -> None:
        """Everybody takes everything out."""
        assert self.live == []
        for who, owed in self.owed.items():
            amount = self.chain.cash(self.accounts[who])
            assert amount == owed, (who, amount - owed)
            self.chain.call(who, "exchange", "withdraw", amount, who)
            left = PURSE - (self.bonds_paid if who == CRANKER else 0)
            assert self.chain.balance(who) == owed + left
        self.chain.execute("exchange", "withdrawTreasury", DEPLOYER, self.treasury)
        assert self.chain.balance(DEPLOYER) == self.treasury
        assert self.chain.balance(self.chain.addresses["exchange"]) == self.insured
        minted = (DEPOSIT + PURSE) * (len(TRADERS) + 1)
        held = sum(self.chain.balance(who) for who in (*TRADERS, CRANKER, DEPLOYER))
        assert held + self.insured == minted


def _fields(spec: SeriesSpec) -> tuple[Any, ...]:
    return tuple(getattr(spec, name) for name in SeriesSpec.__slots__)
