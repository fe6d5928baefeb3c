"""The limits of the gate: dollars, counts and seconds, none of which chat can raise above these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    max_order_usd: Decimal = Decimal("10")  # cost and fee of one order
    max_position_usd: Decimal = Decimal("20")  # at risk in one market
    max_exposure_usd: Decimal = Decimal("50")  # at risk in all markets
    daily_loss_usd: Decimal = Decimal("25")
    weekly_loss_usd: Decimal = Decimal("75")
    max_open_orders: int = 10
    max_orders_per_minute: int = 10
    max_consecutive_rejections: int = 5
    quote_age_seconds_max: float = 15
    price_collar: Decimal = Decimal("0.05")  # dollars by which a price may be worse than the touch just seen
    seconds_to_close_min: float = 10  # no new risk later than that
    budgets: Mapping[str, Decimal] = field(default_factory=dict)  # at risk by strategy, for those that have one
    order_timeout_seconds: float = 10  # what has not filled by then is cancelled
    expiry_margin_seconds: float = 20  # on top of the timeout, the exchange itself drops it: a dead bot leaves nothing
