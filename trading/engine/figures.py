"""What closed trades came to: their figures and their curve, for /performance, /chart and the reports.

A year's trades are many: archives are read and sums are made in a thread, so that the bot goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal

from trading.domain.money import ZERO
from trading.domain.statistics import Tally, by_hour, by_price, by_signals, groupings, sentence
from trading.domain.trade import Trade
from trading.engine.history import Close, History
from trading.engine.pages import EquityPage, Label
from trading.engine.pages_figures import PerformancePage


class Figures:
    """Of the current mode alone: dry run and real are never added up. `running` names the strategies that run."""

    def __init__(
        self, history: History, zone: tzinfo, label: Callable[[], Label], running: Callable[[], Sequence[str]]
    ) -> None:
        self._history, self._zone, self._label, self._running = history, zone, label, running

    async def performance(self, period: str, start: date | None) -> PerformancePage:
        """Raises StoreRefused when an archive cannot be read."""
        label = self._label()
        trades = self._history.bets(label.mode, start)
        return await asyncio.to_thread(self._judged, label, period, start, trades)

    def _judged(self, label: Label, period: str, start: date | None, trades: Iterable[Trade]) -> PerformancePage:
        [everything, *groups] = groupings(
            trades, lambda _: "", by_signals, by_price, by_hour(self._zone), lambda trade: trade.strategy
        )
        tally = everything.get("", Tally())
        signals, prices, hours, makers = (tuple(each.items()) for each in groups)
        return PerformancePage(
            label=label,
            period=period,
            start=start,
            strategies=tuple(sorted({*self._running(), *groups[-1]})),
            tally=tally,
            sentence=sentence(tally),
            signals=signals,
            prices=prices,
            hours=hours,
            makers=makers,
        )

    async def equity(self, period: str, start: date | None) -> EquityPage:
        """Raises StoreRefused when an archive cannot be read."""
        label = self._label()
        closes = self._history.closes(label.mode, start)
        return await asyncio.to_thread(self._curve, label, period, closes)

    def _curve(self, label: Label, period: str, closes: Iterable[Close]) -> EquityPage:
        times, sums, days = list[datetime](), array("d", [0.0]), dict[date, Decimal]()
        total = lowest = highest = ZERO
        for closed, _, profit in closes:
            total += profit
            lowest, highest = min(lowest, total), max(highest, total)
            times.append(closed)
            sums.append(float(total))
            day = closed.astimezone(self._zone).date()
            days[day] = days.get(day, ZERO) + profit
        return EquityPage(label, period, label.mode, times, sums, tuple(days.items()), total, lowest, highest)
