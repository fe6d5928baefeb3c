"""The words of a report, for its notice and for /report, and the picture that goes with it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, tzinfo

from chatbot.charts.data import Theme
from chatbot.charts.drawing import Draw, Undrawn
from chatbot.charts.pages import Sketch, days, drawn, equity
from chatbot.formats import count, exact_money, gain, money, percent
from chatbot.message import Picture
from chatbot.notices.said import Said, mood_of
from trading.domain import events as ev
from trading.domain.errors import StoreError
from trading.domain.records import Notice, Severity
from trading.domain.report import Report
from trading.domain.state import State
from trading.domain.statistics import sentence
from trading.domain.told import is_news
from trading.engine.desk import Desk

DAILY, WEEKLY = "Daily report", "Weekly report"
TITLES = {"day": DAILY, "week": WEEKLY}
DIGEST_SHOWN = 12  # characters of the audit's newest hash: enough to see that it is another one
THEME: Theme = "dark"

log = logging.getLogger(__name__)


def report_due(event: ev.ReportDue, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """The notice of a report whose hour has come; nothing for one that was told."""
    if event.report and is_news(before, event):
        report = event.report
        title = f"{TITLES[report.period]}: {gain(report.tally.profit)}"
        mood = mood_of(report.tally.profit)
        yield Said("report", Severity.NOTICE, title, report.mode, tuple(fields(report, zone)), mood=mood)


def fields(report: Report, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What it came to, line by line."""
    tally = report.tally
    yield "From", _moment(report.since, zone)
    yield "To", _moment(report.until, zone)
    yield "Profit", gain(tally.profit, exact_money)
    yield "Today", gain(report.today, exact_money)
    yield "Fees", exact_money(tally.fees)
    yield "Wins", f"{tally.wins} of {count(tally.trades, 'trade')} ({percent(tally.wins, tally.trades)})"
    if tally.others:
        yield "Others", f"{tally.others}, sold before the end or paid in between"
    yield "Edge", sentence(tally)
    yield "Open", f"{count(report.open_trades, 'trade')}, {money(report.at_risk)} at risk"
    yield "Halted", ", ".join(_times(reason, times) for reason, times in report.halts) or "never"
    if report.stands:
        yield "Halted now", ", ".join(report.stands)
    yield "Strategy", ", ".join(f"{name} {'on' if on else 'OFF'}" for name, on in report.strategies) or "none"
    yield "Audit", _head(*report.audit)


def _times(reason: str, times: int) -> str:
    return reason if times == 1 else f"{reason} {times} times"


def _head(seq: int, digest: str) -> str:
    return f"entry {seq}, {digest[:DIGEST_SHOWN]}" if seq else "no entry yet"


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%a %d %b %H:%M}"


# --- its picture ----------------------------------------------------------------------------------------------------


async def sketched(desk: Desk, period: str, zone: tzinfo) -> Sketch:
    """A day's report shows how this week went, a week's the days of this month. Raises StoreRefused."""
    if period == "week":
        return days(await desk.equity("month"), zone, THEME)
    return equity(await desk.equity("week"), zone, THEME)


class Illustrator:
    """Draws what goes with a notice, when it is delivered; a picture that fails holds up no text."""

    def __init__(self, desk: Desk, draw: Draw, zone: tzinfo) -> None:
        self._desk, self._draw, self._zone = desk, draw, zone

    async def __call__(self, notice: Notice) -> Picture | None:
        """Its picture; None where it has none, where there is nothing to be seen, or where none can be drawn."""
        if notice.kind != "report":
            return None
        period = "week" if notice.title.startswith(WEEKLY) else "day"
        try:
            sketch = await sketched(self._desk, period, self._zone)
            return None if sketch.empty else await drawn(self._draw, sketch)
        except (Undrawn, StoreError) as error:
            log.warning("a report goes without its picture: %s", error)
            return None
