"""The pictures themselves, with matplotlib: imported by the process that draws and by nobody else.

They are looked at on a phone held upright: 1080 pixels wide, large letters, few ticks. What money it is about stands
in words above, and across the picture where it is none: paper is never taken for real.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chatbot.charts.data import Bars, Course, Curve, Drawing, Head, Series, Theme

DOTS_PER_INCH = 100
WIDTH, HEIGHT, TALL = 10.8, 10.8, 13.5  # inches: 1080 pixels wide
TICKS_MAX = 5
MARKED_POINTS_MAX = 40  # a curve of more points shows no dot for each
VALUED_BARS_MAX = 7  # more bars than these have no figure each
TITLE, FIGURE, WORDS, TICK, STAMP = 34, 40, 21, 20, 96  # sizes of letters, points
EXACT_BARS_MAX = 3  # more bars than these have no room for the cents of large figures
LINE = 0.40  # inches, of words
ALONE = timedelta(minutes=30)  # of time on either side of what happened at one moment
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of matplotlib's dates, on the owner's wall clock as all times here
DAY = timedelta(days=1)

mpl.rcParams.update({"text.parse_math": False, "font.family": "DejaVu Sans"})


@dataclass(frozen=True, slots=True)
class Colours:
    """Of one theme. Gain and loss differ in brightness too: not everybody sees red and green apart."""

    ground: str
    ink: str
    quiet: str
    grid: str
    gain: str
    loss: str
    yes: str
    no: str


_THEMES: dict[Theme, Colours] = {
    "dark": Colours("#12161c", "#f2f4f7", "#a9b4c2", "#2c3440", "#4ade80", "#f0616d", "#38bdf8", "#fbbf24"),
    "light": Colours("#ffffff", "#14181f", "#525c6b", "#dfe3e8", "#15803d", "#c81e3a", "#0369a1", "#b45309"),
}


def png(drawing: Drawing) -> bytes:
    """The drawing as a PNG."""
    figure = Figure(figsize=(WIDTH, TALL if isinstance(drawing, Course) else HEIGHT), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    colours = _THEMES[drawing.head.theme]
    figure.set_facecolor(colours.ground)
    _headed(figure, drawing.head, colours)
    match drawing:
        case Curve():
            _curve(_panel(figure, colours, (0.05, 0.82)), drawing, colours)
        case Bars():
            _bars(_panel(figure, colours, (0.05, 0.82)), drawing, colours)
        case Course():
            _course(figure, drawing, colours)
    written = BytesIO()
    figure.savefig(written, format="png", facecolor=colours.ground)
    return written.getvalue()


# --- what all have --------------------------------------------------------------------------------------------------


def _headed(figure: Figure, head: Head, colours: Colours) -> None:
    """Title, what money it is, when; and the one figure at the right."""
    high = float(figure.get_size_inches()[1])
    top = 1 - 0.30 / high
    figure.text(0.04, top, head.title, size=TITLE, weight="bold", color=colours.ink, va="top")
    figure.text(0.04, top - 0.68 / high, head.place, size=WORDS, weight="bold", color=colours.ink, va="top")
    below = top - (1.08 + LINE * head.place.count("\n")) / high
    figure.text(0.04, below, head.at, size=WORDS, color=colours.quiet, va="top")
    said = {1: colours.gain, -1: colours.loss}.get(head.sign, colours.ink)
    figure.text(0.97, top, head.figure, size=FIGURE, weight="bold", color=said, va="top", ha="right")
    faint: dict[str, Any] = {"weight": "bold", "color": colours.ink, "alpha": 0.08, "ha": "center", "va": "center"}
    figure.text(0.55, 0.42, head.stamp, rotation=30, size=STAMP, **faint)


def _panel(figure: Figure, colours: Colours, span: tuple[float, float]) -> Axes:
    """Axes over the whole width between these heights (shares of the picture's)."""
    low, high = span
    axes = figure.add_axes((0.15, low + 0.03, 0.80, high - low - 0.03))
    axes.set_facecolor("none")
    axes.grid(axis="y", color=colours.grid, linewidth=1.5)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(labelsize=TICK, colors=colours.quiet, length=0, pad=8)
    axes.tick_params(axis="x", pad=16)  # clear of the lowest label beside it
    axes.yaxis.set_major_locator(MaxNLocator(TICKS_MAX, steps=[1, 2, 5, 10], min_n_ticks=3))
    return axes


def _empty(axes: Axes, text: str, colours: Colours) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, size=WORDS, color=colours.quiet, ha="center", va="center")
    axes.set_yticks([])
    axes.set_xticks([])


def _dollars(value: float, digits: int = 2) -> str:
    return f"{'-' if value < -0.004 else ''}${abs(value):,.{digits}f}"


def _in_dollars(axes: Axes) -> None:
    """Ticks in whole dollars where the axis spans many, else with as many digits as tell one from the next."""
    low, high = axes.get_ylim()
    digits = 0 if high - low >= TICKS_MAX else max(2, math.ceil(1 - math.log10(high - low)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _dollars(value, digits)))


def _cents(value: float, _: object = None) -> str:
    return f"{value:g}¢"


def _timed(axes: Axes, first: datetime, last: datetime) -> None:
    """Few ticks, written as fits what they span."""
    span = last - first
    room = span * 0.03 or ALONE
    axes.set_xlim(_number(first - room), _number(last + room))
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=2, maxticks=TICKS_MAX))  # type: ignore[no-untyped-call]
    few = timedelta(hours=30), timedelta(days=4)
    _dated(axes, "%H:%M" if span < few[0] else "%d %b\n%H:%M" if span < few[1] else "%d %b")


def _dated(axes: Axes, written: str) -> None:
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{EPOCH + number * DAY:{written}}"))


def _number(at: datetime) -> float:
    """The moment as matplotlib counts: in days."""
    return (at - EPOCH) / DAY


def _unzipped(series: Series) -> tuple[list[float], list[float]]:
    return [_number(at) for at, _ in series], [value for _, value in series]


def _roomy(axes: Axes, values: Sequence[float]) -> None:
    """All of these and 0, with room above and below."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.12 or 1.0
    axes.set_ylim(low - room, high + room)
    _in_dollars(axes)


# --- the three pictures ---------------------------------------------------------------------------------------------


def _curve(axes: Axes, drawing: Curve, colours: Colours) -> None:
    if not drawing.points:
        return _empty(axes, "No trade was closed yet.", colours)
    times, sums = _unzipped(drawing.points)
    times, sums = [times[0], *times], [0.0, *sums]  # from 0, at the first close
    line = colours.gain if sums[-1] >= 0 else colours.loss
    axes.axhline(0, color=colours.quiet, linewidth=2)
    axes.plot(times, sums, color=line, linewidth=4, drawstyle="steps-post", solid_capstyle="round")
    axes.fill_between(times, sums, step="post", color=line, alpha=0.15)
    if len(times) <= MARKED_POINTS_MAX:
        axes.plot(times[1:], sums[1:], "o", color=line, markersize=11)
    _roomy(axes, sums)
    _timed(axes, drawing.points[0][0], drawing.points[-1][0])
    return None


def _bars(axes: Axes, drawing: Bars, colours: Colours) -> None:
    if not drawing.days:
        return _empty(axes, "No trade was closed yet.", colours)
    values = [value for _, value in drawing.days]
    places = [(day - EPOCH.date()).days for day, _ in drawing.days]
    paint = [colours.gain if value >= 0 else colours.loss for value in values]
    drawn = axes.bar(places, values, width=0.8, color=paint)
    axes.axhline(0, color=colours.quiet, linewidth=2)
    if len(values) <= VALUED_BARS_MAX:
        said = [_dollars(v, 2 if abs(v) < 10 or len(values) <= EXACT_BARS_MAX else 0) for v in values]
        axes.bar_label(drawn, said, size=TICK, color=colours.ink, padding=6)
    _roomy(axes, values)
    axes.set_xlim(min(places) - 1.5, max(places) + 1.5)
    axes.set_xticks(_few(places))
    _dated(axes, "%d %b")
    return None


def _few(places: Sequence[int]) -> range:
    """At most TICKS_MAX of the days from the first to the last one, evenly."""
    span = places[-1] - places[0]
    return range(places[0], places[-1] + 1, max(-(-span // (TICKS_MAX - 1)), 1))


def _course(figure: Figure, drawing: Course, colours: Colours) -> None:
    above, below = (_panel(figure, colours, span) for span in ((0.48, 0.81), (0.03, 0.41)))
    _spot(above, drawing, colours)
    _touch(below, drawing, colours)
    for axes, name in ((above, "Spot, dollars"), (below, "YES, cents")):
        axes.set_title(name, loc="left", size=WORDS, color=colours.quiet, pad=12)
        if axes.lines or axes.collections:
            _timed(axes, drawing.opens, drawing.closes)


def _spot(axes: Axes, drawing: Course, colours: Colours) -> None:
    if not drawing.spot:
        return _empty(axes, "No spot price was seen.", colours)
    times, prices = _unzipped(drawing.spot)
    axes.plot(times, prices, color=colours.ink, linewidth=3.5)
    if drawing.strike is not None:
        axes.axhline(drawing.strike, color=colours.no, linewidth=3, linestyle="--")
        text, place = f"strike {_dollars(drawing.strike)}", (0.99, drawing.strike)
        where = axes.get_yaxis_transform()
        axes.text(*place, text, transform=where, size=TICK, color=colours.no, ha="right", va="bottom")
    axes.margins(y=0.15)
    _in_dollars(axes)
    return None


def _touch(axes: Axes, drawing: Course, colours: Colours) -> None:
    if not (drawing.bid or drawing.ask or drawing.marks):
        return _empty(axes, "No quote was seen.", colours)
    for series in (drawing.bid, drawing.ask):
        times, cents = _unzipped(series)
        axes.plot(times, cents, color=colours.quiet, linewidth=3, drawstyle="steps-post")
    for mark in drawing.marks:
        colour = colours.yes if mark.yes else colours.no
        axes.plot([_number(mark.at)], [mark.cents], "o", markersize=20, color=colour, markeredgecolor=colours.ground)
    _written(axes, drawing, colours)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.yaxis.set_major_formatter(FuncFormatter(_cents))
    return None


def _written(axes: Axes, drawing: Course, colours: Colours) -> None:
    """What each fill was, beside it, on the side with more room."""
    middle = drawing.opens + (drawing.closes - drawing.opens) / 2
    for mark in drawing.marks[-3:]:
        left = mark.at > middle
        axes.annotate(
            mark.text,
            (_number(mark.at), mark.cents),
            xytext=(-18 if left else 18, 18 if mark.cents < 80 else -24),
            textcoords="offset points",
            ha="right" if left else "left",
            size=WORDS,
            weight="bold",
            color=colours.yes if mark.yes else colours.no,
        )
