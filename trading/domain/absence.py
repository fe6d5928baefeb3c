"""What happened while the bot did not run, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Mode


@dataclass(frozen=True, slots=True)
class Settled:
    """Trades of one mode that ended meanwhile, and dollars that they made after fees."""

    mode: Mode
    trades: int
    wins: int
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Away:
    """`since` is the last that the store knows of; `expired` counts orders that ended unfilled or only in part."""

    since: datetime
    settled: tuple[Settled, ...] = ()
    expired: int = 0
