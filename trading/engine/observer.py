"""The observe step of a beat: what the markets and the spot say now, as one View.

Market objects are cached by the exchange's own network for 15 seconds, so they are asked for no more often than that
unless something is missing; prices always come from the order book. Where a stream is connected its local book and
its news are newer than any answer and come first; where it is not, everything is asked for, beat by beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.domain.errors import NotFound, Unauthorized, Unavailable
from trading.domain.intent import View
from trading.domain.market import Market, Quote, Tick
from trading.domain.news import MarketNews
from trading.engine.fee_watch import FeeWatch
from trading.engine.informed import informed, merged
from trading.engine.samples import Samples
from trading.ports import Clock, Feed, HeadlineFeed, MarketData, Stream

MARKET_CACHE_SECONDS = 15.0
LISTED_SPAN = timedelta(hours=1)  # markets are listed that close within this long of now, either way
TOLD_SECONDS_MAX = 5.0  # of the clock, since the stream was heard
TICKS_MAX = 2_000  # newest spot samples kept; at one a second, half an hour


class Observer:
    """Follows one series; without a `feed` there is no spot price for it."""

    def __init__(
        self,
        market_data: MarketData,
        feed: Feed | None,
        clock: Clock,
        series: str,
        stream: Stream | None = None,
        fees: FeeWatch | None = None,
        headlines: HeadlineFeed | None = None,
    ) -> None:
        self._market_data, self._feed, self._clock, self.series = market_data, feed, clock, series
        self.stream, self._fees, self.headlines = stream, fees, headlines
        self._markets: Sequence[Market] = ()  # in the order of their closes
        self._news: dict[str, MarketNews] = {}  # of listed markets
        self._listed_at: datetime | None = None
        self._histories: dict[str, tuple[Tick, ...]] = {}  # by the index's symbol
        self.ticks: tuple[Tick, ...] = ()  # of the index that was read last, oldest first
        self.view: View | None = None
        self.samples = Samples()  # what was seen of the last hours' markets
        self.problems: dict[str, str] = {}  # part -> what failed when it was last asked

    async def look(self) -> View:
        """The view of this instant; a part that cannot be read now is missing in it and named in `problems`."""
        await self._spot()
        now = self._clock.now()
        market = self._current(now)
        if self._list_is_old(now, market):
            await self._list(now)
            market = self._current(now)
        self._follow(market)
        quote = await self.quote(market.ticker) if market else None
        previous = self._closed_at_open(market) if market else None
        market = await self._priced(market) if market else None
        headlines = self.headlines.about(market.ticker) if self.headlines and market else ()
        self.view = View(self._clock.now(), market, previous, quote, self.ticks, headlines=headlines)
        self.samples.take(self.view)
        return self.view

    async def _spot(self) -> None:
        if self._feed is None:
            return
        try:
            tick = await self._feed.read()
        except (Unavailable, Unauthorized, NotFound) as error:
            self.problems["spot"] = str(error)
            return
        self.problems.pop("spot", None)
        # Each index has its own history: the step from one to another is no move of the price.
        history = self._histories.get(tick.symbol, ())
        if not history or tick.seen_at > history[-1].seen_at:
            history = history[1 - TICKS_MAX :] + (tick,)  # noqa: RUF005 - unpacked, it is copied twice
        self.ticks = self._histories[tick.symbol] = history

    async def _list(self, now: datetime) -> None:
        try:
            listed = await self._market_data.markets(
                series=self.series, closes_after=now - LISTED_SPAN, closes_before=now + LISTED_SPAN
            )
        except (Unavailable, Unauthorized) as error:
            self.problems["markets"] = str(error)
            return
        self.problems.pop("markets", None)
        self._listed_at = now
        self._news = {m.ticker: self._news[m.ticker] for m in listed if m.ticker in self._news}
        known = (informed(m, self._news[m.ticker]) if m.ticker in self._news else m for m in listed)
        self._markets = sorted(known, key=lambda m: (m.close_time, m.ticker))

    async def _priced(self, market: Market) -> Market:
        """With its fee terms; as they were last known where they cannot be read now."""
        if self._fees is None:
            return market
        try:
            await self._fees.read([market])
        except (Unavailable, Unauthorized, NotFound) as error:
            self.problems["fees"] = str(error)
        else:
            self.problems.pop("fees", None)
        return self._fees.priced(market)

    def _list_is_old(self, now: datetime, market: Market | None) -> bool:
        if self._listed_at is None or market is None or market.strike is None:
            return True
        return (now - self._listed_at).total_seconds() >= MARKET_CACHE_SECONDS

    async def quote(self, ticker: str) -> Quote | None:
        """The touch of a market now, None when it cannot be read."""
        told = self._told(ticker)
        if told:
            self.problems.pop("quote", None)
            return told
        try:
            quote = await self._market_data.quote(ticker)
        except (Unavailable, Unauthorized) as error:
            self.problems["quote"] = str(error)
            return None
        self.problems.pop("quote", None)
        return quote

    @property
    def streaming(self) -> bool:
        """Whether prices come from the stream now."""
        market = self.view.market if self.view else None
        return market is not None and self._told(market.ticker) is not None

    def _told(self, ticker: str) -> Quote | None:
        """The stream's quote, unless asking gives a newer one: a world that runs many times faster than its stream."""
        told = self.stream.quote(ticker) if self.stream else None
        return told if told and told.age(self._clock.now()) <= TOLD_SECONDS_MAX else None

    def take(self, news: MarketNews) -> Market | None:
        """Keep what the stream told of a market; the market with it, None where it is not listed here."""
        listed = next((m for m in self._markets if m.ticker == news.ticker), None)
        if listed is None:
            self._listed_at = None  # perhaps a new one: the next beat lists again
            return None
        self._news[news.ticker] = merged(self._news.get(news.ticker), news)
        known = informed(listed, self._news[news.ticker])
        self._markets = [known if m.ticker == news.ticker else m for m in self._markets]
        return known

    def forget_news(self) -> None:
        """What was told may be overtaken by what was missed: the next beat lists again."""
        self._news.clear()
        self._listed_at = None

    def _follow(self, market: Market | None) -> None:
        """Keep the books of the market that is open and of the one after it."""
        if self.stream and market:
            coming = [m.ticker for m in self._markets if m.open_time == market.close_time]
            self.stream.follow((market.ticker, *coming))

    def coming(self, now: datetime) -> Market | None:
        """The listed market that opens next."""
        return min((m for m in self._markets if m.open_time > now), key=lambda m: m.open_time, default=None)

    def _current(self, now: datetime) -> Market | None:
        """The market open now that closes first."""
        return next((m for m in self._markets if m.open_at(now)), None)

    def _closed_at_open(self, market: Market) -> Market | None:
        return next((m for m in self._markets if m.close_time == market.open_time), None)
