"""Whether a result differs from luck: intervals and chances by drawing the trades again, with replacement.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval. It believes that trades
do not depend on each other, which strategies in the same hour often do; a doubtful result is then more doubtful still.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

DRAWS = 2_000
DRAWN_AT_ONCE = 500_000  # profits: 4 MB
LEVEL = 0.95
TRADES_MIN = 20  # below, no interval says anything


@dataclass(frozen=True, slots=True)
class Luck:
    """Of a mean in dollars a trade: its interval, and `chance`, how often trades like these around nothing would have
    done at least as well (one-sided)."""

    mean: float
    low: float
    high: float
    chance: float
    trades: int

    @property
    def sentence(self) -> str:
        """What follows from it."""
        told = f"{self.mean:+.4f} dollars a trade, 95 % between {self.low:+.4f} and {self.high:+.4f}"
        if self.trades < TRADES_MIN:
            return f"{self.trades} trades are too few to tell anything ({told})."
        if self.low > 0:
            return f"It differs from luck, for the better: {told}."
        if self.high < 0:
            return f"It differs from luck, for the worse: {told}."
        return f"It does not differ from luck: {told}."


def luck(profits: Sequence[float], seed: int = 0) -> Luck:
    """Of the profits of single trades, in dollars after fees; zeros where there are none."""
    if not profits:
        return Luck(0.0, 0.0, 0.0, 1.0, 0)
    chance, drawn_from, mean = np.random.default_rng(seed), np.array(profits), fmean(profits)
    size, means = len(profits), []
    for rows in _blocks(size):
        means += drawn_from[chance.integers(size, size=(rows, size))].mean(axis=1).tolist()
    means.sort()
    edge = int(DRAWS * (1 - LEVEL) / 2)
    around_nothing = sum(each - mean >= mean for each in means)
    return Luck(mean, means[edge], means[-1 - edge], (1 + around_nothing) / (1 + DRAWS), size)


def _blocks(size: int) -> Iterator[int]:
    """How many draws of so many trades to make at once, until all are made."""
    most = max(DRAWN_AT_ONCE // size, 1)
    for start in range(0, DRAWS, most):
        yield min(most, DRAWS - start)


def corrected(chances: Mapping[str, float]) -> dict[str, float]:
    """The chances of several tries, each made larger for how many there were (Holm, 1979): the smallest times all, the
    next times one fewer, and never smaller than one before it."""
    made: dict[str, float] = {}
    floor = 0.0
    for rank, (name, chance) in enumerate(sorted(chances.items(), key=lambda item: item[1])):
        floor = max(floor, min(chance * (len(chances) - rank), 1.0))
        made[name] = floor
    return made
