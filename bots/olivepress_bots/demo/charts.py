"""Time charts as plain SVG text: steps, bands, dots and shaded spans. Decimal in, no float, no dependency.

The same input gives the same bytes, so a repeated demo run gives the same page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from html import escape

DAY = 86_400
Point = tuple[int, Decimal]
"""(unix second, value)."""


@dataclass(frozen=True, slots=True)
class Line:
    """A value that holds from one point to the next, drawn as steps."""

    name: str
    css: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Band:
    """The span between a lower and an upper value at each time; None where one side is missing."""

    name: str
    css: str
    spans: Sequence[tuple[int, Decimal | None, Decimal | None]]


@dataclass(frozen=True, slots=True)
class Dot:
    """One event: a point with a size in pixels and a text shown on hover."""

    time: int
    value: Decimal
    radius: Decimal
    css: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything in one picture. `start` and `end` are unix seconds; `shade` is the span to colour, with its
    label."""

    title: str
    start: int
    end: int
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    dots: Sequence[Dot] = ()
    shade: tuple[int, int, str] | None = None
    level: tuple[int, Decimal, str] | None = None
    """A horizontal mark from this time to the end: (from, value, label)."""
    prefix: str = ""
    width: int = 1080
    height: int = 340
    with_zero: bool = False
    margins: tuple[int, int, int, int] = field(default=(16, 16, 28, 64))
    """Top, right, bottom, left, pixels."""


class _Scale:
    """Maps time and value to pixels."""

    def __init__(self, chart: Chart) -> None:
        values = _values(chart)
        low, high = min(values), max(values)
        pad = (high - low) / 12 or max(abs(high) / 20, Decimal(1))
        self.step = nice_step((high - low + 2 * pad) / 5)
        self.low = ((low - pad) / self.step).to_integral_value(ROUND_FLOOR) * self.step
        self.high = ((high + pad) / self.step).to_integral_value(ROUND_CEILING) * self.step
        if low >= 0 and self.low < 0:
            self.low = Decimal(0)
        self.top, right, bottom, self.left = chart.margins
        self.right, self.bottom = chart.width - right, chart.height - bottom
        self.start, self.span = chart.start, max(chart.end - chart.start, 1)

    def x(self, time: int) -> str:
        return _px(self.left + Decimal(time - self.start) * (self.right - self.left) / self.span)

    def y(self, value: Decimal) -> str:
        return _px(self.bottom - (value - self.low) * (self.bottom - self.top) / (self.high - self.low))


def nice_step(raw: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `raw`."""
    power = Decimal(1).scaleb(raw.adjusted())
    return next(
        power * m
        for m in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
        if power * m >= raw
    )


def render(chart: Chart) -> str:
    """The chart as an SVG element that takes the width of its container."""
    scale = _Scale(chart)
    parts = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" '
        f'aria-label="{escape(chart.title)}">',
        *_shade(chart, scale),
        *_axes(chart, scale),
        *(_band(band, scale, chart.end) for band in chart.bands),
        *(_line(line, scale, chart.end) for line in chart.lines),
        *(_dot(dot, scale) for dot in chart.dots),
        *_level(chart, scale),
        "</svg>",
    ]
    return "\n".join(parts)


def short_number(value: Decimal, prefix: str = "") -> str:
    """A number for an axis: 1,250,000 is 1.25M; the sign stands before the prefix."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    for limit, suffix in ((10**6, "M"), (10**4, "k")):
        if size >= limit:
            size /= limit if suffix == "M" else 1000
            return f"{sign}{prefix}{plain(size)}{suffix}"
    return f"{sign}{prefix}{plain(size)}"


def plain(value: Decimal) -> str:
    """A decimal without exponent and without needless zeros."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _values(chart: Chart) -> list[Decimal]:
    values = [value for line in chart.lines for _, value in line.points]
    values += [
        value for band in chart.bands for span in band.spans for value in span[1:] if value is not None
    ]
    values += [dot.value for dot in chart.dots]
    if chart.level is not None:
        values.append(chart.level[1])
    if chart.with_zero or not values:
        values.append(Decimal(0))
    return values


def _px(value: Decimal) -> str:
    return f"{value:.1f}"


def _shade(chart: Chart, scale: _Scale) -> list[str]:
    if chart.shade is None:
        return []
    start, end, label = chart.shade
    left, right = scale.x(start), scale.x(end)
    width = _px(Decimal(right) - Decimal(left))
    return [
        f'<rect class="shade" x="{left}" y="{scale.top}" width="{width}" '
        f'height="{scale.bottom - scale.top}"/>',
        f'<text class="shade-label" x="{_px(Decimal(left) + 6)}" y="{scale.top + 14}">{escape(label)}</text>',
    ]


def _axes(chart: Chart, scale: _Scale) -> list[str]:
    parts: list[str] = []
    value = scale.low
    while value <= scale.high:
        css = "zero" if value == 0 and scale.low < 0 else "grid"
        y = scale.y(value)
        parts.append(f'<line class="{css}" x1="{scale.left}" x2="{scale.right}" y1="{y}" y2="{y}"/>')
        label = escape(short_number(value, chart.prefix))
        parts.append(
            f'<text class="tick" text-anchor="end" x="{scale.left - 8}" '
            f'y="{_px(Decimal(y) + 4)}">{label}</text>'
        )
        value += scale.step
    days = max((chart.end - chart.start) // DAY, 1)
    every = next(n for n in (1, 2, 3, 5, 7, 10, 14, 1000) if days // n <= chart.width // 100)
    first = -(-chart.start // DAY) * DAY
    for time in range(first, chart.end + 1, every * DAY):
        label = f"{datetime.fromtimestamp(time, UTC):%d %b}"
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{scale.x(time)}" '
            f'y="{scale.bottom + 19}">{label}</text>'
        )
    return parts


def _steps(points: Sequence[Point], scale: _Scale, end: int) -> str:
    path: list[str] = []
    for time, value in points:
        x, y = scale.x(time), scale.y(value)
        path.append(f"H{x}V{y}" if path else f"M{x} {y}")
    path.append(f"H{scale.x(end)}")
    return "".join(path)


def _line(line: Line, scale: _Scale, end: int) -> str:
    if not line.points:
        return ""
    path = _steps(line.points, scale, end)
    return f'<path class="line {line.css}" d="{path}"><title>{escape(line.name)}</title></path>'


def _band(band: Band, scale: _Scale, end: int) -> str:
    """One closed outline for each unbroken run of spans."""
    path: list[str] = []
    run: list[tuple[int, Decimal, Decimal]] = []
    for time, low, high in (*band.spans, (end, None, None)):
        if low is not None and high is not None:
            run.append((time, low, high))
            continue
        if run:
            path.append(_outline(run, time, scale))
            run = []
    return f'<path class="band {band.css}" d="{"".join(path)}"><title>{escape(band.name)}</title></path>'


def _outline(run: Sequence[tuple[int, Decimal, Decimal]], end: int, scale: _Scale) -> str:
    upper = _steps([(time, high) for time, _, high in run], scale, end)
    back: list[str] = []
    for time, low, _ in reversed(run):
        back.append(f"V{scale.y(low)}H{scale.x(time)}")
    return f"{upper}{''.join(back)}Z"


def _dot(dot: Dot, scale: _Scale) -> str:
    return (
        f'<circle class="dot {dot.css}" cx="{scale.x(dot.time)}" cy="{scale.y(dot.value)}" '
        f'r="{_px(dot.radius)}"><title>{escape(dot.text)}</title></circle>'
    )


def _level(chart: Chart, scale: _Scale) -> list[str]:
    if chart.level is None:
        return []
    start, value, label = chart.level
    y = scale.y(value)
    return [
        f'<line class="level" x1="{scale.x(start)}" x2="{scale.right}" y1="{y}" y2="{y}"/>',
        f'<text class="level-label" text-anchor="end" x="{scale.right - 4}" y="{_px(Decimal(y) - 6)}">'
        f"{escape(label)}</text>",
    ]
