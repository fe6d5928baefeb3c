"""The limits of the gate: dollars, counts and seconds. The configuration is the ceiling of what people change.

A limit that is a setting too has the setting's name, and is taken from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    max_order_usd: Decimal = Decimal("10")  # cost and fee of one order
    max_position_usd: Decimal = Decimal("20")  # at risk in one market
    max_exposure_usd: Decimal = Decimal("50")  # at risk in all markets
    daily_loss_limit_usd: Decimal = Decimal("25")
    weekly_loss_limit_usd: Decimal = Decimal("75")
    max_open_orders: int = 10
    max_orders_per_minute: int = 10
    max_consecutive_rejections: int = 5
    quote_age_seconds_max: float = 15
    price_collar: Decimal = Decimal("0.05")  # dollars by which a price may be worse than the touch just seen
    seconds_to_close_min: float = 10  # no new risk later than that
    budgets: Mapping[str, Decimal] = field(default_factory=dict)  # at risk by strategy, for those that have one
    order_timeout_seconds: float = 10  # what has not filled by then is cancelled
    quote_timeout_seconds: float = 60  # the same of post-only quotes, which are there to wait
    low_balance_usd: Decimal = Decimal("0")  # people are told below it
    first_hours: float = 48  # after a person has gone live in production: one contract a trade; 0: no such time
    expiry_margin_seconds: float = 20  # on top of the timeout, the exchange itself drops it: a dead bot leaves nothing

    def timeout_seconds(self, post_only: bool) -> float:
        """How long an order may rest."""
        return max(self.quote_timeout_seconds if post_only else 0, self.order_timeout_seconds)


# What people may change while the bot runs: the name that they type, and the field.
CHANGEABLE = {
    "order": "max_order_usd",
    "position": "max_position_usd",
    "exposure": "max_exposure_usd",
    "day_loss": "daily_loss_limit_usd",
    "week_loss": "weekly_loss_limit_usd",
    "open_orders": "max_open_orders",
    "order_rate": "max_orders_per_minute",
}
COUNTS = frozenset({"open_orders", "order_rate"})  # whole numbers; the others are dollars


def lowered(configured: Limits, changed: Mapping[str, Decimal]) -> Limits:
    """The limits in force: as people have changed them (by the names they type), and never above the configuration."""
    if not changed:
        return configured
    in_force: dict[str, Any] = {}
    for name, value in changed.items():
        if field_name := CHANGEABLE.get(name):
            ceiling = getattr(configured, field_name)
            in_force[field_name] = type(ceiling)(min(ceiling, value))
    return replace(configured, **in_force)
