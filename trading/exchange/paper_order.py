"""One order on paper, and how it stands to a quote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.errors import Rejected
from trading.domain.market import Level, Quote
from trading.domain.money import ZERO
from trading.domain.order import Order, OrderReport, OrderStatus, Side, TimeInForce

PREFIX = "DRY-RUN-"


@dataclass(slots=True)
class PaperOrder:
    """One order on paper. `carried` is the rounding of fees collected so far (dollars)."""

    order: Order
    filled: Decimal
    remaining: Decimal
    status: OrderStatus
    touched_at: datetime
    crossed: bool  # it took, or could have taken, when it was placed
    carried: Decimal = ZERO

    @property
    def order_id(self) -> str:
        return self.order.order_id or f"{PREFIX}{self.order.client_order_id}"

    @property
    def resting(self) -> bool:
        return self.status is OrderStatus.RESTING

    @property
    def open_count(self) -> Decimal:
        return self.remaining if self.resting else ZERO

    def end(self, now: datetime) -> None:
        self.status, self.touched_at = OrderStatus.CANCELED, now

    def filled_by(self, count: Decimal, now: datetime) -> None:
        self.filled += count
        self.remaining -= count
        self.touched_at = now
        if not self.remaining:
            self.status = OrderStatus.EXECUTED

    def report(self) -> OrderReport:
        return OrderReport(
            order_id=self.order_id,
            client_order_id=self.order.client_order_id,
            ticker=self.order.ticker,
            side=self.order.side,
            price=self.order.price,
            status=self.status,
            filled=self.filled,
            remaining=self.open_count,
            initial=self.order.count,
            created_at=self.order.created_at,
            exchange_index=self.order.exchange_index,
        )


def opposite(order: Order, quote: Quote) -> Level | None:
    """The touch that the order would take from."""
    return quote.ask if order.side is Side.BID else quote.bid


def crosses(order: Order, level: Level) -> bool:
    """Whether the order's price reaches that touch."""
    return level.price <= order.price if order.side is Side.BID else level.price >= order.price


def reducible(order: Order, closes: Decimal) -> Decimal:
    """The contracts of a reduce-only order. Raises Rejected."""
    if order.time_in_force is TimeInForce.GTC:
        raise Rejected("invalid_parameters", "reduce_only needs immediate_or_cancel")
    if closes <= 0:
        raise Rejected("invalid_order", "reduce_only, and nothing to reduce")
    return min(order.count, closes)
