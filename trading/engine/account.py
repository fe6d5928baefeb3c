"""The account step of a beat: read what the exchange says about our orders, fills and markets, and book it.

Fills are booked as read, never assumed; what did not fill in time is cancelled; a market that paid closes its trades.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

from trading.domain.events import Event, MarketSettled, OrderFilled, ResultAmended
from trading.domain.ledger import order_by_id
from trading.domain.market import Market
from trading.domain.order import Fill, Mode, Order, OrderStatus
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.engine.broker import Broker
from trading.ports import MarketData

FILL_OVERLAP = timedelta(seconds=60)  # fills are asked for from this long before: clocks differ, and reads may lag


class Account:
    """Keeps our orders and trades true to both books. `on_settled` is told of every market that paid, `on_amended` of
    every closed trade whose result was changed."""

    def __init__(
        self,
        broker: Broker,
        market_data: MarketData,
        on_settled: Callable[[MarketSettled], object] | None = None,
        on_amended: Callable[[ResultAmended], object] | None = None,
    ) -> None:
        self.broker, self.book, self.clock = broker, broker.book, broker.clock
        self.market_data, self._on_settled, self._on_amended = market_data, on_settled, on_amended

    async def update(self) -> None:
        """One pass; asks only where something is open. Raises Unavailable, Unauthorized, StoreFailed."""
        if self.book.state.working_orders():
            await self._follow_orders()
        await self._settle()
        await self.broker.cash.read()

    async def _follow_orders(self) -> None:
        for order in unproved(self.book.state):
            await self.broker.resolve(order)
        for mode in self.broker.exchanges:
            await self.read_fills(mode)
        await self._time_out()

    async def read_fills(self, mode: Mode) -> None:
        """Book the fills of orders that may have some which we have not read."""
        waiting = [o for o in self.book.state.working_orders() if o.mode is mode and o.order_id and o.open_count > 0]
        if waiting:
            since = min(o.created_at for o in waiting) - FILL_OVERLAP
            self.book_fills(await self.broker.exchanges[mode].fills(since=since), mode)

    def book_fills(self, fills: Sequence[Fill], mode: Mode) -> None:
        """Book those that are ours and new, oldest first."""
        for fill in fills:
            if fill.fill_id in self.book.state.fill_ids:  # as most are: they are asked for again and again
                continue
            order = order_by_id(self.book.state, fill.order_id)
            if order is None or order.mode is not mode:
                continue
            ours = replace(fill, mode=mode, client_order_id=order.client_order_id, strategy=order.strategy)
            self.book.record(OrderFilled(self.clock.now(), ours))

    async def _time_out(self) -> None:
        now, limits = self.clock.now(), self.broker.limits
        for order in self.book.state.live_orders():
            rests_until = order.created_at + timedelta(seconds=limits.timeout_seconds(order.post_only))
            if order.status is OrderStatus.RESTING and rests_until <= now:
                await self.broker.cancel(order, "not filled in time")
                await self.read_fills(order.mode)

    async def _settle(self) -> None:
        now = self.clock.now()
        waiting = {t.ticker for t in self.book.state.trades.values() if t.close_time <= now}
        if not waiting:
            return
        for market in await self.market_data.markets(tickers=sorted(waiting)):
            self.pay(market)

    def pay(self, market: Market) -> None:
        """Close the trades of a market, where it has paid and every fill of theirs has been read."""
        if not market.settled:
            return
        state, now = self.book.state, self.clock.now()
        modes = {t.mode for t in state.trades.values() if t.ticker == market.ticker}
        for mode in sorted(modes):
            unread = [
                o for o in state.working_orders() if (o.ticker, o.mode) == (market.ticker, mode) and o.open_count > 0
            ]
            if unread or market.settlement_value is None:
                continue
            settled = MarketSettled(now, market.ticker, mode, market.result, market.settlement_value)
            self.book.record(settled)
            if self._on_settled:
                self._on_settled(settled)

    def closed(self, ticker: str, mode: Mode) -> list[Trade]:
        """The bets on a market that are over."""
        trades = cast(list[Trade], self.book.store.select("trades", ticker=ticker, mode=mode))
        return [trade for trade in trades if trade.contracts and not trade.open]

    def review(self, market: Market) -> None:
        """Correct the closed trades of a market that has paid, where it paid another value by now."""
        if market.settled and market.settlement_value is not None:
            for mode in Mode:
                self.correct(self.closed(market.ticker, mode), market.settlement_value)

    def correct(self, bets: Sequence[Trade], value: Decimal, *more: Event) -> None:
        """Correct those of these closed trades for which a YES contract paid other than `value` dollars in the end;
        `more` happens with it, or not at all."""
        now = self.clock.now()
        amended = [ResultAmended(now, bet, value) for bet in bets if bet.paying(value).profit != bet.profit]
        if amended or more:
            self.book.record(*amended, *more)
        if self._on_amended:
            for event in amended:
                self._on_amended(event)


def unproved(state: State) -> list[Order]:
    """Orders that were written down and never acknowledged."""
    return [o for o in state.live_orders() if o.status in (OrderStatus.PENDING, OrderStatus.UNKNOWN)]
