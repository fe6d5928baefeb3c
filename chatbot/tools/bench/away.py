"""An exchange in this process, watched: what a call takes there is the world's time and not the bot's.

A bot gives the loop away at each call, as it does when a request leaves; what lies between two calls is how long it
holds the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from trading.clock import monotonic


@dataclass(slots=True)
class Watch:
    """Seconds: `away` in calls, and the `longest` stretch outside of them."""

    away: float = 0.0
    longest: float = 0.0
    _back: float = 0.0

    async def work(self, work: Callable[[], Awaitable[object]]) -> float:
        """Await the work; the seconds that it took without what it was away."""
        self._back = began = monotonic()
        away = self.away
        await work()
        ended = monotonic()
        self._held(ended)
        return ended - began - (self.away - away)

    async def call(self, method: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        """One call of the exchange; other tasks have their turn first."""
        left = monotonic()
        self._held(left)
        try:
            await asyncio.sleep(0)
            return await method(*given, **named)
        finally:
            self._back = monotonic()
            self.away += self._back - left

    def _held(self, until: float) -> None:
        self.longest = max(self.longest, until - self._back)


class Watched:
    """Stands before something whose methods are all async, such as an exchange or a feed."""

    def __init__(self, behind: object, watch: Watch) -> None:
        self._behind, self._watch = behind, watch

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._behind, name)
        return lambda *given, **named: self._watch.call(method, *given, **named)
