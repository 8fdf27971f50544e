"""An index operator: computes values from quotes, signs them, and a relay hands the signed reports on.

Every operator works alone, with its own quotes and its own key. All reports of one round carry the same
observation time, taken from a common schedule, so nobody has to agree on anything before signing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from olivepress.index import AnyMethodology, compute
from olivepress.oracle.codec import Report, SignedReport
from olivepress.prices import Quote, Reading


class ReporterConfig(BaseModel):
    """Settings of one operator; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: int = Field(ge=1, le=86_400)
    """Observations are made when unix time is a multiple of this."""
    version: int = Field(default=1, ge=1)
    """Version of the operator set's methodologies, as the oracle wants it in every report."""
    grace: int = Field(default=600, ge=0)
    """A round is still reported this long after its observation time."""


@dataclass(frozen=True, slots=True)
class ReporterView:
    """What one operator knows: for each feed its methodology and the quotes it has collected.

    `reported_at` is the observation time of its last report, 0 before the first.
    """

    quotes: Mapping[int, Sequence[Quote]]
    methodologies: Mapping[int, AnyMethodology]
    reported_at: int = 0


def decide(view: ReporterView, config: ReporterConfig, now: int) -> list[Report]:
    """The report that is due, unsigned; nothing when none is due or no feed has a value. Pure.

    A feed without enough quotes is left out: an operator says nothing rather than something it does not know.
    """
    due = now - now % config.interval
    if due <= view.reported_at or now - due > config.grace:
        return []
    return observe(view, config, due)


def observe(view: ReporterView, config: ReporterConfig, observed_at: int) -> list[Report]:
    """The report for one observation time, from the quotes known by then. Also used for a confirming
    round."""
    values: dict[int, int] = {}
    moment = datetime.fromtimestamp(observed_at, UTC)
    for feed, methodology in view.methodologies.items():
        audit = compute(methodology, Reading(quotes=list(view.quotes.get(feed, ()))), moment)
        if audit.value_e8 is not None and audit.value_e8 > 0:
            values[feed] = audit.value_e8
    return [Report(observed_at, config.version, values)] if values else []


def rounds(reports: Iterable[SignedReport], quorum: int) -> list[list[SignedReport]]:
    """The relay: groups reports that fit into one update (same time, version and feeds) and drops short
    groups.

    Oldest first, as the oracle's time only rises.
    """
    groups: dict[tuple[int, int, tuple[int, ...]], list[SignedReport]] = defaultdict(list)
    for signed in reports:
        report = signed.report
        groups[(report.observed_at, report.version, tuple(sorted(report.values)))].append(signed)
    return [group for _, group in sorted(groups.items()) if len(group) >= quorum]
