"""The broker: takes a ticketed order to the exchange, and nothing that the gate did not pass.

The order is committed before it is sent; `place` ends in an acknowledgement, a proved rejection, or UNKNOWN, which
stays UNKNOWN until the exchange proves what became of it. Nothing here assumes a fill.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.errors import NotFound, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.events import (
    CancelRequested,
    HaltRaised,
    OrderAcknowledged,
    OrderRejected,
    OrderUnresolved,
)
from trading.domain.events import OrderIntended as Intended
from trading.domain.intent import Intent
from trading.domain.ledger import can_become
from trading.domain.market import Market, Quote
from trading.domain.order import Mode, Order, OrderReport, OrderStatus, Placed
from trading.domain.state import Reason, TradingState
from trading.engine.book import Book
from trading.engine.cash import Cash
from trading.ports import Clock, Exchange
from trading.risk.gate import Context, Denial, Identity, Ticket, judge
from trading.risk.limits import Limits, lowered

ABSENCE_SECONDS = 30.0  # after an order could last have landed, its absence from the exchange's list is proof


@dataclass(slots=True)
class Latch:
    """The gate's shutter in memory: closing it needs neither disk nor network."""

    closed: bool = False


class Broker:
    """`exchanges` has the book of each mode; without a key there is none for real orders."""

    def __init__(
        self, book: Book, exchanges: Mapping[Mode, Exchange], identity: Identity, limits: Limits, clock: Clock
    ) -> None:
        self.book, self.exchanges, self.identity, self.limits, self.clock = book, exchanges, identity, limits, clock
        self.latch = Latch()
        self.cash = Cash(book, exchanges, clock)
        self.foreign: dict[str, Decimal] = {}  # ticker -> signed contracts on the account that are not ours
        self.not_before: datetime | None = None
        self.denied = Counter[str]()  # by code, since the start
        self._in_flight: dict[str, asyncio.Event] = {}

    @property
    def in_force(self) -> Limits:
        """The configured limits, as far as people have not lowered them."""
        return lowered(self.limits, self.book.state.limits)

    @property
    def halted(self) -> bool:
        return self.latch.closed or self.book.state.trading is TradingState.HALTED

    async def submit(
        self, intent: Intent, market: Market | None, quote: Quote | None, mode: Mode | None = None
    ) -> Order | Denial:
        """Through the gate, into the store, to the exchange: that of `mode`, or of the current one. Raises
        StoreFailed."""
        verdict = judge(intent, self._context(market, quote, mode), self.identity)
        return await self._carried(verdict, intent)

    async def flatten(self, intent: Intent, mode: Mode, market: Market, quote: Quote) -> Order | Denial:
        """A person's way out of a position of this mode, which no halt holds up. Raises StoreFailed."""
        assert intent.reduce_only, "the one thing that passes a halt is what lowers risk"
        context = replace(self._context(market, quote, mode), flattening=True)
        return await self._carried(judge(intent, context, self.identity), intent)

    async def _carried(self, verdict: Ticket | Denial, intent: Intent) -> Order | Denial:
        if isinstance(verdict, Denial):
            self.denied[verdict.code] += 1
            return verdict
        return await self._carry(verdict, intent)

    async def _carry(self, verdict: Ticket, intent: Intent) -> Order:
        order = verdict.order
        self.book.record(Intended(self.clock.now(), order, intent.signals))
        landed = self._in_flight[order.client_order_id] = asyncio.Event()
        try:
            await self._send(verdict)
        finally:
            del self._in_flight[order.client_order_id]
            landed.set()
        if why := self._unwanted(order):  # a kill may have passed while the order was on its way
            await self.cancel(self.book.state.orders[order.client_order_id], why)
        return self.book.state.orders[order.client_order_id]

    def _unwanted(self, order: Order) -> str:
        """Why an order that adds risk should not stand any more; empty where it may."""
        if order.reduce_only:
            return ""
        off = order.strategy in self.book.state.disabled
        return "halted" if self.halted else f"{order.strategy} is switched off" if off else ""

    async def landed(self, client_order_id: str) -> None:
        """Wait while this order is on its way to the exchange."""
        if client_order_id in self._in_flight:
            await self._in_flight[client_order_id].wait()

    def _context(self, market: Market | None, quote: Quote | None, mode: Mode | None) -> Context:
        state = self.book.state
        return Context(
            now=self.clock.now(),
            state=replace(state, mode=mode) if mode and mode is not state.mode else state,
            limits=self.in_force,
            market=market,
            quote=quote,
            latched=self.latch.closed,
            not_before=self.not_before,
            foreign=self.foreign,
            cash=self.cash.shards.get(market.exchange_index) if market else None,
            zone=self.book.zone,
        )

    async def _send(self, ticket: Ticket) -> None:
        key = ticket.order.client_order_id
        try:
            placed = await self.exchanges[ticket.order.mode].place(ticket)
        except Rejected as error:
            self._rejected(key, error)
        except Unresolved as error:
            self.book.record(OrderUnresolved(self.clock.now(), key, str(error)))
        else:
            self._acknowledge(key, placed.order_id, _status(placed), placed.filled)

    def _rejected(self, key: str, error: Rejected) -> None:
        self.book.record(OrderRejected(self.clock.now(), key, error.code, error.message))
        in_a_row = self.book.state.rejections
        if error.hopeless:
            detail = f"the exchange will refuse every order: {error}"
            self.book.record(HaltRaised(self.clock.now(), Reason.REJECTIONS, "engine", detail))
        elif in_a_row >= self.limits.max_consecutive_rejections:
            detail = f"{in_a_row} orders in a row were rejected, the last with {error}"
            self.book.record(HaltRaised(self.clock.now(), Reason.REJECTIONS, "engine", detail))

    def _acknowledge(self, key: str, order_id: str, status: OrderStatus, reported: Decimal, why: str = "") -> None:
        """Write down what the exchange says, unless it is older than what we know."""
        order = self.book.state.orders[key]
        news = (order.status, order.order_id) != (status, order_id) or reported > order.reported
        if news and can_become(order, status):
            self.book.record(OrderAcknowledged(self.clock.now(), key, order_id, status, reported, why))

    # --- ending what is open

    async def cancel(self, order: Order, why: str) -> bool:
        """Cancel one order of ours and see that it is gone; False while that is not proved (ask again later)."""
        if not order.order_id:
            proved = await self.resolve(order)
            order = self.book.state.orders[order.client_order_id]
            if not proved or not order.live:  # else it turned up in the book, and is cancelled there
                return proved
        if order.cancel_requested_at is None:
            self.book.record(CancelRequested(self.clock.now(), order.client_order_id, why))
        exchange = self.exchanges[order.mode]
        try:
            await exchange.cancel(order)
        except (NotFound, Rejected):
            pass  # gone, filled or refused after the close: its report says which
        except (Unavailable, Unauthorized):
            return False
        return await self.confirm(order, why)

    async def confirm(self, order: Order, why: str = "") -> bool:
        """Read one order back and write down what became of it; True when it is no longer live."""
        try:
            report = await self.exchanges[order.mode].order(order.order_id)
        except (NotFound, Unavailable, Unauthorized):
            return False
        self.learn(report, order, why)
        return not self.book.state.orders[order.client_order_id].live

    def learn(self, report: OrderReport, order: Order, why: str = "") -> None:
        """Take the exchange's word about an order of ours."""
        self._acknowledge(order.client_order_id, report.order_id, report.status, report.filled, why)

    async def resolve(self, order: Order) -> bool:
        """Ask what became of an order that was never acknowledged; True once it is proved, whichever way."""
        if order.client_order_id in self._in_flight:
            return False
        exchange = self.exchanges[order.mode]
        try:
            as_of = await exchange.as_of()
            listed = await exchange.orders(ticker=order.ticker)
        except (Unavailable, Unauthorized):
            return False
        found = next((r for r in listed if r.client_order_id == order.client_order_id), None)
        if found:
            self.learn(found, order)
            return True
        last_landing = (order.expires_at or order.created_at) + timedelta(seconds=ABSENCE_SECONDS)
        if min(as_of, self.clock.now()) <= last_landing:
            return False
        self.book.record(
            OrderRejected(self.clock.now(), order.client_order_id, "never_arrived", "the exchange does not list it")
        )
        return True


def _status(placed: Placed) -> OrderStatus:
    if placed.remaining > 0:
        return OrderStatus.RESTING
    return OrderStatus.EXECUTED if placed.filled > 0 else OrderStatus.CANCELED
