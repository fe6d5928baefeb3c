"""What closed trades came to: their figures and their curve, for /performance, /chart and the reports.

A year's trades are many: archives are read and sums are made in a thread, so that the bot goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal

from trading.domain.money import ZERO
from trading.domain.statistics import Tally, by_hour, by_price, by_signals, groupings, sentence
from trading.domain.trade import Trade
from trading.engine.history import History, closed_on, closing
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
        trades = self._history.each(label.mode, start)
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
        trades = self._history.in_order(label.mode, start)
        return await asyncio.to_thread(self._curve, label, period, trades)

    def _curve(self, label: Label, period: str, trades: Iterable[Trade]) -> EquityPage:
        points, days, total = list[tuple[datetime, Decimal]](), dict[date, Decimal](), ZERO
        for trade in trades:
            total += trade.profit
            points.append((closing(trade), total))
            day = closed_on(trade, self._zone)
            days[day] = days.get(day, ZERO) + trade.profit
        return EquityPage(label, period, tuple(points), tuple(days.items()), label.mode)
