"""The observe step of a beat: what the markets and the spot say now, as one View.

Market objects are cached by the exchange's own network for 15 seconds, so they are asked for no more often than that
unless something is missing; prices always come from the order book.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.domain.errors import Unauthorized, Unavailable
from trading.domain.intent import View
from trading.domain.market import Market, Quote, Tick
from trading.ports import Clock, Feed, MarketData

MARKET_CACHE_SECONDS = 15.0
LISTED_SPAN = timedelta(hours=1)  # markets are listed that close within this long of now, either way
TICKS_MAX = 2_000  # newest spot samples kept; at one a second, half an hour


class Observer:
    """Follows one series."""

    def __init__(self, market_data: MarketData, feed: Feed, clock: Clock, series: str) -> None:
        self._market_data, self._feed, self._clock, self.series = market_data, feed, clock, series
        self._markets: Sequence[Market] = ()
        self._listed_at: datetime | None = None
        self.ticks: deque[Tick] = deque(maxlen=TICKS_MAX)
        self.view: View | None = None
        self.problems: dict[str, str] = {}  # part -> what failed when it was last asked

    async def look(self) -> View:
        """The view of this instant; a part that cannot be read now is missing in it and named in `problems`."""
        await self._spot()
        now = self._clock.now()
        market = self._current(now)
        if self._list_is_old(now, market):
            await self._list(now)
            market = self._current(now)
        quote = await self.quote(market.ticker) if market else None
        previous = self._closed_at_open(market) if market else None
        self.view = View(self._clock.now(), market, previous, quote, tuple(self.ticks))
        return self.view

    async def _spot(self) -> None:
        try:
            tick = await self._feed.read()
        except (Unavailable, Unauthorized) as error:
            self.problems["spot"] = str(error)
            return
        self.problems.pop("spot", None)
        if not self.ticks or tick.seen_at > self.ticks[-1].seen_at:
            self.ticks.append(tick)

    async def _list(self, now: datetime) -> None:
        try:
            self._markets = await self._market_data.markets(
                series=self.series, closes_after=now - LISTED_SPAN, closes_before=now + LISTED_SPAN
            )
        except (Unavailable, Unauthorized) as error:
            self.problems["markets"] = str(error)
            return
        self.problems.pop("markets", None)
        self._listed_at = now

    def _list_is_old(self, now: datetime, market: Market | None) -> bool:
        if self._listed_at is None or market is None or market.strike is None:
            return True
        return (now - self._listed_at).total_seconds() >= MARKET_CACHE_SECONDS

    async def quote(self, ticker: str) -> Quote | None:
        """The touch of a market now, None when it cannot be read."""
        try:
            quote = await self._market_data.quote(ticker)
        except (Unavailable, Unauthorized) as error:
            self.problems["quote"] = str(error)
            return None
        self.problems.pop("quote", None)
        return quote

    def _current(self, now: datetime) -> Market | None:
        """The market open now that closes first."""
        return min((m for m in self._markets if m.open_at(now)), key=lambda m: (m.close_time, m.ticker), default=None)

    def _closed_at_open(self, market: Market) -> Market | None:
        return next((m for m in self._markets if m.close_time == market.open_time), None)
