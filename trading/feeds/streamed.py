"""The settlement index as the exchange's stream tells it, once a second; where it is silent, another feed is asked.

The stream's value is the index that the markets settle on. The other feed may be a proxy with a symbol of its own, by
which the two are told apart: a move from one to the other is no move of the price.
"""

from __future__ import annotations

from trading.domain.market import Tick
from trading.feeds.coins import index_of
from trading.ports import Clock, Feed, Stream

TOLD_SECONDS_MAX = 5.0  # of the clock; the index is told once a second


class StreamedFeed:
    """`trading.ports.Feed` of the index that a series settles on."""

    def __init__(self, stream: Stream, series: str, otherwise: Feed, clock: Clock) -> None:
        self._stream, self._otherwise, self._clock = stream, otherwise, clock
        self.index_id = index_of(series)

    async def read(self) -> Tick:
        """The newest value. Raises Unavailable, Unauthorized."""
        told = self._stream.tick(self.index_id)
        if told and (self._clock.now() - told.seen_at).total_seconds() <= TOLD_SECONDS_MAX:
            return told
        return await self._otherwise.read()
