"""The clocks: the only readers of real time in `trading`.

`RealClock` tells the time as it is, also sped up (`run` and `exchange` on the simulated environment); `VirtualClock`
stands still until it is told to move (`demo`, `replay`, `simulate`), so that the same seed gives the same figures.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """The wall clock, for what people and networks do (signatures, confirmations, delivery): aware UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds of real time that never jump back: for measuring how long something took."""
    return time.monotonic()


class RealClock:
    """Starts at `start` (default: now) and runs `speed` times as fast as the world."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self.speed = speed
        self._start = start or real_now()
        self._zero = time.monotonic()
        self._plain = speed == 1.0 and start is None

    def now(self) -> datetime:
        if self._plain:
            return real_now()
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self.speed)

    def advance_to(self, when: datetime) -> None:
        """Jump on to `when`, where a restarted simulation must not run backwards; a time already passed changes
        nothing."""
        behind = when - self.now()
        if behind > timedelta(0):
            self._start += behind
            self._plain = False

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0) / self.speed)


class VirtualClock:
    """Moves only by `advance_to` and `sleep`; a sleep of anybody moves it for everybody, at once."""

    speed = 1.0

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance_to(self, when: datetime) -> None:
        """Move on to `when`; a time already passed changes nothing."""
        self._now = max(self._now, when)

    async def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=max(seconds, 0.0))
        await asyncio.sleep(0)
