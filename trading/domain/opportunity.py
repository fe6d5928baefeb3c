"""An arbitrage that was there to be seen, as an event: told to people, and nothing in the State changes by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class OpportunitySeen:
    """Two legs of which one pays a dollar could be bought for less: `prices` and `fees` (dollars, of all `count`) by
    leg, `gain` what all of it would make; `risk` what no price shows, `done` what was bought of it, both in words."""

    at: datetime
    pair: str
    legs: tuple[str, str]
    prices: tuple[Decimal, Decimal]
    fees: tuple[Decimal, Decimal]
    count: Decimal
    gain: Decimal
    risk: str
    done: str = ""
