"""The fee terms of the markets that are watched: read now and then, so that every worst case is by today's terms.

An event can have terms of its own, and changes are announced before they come; both are read together with the series.
Until they have been read the terms are those of nearly every series.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from trading.domain.errors import NotFound
from trading.domain.fee_schedule import fee_terms
from trading.domain.market import Market
from trading.domain.reference import Event, FeeChange, Series
from trading.ports import Clock, FeeListings

FEES_SECONDS = 300.0  # a change that nobody announced is seen within this


class FeeWatch:
    """Of the markets of one series."""

    def __init__(self, listings: FeeListings, clock: Clock, series: str) -> None:
        self._listings, self._clock, self._name = listings, clock, series
        self._series: Series | None = None
        self._events: dict[str, Event | None] = {}  # None: not listed, so the series' own terms hold
        self._changes: list[FeeChange] = []
        self._read_at: datetime | None = None

    def priced(self, market: Market) -> Market:
        """The market with the terms that hold for it now."""
        if self._series is None:
            return market
        event = self._events.get(market.event_ticker)
        return replace(market, fees=fee_terms(self._series, event, self._changes, self._clock.now()))

    async def read(self, markets: Iterable[Market]) -> None:
        """Read again what is old, and what these markets' events are. Raises Unavailable, Unauthorized."""
        wanted = {market.event_ticker for market in markets}
        now = self._clock.now()
        old = self._read_at is None or (now - self._read_at).total_seconds() >= FEES_SECONDS
        if not old and wanted <= self._events.keys():
            return
        series = await self._listings.series(self._name)
        changes = await self._listings.series_fee_changes(self._name)
        events: dict[str, Event | None] = {}
        for ticker in sorted(wanted):
            events[ticker] = await self._event(ticker)
            changes += await self._listings.event_fee_changes(ticker)
        self._series, self._events, self._changes, self._read_at = series, events, changes, now

    async def _event(self, ticker: str) -> Event | None:
        try:
            return await self._listings.event(ticker)
        except NotFound:
            return None
