"""A picture of an index: values as steps, spans without one shaded, the windows of listed series.

Needs matplotlib (`pip install "olivepress[chart]"`), loaded only when something is drawn, and no display. The
numbers are Decimals up to the drawing; pixels are matplotlib's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from olivepress.errors import ConfigurationError, ValidationError
from olivepress.oracle.past import IndexPoint, Past, RoundStatus
from olivepress.units import plain, to_datetime

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")

_INK, _DIM, _LINE = "#1d2b3a", "#6b7785", "#1f5fa8"
_STALE, _WINDOW, _CONFIRMED, _DROPPED = "#d1495b", "#3c7d5a", "#e08e0b", "#d1495b"
#: With more values than this, single ones are no longer marked.
_DOTS = 150
#: Inches: of the axes, and of a letter in a window's name. Where there is no room, the name stands upright.
_WIDTH, _LETTER = Decimal(10), Decimal("0.062")


@dataclass(frozen=True, slots=True)
class Window:
    """The averaging window of a series, [start, end) in unix seconds."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw.

    :param title: name of the index
    :param unit: what a value is, such as "USD per GPU-hour"
    :param source: where the values are from; stands below the picture
    :param windows: averaging windows to shade
    """

    title: str
    past: Past
    start: int
    end: int
    unit: str = "USD"
    source: str = ""
    windows: Sequence[Window] = ()


def save(picture: Picture, path: Path) -> None:
    """Draws into a file; its suffix is one of FORMATS.

    :raises ValidationError: another suffix, or nothing to draw
    :raises ConfigurationError: matplotlib is not installed
    """
    if path.suffix.lower() not in FORMATS:
        raise ValidationError("out", path.name, "a name that ends in " + ", ".join(FORMATS))
    if not any(point.status.in_force for point in picture.past.rounds):
        raise ValidationError("feed", picture.title, "a feed with a value in the time asked for")
    try:
        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            'a picture needs matplotlib: pip install "olivepress[chart]", or use `index history`'
        ) from error
    # Text stays text in an SVG, and the same picture is the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "olivepress"}):
        figure = Figure(figsize=(12, 6), dpi=150, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
        draw(picture, figure.add_subplot())
        _frame(picture, figure)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=_metadata(path))


def draw(picture: Picture, axes: Axes) -> None:
    """Draws onto axes of yours."""
    _spans(picture, axes)
    _values(picture, axes)
    _rounds(picture, axes)
    _windows(picture, axes)
    _dress(picture, axes)


def _spans(picture: Picture, axes: Axes) -> None:
    label: str | None = "no fresh value: counts in no average"
    for start, end in picture.past.stale_spans():
        if end > picture.start:
            axes.axvspan(_x(start), _x(end), color=_STALE, alpha=0.16, lw=0, label=label)
            label = None


def _values(picture: Picture, axes: Axes) -> None:
    """A thick step line where values are fresh, a thin dotted one where the last value is too old."""
    solid: list[tuple[Any, Any]] = []
    dotted: list[tuple[Any, Any]] = []
    for step in picture.past.steps():
        value = step.point.value
        solid += [(_x(step.point.time), value), (_x(step.stale_from), value)]
        if step.stale:
            solid.append((_x(step.stale_from), Decimal("nan")))
            dotted += [(_x(step.stale_from), value), (_x(step.end), value), (_x(step.end), Decimal("nan"))]
    _plot(axes, solid, color=_LINE, lw=1.8, label="published value", solid_joinstyle="miter", zorder=3)
    _plot(axes, dotted, color=_LINE, lw=1, ls=":", alpha=0.7, zorder=3)


def _rounds(picture: Picture, axes: Axes) -> None:
    rounds = picture.past.rounds
    styles: dict[RoundStatus, tuple[str, dict[str, Any]]] = {
        RoundStatus.CONFIRMED: (
            "beyond the bound, confirmed by a second round",
            {"marker": "D", "color": _CONFIRMED, "markeredgecolor": "white", "markersize": 8},
        ),
        RoundStatus.DROPPED: (
            "beyond the bound, not confirmed: never counted",
            {"marker": "x", "color": _DROPPED, "markersize": 7, "markeredgewidth": 1.8},
        ),
        RoundStatus.PENDING: (
            "beyond the bound, waits for a second round",
            {"marker": "o", "color": "white", "markeredgecolor": _CONFIRMED, "markersize": 8},
        ),
    }
    if len(rounds) <= _DOTS:
        accepted = [_dot(point) for point in rounds if point.status is RoundStatus.ACCEPTED]
        _plot(axes, accepted, ls="", marker=".", markersize=5, color=_LINE, zorder=4)
    for status, (label, style) in styles.items():
        dots = [_dot(point) for point in rounds if point.status is status and point.time >= picture.start]
        if dots:
            _plot(axes, dots, ls="", label=f"{label} ({len(dots)})", zorder=5, **style)


def _windows(picture: Picture, axes: Axes) -> None:
    """Shades each window and draws the average of what was published in it so far."""
    label: str | None = "averaging window of a series, and its average"
    for number, window in enumerate(picture.windows):
        start, end = max(window.start, picture.start), min(window.end, picture.end)
        if end <= start:
            continue
        axes.axvspan(_x(start), _x(end), color=_WINDOW, alpha=(0.12, 0.06)[number % 2], lw=0, zorder=0)
        average, coverage = picture.past.average(window.start, min(window.end, picture.past.until))
        lines = [window.symbol.removeprefix(f"{picture.title}-")]
        if average is not None:
            level = [(_x(start), average), (_x(end), average)]
            _plot(axes, level, color=_WINDOW, lw=1.6, ls="--", label=label)
            label = None
            so_far = "" if window.end <= picture.past.until else " so far"
            lines += [f"{_short(average)}{so_far}", f"{_percent(coverage)} fresh"]
        elif window.end <= picture.past.until:
            lines.append("none fresh")
        room = _WIDTH * (end - start) / (picture.end - picture.start)
        fits = all(len(line) * _LETTER < room for line in lines)
        axes.annotate(
            "\n".join(lines) if fits else lines[0],
            (_x(start), 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -6),
            textcoords="offset points",
            va="top",
            rotation=0 if fits else 90,
            fontsize=8,
            color=_WINDOW,
        )


def _dress(picture: Picture, axes: Axes) -> None:
    from matplotlib import dates
    from matplotlib.ticker import StrMethodFormatter

    untyped: Any = dates
    locator = untyped.AutoDateLocator(tz=UTC, minticks=5, maxticks=12)
    axes.xaxis.set_major_locator(locator)
    formats = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
    first = ["", "%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M"]  # of the year, month, day, hour, ...
    axes.xaxis.set_major_formatter(
        untyped.ConciseDateFormatter(locator, tz=UTC, formats=formats, zero_formats=first, show_offset=False)
    )
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.set_xlim(_x(picture.start), _x(picture.end))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) / 7)  # room for the windows' names
    axes.set_ylabel(picture.unit, color=_INK)
    axes.grid(axis="y", color="#e4e8ec", lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    last = picture.past.steps()[-1]
    axes.annotate(
        _short(last.point.value),
        (_x(min(last.end, picture.end)), last.point.value),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=_LINE,
        fontweight="bold",
        annotation_clip=False,
    )


def _frame(picture: Picture, figure: Figure) -> None:
    """Title, figures of the whole, legend and source: the picture is read alone."""
    past = picture.past
    inside = [
        point for point in past.rounds if point.status.in_force and picture.start <= point.time < picture.end
    ]
    average, coverage = past.average(picture.start, min(picture.end, past.until))
    span = f"{to_datetime(picture.start):%Y-%m-%d %H:%M} to {to_datetime(picture.end):%Y-%m-%d %H:%M} UTC"
    facts = [span, f"{len(inside)} values", f"{_percent(coverage)} of the time fresh"]
    if average is not None:
        facts.append(f"average {_short(average)}")
    axes = figure.axes[0]
    axes.set_title(picture.title, loc="left", fontsize=15, fontweight="bold", color=_INK, pad=26)
    axes.annotate(
        " · ".join(facts),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 10),
        textcoords="offset points",
        color=_DIM,
        fontsize=10,
    )
    figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9, labelcolor=_INK)
    if picture.source:
        figure.supxlabel(picture.source, x=0.995, ha="right", fontsize=8, color=_DIM)


def _plot(axes: Axes, points: Sequence[tuple[Any, Any]], **style: Any) -> None:
    axes.plot([x for x, _ in points], [y for _, y in points], **style)


def _dot(point: IndexPoint) -> tuple[Any, Any]:
    return _x(point.time), point.value


def _x(time: int) -> Any:
    return to_datetime(time)


def _short(value: Decimal) -> str:
    """Six digits, without needless zeros."""
    digits = max(0, 5 - value.adjusted())
    return f"{Decimal(plain(round(value, digits))):,f}"


def _percent(share: Decimal) -> str:
    return f"{plain(round(100 * share, 2))}%"


def _metadata(path: Path) -> dict[str, Any]:
    """No date in the file."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
