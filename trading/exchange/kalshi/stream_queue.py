"""News that waits to be heard: bounded, and when it is full everything in it goes, for one word that it was missed.

Asking the exchange is the truth anyway, so that a listener who has fallen behind is better told to ask than left to
work off what is old.
"""

from __future__ import annotations

import asyncio
from collections import deque

from trading.domain.news import Missed, News

NEWS_MAX = 10_000  # pieces that wait


class NewsQueue:
    """First in, first out, for one listener. `overflows` counts how often it was full."""

    def __init__(self) -> None:
        self.overflows = 0
        self._waiting: deque[News] = deque()
        self._some = asyncio.Event()

    def put(self, news: News) -> None:
        """Queue it. Full: all that waits and this one are dropped, and `Missed` stands in their place. `Missed` after
        `Missed` takes its place."""
        if len(self._waiting) >= NEWS_MAX:
            self._waiting.clear()
            self.overflows += 1
            news = Missed(f"more than {NEWS_MAX} pieces of news were waiting")
        elif isinstance(news, Missed) and self._waiting and isinstance(self._waiting[-1], Missed):
            self._waiting.pop()
        self._waiting.append(news)
        self._some.set()

    async def get(self) -> News:
        """The oldest; waits for it."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()
