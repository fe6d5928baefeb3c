"""Candles of one market, of many at once, and of the historical tier, asked for in parts that the exchange takes.

A batch may name 100 markets and answer with 10,000 candles. Source: the exchange's pages on candlesticks, spec 3.34.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote as quoted

from trading.domain.reference import Candle, Period
from trading.exchange.kalshi import codec_reference, wire
from trading.exchange.kalshi import wire_reference as w
from trading.exchange.kalshi.calls import Calls, Params
from trading.exchange.kalshi.market_data import TICKERS_PER_CALL

CANDLES_PER_CALL = 9_900  # 100 below the exchange's bound: each market may have one more, from before the start

_read_one = wire.reader(w.CandlesAnswer)
_read_batch = wire.reader(w.CandlesBatch)


@dataclass(frozen=True, slots=True)
class Span:
    """Candles of one length that end from `start` to `end`, both unix seconds and inclusive; `before`: also the latest
    that ends earlier."""

    start: int
    end: int
    period: Period
    before: bool = False

    @staticmethod
    def between(start: datetime, end: datetime, period: Period, before: bool = False) -> Span:
        return Span(math.floor(start.timestamp()), math.ceil(end.timestamp()), period, before)

    @property
    def candles(self) -> int:
        """The most that one market can have between the bounds."""
        return (self.end - self.start) // self._seconds + 1

    def parts(self, most: int) -> Iterator[Span]:
        """The same in parts of at most so many candles."""
        for start in range(self.start, self.end + 1, most * self._seconds):
            end = min(start + most * self._seconds - 1, self.end)
            yield Span(start, end, self.period, self.before and start == self.start)

    @property
    def params(self) -> Params:
        before: Params = {"include_latest_before_start": "true"} if self.before else {}
        return {"start_ts": self.start, "end_ts": self.end, "period_interval": int(self.period), **before}

    @property
    def _seconds(self) -> int:
        return int(self.period) * 60


def batches(tickers: Sequence[str], span: Span) -> Iterator[tuple[Sequence[str], Span]]:
    """Which markets and which part of the span to ask for at once, so that every answer stays within the bounds."""
    most = min(TICKERS_PER_CALL, max(CANDLES_PER_CALL // max(span.candles, 1), 1))
    for i in range(0, len(tickers), most):
        for part in span.parts(CANDLES_PER_CALL):
            yield tickers[i : i + most], part


class Candles:
    """Over `calls`. All give candles oldest first. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def of_market(
        self, series: str, ticker: str, start: datetime, end: datetime, period: Period, *, before: bool = False
    ) -> list[Candle]:
        """Those of one market that end within the bounds; `before`: and the latest one earlier. Raises NotFound too."""
        path = f"/series/{quoted(series, safe='')}/markets/{quoted(ticker, safe='')}/candlesticks"
        return await self._of_one(path, Span.between(start, end, period, before))

    async def of_old_market(self, ticker: str, start: datetime, end: datetime, period: Period) -> list[Candle]:
        """Those of one market of the historical tier. Raises NotFound too."""
        path = f"/historical/markets/{quoted(ticker, safe='')}/candlesticks"
        return await self._of_one(path, Span.between(start, end, period))

    async def of_markets(
        self, tickers: Sequence[str], start: datetime, end: datetime, period: Period, *, before: bool = False
    ) -> dict[str, list[Candle]]:
        """Those of many markets, by ticker; a market that the exchange does not know has none."""
        found: dict[str, list[Candle]] = {ticker: [] for ticker in tickers}
        for group, part in batches(tickers, Span.between(start, end, period, before)):
            params: Params = {"market_tickers": ",".join(group), **part.params}
            for ticker, candles in await self._calls.read("/markets/candlesticks", _many, params):
                found.setdefault(ticker, []).extend(candles)
        return {ticker: _in_order(candles) for ticker, candles in found.items()}

    async def _of_one(self, path: str, span: Span) -> list[Candle]:
        found: list[Candle] = []
        for part in span.parts(CANDLES_PER_CALL):
            found += await self._calls.read(path, _one, part.params)
        return _in_order(found)


def _one(body: bytes) -> list[Candle]:
    return list(map(codec_reference.candle, _read_one(body).candlesticks))


def _many(body: bytes) -> list[tuple[str, list[Candle]]]:
    return [(m.market_ticker, list(map(codec_reference.candle, m.candlesticks))) for m in _read_batch(body).markets]


def _in_order(candles: Iterable[Candle]) -> list[Candle]:
    """Each once, though two parts may both hold one at their border."""
    by_end = {candle.ends_at: candle for candle in candles}
    return [by_end[end] for end in sorted(by_end)]
