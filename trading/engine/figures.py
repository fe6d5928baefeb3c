"""What closed trades came to: their figures and their curve, for /performance, /chart and the reports.

A year's trades are many: archives are read and sums are made in a thread, so that the bot goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from itertools import accumulate

from trading.domain.money import ZERO
from trading.domain.statistics import by_hour, by_price, by_signals, grouped, sentence, tally_of
from trading.domain.trade import Trade
from trading.engine.history import History, closed_on, closing
from trading.engine.pages import EquityPage, Label
from trading.engine.pages_figures import Groups, PerformancePage


class Figures:
    """Of the current mode alone: dry run and real are never added up. `running` names the strategies that run."""

    def __init__(
        self, history: History, zone: tzinfo, label: Callable[[], Label], running: Callable[[], Sequence[str]]
    ) -> None:
        self._history, self._zone, self._label, self._running = history, zone, label, running

    async def performance(self, period: str, start: date | None) -> PerformancePage:
        """Raises StoreRefused when an archive cannot be read."""
        label = self._label()
        trades = await self._history.bets(label.mode, start)
        return await asyncio.to_thread(self._judged, label, period, start, trades)

    def _judged(self, label: Label, period: str, start: date | None, trades: Sequence[Trade]) -> PerformancePage:
        tally = tally_of(trades)
        return PerformancePage(
            label=label,
            period=period,
            start=start,
            strategies=tuple(sorted({*self._running(), *(t.strategy for t in trades)})),
            tally=tally,
            sentence=sentence(tally),
            signals=self._groups(trades, by_signals),
            prices=self._groups(trades, by_price),
            hours=self._groups(trades, by_hour(self._zone)),
            makers=self._groups(trades, lambda trade: trade.strategy),
        )

    def _groups(self, trades: Sequence[Trade], name: Callable[[Trade], str]) -> Groups:
        return tuple(grouped(trades, name).items())

    async def equity(self, period: str, start: date | None) -> EquityPage:
        """Raises StoreRefused when an archive cannot be read."""
        label = self._label()
        trades = await self._history.bets(label.mode, start)
        return await asyncio.to_thread(self._curve, label, period, trades)

    def _curve(self, label: Label, period: str, trades: Sequence[Trade]) -> EquityPage:
        sums = accumulate(trade.profit for trade in trades)
        days: dict[date, Decimal] = {}
        for trade in trades:
            day = closed_on(trade, self._zone)
            days[day] = days.get(day, ZERO) + trade.profit
        points = tuple(zip(map(closing, trades), sums, strict=True))
        return EquityPage(label, period, points, tuple(days.items()), label.mode)
