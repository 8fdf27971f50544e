"""What a relay checks before it takes a report: whose it is, what it is about, and how often they come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic

from olivepress.errors import ValidationError
from olivepress.oracle.codec import OracleDomain, SignedReport, recover_operator
from olivepress.oracle.snapshot import OracleState, SetState
from olivepress.oracle.wire import Reason, ReportRefused, WireReport

_MAX_CLIENTS = 10_000


def read_report(wire: WireReport, domain: OracleDomain) -> SignedReport:
    """The report, when it is for this oracle. ReportRefused names the field."""
    for field, given, ours in (
        ("chain_id", wire.chain_id, domain.chain_id),
        ("oracle", wire.oracle.lower(), domain.oracle.lower()),
    ):
        if given != ours:
            raise ReportRefused(Reason.OTHER_ORACLE, field, getattr(wire, field), str(getattr(domain, field)))
    return wire.signed()


def check_signer(signed: SignedReport, domain: OracleDomain, state: OracleState) -> None:
    """Refuses a report that no operator of its feeds has signed."""
    operators = set_of(signed.report.feeds, state).operators
    if signed.operator not in operators:
        raise ReportRefused(
            Reason.UNKNOWN_OPERATOR, "operator", signed.operator, "one of " + ", ".join(operators)
        )
    try:
        recovered = recover_operator(signed, domain)
    except ValidationError as error:
        raise ReportRefused(Reason.BAD_SIGNATURE, "signature", error.value, error.allowed) from error
    if recovered != signed.operator:
        raise ReportRefused(
            Reason.BAD_SIGNATURE, "signature", "0x" + signed.signature.hex(), f"one of {signed.operator}"
        )


def check_time(signed: SignedReport, state: OracleState, *, now: int, early: int) -> None:
    """Refuses a report that the oracle will not take.

    :param now: unix seconds; the chain's time may be some way behind it
    :param early: seconds that an operator's clock may be ahead
    """
    report = signed.report
    version = set_of(report.feeds, state).version
    if report.version != version:
        raise ReportRefused(Reason.WRONG_VERSION, "version", str(report.version), str(version))
    oldest = state.block_time - state.max_lag
    after = max(state.feeds[feed].seen for feed in report.feeds)
    if report.observed_at <= after:
        raise ReportRefused(
            Reason.TOO_OLD, "observed_at", str(report.observed_at), f"after {after}, the oracle's last round"
        )
    if report.observed_at < oldest:
        raise ReportRefused(Reason.TOO_OLD, "observed_at", str(report.observed_at), f"{oldest} or later")
    latest = max(now, state.block_time) + early
    if report.observed_at > latest:
        raise ReportRefused(Reason.TOO_EARLY, "observed_at", str(report.observed_at), f"up to {latest}")


def set_of(feeds: tuple[int, ...], state: OracleState) -> SetState:
    """The operator set of all these feeds. ReportRefused when a feed is unknown or of another set."""
    for feed in feeds:
        if feed not in state.feeds:
            known = ", ".join(map(str, state.feeds)) or "none"
            raise ReportRefused(Reason.UNKNOWN_FEED, "values", str(feed), f"feeds of the oracle: {known}")
    numbers = {feed: state.feeds[feed].operator_set for feed in feeds}
    if len(set(numbers.values())) > 1:
        raise ReportRefused(Reason.UNKNOWN_FEED, "values", str(numbers), "feeds of one operator set")
    return state.sets[numbers[feeds[0]]]


class RateLimiter:
    """A bucket of requests for each client address, filled at a steady rate.

    An IPv6 client counts by its /64 network, as it can choose any address in it.
    """

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Takes one request out of the client's bucket: 0, or the seconds to wait when there is none."""
        name, now = _network(client), self._clock()
        left, at = self._buckets.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        allowed = left >= 1
        self._buckets[name] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else ceil((1 - left) / self._per_second)


def _network(client: str) -> str:
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return address.packed[:8].hex()
    return client
