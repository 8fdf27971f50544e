"""The model's index oracle: rounds, checkpoints, windows, known ranges, operators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from olivepress.events.model import CheckpointFixed, RoundAccepted, RoundConfirmed, RoundDropped, RoundPending
from olivepress.model import Call, IndexOracle
from olivepress.model.feed import FeedInfo
from olivepress.model.operators import Batch, Report, make_batch
from olivepress.reverts import (
    CheckpointMissing,
    CheckpointNotFixable,
    ContractError,
    DayNotReached,
    DeviationOutOfRange,
    EmptyWindow,
    FeedHalted,
    FutureObservation,
    HeartbeatOutOfRange,
    MalformedUpdate,
    MaxLagOutOfRange,
    NoFeeds,
    NotMedian,
    OperatorCountOutOfRange,
    OperatorsNotAscending,
    OwnableInvalidOwner,
    OwnableUnauthorizedAccount,
    QuorumOutOfRange,
    ShortQuorum,
    SignerOutOfRange,
    StaleObservation,
    TimeBeforeReport,
    TimeNotIncreasing,
    TooManyOperatorSets,
    UnknownFeed,
    UnknownOperatorSet,
    ValueOutOfRange,
    WrongOperators,
    WrongOperatorSet,
    WrongVersion,
)

DAY = 86_400
T0 = 20_000 * DAY
LAG = 3_600
OWNER = "0x" + "0f" * 20
PEOPLE = [f"0x{n:040x}" for n in range(1, 32)]
FOUR = PEOPLE[:4]
HOUR = 3_600


@pytest.fixture
def oracle() -> IndexOracle:
    """Feed 1: four operators of whom three must sign, a heartbeat of a day, a bound of 20%."""
    made = IndexOracle(OWNER, LAG)
    made.add_operator_set(Call(OWNER, T0), FOUR, 3)
    made.add_feed(Call(OWNER, T0), FeedInfo(b"A", b"m", 1, DAY, 2_000))
    made.log.drain()
    return made


def batch(at: int, value: int, *, feeds: tuple[int, ...] = (1,), version: int = 1) -> Batch:
    told = {who: dict.fromkeys(feeds, value) for who in FOUR[:3]}
    return make_batch(1, FOUR, at, version, told)


def report(oracle: IndexOracle, at: int, value: int, **more: Any) -> None:
    oracle.update(Call("anyone", at), batch(at, value, **more))


@contextmanager
def expect_refusal(error: type[ContractError], *values: object) -> Iterator[None]:
    with pytest.raises(error) as caught:
        yield
    assert tuple(caught.value.values.values()) == values


# --- what a relay can send ---


def test_the_lower_median_of_those_who_signed_counts(oracle: IndexOracle) -> None:
    """[ORACLE-5]"""
    told = dict(zip(FOUR, ({1: 130}, {1: 90}, {1: 100}, {1: 110}), strict=True))
    oracle.update(Call("anyone", T0), make_batch(1, FOUR, T0, 1, told))
    assert oracle.latest(1, T0) == (100, T0, True)
    assert [type(one) for one in oracle.log.drain()] == [RoundAccepted]
    assert oracle.feed_count == oracle.operator_set_count == 1
    assert oracle.heartbeat(1) == DAY


def test_updates_that_do_not_hold_together_are_refused(oracle: IndexOracle) -> None:
    """[ORACLE-4] [ORACLE-5] [ORACLE-6]"""
    good, call = batch(T0, 100), Call("anyone", T0)
    with expect_refusal(FutureObservation, T0, T0 - 1):
        oracle.update(Call("anyone", T0 - 1), good)
    with expect_refusal(StaleObservation, T0, T0 + 1):
        oracle.update(Call("anyone", T0 + LAG + 1), good)
    with expect_refusal(UnknownOperatorSet, 2):
        oracle.update(call, good._replace(operator_set=2))
    with expect_refusal(WrongVersion, 1, 1, 2):
        oracle.update(call, good._replace(version=2))
    with expect_refusal(NoFeeds):
        oracle.update(call, good._replace(feeds=(), medians=()))
    with expect_refusal(ShortQuorum, 1, 2, 3):
        oracle.update(call, good._replace(signers=0b11))
    with expect_refusal(SignerOutOfRange, 0b10011, 4):
        oracle.update(call, good._replace(signers=0b10011))
    with expect_refusal(MalformedUpdate, 13 + 3 + 3 * 72, 13 + 3 + 20 + 3 * 72):
        oracle.update(call, good._replace(silent=()))
    forged = (Report(PEOPLE[9], (100,)), *good.reports[1:])
    with pytest.raises(WrongOperators) as caught:
        oracle.update(call, good._replace(reports=forged))
    assert caught.value.values["expected"] == oracle.operator_set(1).operators_hash + bytes(8)
    with expect_refusal(NotMedian, 1, 3):
        oracle.update(call, good._replace(medians=(3,)))
    assert oracle.feed_status(1).round == 0
    assert not oracle.log.drain()


def test_a_refused_feed_refuses_the_whole_batch(oracle: IndexOracle) -> None:
    """[ORACLE-6]"""
    oracle.add_feed(Call(OWNER, T0), FeedInfo(b"B", b"m", 1, DAY, 2_000))
    oracle.log.drain()
    told = {who: {1: 100, 2: 2**52} for who in FOUR}
    with expect_refusal(ValueOutOfRange, 2, 2**52, 2**52 - 1):
        oracle.update(Call("anyone", T0), make_batch(1, FOUR, T0, 1, told))
    with expect_refusal(ValueOutOfRange, 1, 0, 2**52 - 1):
        report(oracle, T0, 0)
    with expect_refusal(UnknownFeed, 3):
        report(oracle, T0, 100, feeds=(1, 3))
    assert oracle.latest(1, T0) == (0, 0, False)
    assert not oracle.log.drain()
    with expect_refusal(TimeNotIncreasing, 1, T0, T0):  # the same feed twice
        oracle.update(Call("anyone", T0), _twice(batch(T0, 100)))
    assert oracle.latest(1, T0) == (0, 0, False)


def _twice(one: Batch) -> Batch:
    reports = tuple(Report(each.signer, each.values * 2) for each in one.reports)
    return one._replace(feeds=one.feeds * 2, medians=one.medians * 2, reports=reports)


def test_a_feed_takes_reports_of_its_own_operators_only(oracle: IndexOracle) -> None:
    """[ORACLE-6]"""
    oracle.add_operator_set(Call(OWNER, T0), PEOPLE[10:14], 3)
    told = {who: {1: 100} for who in PEOPLE[10:14]}
    with expect_refusal(WrongOperatorSet, 1, 1, 2):
        oracle.update(Call("anyone", T0), make_batch(2, PEOPLE[10:14], T0, 1, told))


# --- rounds ---


def test_time_increases_and_a_halted_feed_takes_nothing(oracle: IndexOracle) -> None:
    """[ORACLE-6] [ORACLE-8]"""
    report(oracle, T0, 100)
    with expect_refusal(TimeNotIncreasing, 1, T0, T0):
        report(oracle, T0, 100)
    oracle.set_halted(Call(OWNER, T0), 1, True)
    assert oracle.latest(1, T0) == (100, T0, False)
    with expect_refusal(FeedHalted, 1):
        report(oracle, T0 + 1, 100)
    oracle.set_halted(Call(OWNER, T0), 1, False)
    report(oracle, T0 + 1, 100)
    assert oracle.latest(1, T0 + 1 + DAY)[2], "fresh up to and including a heartbeat"
    assert not oracle.latest(1, T0 + 2 + DAY)[2]


def test_a_round_beyond_the_bound_waits(oracle: IndexOracle) -> None:
    """[ORACLE-10] [ORACLE-11]"""
    report(oracle, T0, 100)
    report(oracle, T0 + HOUR, 120)
    report(oracle, T0 + 2 * HOUR, 145)
    with expect_refusal(TimeNotIncreasing, 1, T0 + 2 * HOUR, T0 + 2 * HOUR):
        report(oracle, T0 + 2 * HOUR, 145)
    assert oracle.latest(1, T0 + 2 * HOUR) == (120, T0 + HOUR, False)
    report(oracle, T0 + 3 * HOUR, 174)  # exactly 20% from 145: it agrees
    told = [type(one) for one in oracle.log.drain()]
    assert told == [RoundAccepted, RoundAccepted, RoundPending, RoundConfirmed, RoundAccepted]
    booked = (100 + 120 + 145) * HOUR
    assert oracle.accumulated(1, T0 + 3 * HOUR) == (booked, 3 * HOUR)


def test_a_confirmation_must_come_within_a_heartbeat(oracle: IndexOracle) -> None:
    """[ORACLE-11]"""
    report(oracle, T0, 100)
    report(oracle, T0 + 1, 150)
    report(oracle, T0 + 1 + DAY, 150)  # a heartbeat later is too late: this one waits anew
    told = [type(one) for one in oracle.log.drain()]
    assert told[2:] == [RoundDropped, RoundPending]
    with expect_refusal(TimeBeforeReport, 1, T0 - 1, T0):
        oracle.accumulated(1, T0 - 1)


# --- days ---


def test_checkpoints_are_the_integral_at_midnight(oracle: IndexOracle) -> None:
    """[ORACLE-7] [ORACLE-9] [ORACLE-12]"""
    report(oracle, T0 + 12 * HOUR, 100)
    report(oracle, T0 + 12 * HOUR + 2 * DAY, 110)  # fresh for a day only
    fixed = [one for one in oracle.log.drain() if isinstance(one, CheckpointFixed)]
    assert [one.day for one in fixed] == [20_001, 20_002]
    now = T0 + 3 * DAY
    assert oracle.checkpoint(1, 20_001, now) == (100 * 12 * HOUR, 12 * HOUR, True)
    assert oracle.checkpoint(1, 20_002, now) == (100 * DAY, DAY, True)
    assert oracle.checkpoint(1, 20_000, now) == (0, 0, True), "from before the first report"
    assert oracle.window(1, 20_001, 20_002, now) == (100 * 12 * HOUR, 12 * HOUR, DAY, True)
    assert oracle.last_before(1, 20_002, now) == (100, T0 + 12 * HOUR)
    with expect_refusal(DayNotReached, 20_004, now):
        oracle.checkpoint(1, 20_004, now)
    with expect_refusal(EmptyWindow, 20_002, 20_002):
        oracle.window(1, 20_002, 20_002, now)
    with expect_refusal(EmptyWindow, 20_002, 20_001):
        oracle.window_range(1, 20_002, 20_001, now)


def test_a_checkpoint_is_final_once_no_report_can_change_it(oracle: IndexOracle) -> None:
    """[ORACLE-9]"""
    report(oracle, T0, 100)
    call = Call("anyone", T0 + DAY + LAG - 1)
    assert oracle.checkpoint(1, 20_001, call.time) == (100 * DAY, DAY, False)
    with expect_refusal(CheckpointNotFixable, 1, 20_001, T0 + DAY + LAG):
        oracle.fix_checkpoint(call, 1, 20_001)
    # A round that waits from before midnight can still be confirmed for a heartbeat.
    report(oracle, T0 + HOUR, 150)
    with expect_refusal(CheckpointNotFixable, 1, 20_001, T0 + HOUR + DAY + LAG):
        oracle.fix_checkpoint(Call("anyone", T0 + DAY + LAG), 1, 20_001)
    with expect_refusal(CheckpointMissing, 1, 20_001):
        oracle.fix_checkpoint(Call("anyone", T0 + 3 * DAY), 1, 20_002)
    for _ in range(2):  # the second time it does nothing
        oracle.fix_checkpoint(Call("anyone", T0 + 3 * DAY), 1, 20_001)
    assert len([one for one in oracle.log.drain() if isinstance(one, CheckpointFixed)]) == 1


def test_after_a_long_silence_checkpoints_come_first(oracle: IndexOracle) -> None:
    """[ORACLE-9]"""
    report(oracle, T0, 100)
    late = T0 + 9 * DAY + 1
    with expect_refusal(CheckpointMissing, 1, 20_001):
        report(oracle, late, 100)
    oracle.fix_checkpoint(Call("anyone", late), 1, 20_001)
    report(oracle, late, 100)
    assert oracle.checkpoint(1, 20_009, late) == (100 * DAY, DAY, True)


def test_the_known_range_is_the_last_value_of_each_day_and_what_was_noted(oracle: IndexOracle) -> None:
    """[ORACLE-12]"""
    report(oracle, T0 + DAY, 100)
    report(oracle, T0 + DAY + HOUR, 90)
    report(oracle, T0 + DAY + 2 * HOUR, 95)
    report(oracle, T0 + 2 * DAY + HOUR, 105)
    now = T0 + 4 * DAY
    assert oracle.window_range(1, 20_001, 20_003, now) == (95, 105)
    oracle.note_range(Call("anyone", now), batch(T0 + DAY + HOUR, 90, version=7))
    assert oracle.window_range(1, 20_001, 20_003, now) == (90, 105)
    assert oracle.window_range(1, 20_002, 20_003, now) == (105, 105)
    assert oracle.window_range(1, 20_003, 20_004, now) == (0, 0)
    with expect_refusal(FutureObservation, now + 1, now):
        oracle.note_range(Call("anyone", now), batch(now + 1, 90))


# --- the owner's ---


def test_operator_sets_and_feeds_have_bounds(oracle: IndexOracle) -> None:
    """[ORACLE-1]"""
    owner = Call(OWNER, T0)
    with expect_refusal(OperatorCountOutOfRange, 0, 31):
        oracle.add_operator_set(owner, [], 1)
    with expect_refusal(QuorumOutOfRange, 2, 3, 3):
        oracle.add_operator_set(owner, FOUR, 2)
    with expect_refusal(OperatorsNotAscending, 1):
        oracle.add_operator_set(owner, [FOUR[1], FOUR[0]], 2)
    with expect_refusal(UnknownOperatorSet, 9):
        oracle.rotate_operators(owner, 9, FOUR, 3)
    for heartbeat in (0, 61, DAY + 60):
        with expect_refusal(HeartbeatOutOfRange, heartbeat, DAY):
            oracle.add_feed(owner, FeedInfo(b"A", b"m", 1, heartbeat, 2_000))
    for bound in (0, 15, 20_480):
        with expect_refusal(DeviationOutOfRange, bound, 20_470):
            oracle.add_feed(owner, FeedInfo(b"A", b"m", 1, DAY, bound))
    for _ in range(254):
        oracle.add_operator_set(owner, PEOPLE, 21)
    with expect_refusal(TooManyOperatorSets, 255):
        oracle.add_operator_set(owner, FOUR, 3)
    with expect_refusal(MaxLagOutOfRange, DAY + 1, DAY):
        IndexOracle(OWNER, DAY + 1)
    with pytest.raises(OwnableInvalidOwner):
        IndexOracle("0x" + "00" * 20, LAG)


def test_a_rotation_keeps_the_version_and_a_methodology_raises_it(oracle: IndexOracle) -> None:
    """[ORACLE-3]"""
    owner = Call(OWNER, T0)
    oracle.set_methodology(owner, 1, b"n")
    assert oracle.feed_info(1).methodology == b"n"
    oracle.rotate_operators(owner, 1, PEOPLE[4:8], 3)
    assert oracle.operator_set(1).version == 2
    with pytest.raises(WrongOperators):
        report(oracle, T0, 100, version=2)


def test_only_the_owner_and_whom_it_names(oracle: IndexOracle) -> None:
    """[ORACLE-13]"""
    other = Call(PEOPLE[0], T0)
    with expect_refusal(OwnableUnauthorizedAccount, PEOPLE[0]):
        oracle.set_halted(other, 1, True)
    oracle.transfer_ownership(Call(OWNER, T0), PEOPLE[0])
    with expect_refusal(OwnableUnauthorizedAccount, PEOPLE[1]):
        oracle.accept_ownership(Call(PEOPLE[1], T0))
    oracle.accept_ownership(other)
    oracle.set_halted(other, 1, True)
    oracle.renounce_ownership(other)
    with expect_refusal(OwnableUnauthorizedAccount, PEOPLE[0]):
        oracle.set_halted(other, 1, False)
