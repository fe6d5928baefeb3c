"""Dry run: an exchange that fills orders on paper against real quotes.

It answers like the real one (`trading.ports.Exchange`) and sends nothing. The rules, each on the careful side:

- Only the touch is there to be taken: never a better price than the touch, never more than its size, no deeper level.
- What was taken from a price stays taken while that price is the touch, so that waiting does not fill the same
  contracts twice.
- An order that crosses the touch when it is placed takes from it at the touch's price and pays the taker's fee. What
  is left of it rests (GTC), is dropped (IOC), or refuses it all (FOK).
- A resting order fills when a quote seen later crosses its price: at its own price, at most the touch's size. It pays
  the maker's fee, or the taker's where it had crossed the touch when it was placed.
- Nothing fills while the exchange or the shard is paused when it is placed, after the market's close, or after the
  order's expiry.
- Fees are those of `trading.domain.fees`, to $0.0001. An order needs its worst cost and fee in free cash.
- Each strategy has a book of its own, with its own cash, and trades as if it were alone: two may hold the two sides of
  one market, and what one takes from the touch is still there for the other.

What it leaves out, in its own favour and against it: other people's reaction to the order, its place in the queue, and
quotes that came and went between two looks. Cash is one pot for all shards. Ids are derived from the client's id, so
that the same run gives the same ids, and a restart no second fill for the first one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.errors import NotFound, Rejected, Unavailable
from trading.domain.market import Market, Quote
from trading.domain.money import ZERO
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.exchange.paper_book import PaperBook
from trading.ports import Clock, MarketData
from trading.risk.gate import Ticket


class PaperExchange:
    """`trading.ports.Exchange` on paper. `cash` is what each strategy starts with (dollars); one that is not among
    them has nothing to buy with, and may only leave what it holds. Each order has its own fee terms."""

    def __init__(self, market_data: MarketData, clock: Clock, cash: Mapping[str, Decimal]) -> None:
        self._market_data, self._clock = market_data, clock
        self._books = {name: PaperBook(own) for name, own in cash.items()}
        self._sweeps = 0  # an order that still waits for its quote when all is cancelled is not placed any more

    def restore(
        self, orders: Collection[Order], positions: Collection[Position], trades_cash: Mapping[str, Decimal]
    ) -> None:
        """Go on after a restart, with the ledger's dry-run rows; once, before anything else.

        `orders` are those that still rest (others are passed over: what was never acknowledged never was);
        `trades_cash` is what each strategy's dry-run trades did to its cash: the sum of `cash - fees` of the open ones
        and of `profit` of the closed ones. A fill that was reported and never booked is made again, at the order's own
        price and under the same id.
        """
        now = self._clock.now()
        for name in dict.fromkeys([*trades_cash, *(p.strategy for p in positions), *(o.strategy for o in orders)]):
            own = [order for order in orders if order.strategy == name]
            held = [position for position in positions if position.strategy == name]
            self._book(name).restore(own, held, trades_cash.get(name, ZERO), now)

    def _book(self, strategy: str) -> PaperBook:
        return self._books.setdefault(strategy, PaperBook(ZERO))

    async def markets(
        self,
        *,
        series: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        closes_before: datetime | None = None,
        status: str = "",
    ) -> list[Market]:
        """The real ones."""
        return await self._market_data.markets(
            series=series, tickers=tickers, closes_after=closes_after, closes_before=closes_before, status=status
        )

    async def quote(self, ticker: str) -> Quote:
        """The real one."""
        return await self._market_data.quote(ticker)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        """The real one."""
        return await self._market_data.status(exchange_index)

    async def place(self, ticket: Ticket) -> Placed:
        """Fill what the touch gives now; the rest by the rules above. Raises Rejected, Unresolved (a known id)."""
        order, sweeps = ticket.order, self._sweeps
        try:
            status = await self._market_data.status(order.exchange_index)
            quote = await self._market_data.quote(order.ticker)
        except Unavailable as error:
            raise Rejected("unreachable", f"no quote to fill against: {error}") from error
        if self._sweeps != sweeps:
            raise Rejected("called_off", "everything was cancelled before it was placed")
        return self._book(order.strategy).enter(order, quote, status, self._clock.now())

    async def cancel(self, order: Order) -> Decimal:
        """The contracts taken off. Raises NotFound."""
        now = self._clock.now()
        book = self._with(order.order_id)
        book.expire(now)
        return book.cancel(order.order_id, now)

    async def cancel_all(self) -> None:
        self._sweeps += 1
        for book in self._books.values():
            book.cancel_all(self._clock.now())

    async def refresh(self, ticker: str) -> None:
        """Look at a market's quote and fill what it crosses. Raises Unavailable."""
        quote = await self._market_data.quote(ticker)
        for book in self._books.values():
            book.match(quote, self._clock.now())

    def settle(self, ticker: str, value: Decimal) -> list[Settlement]:
        """Pay a market out: `value` dollars for a YES contract. One record for each strategy that held some."""
        paid = [book.settle(ticker, value, self._clock.now()) for book in self._books.values()]
        return [settlement for settlement in paid if settlement is not None]

    def correct(self, strategy: str, gained: Decimal) -> None:
        """Pay the difference (dollars) that an amended result makes to what was paid out to a strategy before."""
        self._book(strategy).correct(gained)

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        await self._look()
        return [
            report
            for book in self._books.values()
            for report in book.reports
            if status in ("", report.status)
            and ticker in ("", report.ticker)
            and (since is None or report.created_at is None or report.created_at >= since)
        ]

    async def order(self, order_id: str) -> OrderReport:
        """Raises NotFound."""
        book = self._with(order_id)
        book.expire(self._clock.now())
        return book.report(order_id)

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        await self._look()
        found = [
            fill
            for book in self._books.values()
            for fill in book.fills
            if (since is None or fill.at >= since) and ticker in ("", fill.ticker) and order_id in ("", fill.order_id)
        ]
        return sorted(found, key=lambda fill: fill.at)

    async def positions(self) -> list[Position]:
        """Those of each strategy."""
        return [replace(held, strategy=name) for name, book in self._books.items() for held in book.positions]

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        found = sorted((paid for book in self._books.values() for paid in book.settlements), key=lambda paid: paid.at)
        return [paid for paid in found if (since is None or paid.at >= since) and ticker in ("", paid.ticker)]

    async def balance(self) -> Balance:
        """Free cash of all books together (no shards), and what is held at the touch last seen."""
        books = self._books.values()
        return Balance(sum((b.free_cash for b in books), ZERO), {}, sum((b.worth for b in books), ZERO))

    async def as_of(self) -> datetime:
        return self._clock.now()

    async def _look(self) -> None:
        """Refresh every market with a resting order; one that cannot be read now fills nothing now."""
        for book in self._books.values():
            book.expire(self._clock.now())
        for ticker in dict.fromkeys(ticker for book in self._books.values() for ticker in book.resting_tickers):
            with contextlib.suppress(Unavailable):
                await self.refresh(ticker)

    def _with(self, order_id: str) -> PaperBook:
        """The book that has this order. Raises NotFound."""
        for book in self._books.values():
            with contextlib.suppress(NotFound):
                book.report(order_id)
                return book
        raise NotFound(f"{order_id}: no such order on paper")
