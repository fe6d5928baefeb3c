"""A data folder in which many orders have come to their end within the last two days: what a busy bot carries along."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from storage.store import TinyStore
from trading.domain.order import Mode, Order, OrderStatus, Side
from trading.domain.records import Put

STRATEGY = "bench"
SPAN = timedelta(hours=40)  # from the first of them until now: all younger than what is forgotten
COMMIT_ROWS = 1_000
ORDERS_A_MARKET = 100


def write_past(folder: Path, count: int, now: datetime) -> None:
    """Write so many cancelled orders to the store of a data folder, evenly spread until `now`. Raises StoreError."""
    store = TinyStore.open(folder / "store")
    try:
        for first in range(0, count, COMMIT_ROWS):
            orders = [
                _order(n, now - SPAN * (count - n) / count) for n in range(first, min(first + COMMIT_ROWS, count))
            ]
            store.commit([Put("orders", order.client_order_id, order) for order in orders])
    finally:
        store.close()


def _order(number: int, at: datetime) -> Order:
    return Order(
        client_order_id=f"bench-{number:020d}",
        mode=Mode.REAL,
        strategy=STRATEGY,
        ticker=f"KXBTC15M-PAST{number // ORDERS_A_MARKET}-00",
        side=Side.BID,
        price=Decimal("0.40"),
        count=Decimal(1),
        status=OrderStatus.CANCELED,
        created_at=at,
        updated_at=at,
        order_id=f"00000000-0000-4000-9000-{number:012d}",
        close_time=at + timedelta(minutes=15),
    )
