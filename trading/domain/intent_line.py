"""A line of the intent log: what a strategy wished, cancelled or saw, and what a market paid in the end.

Each line that has a top of the book carries the one that was seen when it was decided: with nothing but such lines,
what would have filled can be told again, by any reading of the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.market import Outcome, Quote
from trading.domain.order import Order, TimeInForce


@dataclass(frozen=True, slots=True)
class Wish:
    """What was wanted: `count` contracts of `side` at `price` (that side's own). `refused` is the code for which it
    never stood at the exchange: the gate's denial, or the exchange's refusal."""

    side: Outcome
    price: Decimal
    count: Decimal
    why: str = ""
    wish_id: str = ""
    post_only: bool = False
    reduce_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: datetime | None = None
    fees: FeeTerms = QUADRATIC
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log: a wish, a cancel (the id of a wish), a market's end, or a look at the book alone, which is
    no strategy's own."""

    at: datetime
    strategy: str
    ticker: str
    top: Quote | None = None
    wish: Wish | None = None
    cancel: str = ""
    settled: Decimal | None = None


def wish_of(order: Order, refused: str = "") -> Wish:
    """The wish that an order stands for, by its client order id."""
    return Wish(
        side=order.outcome,
        price=order.own_price,
        count=order.count,
        why=order.why,
        wish_id=order.client_order_id,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        time_in_force=order.time_in_force,
        expires_at=order.expires_at,
        fees=order.fees,
        refused=refused,
    )
