"""What closed trades came to, read from the store: the newest ones, and sums over a period in the owner's days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, islice, takewhile
from typing import cast

from trading.domain.order import Mode
from trading.domain.state import Totals
from trading.domain.trade import Trade, TradeOutcome
from trading.engine.book import Book

FIRST_ROWS = 64  # trades read at first; four times as many at each further look
OPEN_MAX = timedelta(days=8)  # the exchange settles a market at most seven days after its close


class History:
    """Each mode for itself: dry run and real are never added up."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def newest(self, mode: Mode, count: int) -> tuple[Trade, ...]:
        """The `count` newest trades, newest first."""
        return tuple(islice((t for t in chain(self._kept(), self._archived()) if t.mode is mode), count))

    def sums(self, mode: Mode, start: date | None) -> Totals:
        """The totals of what was closed since `start`; of everything without one."""
        if start is None:
            return self._book.state.totals_of(mode)
        totals = Totals()
        for trade in self._closed(mode, start):
            if trade.outcome is not TradeOutcome.UNFILLED:
                totals = totals.plus(trade, self._day(trade))
        return totals

    def unfilled(self, mode: Mode, start: date | None = None) -> int:
        """How many orders ended without a fill since `start`; ever, without one."""
        if start is None:
            return self._book.state.totals_of(mode).unfilled
        return sum(t.outcome is TradeOutcome.UNFILLED for t in self._closed(mode, start))

    def _closed(self, mode: Mode, start: date) -> list[Trade]:
        """Trades closed since `start`, at most a month ago; none was open for longer than OPEN_MAX."""
        first = start - OPEN_MAX
        recent = takewhile(lambda t: t.opened_at.astimezone(self._book.zone).date() >= first, self._kept())
        return [t for t in recent if t.mode is mode and not t.open and self._day(t) >= start]

    def _day(self, trade: Trade) -> date:
        return (trade.closed_at or trade.opened_at).astimezone(self._book.zone).date()

    def _archived(self) -> Iterator[Trade]:
        """Those that have left the store, newest first; the files are read when somebody asks so far back."""
        yield from reversed(cast(list[Trade], self._book.store.archived("trades")))

    def _kept(self) -> Iterator[Trade]:
        """Trades in the store, newest first, read in growing pieces: most questions need only the last few."""
        seen, size = 0, FIRST_ROWS
        while True:
            rows = cast(list[Trade], self._book.store.tail("trades", size))
            yield from reversed(rows[: len(rows) - seen])
            if len(rows) < size:
                return
            seen, size = size, size * 4
