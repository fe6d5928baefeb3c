"""The world that the venue lives in: markets, the street and the index; as a Protocol, and seeded.

Everything is a pure function of (seed, time): asked twice, in any order, after a restart, it answers the same. That
is what lets the venue be lazy, and what lets a restarted exchange go on in the same world.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Protocol

from trading.domain.market import Tick
from trading.exchange.simulated.crowd import Crowd
from trading.exchange.simulated.fee_schedule import FeeSchedule
from trading.exchange.simulated.grids import Grids
from trading.exchange.simulated.quarters import Quarters
from trading.exchange.simulated.street import Activity, StreetBook, Taker
from trading.exchange.simulated.windows import Series, Verdict, Window


class Markets(Protocol):
    """A set of markets and what goes on in them. Times are aware UTC; nobody asks about the future but for verdicts."""

    @property
    def series(self) -> Sequence[Series]: ...

    def window(self, ticker: str) -> Window | None:
        """The market of that name, or None when there is none."""

    def event(self, ticker: str) -> Sequence[Window]:
        """The markets of that event, the last name first; none for an unknown one."""

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        """Markets that close between the two (both included), falling by `Window.place`; no series means every one."""

    def listed(self, series: str, first: datetime, last: datetime, at: datetime) -> Iterator[Window]:
        """The same, of those that are created by `at`; `last` may be far away."""

    def stirring(self, after: datetime, until: datetime) -> Iterator[Window]:
        """Markets whose street may have changed later than `after` and not later than `until`, in any order."""

    def living(self, after: datetime, until: datetime) -> Iterator[Window]:
        """Markets in whose life something may have happened in that time (listed, opened, ended...), in any order."""

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

    def touch(self, window: Window, moment: datetime) -> StreetBook:
        """The best level of each side of that book; cheaper where the rest is not needed."""

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        """Who takes at that moment, in order."""

    def activity(self, window: Window, at: datetime) -> Activity:
        """What has been traded so far and is held."""


class World(Markets, Protocol):
    """What the venue needs: markets, their indices, and the terms and grids that change with time."""

    @property
    def fees(self) -> FeeSchedule: ...

    @property
    def grids(self) -> Grids: ...

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        """The index's newest value with its own time; None for an index that this world does not have."""


class SeededWorld:
    """Quarter-hour markets around the clock on a seeded index. `at` before 2025 raises ValueError.

    `series` are names of KNOWN_SERIES. `crowd` is how many other markets trade at any time besides (see `crowd`).
    """

    def __init__(self, seed: int, series: Sequence[str] = ("KXBTC15M",), crowd: int = 0) -> None:
        self._quarters = Quarters(seed, series)
        self.grids = Grids()
        self._crowd = Crowd(seed, crowd, self.grids)
        self._parts: tuple[Markets, ...] = (self._quarters, self._crowd) if crowd else (self._quarters,)
        self._of_series: dict[str, Markets] = {s.ticker: part for part in self._parts for s in part.series}
        self.series: Sequence[Series] = tuple(s for part in self._parts for s in part.series)
        self.fees = FeeSchedule(self._crowd.fee_changes())

    def window(self, ticker: str) -> Window | None:
        part = self._of_series.get(ticker.partition("-")[0])
        return part.window(ticker) if part else None

    def event(self, ticker: str) -> Sequence[Window]:
        part = self._of_series.get(ticker.partition("-")[0])
        return part.event(ticker) if part else ()

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        return _merged([part.windows(series, first, last) for part in self._parts])

    def listed(self, series: str, first: datetime, last: datetime, at: datetime) -> Iterator[Window]:
        return _merged([part.listed(series, first, last, at) for part in self._parts])

    def stirring(self, after: datetime, until: datetime) -> Iterator[Window]:
        for part in self._parts:
            yield from part.stirring(after, until)

    def living(self, after: datetime, until: datetime) -> Iterator[Window]:
        for part in self._parts:
            yield from part.living(after, until)

    def strike(self, window: Window, at: datetime) -> Decimal | None:
        return self._of_series[window.series.ticker].strike(window, at)

    def verdict(self, window: Window) -> Verdict | None:
        return self._of_series[window.series.ticker].verdict(window)

    def moment(self, window: Window, at: datetime) -> datetime:
        return self._of_series[window.series.ticker].moment(window, at)

    def moments(self, window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
        return self._of_series[window.series.ticker].moments(window, after, until)

    def street(self, window: Window, moment: datetime) -> StreetBook:
        return self._of_series[window.series.ticker].street(window, moment)

    def touch(self, window: Window, moment: datetime) -> StreetBook:
        return self._of_series[window.series.ticker].touch(window, moment)

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        return self._of_series[window.series.ticker].takers(window, moment)

    def activity(self, window: Window, at: datetime) -> Activity:
        return self._of_series[window.series.ticker].activity(window, at)

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        return self._quarters.spot(index_id, at)


def _merged(parts: Sequence[Iterator[Window]]) -> Iterator[Window]:
    return parts[0] if len(parts) == 1 else merge(*parts, key=lambda w: w.place, reverse=True)
