"""The crowd: as many other markets as asked for, of every category, as the ground that a scanner works on.

At any time exactly so many trade; events follow each other in slots (see `crowd_slots`). Everything is a pure function
of seed, slot and time, and listing them costs microseconds each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from heapq import heapify, heappop, heappush

from trading.domain.money import ONE, ZERO
from trading.exchange.simulated import crowd_street
from trading.exchange.simulated.chance import root, unit
from trading.exchange.simulated.crowd_kinds import HALF, MAKERS_PAY
from trading.exchange.simulated.crowd_slots import HOUR, LISTED_SECONDS, STEPS, Slot, parsed, slots
from trading.exchange.simulated.fee_schedule import SeriesChange, Terms
from trading.exchange.simulated.grids import Grids
from trading.exchange.simulated.spot import ANCHOR
from trading.exchange.simulated.street import EMPTY, Activity, StreetBook, Taker
from trading.exchange.simulated.windows import Series, Verdict, Window

EVENTS_KEPT = 2  # events per slot whose markets are remembered
AGENDA_HOURS_KEPT = 48
FEE_CHANGES = 120  # planned for a series that has any
FEES_LAST = timedelta(days=30)  # until they change
CHANGING_SHARE = 0.2  # of the series


class Crowd:
    """`Markets` (see `world`): `markets` of them trade at any time. Their streets keep to the grids of `grids`."""

    def __init__(self, seed: int, markets: int, grids: Grids) -> None:
        self._root, self._grids = root(seed, "crowd"), grids
        self._slots = slots(self._root, markets)
        ordered = sorted(self._slots, key=lambda s: (s.kind.series.ticker, s.code))
        self._rank = {slot.number: place for place, slot in enumerate(ordered)}
        self._of_series: dict[str, list[Slot]] = {}
        for slot in self._slots:
            self._of_series.setdefault(slot.kind.series.ticker, []).append(slot)
        self.series: Sequence[Series] = tuple(s[0].kind.series for s in self._of_series.values())
        self._due = _due(self._slots)
        self._markets = lru_cache(maxsize=EVENTS_KEPT * len(self._slots) + 1024)(Slot.markets)
        self._find = lru_cache(maxsize=EVENTS_KEPT * len(self._slots) + 1024)(self._find_event)
        self._agenda = lru_cache(maxsize=AGENDA_HOURS_KEPT)(self._agenda_of)

    def fee_changes(self) -> Iterator[SeriesChange]:
        """Some series change their terms every month, and back."""
        for number, series in enumerate(self.series):
            if unit(self._root, number) < CHANGING_SHARE:
                other = HALF if series.fee_multiplier == ONE else ONE
                for change in range(1, FEE_CHANGES + 1):
                    new = Terms(ANCHOR + change * FEES_LAST, MAKERS_PAY, other)
                    old = Terms(ANCHOR + change * FEES_LAST, series.fee_type, series.fee_multiplier)
                    yield SeriesChange(series.ticker, new if change % 2 else old)

    def window(self, ticker: str) -> Window | None:
        return next((w for w in self.event(ticker.rpartition("-")[0]) if w.ticker == ticker), None)

    def event(self, ticker: str) -> Sequence[Window]:
        named = parsed(ticker)
        if named is None or named[1] >= len(self._slots):
            return ()
        slot = self._slots[named[1]]
        event = slot.last_closed_by(named[2])
        return self._markets(slot, event) if event >= 0 and slot.name(event) == ticker else ()

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        found = self._of_series.get(series, ()) if series else self._slots
        end = _second(last)
        return self._falling(((slot, slot.last_closed_by(end)) for slot in found), first.timestamp())

    def listed(self, series: str, first: datetime, last: datetime, at: datetime) -> Iterator[Window]:
        found = self._of_series.get(series, ()) if series else self._slots
        end, newest = _second(last), _second(at) + LISTED_SECONDS
        newest_events = ((slot, min(slot.last_closed_by(end), slot.event_at(newest))) for slot in found)
        return self._falling(newest_events, first.timestamp())

    def stirring(self, after: datetime, until: datetime) -> Iterator[Window]:
        """Of a longer time its last hour: by then every street has changed."""
        first = max(after, until - timedelta(seconds=HOUR))
        found: dict[tuple[int, int], None] = {}
        for second in range(_second(first) + 1, _second(until) + 1):
            for step, by_second in self._due.items():
                for slot in by_second.get(second % step, ()):
                    found[slot.number, slot.event_at(second)] = None
        for number, event in found:
            yield from self._markets(self._slots[number], event)
        yield from (w for w in self.living(first, until) if first < w.open_time <= until)

    def living(self, after: datetime, until: datetime) -> Iterator[Window]:
        start, end = after.timestamp(), until.timestamp()
        for hour in range(int(start) // HOUR, int(end) // HOUR + 1):
            agenda = self._agenda(hour)
            for _, number, event in agenda[bisect_right(agenda, (start, len(self._slots), 0)) :]:
                yield from self._markets(self._slots[number], event)

    def strike(self, window: Window, at: datetime) -> Decimal | None:
        return window.about.floor_strike if window.about else None

    def verdict(self, window: Window) -> Verdict | None:
        slot, event = self._place(window)
        yes = crowd_street.pays(slot, event, slot.number_of(window))
        value = ONE if yes else ZERO
        return Verdict("yes" if yes else "no", value, None, window.determined_time, window.settled_time)

    def moment(self, window: Window, at: datetime) -> datetime:
        moment = self._place(window)[0].moment(_second(at))
        return max(datetime.fromtimestamp(moment, UTC), window.open_time)

    def moments(self, window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
        slot = self._place(window)[0]
        if after < window.open_time <= until:
            yield window.open_time
        second = slot.moment(_second(max(after, window.open_time))) + slot.step
        while second <= until.timestamp():
            yield datetime.fromtimestamp(second, UTC)
            second += slot.step

    def street(self, window: Window, moment: datetime) -> StreetBook:
        return self._book(window, moment, crowd_street.LEVELS_MAX)

    def touch(self, window: Window, moment: datetime) -> StreetBook:
        return self._book(window, moment, 1)

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        slot, event = self._place(window)
        if not window.trades_at(moment) or slot.moment(_second(moment)) != _second(moment):
            return ()
        grid = self._grids.of(window, moment)
        found = crowd_street.taker(slot, event, slot.number_of(window), _second(moment), grid)
        return (found,) if found else ()

    def activity(self, window: Window, at: datetime) -> Activity:
        slot, event = self._place(window)
        return crowd_street.activity(slot, event, slot.number_of(window), _second(at))

    def _book(self, window: Window, moment: datetime, levels: int) -> StreetBook:
        if not window.trades_at(moment):
            return EMPTY
        slot, event = self._place(window)
        grid = self._grids.of(window, moment)
        return crowd_street.book(slot, event, slot.number_of(window), _second(moment), grid, levels)

    def _place(self, window: Window) -> tuple[Slot, int]:
        """The slot and the number of a window's event."""
        return self._find(window.event_ticker)

    def _find_event(self, ticker: str) -> tuple[Slot, int]:
        named = parsed(ticker)
        assert named is not None, "a market of the crowd"
        slot = self._slots[named[1]]
        return slot, slot.last_closed_by(named[2])

    def _falling(self, newest: Iterable[tuple[Slot, int]], first: float) -> Iterator[Window]:
        """Markets of each slot's newest event and those before it that close at or after `first`, the latest first."""
        ahead = [(-slot.closes(event), -self._rank[slot.number], slot.number, event) for slot, event in newest]
        heap = [item for item in ahead if -item[0] >= first and item[3] >= 0]
        heapify(heap)
        while heap:
            _, rank, number, event = heappop(heap)
            slot = self._slots[number]
            yield from self._markets(slot, event)
            if event and slot.closes(event - 1) >= first:
                heappush(heap, (-slot.closes(event - 1), rank, number, event - 1))

    def _agenda_of(self, hour: int) -> list[tuple[float, int, int]]:
        """When something happens in that hour (unix), by slot and event, in order."""
        start, end = hour * HOUR, (hour + 1) * HOUR
        return sorted(
            (at, slot.number, event)
            for slot in self._slots
            for event in range(slot.event_at(start - slot.settles_after - 1), slot.event_at(end + LISTED_SECONDS) + 1)
            if event >= 0
            for at in _life(slot, event)
            if start <= at < end
        )


def _life(slot: Slot, event: int) -> set[float]:
    """Seconds at which something happens to the markets of an event."""
    opens, closes = slot.opens(event), slot.closes(event)
    ends = (closes + slot.settles_after / 2, closes + slot.settles_after)
    return {opens - LISTED_SECONDS, opens, (opens + closes) // 2 // HOUR * HOUR, *ends}


def _due(found: Iterable[Slot]) -> dict[int, dict[int, list[Slot]]]:
    """The slots by their step and the second of it in which their streets change."""
    due: dict[int, dict[int, list[Slot]]] = {step: {} for step in STEPS}
    for slot in found:
        due[slot.step].setdefault(slot.offset, []).append(slot)
    return due


def _second(at: datetime) -> int:
    return int(at.timestamp())
