"""The page: self-contained, repeatable, says what is simulated, and shows every number of the report."""

from __future__ import annotations

import copy
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olivepress_bots.demo.charts import Band, Chart, Dot, Line, nice_step, render, short_number
from olivepress_bots.demo.page import money, render_page
from sample_report import START, sample_report


def test_page_is_self_contained_and_repeatable() -> None:
    page = render_page(sample_report())
    assert page == render_page(sample_report())
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)


def test_every_chart_is_well_formed() -> None:
    charts = re.findall(r"<svg.*?</svg>", render_page(sample_report()), re.DOTALL)
    assert len(charts) == 6
    for chart in charts:
        assert ElementTree.fromstring(chart).get("viewBox")


def test_simulated_prices_are_called_simulated() -> None:
    page = render_page(sample_report())
    assert page.count('class="badge simulated">simulated prices<') == 1
    assert page.count('class="badge real">real recorded prices<') == 1
    assert page.count("GPU-H100-SXM-AUG25 (simulated) settled at") == 1


def test_headline_numbers_are_shown() -> None:
    page = render_page(sample_report())
    for text in (
        "3,000,000.000000 in",
        "2,999,990.500000 out",
        "9.499998 fees",
        "0.000002 dust",
        "-39,000.000000",
    ):
        assert text in page


def test_a_mismatch_is_shown_as_one() -> None:
    report = copy.deepcopy(sample_report())
    report["series"][0]["settlement_price_recomputed"] = "9.999"
    report["conservation_ok"] = False
    page = render_page(report)
    assert "DIFFERS from $9.999" in page
    assert "DOES NOT ADD UP" in page
    assert page.count('class="card bad"') == 2


def test_names_are_escaped() -> None:
    report = copy.deepcopy(sample_report())
    report["accounts"][0]["name"] = "<script>alert(1)</script>"
    assert "<script>" not in render_page(report)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.decimals(-(10**9), 10**9, places=3)), min_size=1, max_size=20
    ),
    st.booleans(),
)
def test_everything_stays_inside_the_picture(points: list[tuple[int, Decimal]], with_zero: bool) -> None:
    points.sort()
    low = min(value for _, value in points)
    chart = Chart(
        "any",
        START,
        START + 10**6,
        lines=[Line("line", "index", [(START + time, value) for time, value in points])],
        bands=[Band("band", "best", [(START + time, low, value) for time, value in points])],
        dots=[Dot(START + time, value, Decimal(2), "buy", "a trade") for time, value in points],
        with_zero=with_zero,
    )
    tree = ElementTree.fromstring(render(chart))
    for circle in tree.iter("circle"):
        assert 0 <= Decimal(circle.attrib["cx"]) <= chart.width
        assert 0 <= Decimal(circle.attrib["cy"]) <= chart.height
    for path in tree.iter("path"):
        for x in re.findall(r"H(-?[\d.]+)", path.attrib["d"]):
            assert 0 <= Decimal(x) <= chart.width
        for y in re.findall(r"V(-?[\d.]+)", path.attrib["d"]):
            assert 0 <= Decimal(y) <= chart.height


@given(st.decimals("0.0001", 10**9, places=4))
def test_steps_of_an_axis_are_round_and_near(raw: Decimal) -> None:
    step = nice_step(raw)
    assert raw <= step < raw * Decimal("2.51")
    assert step.normalize().as_tuple().digits in {(1,), (2,), (2, 5), (5,)}


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "$0"), ("3.500", "$3.5"), ("-2500", "-$2,500"), ("25000", "$25k"), ("-1250000", "-$1.25M")],
)
def test_axis_numbers(value: str, text: str) -> None:
    assert short_number(Decimal(value), "$") == text


def test_money_keeps_every_unit() -> None:
    assert money(-1_234_567_890_123, 6, sign=True) == "-1,234,567.890123"
    assert money(5, 6) == "0.000005"
