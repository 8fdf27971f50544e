"""Which round goes next and when, the collection's file, and the rate limit: without chain and clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from olivepress.errors import ConfigurationError
from olivepress.oracle import OracleDomain, Report, SignedReport, sign_report
from olivepress.oracle.relay.intake import RateLimiter
from olivepress.oracle.relay.planner import Planner
from olivepress.oracle.relay.reports import Collection, RoundKey
from olivepress.oracle.relay.settings import Timing
from olivepress.oracle.snapshot import FeedState, OracleState, SetState
from olivepress.signer import LocalSigner

DOMAIN = OracleDomain(31337, "0x" + "11" * 20)
KEYS = [LocalSigner(number) for number in range(1, 8)]
SET = SetState(1, tuple(key.address for key in KEYS), quorum=5, version=1)
TIMING = Timing(gather_seconds=10, stagger_seconds=0, patience_seconds=100, keep_seconds=1000)
NOW = 1_700_000_000


def feed(number: int, seen: int = 0, operator_set: int = 1) -> FeedState:
    return FeedState(
        id=number,
        symbol=f"F{number}",
        methodology="",
        operator_set=operator_set,
        heartbeat=3600,
        deviation_bps=100,
        price=1,
        time=seen,
        round=1,
        pending_price=0,
        pending_time=0,
        halted=False,
    )


def state(*feeds: FeedState, time: int = NOW, operators: SetState = SET) -> OracleState:
    return OracleState({one.id: one for one in feeds}, {1: operators}, 3600, 10, time)


def signed(who: int, time: int = NOW, feeds: tuple[int, ...] = (1,), value: int = 5) -> SignedReport:
    return sign_report(Report(time, 1, dict.fromkeys(feeds, value)), KEYS[who], DOMAIN)


def collected(*reports: SignedReport) -> Mapping[RoundKey, Mapping[str, SignedReport]]:
    rounds: dict[RoundKey, dict[str, SignedReport]] = {}
    for one in reports:
        rounds.setdefault(RoundKey.of(one), {})[one.operator] = one
    return rounds


def of(count: int, time: int = NOW, feeds: tuple[int, ...] = (1,)) -> list[SignedReport]:
    return [signed(who, time, feeds) for who in range(count)]


def plan(timing: Timing = TIMING, address: str = KEYS[0].address) -> Planner:
    return Planner(timing, address)


def test_a_round_waits_for_more_reports_once_it_has_its_quorum() -> None:
    planner, now = plan(), state(feed(1))
    planner.look(collected(*of(4)), now, 100)
    assert planner.next() is None
    assert planner.look(collected(*of(5)), now, 200) == [RoundKey(NOW, 1, (1,))]
    first = planner.next()
    assert first is not None
    assert (first.ready_at, len(first.reports)) == (210, 5)
    assert planner.look(collected(*of(6)), now, 205) == []
    assert first.ready_at == 210
    planner.look(collected(*of(7)), now, 206)
    assert first.ready_at == 200, "with all reports there is nothing to wait for"


def test_older_rounds_first_and_feeds_apart_do_not_wait() -> None:
    planner = plan()
    rounds = collected(*of(5, NOW), *of(7, NOW - 60), *of(7, NOW, (2,)))
    planner.look(rounds, state(feed(1), feed(2)), 0)
    following = planner.next()
    assert following is not None
    assert following.key == RoundKey(NOW - 60, 1, (1,))
    following.held_until = 50
    planner.look(rounds, state(feed(1), feed(2)), 1)
    following = planner.next()
    assert following is not None
    assert following.key == RoundKey(NOW, 1, (2,)), "the newer round of feed 1 waits for the older one"


def test_what_the_oracle_refuses_holds_nothing_up() -> None:
    planner, rounds = plan(), collected(*of(7, NOW, (1, 2)), *of(7, NOW, (1,)))
    planner.look(rounds, state(feed(1), feed(2)), 0)
    batch = planner.next()
    assert batch is not None
    assert batch.key.feeds == (1, 2)
    batch.refused, batch.held_until = "FeedHalted(feed=2)", 5
    planner.look(rounds, state(feed(1), feed(2)), 1)
    alone = planner.next()
    assert alone is not None
    assert alone.key.feeds == (1,)


@pytest.mark.parametrize(("behind", "wait"), [(0, 10), (2, 10), (3, 100), (4, 100)])
def test_a_larger_batch_is_waited_for_when_an_honest_operator_is_behind_it(behind: int, wait: int) -> None:
    """Two of seven may lie: what two have signed may never get its quorum."""
    planner = plan()
    planner.look(collected(*of(5), *of(behind, NOW, (1, 2))), state(feed(1), feed(2)), 0)
    following = planner.next()
    assert following is not None
    assert (following.key.feeds, following.ready_at) == ((1,), wait)


def test_what_can_never_be_sent_is_kept_for_a_while() -> None:
    planner, rounds = plan(), collected(*of(7))
    reasons = [
        (state(feed(1, seen=NOW)), "has a round of"),
        (state(feed(1), time=NOW + 3601), "older than 3600 s"),
        (state(feed(1), operators=replace(SET, version=2)), "made for version 1"),
        (state(feed(2)), "not one of feeds of the oracle: 2"),
    ]
    for what, why in reasons:
        planner.look(rounds, what, 0)
        assert planner.next() is None
        assert why in planner.standings[RoundKey(NOW, 1, (1,))].over
    assert planner.forgettable(999) == []
    assert planner.forgettable(1000) == [RoundKey(NOW, 1, (1,))]
    planner.look(rounds, state(feed(1)), 1001)
    assert planner.next() is not None, "the chain has switched: it may be sent again"
    assert planner.forgettable(3000) == []
    planner.look(collected(), state(feed(1)), 3001)
    assert planner.standings == {}


def test_relays_come_first_in_turn() -> None:
    timing = Timing(gather_seconds=0, stagger_seconds=6)
    first = []
    for number in range(60):
        rounds = collected(*of(7, NOW + number))
        waits = []
        for key in KEYS[:3]:
            planner = plan(timing, key.address)
            planner.look(rounds, state(feed(1), time=NOW + number), 0)
            following = planner.next()
            assert following is not None
            assert 0 <= following.ready_at < 6
            waits.append(following.ready_at)
        first.append(waits.index(min(waits)))
    assert all(first.count(relay) >= 10 for relay in range(3))


def test_the_collection_is_there_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    before = Collection(path, DOMAIN, per_operator=100)
    for one in of(3):
        before.add(one)
    before.drop([RoundKey(NOW, 1, (9,))])
    before.close()
    with path.open("ab") as file:
        file.write(b'{"chain_id": 31337, "ora')  # what a crash cuts short was never answered
    after = Collection(path, DOMAIN, per_operator=100)
    assert after.rounds == collected(*of(3))
    assert after.find(signed(2, value=99)) == signed(2)
    assert after.find(signed(3)) is None
    with pytest.raises(ConfigurationError, match="in use by another process"):
        Collection(path, DOMAIN, per_operator=100)
    after.close()


def test_the_collection_leaves_out_what_is_not_of_this_oracle(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    elsewhere = OracleDomain(5, DOMAIN.oracle)
    for domain, reports in (
        (elsewhere, [signed(0)]),
        (DOMAIN, [replace(signed(1), signature=bytes(64)), signed(2)]),
    ):
        collection = Collection(path, domain, per_operator=100)
        for one in reports:
            collection.add(one)
        collection.close()
    loaded = Collection(path, DOMAIN, per_operator=100)
    assert loaded.rounds == collected(signed(2))
    loaded.close()
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(ConfigurationError, match="line 1 is damaged"):
        Collection(path, DOMAIN, per_operator=100)


def test_the_collection_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    collection = Collection(path, DOMAIN, per_operator=3)
    for number in range(300):
        collection.add(signed(0, NOW + number % 50, (1 + number // 50,)))
        collection.add(signed(1, NOW)) if number == 0 else None
    assert len(collection) == 4
    assert collection.find(signed(1)) is not None, "one operator's flood takes no other's place"
    assert sorted(key.observed_at for key in collection.rounds)[1:] == [NOW + 49] * 3
    assert len(path.read_bytes().splitlines()) == 301
    collection.drop([])
    assert len(path.read_bytes().splitlines()) == 4
    collection.close()


def test_a_client_has_a_burst_and_a_rate() -> None:
    clock = [0.0]
    limiter = RateLimiter(60, 3, lambda: clock[0])
    assert [limiter.wait("1.2.3.4") for _ in range(5)] == [0, 0, 0, 1, 1]
    assert limiter.wait("1.2.3.5") == 0
    clock[0] = 2
    assert [limiter.wait("1.2.3.4") for _ in range(3)] == [0, 0, 1]
    slow = RateLimiter(2, 1, lambda: clock[0])
    assert [slow.wait("x"), slow.wait("x")] == [0, 30]


def test_addresses_of_one_network_share_a_bucket() -> None:
    limiter = RateLimiter(60, 1, lambda: 0.0)
    assert limiter.wait("2001:db8::1") == 0
    assert limiter.wait("2001:db8::2") > 0
    assert limiter.wait("2001:db8:0:1::2") == 0
    assert [limiter.wait(f"::ffff:1.2.3.{number}") for number in (4, 5)] == [0, 0]


def test_the_number_of_clients_remembered_is_bounded() -> None:
    limiter = RateLimiter(60, 1, lambda: 0.0)
    assert limiter.wait("first") == 0
    for number in range(9_999):
        limiter.wait(str(number))
    assert limiter.wait("first") > 0
    for number in range(10_000):
        limiter.wait(f"other {number}")
    assert limiter.wait("first") == 0
