"""The operator of simulations reports what it knows, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from olivepress.index import load
from olivepress.oracle.codec import Report
from olivepress.prices import Kind, Quote, Unit
from olivepress_bots.reporter import ReporterConfig, ReporterView, observe

CONFIG = ReporterConfig(interval=3600)
NOW = 1_754_006_400  # a whole hour
GPU = load("GPU-H100-SXM")


def offers(*prices: str, at: int = NOW) -> list[Quote]:
    """One offer a provider."""
    moment = datetime.fromtimestamp(at, UTC)
    return [
        Quote(
            f"cloud-{number}", "H100-SXM", Decimal(price), Unit.GPU_HOUR, moment, "simulated", kind=Kind.OFFER
        )
        for number, price in enumerate(prices)
    ]


def view(quotes: list[Quote]) -> ReporterView:
    return ReporterView({2: quotes}, {2: GPU})


FIVE = offers("2.10", "2.50", "2.20", "2.40", "2.30")


def test_reports_the_median_of_its_own_quotes_for_the_scheduled_time() -> None:
    assert observe(view(FIVE), CONFIG, NOW) == [Report(NOW, 1, {2: 230_000_000})]


def test_says_nothing_when_it_does_not_know() -> None:
    assert observe(view([]), CONFIG, NOW) == []
    assert observe(view(offers("2.10", "2.20")), CONFIG, NOW) == []


def test_a_feed_without_a_value_does_not_hold_up_the_others() -> None:
    both = ReporterView({1: [], 2: FIVE}, {1: load("LLM-FLAGSHIP"), 2: GPU})
    assert [dict(report.values) for report in observe(both, CONFIG, NOW)] == [{2: 230_000_000}]


def test_quotes_from_the_future_do_not_count() -> None:
    later = offers("9", "9", "9", "9", at=NOW + 1)
    assert observe(view(FIVE + later), CONFIG, NOW) == observe(view(FIVE), CONFIG, NOW)
