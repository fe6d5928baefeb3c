"""The numbers of one subscription's messages: from 1, without holes; replies about the subscription count too.

Source: the exchange's WebSocket pages, autumn 2026 (`seq` belongs to a `sid`, not to a market).
"""

from __future__ import annotations

from enum import Enum

OLD_IN_A_ROW_MAX = 16  # after so many messages with old numbers the numbering is taken to have begun anew


class Step(Enum):
    """Where a message's number stands."""

    NEXT = "next"
    GAP = "gap"  # after a hole: something was lost before it
    OLD = "old"  # seen before, or too late
    ANEW = "anew"  # old, and so many were that the numbers must have begun again

    @property
    def usable(self) -> bool:
        """Whether the message tells anything new."""
        return self in (Step.NEXT, Step.GAP)

    @property
    def doubtful(self) -> bool:
        """Whether something may have been lost."""
        return self in (Step.GAP, Step.ANEW)


class Sequence:
    """What has been seen of one subscription."""

    def __init__(self) -> None:
        self._last, self._old = 0, 0

    def take(self, number: int) -> Step:
        if number > self._last:
            step = Step.NEXT if number == self._last + 1 else Step.GAP
            self._last, self._old = number, 0
            return step
        self._old += 1
        if self._old <= OLD_IN_A_ROW_MAX:
            return Step.OLD
        self._last, self._old = number, 0
        return Step.ANEW
