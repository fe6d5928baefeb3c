"""The seeded spot path: one value of an index for every second since the anchor, as a pure function.

Quarter-hour log-returns are drawn in sequence from the anchor (an MA(1), so that neighbours are slightly opposed);
inside a block two Brownian bridges fill the seconds: one to second 840, one over the last minute, so that a
settlement value costs sixty draws and not nine hundred.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from math import exp, log, sqrt
from random import Random

from trading.exchange.simulated.chance import stream
from trading.exchange.simulated.windows import WINDOW_SECONDS, Series

ANCHOR = datetime(2025, 1, 1, tzinfo=UTC)
ANCHOR_SECOND = int(ANCHOR.timestamp())
SIGMA_BLOCK = 0.0018  # standard deviation of a block's log-return: about that of BTC over a quarter hour
# A window runs between two last-minute means, whose steps a pure random walk already correlates by +0.011; an MA
# coefficient of -0.0748 leaves -0.063 between the settled moves, the 48.0 % measured on 23,296 real pairs.
MA_COEFFICIENT = -0.0748
TAIL_SECONDS = 60
CACHED_BLOCKS = 64


class SpotPath:
    """Values are whole multiples of 10**-decimals, as integers ("points"): exact means, equal on every machine."""

    def __init__(self, seed: int, series: Series) -> None:
        self._seed, self._name = seed, series.ticker
        self._scale = 10**series.decimals
        self._steps = stream(seed, self._name, "blocks")
        self._logs = [log(float(series.start))]  # at the start of each block since the anchor
        self._shock = self._steps.gauss(0.0, 1.0)
        self._bodies: OrderedDict[int, list[int]] = OrderedDict()
        self._tails: OrderedDict[int, list[int]] = OrderedDict()
        self._means: dict[int, int] = {}

    def points(self, second: int) -> int:
        """The index at that second (unix), in points. Raises ValueError before the anchor."""
        block, offset = divmod(second - ANCHOR_SECOND - 1, WINDOW_SECONDS)
        if block < 0:
            raise ValueError(f"the simulated world begins on {ANCHOR:%Y-%m-%d}")
        body_length = WINDOW_SECONDS - TAIL_SECONDS
        if offset >= body_length:
            return self._tail(block)[offset - body_length]
        return self._body(block)[offset]

    def mean_before(self, boundary: int) -> int:
        """The mean of the sixty values up to and with `boundary` (unix, on a quarter hour), rounded half up, points."""
        block = (boundary - ANCHOR_SECOND) // WINDOW_SECONDS - 1
        if block < 0:
            raise ValueError(f"the simulated world begins on {ANCHOR:%Y-%m-%d}")
        if block not in self._means:
            total = sum(self._tail(block))
            self._means[block] = (2 * total + TAIL_SECONDS) // (2 * TAIL_SECONDS)
        return self._means[block]

    def _body(self, block: int) -> list[int]:
        found = self._bodies.get(block)
        if found is None:
            rng = stream(self._seed, self._name, "body", block)
            found = self._points(rng, self._log_at(block), self._log_before_tail(block), WINDOW_SECONDS - TAIL_SECONDS)
            _remember(self._bodies, block, found)
        return found

    def _tail(self, block: int) -> list[int]:
        found = self._tails.get(block)
        if found is None:
            rng = stream(self._seed, self._name, "tail", block)
            start = self._log_before_tail(block, rng)
            found = self._points(rng, start, self._log_at(block + 1), TAIL_SECONDS)
            _remember(self._tails, block, found)
        return found

    def _log_before_tail(self, block: int, rng: Random | None = None) -> float:
        """The bridge's value at second 840, the first draw of the tail's own generator."""
        rng = rng or stream(self._seed, self._name, "tail", block)
        start, end = self._log_at(block), self._log_at(block + 1)
        share = 1 - TAIL_SECONDS / WINDOW_SECONDS
        return start + (end - start) * share + rng.gauss(0.0, SIGMA_BLOCK * sqrt(share * (1 - share)))

    def _points(self, rng: Random, start: float, end: float, length: int) -> list[int]:
        """A Brownian bridge of `length` seconds from `start` (left out) to `end` (included), in points."""
        step = SIGMA_BLOCK / sqrt(WINDOW_SECONDS)
        scale, level, values = self._scale, start, []
        for left in range(length, 1, -1):
            level += (end - level) / left + rng.gauss(0.0, step * sqrt((left - 1) / left))
            values.append(round(exp(level) * scale))
        values.append(round(exp(end) * scale))
        return values

    def _log_at(self, block: int) -> float:
        logs = self._logs
        while len(logs) <= block:
            shock = self._steps.gauss(0.0, 1.0)
            logs.append(logs[-1] + SIGMA_BLOCK * (shock + MA_COEFFICIENT * self._shock))
            self._shock = shock
        return logs[block]


def _remember(kept: OrderedDict[int, list[int]], block: int, values: list[int]) -> None:
    kept[block] = values
    if len(kept) > CACHED_BLOCKS:
        kept.popitem(last=False)
