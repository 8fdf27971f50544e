"""Seven operators, a quorum of five, and a relay: every round of the year, really signed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from olivepress import reverts
from olivepress.events.model import Event
from olivepress.oracle.codec import Report, SignedReport, pack_update, sign_report, update_calldata
from olivepress.signer import LocalSigner
from year.chain import ANYONE, DELAY, Chain
from year.plain import Told
from year.weather import DAY, FEEDS, Round, Weather

QUORUM, OPERATORS = 5, 7
POOL = [LocalSigner(7_000 + number) for number in range(10)]


def _digest(number: int, version: int) -> bytes:
    return (number << 16 | version).to_bytes(32)


@dataclass
class Publishing:
    """What the operators and the relay of the year do. `told` is what they published, feed by feed."""

    chain: Chain
    weather: Weather
    members: list[LocalSigner] = field(default_factory=lambda: POOL[:OPERATORS])
    version: int = 0
    told: dict[int, list[Told]] = field(default_factory=lambda: {feed.number: [] for feed in FEEDS})
    events: list[Event] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """The operator set and the feeds, through the timelock."""
        calls = [("addOperatorSet", (self._addresses(self.members), QUORUM))]
        calls += [
            (
                "addFeed",
                ((f.symbol.encode().ljust(32, b"\0"), _digest(f.number, 1), 1, f.heartbeat, f.bound_bps),),
            )
            for f in FEEDS
        ]
        for function, arguments in calls:
            self.chain.schedule("oracle", function, *arguments)
        self.chain.wait_until(self.chain.now + DELAY)
        for function, arguments in calls:
            self.chain.execute("oracle", function, *arguments)
        self._learn_version()

    def publish(self, round_: Round, lag: int) -> None:
        """One round: some lie, some are silent; the relay takes a quorum or more, `lag` seconds late."""
        if not round_.seen:
            return
        self.chain.wait_until(round_.time + lag)
        signed = self._signed(round_, self.members, self.version)
        self._send(signed, self.members)
        for feed, seen in round_.seen.items():
            values = sorted(one.report.values[feed] for one in signed)
            median = values[(len(values) - 1) // 2]
            honest = [self.weather.told_by(n, round_.seen, lies=False)[feed] for n in range(len(POOL))]
            # Two of seven lie: the median stays within what the honest saw.
            assert min(honest) <= median <= max(honest), (feed, seen, median)
            self.told[feed].append(Told(round_.time, median))
        self.counts["rounds"] += 1

    def _signed(self, round_: Round, members: list[LocalSigner], version: int) -> list[SignedReport]:
        """Reports of the operators whom the relay takes: at least a quorum, at most two of the set lie."""
        rng = self.weather.rng
        faulty = rng.sample(members, 2)
        lying = set(faulty[: rng.randint(0, 2)])
        silent = {one for one in faulty if one not in lying and rng.random() < 0.5}
        there = [one for one in members if one not in silent]
        taken = rng.sample(there, rng.randint(QUORUM, len(there)))
        self.counts["lies"] += len(lying & set(taken))
        reports = []
        for one in taken:
            values = self.weather.told_by(POOL.index(one), round_.seen, one in lying)
            reports.append(sign_report(Report(round_.time, version, values), one, self.chain.domain))
        return reports

    def _send(self, signed: list[SignedReport], members: list[LocalSigner]) -> None:
        data = update_calldata(pack_update(1, self._addresses(members), signed))
        try:
            self.events += self.chain.submit(ANYONE, "oracle", data)
        except reverts.CheckpointMissing as missing:
            # After a silence of more than eight midnights their checkpoints come first, in order of the days.
            self.counts["long silences"] += 1
            self.fix(missing.feed, missing.day)
            self.events += self.chain.submit(ANYONE, "oracle", data)

    def fix(self, feed: int, day: int) -> None:
        """Stores the checkpoints up to that of `day`; anyone may."""
        last = self.chain.read("oracle", "latest", feed)[1] // DAY
        for one in range(last + 1, day + 1):
            self.chain.call(ANYONE, "oracle", "fixCheckpoint", feed, one)

    def rotate(self, out: int, into: int, round_: Round) -> None:
        """Operator `out` goes, `into` comes, as announced. What the old set signs then is refused."""
        members = [one for one in self.members if one is not POOL[out]] + [POOL[into]]
        self.chain.execute("oracle", "rotateOperators", 1, self._addresses(members), QUORUM)
        old, self.members = self.members, members
        self._is_refused(reverts.WrongOperators, round_, old, self.version, must_sign=POOL[out])
        self.counts["rotations"] += 1

    def announce(self, out: int, into: int) -> None:
        """The timelock's two days begin."""
        members = [one for one in self.members if one is not POOL[out]] + [POOL[into]]
        call = ("rotateOperators", 1, self._addresses(members), QUORUM)
        self.chain.schedule("oracle", *call)
        with pytest.raises(reverts.TimelockUnexpectedOperationState):
            self.chain.execute("oracle", *call)

    def change_methodology(self, feed: int, round_: Round) -> None:
        """A new document for a feed. What was signed under the version before is refused."""
        self.chain.execute("oracle", "setMethodology", feed, _digest(feed, 2))
        old = self.version
        self._learn_version()
        assert self.version == old + 1
        self._is_refused(reverts.WrongVersion, round_, self.members, old)
        self.counts["methodologies"] += 1

    def _is_refused(
        self,
        error: type[Exception],
        round_: Round,
        members: list[LocalSigner],
        version: int,
        must_sign: LocalSigner | None = None,
    ) -> None:
        self.chain.wait_until(round_.time)
        signers = [*(one for one in members if one is not must_sign), *([must_sign] if must_sign else [])]
        report = Report(round_.time, version, round_.seen)
        signed = [sign_report(report, one, self.chain.domain) for one in signers[-QUORUM:]]
        data = update_calldata(pack_update(1, self._addresses(members), signed))
        answer = self.chain.send(ANYONE, self.chain.addresses["oracle"], data)
        assert isinstance(answer.error, error), answer.error

    def _learn_version(self) -> None:
        self.version = int(self.chain.read("oracle", "operatorSet", 1)[1])

    @staticmethod
    def _addresses(members: list[LocalSigner]) -> list[str]:
        return sorted((one.address for one in members), key=str.lower)
