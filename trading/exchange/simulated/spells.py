"""Spells of equal length on the venue's clock, each on or off by a draw from the seed and the spell's number.

What holds for everybody over some seconds (a flood of refusals, reads that lag) is drawn by time, not by request.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trading.exchange.simulated.chance import root, unit

SPELL_SECONDS = 15


class Spells:
    """`share` of the spells are on; `name` keeps those of one kind apart from another's."""

    def __init__(self, share: float, seed: int, name: str) -> None:
        self.share = share
        self._root = root(seed, "spells", name)

    def on(self, at: datetime) -> bool:
        """Whether the spell that `at` is in is on."""
        return self.share > 0 and unit(self._root, _number(at)) < self.share


def spell_start(at: datetime) -> datetime:
    """When the spell that `at` is in began."""
    return datetime.fromtimestamp(_number(at) * SPELL_SECONDS, UTC)


def spell_end(at: datetime) -> datetime:
    """When the next spell begins."""
    return spell_start(at) + timedelta(seconds=SPELL_SECONDS)


def _number(at: datetime) -> int:
    return int(at.timestamp() // SPELL_SECONDS)
