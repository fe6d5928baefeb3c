"""What a day or a week came to, as one value: what people are told at its end, or when they ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Mode
from trading.domain.statistics import Tally


@dataclass(frozen=True, slots=True)
class Report:
    """The closed trades of one mode after `since` up to `until`; the rest is as it was when the report was made.

    `halts` counts the reasons for which trading was stopped in that time, `stands` are those that hold now.
    `strategies` says of each whether it decides. `audit` is the newest entry's number and hash.
    """

    period: str  # day, week
    mode: Mode
    since: datetime
    until: datetime
    tally: Tally
    today: Decimal  # dollars made since the owner's day began
    open_trades: int
    at_risk: Decimal
    halts: tuple[tuple[str, int], ...] = ()
    stands: tuple[str, ...] = ()
    strategies: tuple[tuple[str, bool], ...] = ()
    audit: tuple[int, str] = (0, "")
