"""The world that the venue lives in: markets, the street and the index; as a Protocol, and seeded.

Everything is a pure function of (seed, time): asked twice, in any order, after a restart, it answers the same. That
is what lets the venue be lazy, and what lets a restarted exchange go on in the same world.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from trading.domain.market import Tick
from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.spot import ANCHOR, SpotPath
from trading.exchange.simulated.street import EMPTY, Street, StreetBook, Taker
from trading.exchange.simulated.windows import (
    DETERMINED_AFTER,
    FINALIZED_AFTER,
    KNOWN_SERIES,
    STRIKE_AFTER,
    WINDOW_SECONDS,
    Series,
    Verdict,
    Window,
    close_of,
    window_closing,
)

QUARTER = timedelta(seconds=WINDOW_SECONDS)
BOOKS_KEPT = 256  # of the newest asked
NAMES_KEPT = 1024
TICKS_KEPT = 256


class World(Protocol):
    """What the venue needs of a world. Times are aware UTC; the venue never asks about the future but for verdicts."""

    @property
    def series(self) -> Sequence[Series]: ...

    def window(self, ticker: str) -> Window | None:
        """The market of that name, or None when this world has none."""

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        """Markets that close between `first` and `last` (both included), the latest close first."""

    def strike(self, window: Window, at: datetime) -> Decimal | None:
        """The strike as shown at that time."""

    def verdict(self, window: Window) -> Verdict | None:
        """How it ends, also before it has; None where nobody knows."""

    def moment(self, window: Window, at: datetime) -> datetime:
        """When the street last changed, at or before `at`."""

    def moments(self, window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
        """When the street changes: later than `after`, not later than `until`, in order."""

    def street(self, window: Window, moment: datetime) -> StreetBook:
        """What the street shows from that moment on."""

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        """Who takes at that moment, in order."""

    def volume(self, window: Window, at: datetime) -> int:
        """Contracts traded so far, count units."""

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        """The index's newest value with its own time; None for an index that this world does not have."""


class SeededWorld:
    """Quarter-hour markets around the clock on a seeded index. `at` before 2025 raises ValueError."""

    def __init__(self, seed: int, series: Sequence[str] = ("KXBTC15M",)) -> None:
        self.series: Sequence[Series] = tuple(KNOWN_SERIES[name] for name in series)
        self._paths = {s.ticker: SpotPath(seed, s) for s in self.series}
        self._streets = {s.ticker: Street(seed, self._paths[s.ticker], s.ticker) for s in self.series}
        self._of_index = {s.index_id: s for s in self.series}
        self._tick = lru_cache(maxsize=TICKS_KEPT)(self._read_tick)
        self._books: OrderedDict[tuple[str, datetime], StreetBook] = OrderedDict()

    def window(self, ticker: str) -> Window | None:
        window = _named(ticker)
        return window if window and window.series.ticker in self._paths else None

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        if series not in self._paths:
            return
        close = last - timedelta(seconds=last.timestamp() % WINDOW_SECONDS)
        while close >= max(first, ANCHOR + 2 * QUARTER):
            yield window_closing(KNOWN_SERIES[series], close)
            close -= QUARTER

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
        second = timedelta(seconds=1)
        moment = after.replace(microsecond=0) + second
        while moment <= until:
            yield moment
            moment += second

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

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        if not window.trades_at(moment):
            return ()
        street = self._streets[window.series.ticker]
        return street.takers(_second(window.close_time), _second(moment), self.street(window, moment))

    def volume(self, window: Window, at: datetime) -> int:
        return self._streets[window.series.ticker].volume(_second(window.close_time), _second(at))

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        series = self._of_index.get(index_id)
        return self._tick(series, _second(at)) if series else None

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
