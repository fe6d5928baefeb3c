"""What every strategy is: a frozen dataclass of parameters with one pure method."""

from __future__ import annotations

from typing import Protocol

from trading.domain.intent import Decision, View


class Strategy(Protocol):
    """No clock, exchange or memory of its own: the same view gives the same decision."""

    @property
    def name(self) -> str: ...

    def on_tick(self, view: View) -> Decision:
        """What it wants now, with the signals it saw and the reason when it wants nothing."""
