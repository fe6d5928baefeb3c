"""One stream for several observers: each follows its own markets, and the stream is asked for all of them together."""

from __future__ import annotations

from collections.abc import Collection

from trading.domain.market import Quote, Tick
from trading.domain.news import News, StreamHealth
from trading.ports import Stream


class Share:
    """`trading.ports.Stream` for one of them; `wanted` is kept in common, what each follows by its name."""

    def __init__(self, stream: Stream, name: str, wanted: dict[str, tuple[str, ...]]) -> None:
        self._stream, self._name, self._wanted = stream, name, wanted

    def follow(self, tickers: Collection[str]) -> None:
        """Keep the order books of exactly these markets, and of those that the others follow."""
        self._wanted[self._name] = tuple(tickers)
        self._stream.follow(tuple(dict.fromkeys(ticker for own in self._wanted.values() for ticker in own)))

    def quote(self, ticker: str) -> Quote | None:
        return self._stream.quote(ticker)

    def tick(self, index_id: str) -> Tick | None:
        return self._stream.tick(index_id)

    async def news(self) -> News:
        return await self._stream.news()

    @property
    def health(self) -> StreamHealth:
        return self._stream.health
