"""A person's way out: selling what is held at what is bid now, whatever else stands still.

Every exit is reduce-only and immediate-or-cancel, by the gate and the broker like every order. Its price may be a
little below the touch, because a touch moves while a person decides; what the exchange pays is told from the fills.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from trading.domain.errors import ChatopsError
from trading.domain.intent import Intent
from trading.domain.market import Market, Outcome, Quote, on_grid
from trading.domain.money import ONE, ZERO
from trading.domain.order import Order, Position, TimeInForce, yes_price
from trading.domain.trade import Trade
from trading.engine.account import Account
from trading.engine.pages import Exit, Exited
from trading.risk.gate import Denial

WHY = "flatten"
SLIPS = (Decimal("0.02"), Decimal("0.01"), ZERO)  # dollars below the touch that are still taken; the first on the grid


class Flattener:
    """Of our own positions, in both modes; foreign ones are not touched. `quote` reads a market's touch."""

    def __init__(self, account: Account, quote: Callable[[str], Awaitable[Quote | None]]) -> None:
        self._account, self._broker, self._book = account, account.broker, account.book
        self._quote = quote

    async def preview(self, ticker: str = "") -> list[Exit]:
        """What leaving would bring, one market or all. Never raises for what cannot be read: it says so."""
        return [(await self._look(position))[0] for position in self._held(ticker)]

    async def flatten(self, ticker: str = "") -> list[Exited]:
        """Leave now, one market after the other. Raises StoreFailed."""
        return [await self._leave(position) for position in self._held(ticker)]

    def _held(self, ticker: str) -> list[Position]:
        return [p for p in self._book.state.positions.values() if ticker in ("", p.ticker) and p.contracts]

    async def _look(self, position: Position) -> tuple[Exit, Market | None, Quote | None]:
        side = Outcome.YES if position.contracts > 0 else Outcome.NO
        held = Exit(position.mode, position.ticker, side, abs(position.contracts), self._paid(position))
        try:
            listed = await self._broker.exchanges[position.mode].markets(tickers=[position.ticker])
        except ChatopsError as error:
            return replace(held, problem=str(error)), None, None
        quote = await self._quote(position.ticker)
        if not listed or quote is None:
            return replace(held, problem="the market or its price cannot be read now"), None, None
        bid = quote.bid_for(side)
        if bid is None:
            return replace(held, problem="nobody bids for it"), None, None
        fee = listed[0].fees.worst_fee(bid.price, held.contracts)
        return replace(held, bid=bid.price, proceeds=bid.price * held.contracts, fee=fee), listed[0], quote

    def _paid(self, position: Position) -> Decimal:
        trade = self._trade(position)
        return -trade.cash + trade.fees + _owed(position) if trade else ZERO

    def _trade(self, position: Position) -> Trade | None:
        trades = self._book.state.open_trades(position.mode)
        return next((t for t in trades if (t.ticker, t.book) == (position.ticker, position.book)), None)

    async def _leave(self, position: Position) -> Exited:
        exit_, market, quote = await self._look(position)
        if market is None or quote is None or exit_.bid is None:
            return Exited(exit_, problem=exit_.problem)
        wish = self._wish(position, exit_, market, exit_.bid)
        outcome = await self._broker.flatten(wish, position.mode, market, quote)
        if isinstance(outcome, Denial):
            return Exited(exit_, problem=outcome.text)
        return await self._report(exit_, outcome)

    def _wish(self, position: Position, exit_: Exit, market: Market, bid: Decimal) -> Intent:
        """Selling one side is buying the other."""
        prices = (ONE - (bid - slip) for slip in SLIPS)
        other = exit_.side.other
        price = next(p for p in prices if on_grid(yes_price(other, p), market.price_ranges) or p == ONE - bid)
        return Intent(
            strategy=position.strategy,
            ticker=position.ticker,
            side=other,
            price=price,
            count=exit_.contracts,
            why=WHY,
            attempt=int(self._broker.clock.now().timestamp()),  # another one than that of the way in
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )

    async def _report(self, exit_: Exit, order: Order) -> Exited:
        try:
            await self._account.read_fills(exit_.mode)
            fills = await self._broker.exchanges[exit_.mode].fills(order_id=order.order_id) if order.order_id else []
        except ChatopsError as error:
            return Exited(exit_, problem=f"sent, and what it brought cannot be read yet: {error}")
        sold = sum((fill.count for fill in fills), ZERO)
        received = sum(((ONE - yes_price(exit_.side.other, f.price)) * f.count - f.fee for f in fills), ZERO)
        order = self._book.state.orders[order.client_order_id]
        why = order.status if order.why == WHY else order.why
        left = "" if sold >= exit_.contracts else f"{exit_.contracts - sold} not sold: {why}"
        return Exited(exit_, sold, received, left)


def _owed(position: Position) -> Decimal:
    """A NO contract is a sold YES and a dollar put aside."""
    return max(-position.contracts, ZERO)
