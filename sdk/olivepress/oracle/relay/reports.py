"""The reports that a relay has collected, grouped into rounds, in a file that survives a crash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from olivepress.errors import ValidationError
from olivepress.files import AppendLog
from olivepress.oracle.codec import OracleDomain, SignedReport, recover_operator
from olivepress.oracle.wire import ReportRefused, WireReport

_COMPACT_FROM = 256


@dataclass(frozen=True, slots=True, order=True)
class RoundKey:
    """What reports must share to fit into one update."""

    observed_at: int
    version: int
    feeds: tuple[int, ...]

    @classmethod
    def of(cls, signed: SignedReport) -> RoundKey:
        """The round that a report belongs to."""
        return cls(signed.report.observed_at, signed.report.version, signed.report.feeds)


class Collection:
    """Checked reports by round and operator.

    :param path: the file; reports in it that are of another oracle, or not signed, are left out
    :param per_operator: most reports of one operator; beyond it its oldest go
    :param sync: what is taken survives a power cut too
    :raises ConfigurationError: a file that is damaged or held by another process
    """

    def __init__(self, path: Path, domain: OracleDomain, *, per_operator: int, sync: bool = True) -> None:
        self._domain = domain
        self._per_operator = per_operator
        self._rounds: dict[RoundKey, dict[str, SignedReport]] = {}
        self._by_operator: dict[str, set[RoundKey]] = defaultdict(set)
        self._lines = 0
        self._log = AppendLog(path, "reports", self._load, sync=sync)

    def __len__(self) -> int:
        return sum(map(len, self._rounds.values()))

    @property
    def rounds(self) -> Mapping[RoundKey, Mapping[str, SignedReport]]:
        """Report by operator, by round."""
        return self._rounds

    def find(self, signed: SignedReport) -> SignedReport | None:
        """What the operator that `signed` names has reported for the same round."""
        return self._rounds.get(RoundKey.of(signed), {}).get(signed.operator)

    def add(self, signed: SignedReport) -> None:
        """Takes a report that was checked; it is on the disk when this returns."""
        self._log.write(WireReport.of(signed, self._domain).model_dump())
        self._lines += 1
        self._keep(signed)

    def drop(self, keys: Iterable[RoundKey]) -> None:
        """Forgets rounds; now and then the file is written anew without them."""
        for key in keys:
            for operator in self._rounds.pop(key, {}):
                self._by_operator[operator].discard(key)
        if self._lines > _COMPACT_FROM + 2 * len(self):
            kept = [signed for reports in self._rounds.values() for signed in reports.values()]
            self._log.rewrite(WireReport.of(signed, self._domain).model_dump() for signed in kept)
            self._lines = len(kept)

    def close(self) -> None:
        """Lets the file go."""
        self._log.close()

    def _keep(self, signed: SignedReport) -> None:
        key = RoundKey.of(signed)
        self._rounds.setdefault(key, {})[signed.operator] = signed
        mine = self._by_operator[signed.operator]
        mine.add(key)
        if len(mine) > self._per_operator:
            oldest = min(mine)
            mine.remove(oldest)
            del self._rounds[oldest][signed.operator]
            if not self._rounds[oldest]:
                del self._rounds[oldest]

    def _load(self, record: Any) -> None:
        wire = WireReport.model_validate(record)
        self._lines += 1
        if (wire.chain_id, wire.oracle.lower()) != (self._domain.chain_id, self._domain.oracle.lower()):
            return
        try:
            signed = wire.signed()
            if recover_operator(signed, self._domain) == signed.operator:
                self._keep(signed)
        except (ReportRefused, ValidationError):
            return
