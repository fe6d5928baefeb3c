"""What another venue offers: the touch of one outcome token, and what that venue charges a taker.

Prices are dollars of that token itself (a token is one side of a question), sizes its shares, each of which pays a
dollar or nothing: a share there is a contract here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Level
from trading.domain.money import ONE, ceil_to

FEE_STEP = Decimal("0.00001")  # fees there are counted in steps of this


@dataclass(frozen=True, slots=True)
class VenueBook:
    """The touch of one token. `seen_at` is our clock's time at asking, `told_at` the venue's own word for when it was
    so (None where it tells none); `tick` is the step of its prices, `count_min` the smallest order that it takes."""

    token: str
    seen_at: datetime
    bid: Level | None
    ask: Level | None
    tick: Decimal
    count_min: Decimal
    told_at: datetime | None = None

    def age(self, now: datetime) -> float:
        """Seconds since it was asked for."""
        return (now - self.seen_at).total_seconds()


@dataclass(frozen=True, slots=True)
class VenueFees:
    """A taker pays `rate` x shares x price x (1 - price); a maker nothing."""

    rate: Decimal

    def worst_fee(self, price: Decimal, count: Decimal) -> Decimal:
        """The most that `count` shares can cost in fees at `price`: all of them taken (dollars, rounded up)."""
        return ceil_to(self.rate * count * price * (ONE - price), FEE_STEP)
