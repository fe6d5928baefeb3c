"""What the desk's pages look like: the drawing, a sentence that says what is seen, a line of text for terminals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TypeVar

from chatbot.charts.data import Bars, Course, Curve, Drawing, Head, Mark, Series, Theme
from chatbot.charts.drawing import Draw
from chatbot.formats import clock_time, count, gain, mode_word, number, place, price
from chatbot.message import Picture
from chatbot.sparkline import spark
from trading.domain.market import Outcome
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, Side
from trading.engine.pages import EquityPage, Label, MarketHistoryPage

POINTS_MAX = 600  # of one line: more cannot be told apart on a phone
SPARK_WIDTH = 38  # columns
PLACE_WIDTH = 50  # characters of a line of the picture's head
PERIODS = {"day": "today", "week": "this week", "month": "this month", "all": "in all"}
_STAMPS = {"simulated": "PLAY MONEY", "demo": "DEMO"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sketch:
    """A picture that is not drawn yet."""

    label: Label
    drawing: Drawing
    caption: str
    spark: str
    empty: bool = False  # there is nothing to be seen


async def drawn(draw: Draw, sketch: Sketch) -> Picture:
    """The picture. Raises Undrawn."""
    return Picture(await draw(sketch.drawing), sketch.caption, sketch.spark)


def equity(page: EquityPage, zone: tzinfo, theme: Theme) -> Sketch:
    """The running sum of what closed trades came to."""
    head = _head("Equity", PERIODS[page.period], page.label, page.mode, zone, theme, page.total)
    shown = _thinned(range(len(page.closes)))
    series = tuple((_local(page.closes[n], zone), page.sums[n + 1]) for n in shown)
    seen = f", lowest {gain(page.lowest)}, highest {gain(page.highest)}" if shown else ""
    made = f"{count(len(page.closes), 'trade')}, {gain(page.total)}{seen}"
    caption = f"{_where(page.label, page.mode)}: equity {PERIODS[page.period]}, {made}"
    line = spark(page.sums, SPARK_WIDTH) if shown else ""
    return Sketch(page.label, Curve(head, series), caption, line, not shown)


def days(page: EquityPage, zone: tzinfo, theme: Theme) -> Sketch:
    """What each day came to."""
    results = [result for _, result in page.days]
    head = _head("Each day", PERIODS[page.period], page.label, page.mode, zone, theme, sum(results, ZERO))
    seen = ""
    if page.days:
        (worst, lost), (best, won) = (pick(page.days, key=lambda day: day[1]) for pick in (min, max))
        seen = f", best {best:%d %b} {gain(won)}, worst {worst:%d %b} {gain(lost)}"
    caption = f"{_where(page.label, page.mode)}: profit of {count(len(results), 'day')} {PERIODS[page.period]}{seen}"
    bars = tuple((day, float(result)) for day, result in page.days)
    return Sketch(page.label, Bars(head, bars), caption, spark(results, SPARK_WIDTH), not results)


def course(page: MarketHistoryPage, zone: tzinfo, theme: Theme) -> Sketch:
    """One market: spot and strike, the touch, our fills."""
    market, mode = page.market, page.label.mode
    spots, bids, asks = (_seen(page, part, zone) for part in ("spot", "bid", "ask"))
    head = _head(market.ticker, "", page.label, mode, zone, theme, None)
    drawing = Course(
        head,
        _local(market.open_time, zone),
        _local(market.close_time, zone),
        spots,
        tuple((at, 100 * cents) for at, cents in bids),
        tuple((at, 100 * cents) for at, cents in asks),
        None if market.strike is None else float(market.strike),
        tuple(_mark(fills, zone) for fills in _by_order(page.fills)),
    )
    sampled = [sample.spot for sample in page.samples if sample.spot is not None]
    caption = f"{_where(page.label, mode)}: {market.ticker}{_told(page, sampled)}"
    return Sketch(page.label, drawing, caption, spark(sampled, SPARK_WIDTH), not (page.samples or page.fills))


def _told(page: MarketHistoryPage, spots: Sequence[Decimal]) -> str:
    parts = [f", spot {number(spots[0])} to {number(spots[-1])}"] if spots else [", no spot price seen"]
    if page.market.strike is not None:
        parts.append(f", strike {number(page.market.strike)}")
    if last := next((s for s in reversed(page.samples) if s.bid is not None and s.ask is not None), None):
        parts.append(f", YES last {price(last.bid or ZERO)} to {price(last.ask or ZERO)}")
    return "".join([*parts, f", {count(len(page.fills), 'fill')} of ours"])


def _by_order(fills: Iterable[Fill]) -> list[list[Fill]]:
    """Together what one order got: pieces of it would stand on each other."""
    found: dict[tuple[str, Side], list[Fill]] = {}
    for fill in fills:
        found.setdefault((fill.order_id, fill.side), []).append(fill)
    return list(found.values())


def _mark(fills: Sequence[Fill], zone: tzinfo) -> Mark:
    """One order's fills at their average price, where the last of them stands."""
    last, contracts = fills[-1], sum((fill.count for fill in fills), ZERO)
    side, cost = last.side.outcome, sum((fill.cost for fill in fills), ZERO)
    cents = 100 * sum((fill.price * fill.count for fill in fills), ZERO) / contracts
    own = f"{side.upper()} {number(contracts)} at {price(cost / contracts)}"
    return Mark(_local(last.at, zone), float(cents), own, side is Outcome.YES)


def _seen(page: MarketHistoryPage, part: str, zone: tzinfo) -> Series:
    known = [(s.at, getattr(s, part)) for s in page.samples if getattr(s, part) is not None]
    return tuple((_local(at, zone), float(value)) for at, value in _thinned(known))


def _thinned(points: Sequence[T]) -> list[T]:
    """So many that they can be told apart, the last one among them."""
    size = min(len(points), POINTS_MAX)
    return [points[(n + 1) * len(points) // size - 1] for n in range(size)]


def _head(what: str, when: str, label: Label, mode: Mode, zone: tzinfo, theme: Theme, end: Decimal | None) -> Head:
    money = place(label.instance, label.environment, mode, label.address)
    return Head(
        title=f"{what}, {when}" if when else what,
        place="\n".join(textwrap.wrap(money, PLACE_WIDTH)),
        at=f"as of {clock_time(label.now, zone)}" + (", after fees" if end is not None else ""),
        theme=theme,
        stamp="DRY RUN" if mode is Mode.DRY_RUN else _STAMPS.get(label.environment, ""),
        figure="" if end is None else gain(end),
        sign=0 if end is None else (end > 0) - (end < 0),
    )


def _where(label: Label, mode: Mode) -> str:
    return f"{mode_word(mode)}, {label.environment}"


def _local(at: datetime, zone: tzinfo) -> datetime:
    """By the owner's wall clock."""
    return at.astimezone(zone).replace(tzinfo=None)
