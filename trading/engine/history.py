"""What closed trades came to, read from the store: the newest ones, and sums over a period in the owner's days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import chain, islice, takewhile
from typing import TypeVar, cast

from trading.domain.order import Mode
from trading.domain.state import Totals
from trading.domain.statistics import UNCOUNTED
from trading.domain.trade import Trade
from trading.engine.book import Book

NEAR_MAX = 200  # trades, under a millisecond
OPEN_MAX = timedelta(days=8)  # the exchange settles a market at most seven days after its close

T = TypeVar("T")
Close = tuple[datetime, datetime, Decimal]  # when a trade was closed and opened, and its profit in dollars


def closing(trade: Trade) -> datetime:
    """When a closed trade was closed."""
    return trade.closed_at or trade.opened_at


def closed_on(trade: Trade, zone: tzinfo) -> date:
    """On which of the owner's days."""
    return closing(trade).astimezone(zone).date()


def _once(trades: Iterable[Trade]) -> Iterator[Trade]:
    """Each trade once, as it stands first: one that moves to an archive while they are read is found in both."""
    seen: set[str] = set()
    for trade in trades:
        if trade.trade_id not in seen:
            seen.add(trade.trade_id)
            yield trade


def in_order(items: Iterable[T], key: Callable[[T], tuple[datetime, ...]]) -> Iterator[T]:
    """The items by their keys, which begin with aware times; those with the same key as they came. Each day is sorted
    by itself: nothing else runs meanwhile, a year at once takes too long."""
    days: dict[date, list[T]] = {}
    for item in items:
        days.setdefault(key(item)[0].astimezone(UTC).date(), []).append(item)
    for day in sorted(days):
        yield from sorted(days.pop(day), key=key)


class History:
    """Each mode for itself: dry run and real are never added up. Rows are read in a thread: they may be many."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def newest(self, mode: Mode, count: int, offset: int = 0) -> tuple[Trade, ...]:
        """The `count` newest trades after the first `offset`, newest first. Raises StoreRefused."""
        wanted = slice(offset, offset + count)
        if wanted.stop <= NEAR_MAX:  # a page's worth is read at once, without a list of all there are
            near = reversed(cast(list[Trade], self._book.store.tail("trades", wanted.stop)))
            listed = tuple(trade for trade in near if trade.mode is mode)
            if len(listed) == wanted.stop:
                return listed[wanted]
        return await asyncio.to_thread(self._newest, mode, self._kept(), wanted)

    def _newest(self, mode: Mode, kept: Iterator[Trade], wanted: slice) -> tuple[Trade, ...]:
        listed = (trade for trade in _once(chain(kept, self._archived())) if trade.mode is mode)
        return tuple(islice(listed, wanted.start, wanted.stop))

    def bets(self, mode: Mode, start: date | None) -> Iterator[Trade]:
        """Trades that bought something and were closed since `start` (ever, without one), in no order.

        They are to be gone through in a thread: one by one they hold no memory, a year's 40 MB, through which the
        collector would walk while nobody else runs. Raises StoreRefused meanwhile where an archive cannot be read.
        """
        kept = self._kept()
        found = self._closed(mode, start, kept) if start else _once(chain(kept, self._ever_archived()))
        return (trade for trade in found if trade.mode is mode and trade.outcome not in UNCOUNTED)

    def closes(self, mode: Mode, start: date | None) -> Iterator[Close]:
        """What these came to, in the order of their ends, likewise."""
        closes = ((closing(bet), bet.opened_at, bet.profit) for bet in self.bets(mode, start))
        return in_order(closes, lambda close: close[:2])

    async def sums(self, mode: Mode, start: date | None) -> Totals:
        """The totals of what was closed since `start`; of everything without one."""
        if start is None:
            return self._book.state.totals_of(mode)
        return await asyncio.to_thread(self._sums, mode, self._kept(), start)

    def _sums(self, mode: Mode, kept: Iterator[Trade], start: date) -> Totals:
        totals = Totals()
        for trade in self._closed(mode, start, kept):
            totals = totals.plus(trade, self._day(trade))
        return totals

    def _closed(self, mode: Mode, start: date, kept: Iterator[Trade]) -> Iterator[Trade]:
        """Trades closed since `start`, at most a month ago; none was open for longer than OPEN_MAX."""
        first = start - OPEN_MAX
        recent = takewhile(lambda t: t.opened_at.astimezone(self._book.zone).date() >= first, kept)
        return (t for t in recent if t.mode is mode and not t.open and self._day(t) >= start)

    def _day(self, trade: Trade) -> date:
        return closed_on(trade, self._book.zone)

    def _archived(self) -> Iterator[Trade]:
        """Those that have left the store, newest first; the files are read when somebody asks so far back."""
        return cast(Iterator[Trade], self._book.store.latest_archived("trades"))

    def _ever_archived(self) -> Iterator[Trade]:
        """The same in no order."""
        return cast(Iterator[Trade], self._book.store.archives("trades"))

    def _kept(self) -> Iterator[Trade]:
        """Trades in the store, newest first: most questions need only the last few."""
        return cast(Iterator[Trade], self._book.store.latest("trades"))
