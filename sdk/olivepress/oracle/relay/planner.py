"""Which round a relay sends next, and when. Knows neither the chain nor the clock: it is told both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from olivepress.hashing import keccak256
from olivepress.oracle.codec import SignedReport
from olivepress.oracle.relay.intake import set_of
from olivepress.oracle.relay.reports import RoundKey
from olivepress.oracle.relay.settings import Timing
from olivepress.oracle.snapshot import OracleState, SetState
from olivepress.oracle.wire import ReportRefused

Rounds = Mapping[RoundKey, Mapping[str, SignedReport]]


@dataclass(slots=True)
class Standing:
    """How far a round is. Moments are seconds of the caller's clock.

    :param reports: of today's operators
    :param over: why it can never be sent any more, in words
    :param refused: why the oracle would not take it now, in words; it is tried again at `held_until`
    :param yielded: another relay's transaction was waited for
    """

    key: RoundKey
    reports: tuple[SignedReport, ...] = ()
    operators: SetState | None = None
    over: str = ""
    over_since: float | None = None
    quorum_since: float | None = None
    ready_at: float = 0
    held_until: float = 0
    refused: str = ""
    yielded: bool = False

    @property
    def has_quorum(self) -> bool:
        return self.operators is not None and len(self.reports) >= self.operators.quorum


@dataclass(slots=True)
class Planner:
    """Keeps the standing of every round.

    :param address: of the relay: it decides, with the round, who of several relays comes first
    """

    timing: Timing
    address: str
    standings: dict[RoundKey, Standing] = field(default_factory=dict)

    def look(self, rounds: Rounds, state: OracleState, now: float) -> list[RoundKey]:
        """Takes in what was collected and what the chain says. Returns the rounds that just got their quorum.

        A round that is on the chain lives again when the chain switches to a branch without it.
        """
        for key in self.standings.keys() - rounds.keys():
            del self.standings[key]
        reached = []
        for key, reports in rounds.items():
            standing = self.standings.setdefault(key, Standing(key))
            over = _over(key, state)
            if over and not standing.over:
                standing.over_since = now
            standing.over = over
            if over:
                continue
            standing.over_since = None
            standing.operators = set_of(key.feeds, state)
            members = standing.operators.operators
            standing.reports = tuple(one for operator, one in reports.items() if operator in members)
            if not standing.has_quorum:
                standing.quorum_since = None
            elif standing.quorum_since is None:
                standing.quorum_since = now
                reached.append(key)
        for standing in self._alive():
            standing.ready_at = self._ready_at(standing)
        return reached

    def next(self) -> Standing | None:
        """The round to send next, once its time has come: `ready_at`.

        Older ones first, as the oracle's time only rises, and of one time the one with the most feeds. Those
        that share feeds wait for each other, but not for one that the oracle would refuse.
        """
        best: Standing | None = None
        waited_for: set[int] = set()
        for standing in sorted(self._alive(), key=lambda one: (one.key.observed_at, -len(one.key.feeds))):
            if waited_for.isdisjoint(standing.key.feeds):
                if not standing.refused:
                    waited_for.update(standing.key.feeds)
                if best is None or standing.ready_at < best.ready_at:
                    best = standing
        return best

    def forgettable(self, now: float) -> list[RoundKey]:
        """Rounds that have been over for so long that the chain will not switch back."""
        keep = self.timing.keep_seconds
        return [
            key
            for key, standing in self.standings.items()
            if standing.over_since is not None and now - standing.over_since >= keep
        ]

    def _alive(self) -> Iterable[Standing]:
        return [one for one in self.standings.values() if not one.over and one.has_quorum]

    def _ready_at(self, standing: Standing) -> float:
        assert standing.operators is not None
        assert standing.quorum_since is not None
        gather = self.timing.gather_seconds
        if len(standing.reports) == len(standing.operators.operators):
            gather = 0
        if self._larger_is_near(standing):
            gather = max(gather, self.timing.patience_seconds)
        ready = standing.quorum_since + gather + self._stagger(standing.key)
        return max(ready, standing.held_until)

    def _larger_is_near(self, standing: Standing) -> bool:
        """Whether a batch with more feeds is short of its quorum, and an honest operator stands behind it."""
        assert standing.operators is not None
        liars = (len(standing.operators.operators) - 1) // 3
        return any(
            not other.over
            and (other.key.observed_at, other.key.version) == (standing.key.observed_at, standing.key.version)
            and set(other.key.feeds) > set(standing.key.feeds)
            and not other.has_quorum
            and len(other.reports) > liars
            for other in self.standings.values()
        )

    def _stagger(self, key: RoundKey) -> float:
        """From 0 to `stagger_seconds`, in thousandths of it."""
        digest = keccak256(f"{key.observed_at}:{key.feeds}:{self.address.lower()}".encode())
        return self.timing.stagger_seconds * (int.from_bytes(digest[:8]) % 1000) / 1000


def _over(key: RoundKey, state: OracleState) -> str:
    """Why the oracle will not take a round any more; "" when it may."""
    try:
        operators = set_of(key.feeds, state)
    except ReportRefused as refused:  # a chain that was set back, to before the feed was added
        return f"{refused.field} {refused.value}: not one of {refused.allowed}"
    if operators.version != key.version:
        return f"made for version {key.version}; now it is {operators.version}"
    later = max(state.feeds[feed].seen for feed in key.feeds)
    if later >= key.observed_at:
        return f"the oracle has a round of {later}"
    if state.block_time - key.observed_at > state.max_lag:
        return f"older than {state.max_lag} s"
    return ""
