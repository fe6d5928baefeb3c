"""Time in a simulation: an event loop that never waits, and the clocks that run with it.

When nothing is ready, the loop's time jumps to the next timer, so that every timeout, backoff and latency takes as long
as in life and costs nothing. What happens at the same instant happens in the order in which it was asked for: a run
depends on its seed alone.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta

from trading.clock import VirtualClock


class _Jumps(selectors.SelectSelector):
    """A selector that hears nobody: waiting is letting the time pass."""

    elapsed = 0.0  # seconds of virtual time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that nobody will do")
        self.elapsed += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time. Sockets, threads and processes are not heard on it."""

    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.elapsed

    def suspend(self, seconds: float) -> None:
        """Stand still while the world goes on: a laptop that was closed for so long."""
        self._jumps.elapsed += seconds


class LoopClock(VirtualClock):
    """The wall clock of one machine: starts at `start` and runs with `elapsed` (seconds), and can be put forward."""

    def __init__(self, start: datetime, elapsed: Callable[[], float]) -> None:
        super().__init__(start)
        self._start, self._elapsed = start, elapsed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed())

    def advance_to(self, when: datetime) -> None:
        """Put it forward to `when`; a time already passed changes nothing."""
        self._start += max(when - self.now(), timedelta(0))

    def step(self, seconds: float) -> None:
        """Put it forward by so much."""
        self._start += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))
