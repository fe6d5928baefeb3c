"""The pictures of a backtest's page, with matplotlib: wide enough for a desk, with letters large enough for a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from io import BytesIO

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from trading.domain.statistics import Tally
from trading.research.report import Report, thinned

SIZE = (10.8, 8.1)  # inches
DOTS_PER_INCH = 100
INK, QUIET, GRID, GAIN, LOSS, LINE = "#14181f", "#525c6b", "#dfe3e8", "#15803d", "#c81e3a", "#0369a1"
LETTERS = 25  # points: a phone shows the picture at a third of its size
TICKS_MAX = 5
BARS_NAMED_MAX = 6
BARS_MIN = 6  # so much room, where there are fewer


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as a PNG, its title, and what it shows in one sentence."""

    title: str
    caption: str
    png: bytes


def pictures(told: Report, zone: tzinfo) -> Iterator[Drawn]:
    """All pictures of a report that has trades."""
    if not told.points:
        return
    yield Drawn(
        "Equity and drawdown",
        "The sum of all profits after fees, and below it how far it had fallen from its highest until then.",
        _figure(lambda figure: _equity(figure, told, zone)),
    )
    yield Drawn(
        "Does it win more than it must?",
        "How often trades of each price won, with the 95 % interval, against the line at which price and fees leave "
        "nothing.",
        _figure(lambda figure: _calibration(_axes(figure), told)),
    )
    yield Drawn(
        "Profit a trade",
        "The mean and its 95 % interval by bootstrap: an interval that holds 0 does not differ from luck.",
        _figure(lambda figure: _intervals(_axes(figure), told)),
    )
    yield Drawn(
        "By price paid", "Profit after fees by bands of 5 cents.", _bars([(b.name, b.tally) for b in told.bands])
    )
    yield Drawn("By hour", "Profit after fees by the hour in which the trade was opened.", _bars(told.hours))


def _figure(draw: Callable[[Figure], None]) -> bytes:
    figure = Figure(figsize=SIZE, dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    written = BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _axes(figure: Figure) -> Axes:
    return _styled(figure.add_subplot())


def _styled(axes: Axes) -> Axes:
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(labelsize=LETTERS, colors=QUIET, length=0)
    axes.yaxis.set_major_locator(MaxNLocator(TICKS_MAX))
    return axes


def _equity(figure: Figure, told: Report, zone: tzinfo) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    points = thinned(told.points)
    times = [at.astimezone(zone).replace(tzinfo=None) for at, _ in points]
    sums = [float(total) for _, total in points]
    colour = GAIN if sums[-1] >= 0 else LOSS
    above.plot(times, sums, color=colour, linewidth=3, drawstyle="steps-post")
    above.axhline(0, color=QUIET, linewidth=1.5)
    cut = told.parts[0].last.astimezone(zone).replace(tzinfo=None)
    above.axvline(cut, color=QUIET, linewidth=1.5, linestyle=":")
    falls = [value - max(0.0, *sums[: number + 1]) for number, value in enumerate(sums)]
    below.fill_between(times, falls, color=LOSS, alpha=0.35, step="post")
    for axes in (above, below):
        _styled(axes)
        _in_dollars(axes)
    below.yaxis.set_major_locator(MaxNLocator(2))
    locator = dates.AutoDateLocator(minticks=2, maxticks=TICKS_MAX)  # type: ignore[no-untyped-call]
    below.xaxis.set_major_locator(locator)
    below.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    below.xaxis.get_offset_text().set_size(LETTERS)


def _calibration(axes: Axes, told: Report) -> None:
    bands = [band for band in told.bands if band.tally.rate is not None]
    paid = [100 * float(band.paid) for band in bands]
    rates = [100 * float(band.tally.rate or 0) for band in bands]
    lows, highs = zip(*[band.tally.interval for band in bands], strict=True) if bands else ((), ())
    spread = [
        [rate - 100 * float(low) for rate, low in zip(rates, lows, strict=True)],
        [100 * float(high) - rate for rate, high in zip(rates, highs, strict=True)],
    ]
    axes.plot([0, 100], [0, 100], color=GRID, linewidth=2, label="a fair price")
    needed = [100 * float(band.tally.needed or 0) for band in bands]
    axes.plot(paid, needed, color=LOSS, linewidth=2.5, marker="_", markersize=30, label="break-even, with fees")
    axes.errorbar(paid, rates, yerr=spread, fmt="o", color=LINE, markersize=14, linewidth=4, capsize=9, label="won")
    low, high = min([*paid, *rates], default=0), max([*paid, *rates], default=100)
    axes.set_xlim(max(low - 10, 0), min(high + 10, 100))
    axes.set_ylim(max(low - 20, 0), min(high + 20, 100))
    axes.set_xlabel("paid, cents", size=LETTERS, color=QUIET)
    axes.set_ylabel("won, %", size=LETTERS, color=QUIET)
    axes.legend(fontsize=LETTERS - 4, loc="lower right")


def _intervals(axes: Axes, told: Report) -> None:
    parts = [part for part in (told.whole, *told.parts) if part.luck.trades]
    for place, part in enumerate(reversed(parts)):
        luck = part.luck
        colour = GAIN if luck.low > 0 else LOSS if luck.high < 0 else LINE
        axes.plot([luck.low, luck.high], [place, place], color=colour, linewidth=7, solid_capstyle="round")
        axes.plot([luck.mean], [place], "o", color=INK, markersize=13)
    axes.axvline(0, color=QUIET, linewidth=2)
    axes.set_yticks(range(len(parts)), [f"{part.name}\n{part.luck.trades:,}" for part in reversed(parts)])
    axes.set_ylim(-0.6, len(parts) - 0.4)
    axes.set_xlabel("dollars a trade, after fees", size=LETTERS, color=QUIET)


def _bars(groups: Sequence[tuple[str, Tally]]) -> bytes:
    def draw(figure: Figure) -> None:
        axes = _axes(figure)
        profits = [float(tally.profit) for _, tally in groups]
        axes.bar(range(len(groups)), profits, color=[GAIN if value >= 0 else LOSS for value in profits])
        axes.axhline(0, color=QUIET, linewidth=1.5)
        step = -(-len(groups) // BARS_NAMED_MAX)
        places = range(0, len(groups), step)
        axes.set_xticks(places, [groups[place][0] for place in places])
        room = max(BARS_MIN - len(groups), 0) / 2 + 0.6
        axes.set_xlim(-room, len(groups) - 1 + room)
        _in_dollars(axes)

    return _figure(draw)


def _in_dollars(axes: Axes) -> None:
    low, high = axes.get_ylim()
    digits = 0 if high - low >= TICKS_MAX else 2
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{'-' if value < 0 else ''}${abs(value):,.{digits}f}")
    )
