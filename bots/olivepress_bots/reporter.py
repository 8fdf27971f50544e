"""An index operator as a pure function, for simulations without a chain.

On a chain the operators are those of `olivepress.oracle.operator`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from olivepress.index import AnyMethodology, compute
from olivepress.oracle.codec import Report
from olivepress.prices import Quote, Reading


class ReporterConfig(BaseModel):
    """Settings of one operator; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: int = Field(ge=1, le=86_400)
    """Observations are made when unix time is a multiple of this."""
    version: int = Field(default=1, ge=1)
    """Version of the operator set's methodologies, as the oracle wants it in every report."""


@dataclass(frozen=True, slots=True)
class ReporterView:
    """What one operator knows: for each feed its methodology and the quotes it has collected."""

    quotes: Mapping[int, Sequence[Quote]]
    methodologies: Mapping[int, AnyMethodology]


def observe(view: ReporterView, config: ReporterConfig, observed_at: int) -> list[Report]:
    """The report for one observation time, from the quotes known by then; none where no feed has a value."""
    values: dict[int, int] = {}
    moment = datetime.fromtimestamp(observed_at, UTC)
    for feed, methodology in view.methodologies.items():
        audit = compute(methodology, Reading(quotes=list(view.quotes.get(feed, ()))), moment)
        if audit.value_e8 is not None and audit.value_e8 > 0:
            values[feed] = audit.value_e8
    return [Report(observed_at, config.version, values)] if values else []
