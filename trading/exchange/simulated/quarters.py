"""The seeded quarter-hour markets: one for every quarter of an hour and series, on the series' own seeded index.

A pure function of (seed, time), as the whole seeded world.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from heapq import merge

from trading.domain.market import Tick
from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.spot import ANCHOR, SpotPath
from trading.exchange.simulated.street import EMPTY, Activity, Street, StreetBook, Taker
from trading.exchange.simulated.windows import (
    DETERMINED_AFTER,
    FINALIZED_AFTER,
    KNOWN_SERIES,
    LISTED_BEFORE,
    STRIKE_AFTER,
    WINDOW_SECONDS,
    Series,
    Verdict,
    Window,
    close_of,
    window_closing,
)

QUARTER = timedelta(seconds=WINDOW_SECONDS)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
BOOKS_KEPT = 256  # of the newest asked
NAMES_KEPT = 1024
TICKS_KEPT = 256


class Quarters:
    """`Markets` (see `world`) of some of the known series, and their indices. `at` before 2025 raises ValueError."""

    def __init__(self, seed: int, series: Sequence[str]) -> None:
        self.series: Sequence[Series] = tuple(KNOWN_SERIES[name] for name in series)
        self._paths = {s.ticker: SpotPath(seed, s) for s in self.series}
        self._streets = {s.ticker: Street(seed, self._paths[s.ticker], s.ticker) for s in self.series}
        self._of_index = {s.index_id: s for s in self.series}
        self._tick = lru_cache(maxsize=TICKS_KEPT)(self._read_tick)
        self._books: OrderedDict[tuple[str, datetime], StreetBook] = OrderedDict()
        self._touch: tuple[tuple[str, datetime], StreetBook] = (("", ANCHOR), EMPTY)  # the last one asked for

    def window(self, ticker: str) -> Window | None:
        window = _named(ticker)
        return window if window and window.series.ticker in self._paths else None

    def event(self, ticker: str) -> Sequence[Window]:
        close = close_of(ticker)
        window = self.window(f"{ticker}-{close:%M}") if close else None
        return (window,) if window else ()

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        names = [name for name in self._paths if series in ("", name)]
        found = [self._of_one(name, first, last) for name in names]
        return found[0] if len(found) == 1 else merge(*found, key=lambda w: w.place, reverse=True)

    def listed(self, series: str, first: datetime, last: datetime, at: datetime) -> Iterator[Window]:
        return self.windows(series, first, min(last, at + LISTED_BEFORE + QUARTER))

    def stirring(self, after: datetime, until: datetime) -> Iterator[Window]:
        return (w for w in self.windows("", after, until + QUARTER) if w.open_time <= until)

    def living(self, after: datetime, until: datetime) -> Iterator[Window]:
        return self.windows("", after - FINALIZED_AFTER, until + LISTED_BEFORE + QUARTER)

    def strike(self, window: Window, at: datetime) -> Decimal | None:
        if at < window.open_time + STRIKE_AFTER:
            return None
        return self._settled_value(window, window.open_time)

    def verdict(self, window: Window) -> Verdict | None:
        value = self._settled_value(window, window.close_time)
        above = value >= self._settled_value(window, window.open_time)
        determined, settled = window.close_time + DETERMINED_AFTER, window.close_time + FINALIZED_AFTER
        return Verdict("yes" if above else "no", ONE if above else ZERO, value, determined, settled)

    def moment(self, window: Window, at: datetime) -> datetime:
        return at.replace(microsecond=0)

    def moments(self, window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
        moment = after.replace(microsecond=0) + SECOND
        while moment <= until:
            yield moment
            moment += SECOND

    def street(self, window: Window, moment: datetime) -> StreetBook:
        if not window.trades_at(moment):
            return EMPTY
        key = (window.ticker, moment)
        book = self._books.get(key)
        if book is None:
            book = self._streets[window.series.ticker].book(_second(window.close_time), _second(moment))
            self._books[key] = book
            if len(self._books) > BOOKS_KEPT:
                self._books.popitem(last=False)
        return book

    def touch(self, window: Window, moment: datetime) -> StreetBook:
        if not window.trades_at(moment):
            return EMPTY
        key = (window.ticker, moment)
        if self._touch[0] != key:
            street = self._streets[window.series.ticker]
            self._touch = key, street.book(_second(window.close_time), _second(moment), levels=1)
        return self._touch[1]

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        if not window.trades_at(moment):
            return ()
        street = self._streets[window.series.ticker]
        return street.takers(_second(window.close_time), _second(moment), lambda: self.touch(window, moment))

    def activity(self, window: Window, at: datetime) -> Activity:
        street, close = self._streets[window.series.ticker], _second(window.close_time)
        volume = street.volume(close, _second(at))
        return Activity(volume, volume - street.volume(close, _second(at - DAY)), volume // 4)

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        """The index's newest value with its own time; None for an index of no series here."""
        series = self._of_index.get(index_id)
        return self._tick(series, _second(at)) if series else None

    def _of_one(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        close = last - timedelta(seconds=last.timestamp() % WINDOW_SECONDS)
        while close >= max(first, ANCHOR + 2 * QUARTER):
            yield window_closing(KNOWN_SERIES[series], close)
            close -= QUARTER

    def _read_tick(self, series: Series, second: int) -> Tick:
        value = _index_value(series, self._paths[series.ticker].points(second))
        return Tick(series.index_id, value, datetime.fromtimestamp(second, UTC), (series.index_id,))

    def _settled_value(self, window: Window, boundary: datetime) -> Decimal:
        points = self._paths[window.series.ticker].mean_before(_second(boundary))
        return _index_value(window.series, points)


def _index_value(series: Series, points: int) -> Decimal:
    return Decimal(points).scaleb(-series.decimals)


def _second(at: datetime) -> int:
    return int(at.timestamp())


@lru_cache(maxsize=NAMES_KEPT)
def _named(ticker: str) -> Window | None:
    """The market of any known series that is spelt so."""
    event, _, _ = ticker.rpartition("-")
    series, close = KNOWN_SERIES.get(event.partition("-")[0]), close_of(event)
    if series is None or close is None or not _is_close(close):
        return None
    window = window_closing(series, close)
    return window if window.ticker == ticker else None


def _is_close(close: datetime) -> bool:
    return close >= ANCHOR + 2 * QUARTER and _second(close) % WINDOW_SECONDS == 0
