"""When the exchange stands still: the weekly trading pause, and pauses that somebody orders.

Every Thursday 03:00-05:00 US Eastern no order is created or amended; cancels work. While the whole exchange is paused
cancels are refused too. (Documented on the exchange's maintenance page.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trading.exchange.simulated.refusals import exchange_is_paused
from trading.exchange.simulated.windows import EASTERN

THURSDAY = 3  # of datetime.weekday()
STARTS_AT_HOUR, ENDS_AT_HOUR = 3, 5  # US Eastern


@dataclass(frozen=True, slots=True)
class Pause:
    """From `start` up to `end` (aware UTC). `whole`: the exchange, so that cancels are refused as well."""

    start: datetime
    end: datetime
    whole: bool = False

    def covers(self, at: datetime) -> bool:
        return self.start <= at < self.end


class Pauses:
    """The weekly pause, and what `add` orders on top."""

    def __init__(self) -> None:
        self._ordered: list[Pause] = []

    def add(self, pause: Pause) -> None:
        self._ordered.append(pause)

    def at(self, when: datetime) -> Pause | None:
        """The pause that is on; one of the whole exchange before one of trading alone."""
        found = [p for p in (*self._ordered, _weekly(when)) if p.covers(when)]
        return max(found, key=lambda p: p.whole, default=None)

    def check_exchange(self, at: datetime) -> None:
        """Nothing unless the whole exchange stands still. Raises VenueError 409."""
        pause = self.at(at)
        if pause is not None and pause.whole:
            raise exchange_is_paused()

    def next_start(self, after: datetime) -> datetime:
        """When the next pause begins, later than `after`."""
        weekly = _weekly(after)
        if weekly.start <= after:
            weekly = _weekly(weekly.end + timedelta(days=1))
        return min([p.start for p in self._ordered if p.start > after] + [weekly.start])


def _weekly(when: datetime) -> Pause:
    """The weekly pause of the Thursday on or after that day (US Eastern)."""
    local = when.astimezone(EASTERN)
    day = local.date() + timedelta(days=(THURSDAY - local.weekday()) % 7)
    start = datetime(day.year, day.month, day.day, STARTS_AT_HOUR, tzinfo=EASTERN)
    return Pause(start.astimezone(UTC), start.replace(hour=ENDS_AT_HOUR).astimezone(UTC))
