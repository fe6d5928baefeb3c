"""What one strategy trades: its series, whether on paper alone, and what it may hold there.

Several strategies run side by side, each in its own book of the dry run; to try one beside another that trades for
real, it is assigned to paper: its orders go to the dry-run book whatever the current mode is.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.order import Mode
from trading.strategies.base import Strategy


@dataclass(frozen=True, slots=True)
class Assigned:
    """`budget_usd` is the most that the strategy may have at risk at once (dollars); None: the shared limits alone."""

    strategy: Strategy
    series: tuple[str, ...]
    paper: bool = False
    budget_usd: Decimal | None = None

    @property
    def name(self) -> str:
        return self.strategy.name

    def mode(self, current: Mode) -> Mode:
        """The book that its orders go to."""
        return Mode.DRY_RUN if self.paper else current
