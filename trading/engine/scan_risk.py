"""What a strategy has put at risk today, worked out from its orders as they are stored: no restart forgets it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, tzinfo
from decimal import Decimal
from itertools import takewhile
from typing import cast

from trading.domain.money import ZERO
from trading.domain.order import Mode, Order
from trading.engine.book import Book


async def risked_today(book: Book, mode: Mode, strategy: str, today: date) -> Decimal:
    """The most that its orders of this day (the owner's) in this mode can lose or have lost, dollars; what ended
    without a fill risked nothing. Rows are read in a thread, the newest first."""
    kept = cast(Iterator[Order], book.store.latest("orders"))
    return await asyncio.to_thread(_risked, kept, mode, strategy, today, book.zone)


def _risked(kept: Iterator[Order], mode: Mode, strategy: str, today: date, zone: tzinfo) -> Decimal:
    of_today = takewhile(lambda order: order.created_at.astimezone(zone).date() >= today, kept)
    return sum((risk(order) for order in of_today if (order.mode, order.strategy) == (mode, strategy)), ZERO)


def risk(order: Order) -> Decimal:
    """The price and the worst fee of what it has filled and may still fill; nothing where it only reduces."""
    count = order.filled + order.open_count
    return ZERO if order.reduce_only else order.own_price * count + order.fees.worst_fee(order.price, count)
