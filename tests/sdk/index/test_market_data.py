"""GPU-H100-SXM on recorded market data: 957 half-hourly snapshots of providers' prices."""

from __future__ import annotations

import csv
import os
import statistics
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from olivepress.index import ProviderMedian, load
from olivepress.index.providers import select_providers
from olivepress.prices import Kind, Quote, Unit

SHARED = Path(os.environ.get("OLIVEPRESS_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")
FILE = SHARED / "gpu_30min_primeintellect_by_provider.csv"


def snapshots() -> dict[datetime, list[Quote]]:
    """Time of each snapshot -> its H100 SXM quotes; a snapshot without one is there, empty."""
    found: dict[datetime, list[Quote]] = defaultdict(list)
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            moment = datetime.fromisoformat(row["ts_utc"]).astimezone(UTC)
            quotes = found[moment]
            if row["gpu"] == "H100_80GB" and row["socket"] == "SXM5":
                price = Decimal(row["min_usd_per_gpu_hour"])
                quotes.append(
                    Quote(
                        row["provider"], "H100-SXM", price, Unit.GPU_HOUR, moment, FILE.name, kind=Kind.OFFER
                    )
                )
    return dict(sorted(found.items()))


def path(methodology: ProviderMedian, market: dict[datetime, list[Quote]]) -> list[Decimal]:
    """The values published, one a snapshot, each from the quotes of the last 24 hours."""
    values = []
    window: list[Quote] = []
    for moment, quotes in market.items():
        window = [q for q in window if (moment - q.observed_at).total_seconds() <= 86_400] + quotes
        # Only a provider's latest quotes can count; dropping the others keeps 957 steps quick.
        latest = {q.venue: q.observed_at for q in window}
        window = [q for q in window if q.observed_at == latest[q.venue]]
        value = select_providers(methodology, window, moment).value
        if value is not None:
            values.append(value)
    return values


def deviation(values: list[Decimal]) -> Decimal:
    """Standard deviation of the relative steps."""
    return statistics.pstdev([later / earlier - 1 for earlier, later in pairwise(values)])


def test_the_carry_calms_the_index_and_keeps_it_publishing() -> None:
    if not FILE.exists():
        pytest.skip(
            "the recorded GPU snapshots are not on this machine; set OLIVEPRESS_SHARED_DATA to their folder"
        )
    market = snapshots()
    assert len(market) == 957
    shipped = load("GPU-H100-SXM")
    assert isinstance(shipped, ProviderMedian)
    with_carry = path(shipped, market)
    without = path(shipped.model_copy(update={"carry_hours": 0, "fresh_minutes": 1}), market)
    assert len(with_carry) >= 957 * 99 / 100
    assert deviation(with_carry) * 4 <= deviation(without)
    assert Decimal("1.40") <= min(with_carry) <= max(with_carry) <= Decimal("4.27")
