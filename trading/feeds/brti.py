"""The settlement index itself, asked of the exchange (`GET /cfbenchmarks/values`).

The simulated exchange gives it to everybody; the live one wants an entitlement and bills 50 read tokens, so that a
live bot polls public venues instead (`trading.feeds.spot`).
"""

from __future__ import annotations

from typing import Protocol

from trading.domain.market import Tick
from trading.feeds.coins import index_of


class IndexSource(Protocol):
    """What can be asked for an index: the live adapter, on any environment."""

    async def spot(self, index_id: str) -> Tick: ...


class IndexFeed:
    """`trading.ports.Feed` of the index that a series settles on; the tick's time is the index's own."""

    def __init__(self, source: IndexSource, series: str) -> None:
        self._source, self.index_id = source, index_of(series)

    async def read(self) -> Tick:
        """The newest value. Raises Unavailable, Unauthorized."""
        return await self._source.spot(self.index_id)
