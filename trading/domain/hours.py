"""When the exchange is open by its own timetable: standard hours by weekday in US Eastern time, and maintenance.

Source: `GET /exchange/schedule` of the exchange's spec 3.34. A day's hours that end at or before their begin reach to
midnight: that is how the exchange writes the end of a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of a day in US Eastern time; `closes` is not part of it."""

    opens: time
    closes: time

    def hold(self, at: time) -> bool:
        """Whether this part of the day holds an Eastern time of day."""
        return self.opens <= at and (at < self.closes or self.closes <= self.opens)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The hours of each weekday (Monday first), valid from `begins` up to `ends`."""

    begins: datetime
    ends: datetime
    days: tuple[tuple[Hours, ...], ...]

    def hold(self, now: datetime) -> bool:
        """Whether these hours are valid at `now` and hold it."""
        local = now.astimezone(EASTERN)
        return self.begins <= now < self.ends and any(h.hold(local.time()) for h in self.days[local.weekday()])


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A time in which the exchange is shut for work."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The exchange's timetable."""

    weeks: Sequence[WeeklyHours]
    maintenance: Sequence[Maintenance]

    def open_at(self, now: datetime) -> bool:
        """Whether the timetable has the exchange open at `now` (aware)."""
        shut = any(window.begins <= now < window.ends for window in self.maintenance)
        return not shut and any(week.hold(now) for week in self.weeks)
