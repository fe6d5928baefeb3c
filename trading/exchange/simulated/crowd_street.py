"""The street of the crowd: what a market of an event shows, takes and has traded, as a pure function of its slot.

One Brownian motion over the event's life stands behind all its markets (Levy's construction, so that any moment costs
a few draws): a market pays when the motion ends above its threshold, or between its two, and its price is the chance of
that as known at the moment. Markets differ by orders of magnitude in liquidity, and most hardly trade at all: about a
half never, a sixth within a day (counted live, autumn 2026).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import erf, sqrt
from statistics import NormalDist

from trading.domain.order import Side
from trading.exchange.simulated.chance import mix, unit
from trading.exchange.simulated.crowd_kinds import Style
from trading.exchange.simulated.crowd_slots import Slot
from trading.exchange.simulated.grids import Grid
from trading.exchange.simulated.street import Activity, Level, StreetBook, Taker
from trading.exchange.simulated.units import PRICE_UNIT

LEVELS_MAX = 6
HALVINGS = 8  # of an event's life down to which its motion is drawn; between, it is straight
NEVER_SHARE, EARLY_SHARE = 0.54, 0.32  # of the markets never trade; trade only at the beginning
EARLY_PART = 0.3  # of the life
DAY_SECONDS = 86_400
TAKER_SHARE = 0.25  # chance of a taker when the street changes, where there is any trading
HELD_SHARE = 0.6  # of the volume is held
NO_QUOTE_SHARE = 0.05  # of the markets have an empty side
MOTIONS_KEPT = 32_768
EVENTS_KEPT = 8_192

_END, _LIQUID, _TRADES, _QUOTES, _NOISE, _TAKER, _BIDS, _ASKS, _EDGE = range(9)
_NORMAL = NormalDist()


def book(slot: Slot, event: int, number: int, second: int, grid: Grid, levels: int = LEVELS_MAX) -> StreetBook:
    """The best `levels` a side; the second lies inside the event's life."""
    root = _root(slot, event)
    price = _chance_now(slot, event, number, second) * PRICE_UNIT
    half = _half_spread(root, number)
    bid, ask = grid.floor(price - half), grid.above(grid.floor(max(price + half, 0)))
    quoted = unit(root, _QUOTES, number)
    bids = () if quoted < NO_QUOTE_SHARE / 2 else _side(root, number, Side.BID, bid, second, grid, levels)
    asks = () if quoted > 1 - NO_QUOTE_SHARE / 2 else _side(root, number, Side.ASK, ask, second, grid, levels)
    return StreetBook(bids, asks)


def taker(slot: Slot, event: int, number: int, second: int, grid: Grid) -> Taker | None:
    """Who takes at that second, on which the street changes."""
    root = _root(slot, event)
    daily = _daily(slot, event, root, number, second)
    draw = unit(root, _TAKER, number, second)
    if not daily or draw >= TAKER_SHARE:
        return None
    side = Side.BID if draw < TAKER_SHARE / 2 else Side.ASK
    best = book(slot, event, number, second, grid, 1)
    touch = best.asks if side is Side.BID else best.bids
    if not touch:
        return None
    mean = daily * slot.step / DAY_SECONDS / TAKER_SHARE
    count = max(int(2 * mean * unit(root, _TAKER, number, second, 1)), 1)
    return Taker(side, touch[0][0], min(count, touch[0][1]))


def activity(slot: Slot, event: int, number: int, second: int) -> Activity:
    """What has been traded by that second, which may lie after the close."""
    volume = _volume(slot, event, number, second)
    return Activity(volume, volume - _volume(slot, event, number, second - DAY_SECONDS), int(volume * HELD_SHARE))


def pays(slot: Slot, event: int, number: int) -> bool:
    """Whether that market ends with YES."""
    low, high = _thresholds(slot, event)[number]
    return low < _motion(_root(slot, event), 1.0) <= high


def _root(slot: Slot, event: int) -> int:
    return mix(slot.root, event)


def _chance_now(slot: Slot, event: int, number: int, second: int) -> float:
    """The probability of YES as known at that second."""
    at, left = _known(slot, event, slot.moment(second))
    low, high = _thresholds(slot, event)[number]
    return _below((high - at) / left) - _below((low - at) / left)


@lru_cache(maxsize=MOTIONS_KEPT)
def _known(slot: Slot, event: int, second: int) -> tuple[float, float]:
    """Where an event's motion stands, and the deviation of where it will end."""
    share = min(max((second - slot.opens(event)) / slot.period, 0.0), 1.0 - 1e-9)
    return _motion(_root(slot, event), share), sqrt(1.0 - share)


@lru_cache(maxsize=EVENTS_KEPT)
def _thresholds(slot: Slot, event: int) -> list[tuple[float, float]]:
    """Between which two ends of the motion each market pays."""
    root, size = _root(slot, event), slot.size
    shift = unit(root, _EDGE) - 0.5
    if slot.kind.style is Style.LADDER or size == 1:
        return [(_NORMAL.inv_cdf((n + 0.5 + 0.9 * shift) / size), 9.0) for n in range(size)]
    inner = [_NORMAL.inv_cdf((n + 0.8 * shift) / size) for n in range(1, size)]
    return list(pairwise([-9.0, *inner, 9.0]))


def _motion(root: int, share: float) -> float:
    """Brownian motion from 0 at 0, at that share of [0, 1]."""
    left, right, width, node = 0.0, _normal(root, 0), 1.0, 1
    if share >= 1.0:
        return right
    for _ in range(HALVINGS):
        middle = (left + right) / 2 + _normal(root, node) * sqrt(width) / 2
        width, share = width / 2, share * 2
        if share < 1.0:
            right, node = middle, 2 * node
        else:
            left, share, node = middle, share - 1.0, 2 * node + 1
    return left + (right - left) * share


def _normal(root: int, node: int) -> float:
    return _NORMAL.inv_cdf(max(unit(root, _END, node), 1e-12))


def _below(deviations: float) -> float:
    return 0.5 * (1.0 + erf(deviations / sqrt(2.0)))


def _half_spread(root: int, number: int) -> float:
    """Price units: under a cent where it is liquid, ten cents and more where nobody looks."""
    half: float = 20 * 60.0 ** unit(root, _LIQUID, number)
    return half


def _trades(root: int, number: int) -> float:
    """The place of a market among all by its trading, in [0, 1): the upper ones trade."""
    return unit(root, _TRADES, number)


def _daily(slot: Slot, event: int, root: int, number: int, second: int) -> float:
    """Count units a day that are traded at that second."""
    place = _trades(root, number)
    if place < NEVER_SHARE:
        return 0.0
    part = (second - slot.opens(event)) / slot.period
    if place < NEVER_SHARE + EARLY_SHARE and part > EARLY_PART:
        return 0.0
    daily: float = 100 * 10.0 ** (1.0 + 4.2 * (1.0 - unit(root, _LIQUID, number)))
    return daily


def _volume(slot: Slot, event: int, number: int, second: int) -> int:
    root, opens = _root(slot, event), slot.opens(event)
    daily = _daily(slot, event, root, number, opens)
    if not daily:
        return 0
    early = _trades(root, number) < NEVER_SHARE + EARLY_SHARE
    lasts = slot.period * EARLY_PART if early else slot.period
    return int(daily * min(max(second - opens, 0), lasts) / DAY_SECONDS)


def _side(root: int, number: int, side: Side, price: int, second: int, grid: Grid, most: int) -> tuple[Level, ...]:
    """Levels from the touch outwards."""
    levels: list[Level] = []
    place = _BIDS if side is Side.BID else _ASKS
    while len(levels) < most and grid.lowest <= price <= grid.highest:
        size = 10.0 ** (1.0 + 2.5 * unit(root, place, number, price, second // DAY_SECONDS))
        levels.append((price, int(size * 100)))
        price = grid.below(price) if side is Side.BID else grid.above(price)
    return tuple(levels)
