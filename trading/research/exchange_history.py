"""The live exchange as a source of the past: its live tier, its historical tier, and one-minute candles of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trading.domain.market import Market
from trading.domain.reference import Candle, HistoricalCutoff, Period
from trading.exchange.kalshi.client import KalshiExchange


class ExchangeHistory:
    """Implements `history.Markets`; needs no key."""

    def __init__(self, exchange: KalshiExchange) -> None:
        self._exchange = exchange

    async def cutoff(self) -> HistoricalCutoff:
        return await self._exchange.history.cutoff()

    async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
        return await self._exchange.markets(series=series, closes_after=first, closes_before=last)

    async def old(self, series: str) -> list[Market]:
        return await self._exchange.history.old_markets(series=series)

    async def candles(self, series: str, markets: Sequence[Market]) -> dict[str, list[Candle]]:
        """Asked for by the hour: an answer may have only so many minutes of all its markets together."""
        found: dict[str, list[Candle]] = {}
        for hour in _by_hour(markets):
            tickers = [market.ticker for market in hour]
            first, last = min(m.open_time for m in hour), max(m.close_time for m in hour)
            found |= await self._exchange.candles.of_markets(tickers, first, last, Period.MINUTE)
        return found

    async def old_candles(self, market: Market) -> list[Candle]:
        return await self._exchange.candles.of_old_market(
            market.ticker, market.open_time, market.close_time, Period.MINUTE
        )


def _by_hour(markets: Sequence[Market]) -> list[list[Market]]:
    """Together those that closed in the same hour."""
    hours: dict[datetime, list[Market]] = {}
    for market in markets:
        hours.setdefault(market.close_time.replace(minute=0, second=0, microsecond=0), []).append(market)
    return list(hours.values())
