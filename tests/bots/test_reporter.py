"""An operator reports what it knows, when it is due, once; a relay passes on what has a quorum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress.index import load
from olivepress.oracle.codec import OracleDomain, Report, SignedReport, recover_operator
from olivepress.prices import Kind, Quote, Unit
from olivepress_bots.market import Operator, derived_key
from olivepress_bots.reporter import ReporterConfig, ReporterView, decide, observe, rounds

CONFIG = ReporterConfig(interval=3600, grace=600)
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


def view(quotes: list[Quote], reported_at: int = 0) -> ReporterView:
    return ReporterView({2: quotes}, {2: GPU}, reported_at)


FIVE = offers("2.10", "2.50", "2.20", "2.40", "2.30")


def test_reports_the_median_of_its_own_quotes_for_the_scheduled_time() -> None:
    assert decide(view(FIVE), CONFIG, NOW + 30) == [Report(NOW, 1, {2: 230_000_000})]


@pytest.mark.parametrize("late", [601, 3599])
def test_a_round_is_not_reported_after_the_grace(late: int) -> None:
    assert decide(view(FIVE), CONFIG, NOW + late) == []


def test_a_round_is_reported_once() -> None:
    assert decide(view(FIVE, reported_at=NOW), CONFIG, NOW + 30) == []
    next_hour = decide(view(offers("2.1", "2.2", "2.3", at=NOW + 3600), reported_at=NOW), CONFIG, NOW + 3600)
    assert [report.observed_at for report in next_hour] == [NOW + 3600]


def test_says_nothing_when_it_does_not_know() -> None:
    assert decide(view([]), CONFIG, NOW) == []
    assert decide(view(offers("2.10", "2.20")), CONFIG, NOW) == []


def test_a_feed_without_a_value_does_not_hold_up_the_others() -> None:
    both = ReporterView({1: [], 2: FIVE}, {1: load("LLM-FLAGSHIP"), 2: GPU})
    assert [dict(report.values) for report in observe(both, CONFIG, NOW)] == [{2: 230_000_000}]


def test_quotes_from_the_future_do_not_count() -> None:
    later = offers("9", "9", "9", "9", at=NOW + 1)
    assert observe(view(FIVE + later), CONFIG, NOW) == observe(view(FIVE), CONFIG, NOW)


@given(st.integers(0, 10**6))
def test_all_operators_of_a_round_report_the_same_time(second: int) -> None:
    early, late = NOW + second, NOW + second + 5
    known = [
        quote
        for hours in range(-1, 300)
        for quote in offers("2.1", "2.2", "2.3", at=NOW + hours * 3600)
        if abs(quote.observed_at - datetime.fromtimestamp(early, UTC)) < timedelta(hours=2)
    ]
    times = {report.observed_at for now in (early, late) for report in decide(view(known), CONFIG, now)}
    assert all(time % 3600 == 0 for time in times)
    if early // 3600 == late // 3600:
        assert len(times) <= 1


def test_an_operator_signs_with_its_own_key() -> None:
    domain = OracleDomain(31337, "0x" + "11" * 20)
    operator = Operator(derived_key(1, "operator-1"), domain, CONFIG)
    (signed,) = operator.report(view(FIVE), NOW)
    assert recover_operator(signed, domain) == operator.signer.address
    assert operator.report_due(view(FIVE), NOW + 30) == [signed]
    assert operator.report_due(view(FIVE, reported_at=NOW), NOW + 30) == []
    assert derived_key(1, "operator-1").address == operator.signer.address
    assert derived_key(2, "operator-1").address != operator.signer.address


def signed(number: int, time: int, *feeds: int) -> SignedReport:
    return SignedReport(Report(time, 1, dict.fromkeys(feeds, 5)), f"0x{number:040x}", bytes(64))


def test_the_relay_passes_on_only_groups_that_fit_and_have_a_quorum() -> None:
    full = [signed(number, NOW, 1, 2) for number in range(1, 6)]
    partial = [signed(number, NOW, 2) for number in range(6, 8)]
    earlier = [signed(number, NOW - 60, 1, 2) for number in range(1, 6)]
    assert rounds([*full, *partial, *earlier], quorum=5) == [earlier, full]
    assert rounds(full[:4], quorum=5) == []
