"""Orders of ours for the scripted exchange, and its acknowledgement of one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from trading.domain.order import Mode, Order, OrderStatus, Side
from trading.ports import Clock

ORDERS = "/portfolio/events/orders"
MARKET = "KXBTC15M-26SEP182130-30"
CREATED = {"order_id": "o-1", "fill_count": "1.00", "remaining_count": "4.00", "ts_ms": 1785089355658}


def order(clock: Clock, **changes: Any) -> Order:
    """A resting order to buy 5 NO at 0.43 on shard 2."""
    now = clock.now()
    base: dict[str, Any] = {
        "client_order_id": "abc-1",
        "mode": Mode.REAL,
        "strategy": "consensus",
        "ticker": MARKET,
        "side": Side.ASK,
        "price": Decimal("0.57"),
        "count": Decimal(5),
        "status": OrderStatus.PENDING,
        "created_at": now,
        "updated_at": now,
        "expires_at": now + timedelta(seconds=10),
        "exchange_index": 2,
    }
    return Order(**{**base, **changes})
