"""Taking the exchange's own news to the book as it comes, so that a fill is told within a moment of the match.

News only makes us earlier: whatever is lost of it, the beat and the reconciliation find by asking. It therefore needs
no turn of its own: each piece is one commit, fills are known by their ids, and an order's word is taken only where it
is newer than what we know. News of an order that is still on its way waits until the order has landed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from trading.domain.errors import Unauthorized, Unavailable
from trading.domain.market import Market
from trading.domain.news import FillNews, GroupNews, MarketNews, Missed, News, OrderNews
from trading.domain.order import Mode
from trading.engine.account import Account
from trading.engine.fill_cap import FillCap
from trading.engine.observer import Observer
from trading.ports import Stream

SETTLED = "settled"


class Listening:
    """`catch_up` asks the exchange for everything that may have been missed; it is never run twice at once."""

    def __init__(
        self,
        stream: Stream,
        account: Account,
        observers: Sequence[Observer],
        catch_up: Callable[[], Awaitable[None]],
        fill_cap: FillCap | None = None,
    ) -> None:
        self._stream, self._account, self._observers, self._catch_up = stream, account, observers, catch_up
        self._fill_cap = fill_cap
        self._broker, self._book = account.broker, account.book
        self._behind = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises StoreFailed."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._hear_all())
            both.create_task(self._ask_again())

    async def _hear_all(self) -> None:
        while True:
            await self.hear(await self._stream.news())

    async def _ask_again(self) -> None:
        while True:
            await self._behind.wait()
            self._behind.clear()
            await self._catch_up()

    async def hear(self, news: News) -> None:
        """Take one piece of news. Raises StoreFailed."""
        match news:
            case FillNews():
                await self._fill(news)
            case OrderNews():
                await self._order(news)
            case MarketNews():
                await self._market(news)
            case GroupNews(step="triggered") if self._fill_cap:
                self._fill_cap.triggered(news.group_id)
            case Missed():
                for observer in self._observers:
                    observer.forget_news()
                self._behind.set()
            case _:
                pass  # what nobody here has asked for

    async def _fill(self, news: FillNews) -> None:
        await self._broker.landed(news.client_order_id)
        self._account.book_fills([news.fill], Mode.REAL)

    async def _order(self, news: OrderNews) -> None:
        await self._broker.landed(news.report.client_order_id)
        order = self._book.state.orders.get(news.report.client_order_id)
        if order is not None and order.mode is Mode.REAL:
            self._broker.learn(news.report, order, news.why)

    async def _market(self, news: MarketNews) -> None:
        follows = (each for each in self._observers if news.ticker.startswith(f"{each.series}-"))
        market = next(follows, self._observers[0]).take(news)
        if news.step == SETTLED and market is not None:
            await self._settled(market)

    async def _settled(self, market: Market) -> None:
        """Pay at once, after the last fills have been read; where they cannot be, the next beat does it."""
        try:
            await self._account.read_fills(Mode.REAL)
        except (Unavailable, Unauthorized):
            return
        self._account.pay(market)
        self._account.review(market)
