"""What a day or a week came to: when somebody asks, and by itself at the owner's hour, once a day.

The hour is one of the owner's wall clock, and a report reaches from it to the same hour a day or a week later, so that
no trade is ever between two reports. Weeks end on Mondays. After an absence the last report alone is told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import cast

from trading.domain.audit import ENGINE
from trading.domain.events import ReportDue
from trading.domain.records import AuditEntry
from trading.domain.report import Report
from trading.domain.statistics import tally_of
from trading.engine.cycle import Cycle
from trading.engine.history import History, closing
from trading.risk.checks import at_risk

LENGTHS = {"day": timedelta(days=1), "week": timedelta(days=7)}
AUDIT_ROWS_MAX = 2_000  # newest entries of the audit in which halts are looked for
HALT = "halt "  # how the audit's entry of one begins


class Reports:
    """`history` is the same cycle's."""

    def __init__(self, cycle: Cycle, history: History) -> None:
        self._cycle, self._book, self._clock, self._history = cycle, cycle.book, cycle.clock, history

    async def latest(self, period: str) -> Report:
        """The day or week that ends now."""
        now = self._clock.now()
        return await self.between(period, now - LENGTHS[period], now)

    async def between(self, period: str, since: datetime, until: datetime) -> Report:
        """What was closed after `since`, up to `until`, and how things stand now. Rows are read in a thread."""
        state, zone = self._book.state, self._book.zone
        bets = self._history.bets(state.mode, since.astimezone(zone).date())
        tally = await asyncio.to_thread(tally_of, (bet for bet in bets if since < closing(bet) <= until))
        newest_first = cast(Iterator[AuditEntry], self._book.store.latest("audit"))
        entries = await asyncio.to_thread(list, islice(newest_first, AUDIT_ROWS_MAX))
        today = self._clock.now().astimezone(zone).date()
        return Report(
            period=period,
            mode=state.mode,
            since=since,
            until=until,
            tally=tally,
            today=state.totals_of(state.mode).on(today).day_profit,
            open_trades=len(state.open_trades(state.mode)),
            at_risk=at_risk(state, state.mode),
            halts=_halts(entries[::-1], since, until),
            stands=tuple(reason.value for reason in state.halts),
            strategies=tuple((each.name, each.name not in state.disabled) for each in self._cycle.everybody),
            audit=(entries[0].seq, entries[0].digest) if entries else (0, ""),
        )


class Digests:
    """Tells the reports that are due. `hour` is when, on the owner's wall clock."""

    def __init__(self, reports: Reports, cycle: Cycle, hour: time) -> None:
        self._reports, self._book, self._clock, self.hour = reports, cycle.book, cycle.clock, hour

    async def look(self) -> None:
        """Tell what has become due, once each. Raises StoreFailed."""
        for period in LENGTHS:
            now = self._clock.now()
            day = self._last_day(period, now)
            told = self._book.state.reported.get(period)
            if told is None:
                self._book.record(ReportDue(now, period, day, None))
            elif day > told:
                since, until = self._moment(day - LENGTHS[period]), self._moment(day)
                report = await self._reports.between(period, since, until)
                self._book.record(ReportDue(self._clock.now(), period, day, report))

    def _last_day(self, period: str, now: datetime) -> date:
        """The last of the owner's days, Mondays for a week, on which this report's hour has passed."""
        day = now.astimezone(self._book.zone).date()
        if period == "week":
            day -= timedelta(days=day.weekday())
        return day if self._moment(day) <= now else day - LENGTHS[period]

    def _moment(self, day: date) -> datetime:
        return moment(day, self.hour, self._book.zone)


def moment(day: date, hour: time, zone: tzinfo) -> datetime:
    """This hour of the wall clock on this day, as UTC; where the clock leaps over it, when it would have been."""
    return datetime.combine(day, hour, tzinfo=zone).astimezone(UTC)


def _halts(entries: list[AuditEntry], since: datetime, until: datetime) -> tuple[tuple[str, int], ...]:
    raised = (e for e in entries if since < e.at <= until and e.channel == ENGINE and e.command.startswith(HALT))
    return tuple(Counter(entry.command.removeprefix(HALT) for entry in raised).most_common())
