"""The index oracle: signed rounds in, exact time averages out (IndexOracle.sol; docs/spec/oracle.md).

Verbs take a `Call` and change the oracle or refuse, leaving no trace; reads take `now`, the time of the
block. A day is unix seconds / 86400; its checkpoint holds the totals at the UTC midnight that begins it. A
checkpoint is final once no report can change it any more: reports older than `max_lag` are refused, so that
is `max_lag` after the midnight (ORACLE-9). A series that settles reads two checkpoints: average = difference
of price_seconds over difference of fresh_seconds, coverage = fresh seconds / elapsed seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from olivepress.events.model import (
    CheckpointFixed,
    Event,
    FeedAdded,
    FeedHaltSet,
    MethodologySet,
    OperatorsSet,
    RangeNoted,
    RoundAccepted,
    RoundConfirmed,
    RoundDropped,
    RoundPending,
)
from olivepress.model.errors import refuse
from olivepress.model.feed import (
    BOUND_STEP_BPS,
    MAX_BOUND_BPS,
    MAX_PRICE,
    Checkpoint,
    Feed,
    FeedInfo,
    Pending,
)
from olivepress.model.journal import Journal, Log, atomic
from olivepress.model.operators import MAX_SETS, Batch, OperatorSet, lower_medians, make_set, verify
from olivepress.model.standard import OwnershipTransferred, OwnershipTransferStarted
from olivepress.model.state import DAY, ZERO_ADDRESS, Call
from olivepress.reverts import (
    CheckpointMissing,
    CheckpointNotFixable,
    DayNotReached,
    DeviationOutOfRange,
    EmptyWindow,
    FeedHalted,
    FutureObservation,
    HeartbeatOutOfRange,
    MaxLagOutOfRange,
    OwnableInvalidOwner,
    OwnableUnauthorizedAccount,
    StaleObservation,
    TimeBeforeReport,
    TimeNotIncreasing,
    TooManyOperatorSets,
    UnknownFeed,
    UnknownOperatorSet,
    ValueOutOfRange,
    WrongOperatorSet,
    WrongVersion,
)

MAX_MIDNIGHTS = 8
"""Midnights that one report can cross. After a longer silence `fix_checkpoint` comes first."""


class Window(NamedTuple):
    """Totals over whole days. `fixed` once no report can change them."""

    price_seconds: int
    fresh_seconds: int
    elapsed: int
    fixed: bool


class IndexOracle:
    """The contract IndexOracle.

    :param owner: who adds feeds and operators (in production a timelock)
    :param max_lag: reports observed longer ago than this are refused, seconds, 1 to 86400
    """

    def __init__(self, owner: str, max_lag: int) -> None:
        if owner == ZERO_ADDRESS:
            refuse(OwnableInvalidOwner, owner)
        if not 1 <= max_lag <= DAY:
            refuse(MaxLagOutOfRange, max_lag, DAY)
        self.owner = owner
        self.pending_owner = ZERO_ADDRESS
        self.max_lag = max_lag
        self.journal = Journal()
        self.log = Log()
        self._feeds: dict[int, Feed] = {}
        self._sets: dict[int, OperatorSet] = {}
        self._checkpoints: dict[tuple[int, int], Checkpoint] = {}
        self._ranges: dict[tuple[int, int], tuple[int, int]] = {}

    # --- reports ---

    @atomic
    def update(self, call: Call, batch: Batch) -> None:
        """One round of one or more feeds, by anyone. One refused feed refuses them all (ORACLE-6)."""
        oldest = call.time - self.max_lag
        self._check_not_future(call, batch)
        if batch.observed_at < oldest:
            refuse(StaleObservation, batch.observed_at, oldest)
        operators = self._set(batch.operator_set)
        if batch.version != operators.version:
            refuse(WrongVersion, batch.operator_set, operators.version, batch.version)
        verify(batch, operators)
        for feed, price in lower_medians(batch):
            self._take_round(feed, price, batch)

    @atomic
    def note_range(self, call: Call, batch: Batch) -> None:
        """Puts signed values into the known range of their day, however old they are. Only a disputed
        settlement needs it."""
        self._check_not_future(call, batch)
        verify(batch, self._set(batch.operator_set))
        day = batch.observed_at // DAY
        for feed, price in lower_medians(batch):
            self._check_value(batch.operator_set, feed, self._feed(feed), price)
            low, high = self._ranges.get((feed, day), (price, price))
            low, high = min(low, price), max(high, price)
            self.journal.put(self._ranges, (feed, day), (low, high))
            self.log.add(RangeNoted, feed, day, low, high)

    @atomic
    def fix_checkpoint(self, call: Call, feed: int, day: int) -> None:
        """Stores the checkpoint of `day` for good; does nothing where it is final already."""
        state = self._feed(feed)
        fixable_at = self._fixable_at(state, day)
        if call.time < fixable_at:
            refuse(CheckpointNotFixable, feed, day, fixable_at)
        last_day = state.time // DAY
        if state.time == 0 or day <= last_day or (feed, day) in self._checkpoints:
            return
        if day - 1 > last_day and (feed, day - 1) not in self._checkpoints:
            refuse(CheckpointMissing, feed, day - 1)
        self._store_checkpoint(feed, state, day)

    # --- one round of one feed ---

    def _take_round(self, feed: int, price: int, batch: Batch) -> None:
        """Accepts a value inside the bound at once; one beyond it waits for the next round (ORACLE-10)."""
        state = self._feed(feed)
        at = batch.observed_at
        self._check_value(batch.operator_set, feed, state, price)
        if state.halted:
            refuse(FeedHalted, feed)
        if state.pending is not None:
            state = self._resolve_pending(feed, state, state.pending, price, at)
        if at <= state.time:
            refuse(TimeNotIncreasing, feed, at, state.time)
        state = state.next_round()
        told: type[Event]
        if state.time != 0 and state.beyond(price, state.price):
            told = RoundPending
            state = replace(state, pending=Pending(price, at, state.round))
        else:
            told = RoundAccepted
            state = self._accept(feed, state, price, at)
        self.journal.put(self._feeds, feed, state)
        self.log.add(told, feed, state.round, at, price, batch.signers)

    def _resolve_pending(self, feed: int, state: Feed, waiting: Pending, price: int, at: int) -> Feed:
        """A second round that agrees in time puts the waiting one in force from its own time on; any other
        drops it (ORACLE-11)."""
        if at <= waiting.time:
            refuse(TimeNotIncreasing, feed, at, waiting.time)
        in_time = at < waiting.time + state.info.heartbeat
        if in_time and not state.beyond(price, waiting.price):
            state = self._accept(feed, state, waiting.price, waiting.time)
            self.log.add(RoundConfirmed, feed, waiting.round, waiting.time, waiting.price)
        else:
            self.log.add(RoundDropped, feed, waiting.round)
        return replace(state, pending=None)

    def _accept(self, feed: int, state: Feed, price: int, at: int) -> Feed:
        """Fixes the checkpoints of the midnights passed, and books the time since the last value."""
        if state.time != 0 and at // DAY != state.time // DAY:
            self._close_days(feed, state, at // DAY)
        return state.accept(price, at)

    def _close_days(self, feed: int, state: Feed, today: int) -> None:
        day = state.time // DAY + 1
        if today >= day + MAX_MIDNIGHTS:
            day = today + 1 - MAX_MIDNIGHTS
            # Checkpoints are fixed in order, so the one before the reach stands for all before it.
            if (feed, day - 1) not in self._checkpoints:
                refuse(CheckpointMissing, feed, day - 1)
        for passed in range(day, today + 1):
            if (feed, passed) not in self._checkpoints:
                self._store_checkpoint(feed, state, passed)

    def _store_checkpoint(self, feed: int, state: Feed, day: int) -> None:
        price_seconds, fresh_seconds = state.totals_at(day * DAY)
        checkpoint = Checkpoint(price_seconds, fresh_seconds, state.price, state.time)
        self.journal.put(self._checkpoints, (feed, day), checkpoint)
        self.log.add(CheckpointFixed, feed, day, price_seconds, fresh_seconds)

    # --- reads ---

    def latest(self, feed: int, now: int) -> tuple[int, int, bool]:
        """The last accepted value, its observation time (0 before the first), and whether it is fresh."""
        state = self._feed(feed)
        return state.price, state.time, state.fresh_at(now)

    def accumulated(self, feed: int, at_time: int) -> tuple[int, int]:
        """price_seconds and fresh_seconds at `at_time`, not before the last report. A late report can
        change them."""
        state = self._feed(feed)
        if at_time < state.time:
            refuse(TimeBeforeReport, feed, at_time, state.time)
        return state.totals_at(at_time)

    def checkpoint(self, feed: int, day: int, now: int) -> tuple[int, int, bool]:
        """price_seconds and fresh_seconds at the midnight that begins `day`; True once they are final."""
        stored = self._checkpoints.get((feed, day))
        if stored is not None:
            return stored.price_seconds, stored.fresh_seconds, True
        state = self._feed(feed)
        _check_reached(day, now)
        fixed = now >= self._fixable_at(state, day)
        if day * DAY <= state.time:
            return 0, 0, fixed  # not stored, though older than the last report: from before the first one
        return *state.totals_at(day * DAY), fixed

    def window(self, feed: int, from_day: int, to_day: int, now: int) -> Window:
        """Totals from `from_day` 00:00 to `to_day` 00:00 UTC."""
        if from_day >= to_day:
            refuse(EmptyWindow, from_day, to_day)
        start_price, start_fresh, start_fixed = self.checkpoint(feed, from_day, now)
        end_price, end_fresh, end_fixed = self.checkpoint(feed, to_day, now)
        return Window(
            price_seconds=end_price - start_price,
            fresh_seconds=end_fresh - start_fresh,
            elapsed=(to_day - from_day) * DAY,
            fixed=start_fixed and end_fixed,
        )

    def window_range(self, feed: int, from_day: int, to_day: int, now: int) -> tuple[int, int]:
        """Lowest and highest known value observed in the window; 0, 0 where none is known (ORACLE-12).

        Known are the last value of each day and what `note_range` was given.
        """
        if from_day >= to_day:
            refuse(EmptyWindow, from_day, to_day)
        self._feed(feed)
        _check_reached(to_day, now)
        known: list[int] = []
        for day in range(from_day, to_day):
            known += self._ranges.get((feed, day), ())
            price, observed_at = self.last_before(feed, day + 1, now)
            if observed_at >= from_day * DAY:
                known.append(price)
        return (min(known), max(known)) if known else (0, 0)

    def last_before(self, feed: int, day: int, now: int) -> tuple[int, int]:
        """The last value observed before the midnight that begins `day`, and when; 0, 0 where there is
        none."""
        state = self._feed(feed)
        stored = self._checkpoints.get((feed, day))
        if stored is not None:
            return stored.last_price, stored.last_time
        _check_reached(day, now)
        return (state.price, state.time) if state.time < day * DAY else (0, 0)

    def heartbeat(self, feed: int) -> int:
        """Seconds that a value stays fresh."""
        return self._feed(feed).info.heartbeat

    def feed_info(self, feed: int) -> FeedInfo:
        """What never changes in a feed, and where its methodology is."""
        return self._feed(feed).info

    def feed_status(self, feed: int) -> Feed:
        """The whole state of a feed."""
        return self._feed(feed)

    def operator_set(self, number: int) -> OperatorSet:
        """Hash, methodology version, size and quorum of a set."""
        return self._set(number)

    @property
    def feed_count(self) -> int:
        """Feeds are numbered from 1."""
        return len(self._feeds)

    @property
    def operator_set_count(self) -> int:
        """Sets are numbered from 1."""
        return len(self._sets)

    # --- owner: nothing else is anybody's privilege (ORACLE-13) ---

    @atomic
    def add_operator_set(self, call: Call, operators: Sequence[str], quorum: int) -> int:
        """A set of operators, in ascending order."""
        self._only_owner(call)
        if len(self._sets) == MAX_SETS:
            refuse(TooManyOperatorSets, MAX_SETS)
        number = len(self._sets) + 1
        self._write_set(number, operators, quorum, version=1)
        return number

    @atomic
    def rotate_operators(self, call: Call, number: int, operators: Sequence[str], quorum: int) -> None:
        """Other operators for all feeds of a set at once."""
        self._only_owner(call)
        self._write_set(number, operators, quorum, self._set(number).version)

    @atomic
    def add_feed(self, call: Call, info: FeedInfo) -> int:
        """A feed; its heartbeat, bound and operator set never change."""
        self._only_owner(call)
        version = self._set(info.operator_set).version
        if not 1 <= info.heartbeat <= DAY or info.heartbeat % 60:
            refuse(HeartbeatOutOfRange, info.heartbeat, DAY)
        bound = info.deviation_bps
        if not 1 <= bound <= MAX_BOUND_BPS or bound % BOUND_STEP_BPS:
            refuse(DeviationOutOfRange, bound, MAX_BOUND_BPS)
        feed = len(self._feeds) + 1
        self.journal.put(self._feeds, feed, Feed(info))
        self.log.add(FeedAdded, feed, info.operator_set, info.symbol, info.heartbeat, bound)
        self.log.add(MethodologySet, feed, info.methodology, version)
        return feed

    @atomic
    def set_methodology(self, call: Call, feed: int, methodology: bytes) -> None:
        """Another methodology; raises the version that reports of the feed's operators must carry."""
        self._only_owner(call)
        state = self._feed(feed)
        number = state.info.operator_set
        version = self._sets[number].version + 1
        self.journal.put(self._sets, number, self._sets[number]._replace(version=version))
        self.journal.put(self._feeds, feed, replace(state, info=state.info._replace(methodology=methodology)))
        self.log.add(MethodologySet, feed, methodology, version)

    @atomic
    def set_halted(self, call: Call, feed: int, halted: bool) -> None:
        """A halted feed takes no reports, and is not fresh."""
        self._only_owner(call)
        self.journal.put(self._feeds, feed, replace(self._feed(feed), halted=halted))
        self.log.add(FeedHaltSet, feed, halted)

    @atomic
    def transfer_ownership(self, call: Call, owner: str) -> None:
        """Names the next owner, who must accept."""
        self._only_owner(call)
        self.pending_owner = owner
        self.log.add(OwnershipTransferStarted, self.owner, owner)

    @atomic
    def accept_ownership(self, call: Call) -> None:
        """The named next owner takes over."""
        if call.sender != self.pending_owner:
            refuse(OwnableUnauthorizedAccount, call.sender)
        self._new_owner(call.sender)

    @atomic
    def renounce_ownership(self, call: Call) -> None:
        """Nobody owns the oracle any more."""
        self._only_owner(call)
        self._new_owner(ZERO_ADDRESS)

    # --- inside ---

    def _new_owner(self, owner: str) -> None:
        self.log.add(OwnershipTransferred, self.owner, owner)
        self.owner, self.pending_owner = owner, ZERO_ADDRESS

    def _only_owner(self, call: Call) -> None:
        if call.sender != self.owner:
            refuse(OwnableUnauthorizedAccount, call.sender)

    def _write_set(self, number: int, operators: Sequence[str], quorum: int, version: int) -> None:
        self.journal.put(self._sets, number, make_set(operators, quorum, version))
        self.log.add(OperatorsSet, number, quorum, version, tuple(operators))

    def _feed(self, feed: int) -> Feed:
        state = self._feeds.get(feed)
        if state is None:
            refuse(UnknownFeed, feed)
        return state

    def _set(self, number: int) -> OperatorSet:
        operators = self._sets.get(number)
        if operators is None:
            refuse(UnknownOperatorSet, number)
        return operators

    def _check_not_future(self, call: Call, batch: Batch) -> None:
        if batch.observed_at > call.time:
            refuse(FutureObservation, batch.observed_at, call.time)

    def _check_value(self, operator_set: int, feed: int, state: Feed, price: int) -> None:
        if state.info.operator_set != operator_set:
            refuse(WrongOperatorSet, feed, state.info.operator_set, operator_set)
        if not 1 <= price <= MAX_PRICE:
            refuse(ValueOutOfRange, feed, price, MAX_PRICE)

    def _fixable_at(self, state: Feed, day: int) -> int:
        """From then on no report can change the checkpoint: those from before midnight are too old, and so
        is any that could confirm a round waiting since before midnight."""
        end = day * DAY
        if state.time != 0 and day <= state.time // DAY:
            return 0
        if state.pending is not None and state.pending.time < end:
            end = max(end, state.pending.time + state.info.heartbeat)
        return end + self.max_lag


def _check_reached(day: int, now: int) -> None:
    if now < day * DAY:
        refuse(DayNotReached, day, now)
