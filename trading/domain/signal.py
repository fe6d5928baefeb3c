"""A signal: an opinion about a market with its time and the evidence behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trading.domain.market import Outcome


@dataclass(frozen=True, slots=True)
class Signal:
    """`side` is None when the signal has no opinion; `evidence` then says why, in one phrase."""

    name: str
    side: Outcome | None
    at: datetime
    evidence: str
    strength: float = 0.0  # the signal's own unit: basis points for momentum
    reason: str = ""  # a code when there is no side, for example "no_adjacent_window"
