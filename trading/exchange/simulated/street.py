"""The seeded street: what everybody else shows and takes in a market at a given second, as a pure function.

Its fair price is that of a driftless log-normal index against the strike (with the last minute's mean partly known),
seen a little late and through noise; around it stand about ten levels a side. Shapes follow what was seen live:
1 cent wide in the middle, 0.1 cent in the tails, 10**2 to 10**4 contracts a level, thin in the last minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf, log, sqrt

from trading.domain.order import Side
from trading.exchange.simulated.chance import root, unit
from trading.exchange.simulated.spot import SIGMA_BLOCK, TAIL_SECONDS, SpotPath
from trading.exchange.simulated.units import PRICE_UNIT
from trading.exchange.simulated.windows import WINDOW_SECONDS

Level = tuple[int, int]  # price units, count units

LEVELS_MAX = 10
LOWEST, HIGHEST = 10, PRICE_UNIT - 10  # price units: the outermost prices of the tapered grid
TAIL_LOW, TAIL_HIGH = 1_000, 9_000  # price units: outside of these the grid is fine
FINE_STEP, COARSE_STEP = 10, 100  # price units
EDGE_SHARE = 0.15  # of a step: how far the street keeps from its fair price
WIDE_SHARE = 0.12  # of the time it keeps one more step away
NOISE_CENTS = 1.2  # at a fair price of 50 cents
NOISE_SECONDS = 7  # between two independent noises
LAG_SECONDS_MAX = 2  # how late the street sees the index
SIZE_SECONDS = 9  # how long a level keeps its size
FULL_SIZE_SECONDS = 240  # before the close: from then on the book thins
THIN_SHARE = 0.04  # of the usual size, at the end
ONE_SIDED_SECONDS = 30  # before the close: from then on a side may be missing
ONE_SIDED_SHARE = 0.12
PRINTS_MAX = 2  # street takers a second
PRINT_SHARE = 0.4  # chance of each
PRINT_CONTRACTS_MAX = 800
SWEEP_SHARE = 0.15  # of the takers go two steps through the touch

_BIDS, _ASKS, _NOISE, _LAG, _WIDE, _ONE_SIDED, _PRINT, _VOLUME = range(8)


@dataclass(frozen=True, slots=True)
class StreetBook:
    """What the street shows: levels best first, never crossed."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


EMPTY = StreetBook()


@dataclass(frozen=True, slots=True)
class Activity:
    """What has gone on in a market, in count units."""

    volume: int = 0
    volume_day: int = 0  # of the last 24 hours
    open_interest: int = 0


@dataclass(frozen=True, slots=True)
class Taker:
    """A street order that takes and does not rest: `price` is its limit."""

    side: Side
    price: int
    count: int


class Street:
    """The street of one series. Seconds are unix; `close` is the window's."""

    def __init__(self, seed: int, path: SpotPath, series: str) -> None:
        self._path = path
        self._root = root(seed, series, "street")

    def book(self, close: int, second: int, levels: int = LEVELS_MAX) -> StreetBook:
        """The best `levels` a side that are shown at that second, which lies inside the window."""
        fair = self.fair(close, second) * PRICE_UNIT
        left = close - second
        edge = EDGE_SHARE + (unit(self._root, _WIDE, close, second // 11) < WIDE_SHARE)
        edge *= COARSE_STEP if TAIL_LOW <= fair <= TAIL_HIGH else FINE_STEP
        bids = self._side(_BIDS, close, second, _grid_floor(fair - edge), levels)
        asks = self._side(_ASKS, close, second, _grid_ceil(fair + edge), levels)
        if left < ONE_SIDED_SECONDS and unit(self._root, _ONE_SIDED, close, second // 3) < ONE_SIDED_SHARE:
            return StreetBook(bids, ()) if second % 2 else StreetBook((), asks)
        return StreetBook(bids, asks)

    def takers(self, close: int, second: int, touch: Callable[[], StreetBook]) -> list[Taker]:
        """Who takes in that second, in order; `touch` gives the book of that second and is asked only where one may."""
        drawn = (self._taker(close, second, number, touch) for number in range(PRINTS_MAX))
        return [taker for taker in drawn if taker]

    def fair(self, close: int, second: int) -> float:
        """The street's own probability of YES, in [0, 1]."""
        strike = self._path.mean_before(close - WINDOW_SECONDS)
        seen = second - int(unit(self._root, _LAG, close, second // 4) * (LAG_SECONDS_MAX + 1))
        expected, deviation = self._outlook(close, seen)
        if deviation <= 0.0:
            return float(expected >= strike)
        plain = 0.5 * (1.0 + erf(log(expected / strike) / (deviation * sqrt(2.0))))
        shaped = plain + self._noise(close, second) * 4.0 * plain * (1.0 - plain)
        return min(max(shaped, 0.0), 1.0)

    def volume(self, close: int, second: int) -> int:
        """Contracts traded since the open, count units: grows evenly to 1.5 to 3.4 million."""
        total = 1.5e6 + 1.9e6 * unit(self._root, _VOLUME, close)
        elapsed = min(max(second - close + WINDOW_SECONDS, 0), WINDOW_SECONDS)
        return int(total * 100 * elapsed / WINDOW_SECONDS)

    def _outlook(self, close: int, second: int) -> tuple[float, float]:
        """The expected settlement value in points and the deviation of its logarithm, as known at that second."""
        spot, left = self._path.points(second), close - second
        step = SIGMA_BLOCK**2 / WINDOW_SECONDS
        if left >= TAIL_SECONDS:
            return float(spot), sqrt(step * (left - TAIL_SECONDS + TAIL_SECONDS / 3))
        known = sum(self._path.points(s) for s in range(close - TAIL_SECONDS + 1, second + 1))
        expected = (known + spot * left) / TAIL_SECONDS
        return expected, sqrt(step * left * (left + 1) * (2 * left + 1) / 6) / TAIL_SECONDS

    def _noise(self, close: int, second: int) -> float:
        """A slowly wandering error, dollars at a fair price of 50 cents."""
        knot, rest = divmod(second, NOISE_SECONDS)
        before, after = unit(self._root, _NOISE, close, knot), unit(self._root, _NOISE, close, knot + 1)
        share = rest / NOISE_SECONDS
        return (2 * (before * (1 - share) + after * share) - 1) * NOISE_CENTS / 100

    def _side(self, side: int, close: int, second: int, price: int, most: int) -> tuple[Level, ...]:
        """Levels from the touch outwards, at most `most`; none beyond the grid's ends."""
        levels: list[Level] = []
        thin = THIN_SHARE + (1 - THIN_SHARE) * min(1.0, (close - second) / FULL_SIZE_SECONDS) ** 2
        while len(levels) < most and LOWEST <= price <= HIGHEST:
            draw = unit(self._root, side, close, price, second // SIZE_SECONDS)
            size = 10 ** (2.6 + 1.4 * draw) * thin * (0.6 + 0.12 * len(levels))
            levels.append((price, max(int(size * 100), 1)))
            price = _below(price) if side == _BIDS else _above(price)
        return tuple(levels)

    def _taker(self, close: int, second: int, number: int, touch: Callable[[], StreetBook]) -> Taker | None:
        draw = unit(self._root, _PRINT, close, second, number)
        if draw >= PRINT_SHARE:
            return None
        buys = draw < PRINT_SHARE / 2
        levels = touch().asks if buys else touch().bids
        if not levels:
            return None
        place = unit(self._root, _PRINT, close, second, number, 1)
        count = int(PRINT_CONTRACTS_MAX**place * 100)
        price = levels[0][0]
        if unit(self._root, _PRINT, close, second, number, 2) < SWEEP_SHARE:
            price = min(_above(_above(price)), HIGHEST) if buys else max(_below(_below(price)), LOWEST)
        return Taker(Side.BID if buys else Side.ASK, price, count)


def _above(price: int) -> int:
    """The next price of the tapered grid."""
    return price + (COARSE_STEP if TAIL_LOW <= price < TAIL_HIGH else FINE_STEP)


def _below(price: int) -> int:
    return price - (COARSE_STEP if TAIL_LOW < price <= TAIL_HIGH else FINE_STEP)


def _grid_floor(price: float) -> int:
    """The highest grid price not above `price`; below the grid's first price when there is none."""
    step = COARSE_STEP if TAIL_LOW <= price < TAIL_HIGH else FINE_STEP
    return min(int(price // step) * step, HIGHEST)


def _grid_ceil(price: float) -> int:
    step = COARSE_STEP if TAIL_LOW < price <= TAIL_HIGH else FINE_STEP
    return max(int(-(-price // step)) * step, LOWEST)
