"""The index channels: `cfbenchmarks_value` once a second with its averages, `cfbenchmarks_value_5hz` every 200 ms.

The simulated index has a value a second; between two of them the fast channel repeats the older one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import floor

from trading.exchange.simulated import stream_wire as wire
from trading.exchange.simulated.stream_changes import Changes
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import WINDOW_SECONDS
from trading.exchange.simulated.wire import Json

INDEX_BACK_MAX = timedelta(minutes=1)  # of index values told after a jump
FAST_BACK_MAX = timedelta(seconds=10)
AVERAGE_SECONDS = 60  # of both averages of the index
FAST_STEP_MS = 200
INDEX_CHANNELS = ("cfbenchmarks_value", "cfbenchmarks_value_5hz")


def index_values(venue: Venue, index_ids: Iterable[str], changes: Changes) -> Iterator[tuple[str, Json]]:
    """Type and `msg` of every second."""
    first, last = floor(changes.bounded(INDEX_BACK_MAX).timestamp()) + 1, floor(changes.now.timestamp())
    for second in range(first, last + 1):
        for index_id in index_ids:
            msg = _value(venue, index_id, second)
            if msg:
                yield "cfbenchmarks_value", msg


def fast_values(venue: Venue, index_ids: Iterable[str], changes: Changes) -> Iterator[tuple[str, Json]]:
    """Type and `msg` of every fifth of a second."""
    since = changes.bounded(FAST_BACK_MAX)
    first = floor(since.timestamp() * 1000) // FAST_STEP_MS + 1
    for step in range(first, floor(changes.now.timestamp() * 1000) // FAST_STEP_MS + 1):
        at = datetime.fromtimestamp(step * FAST_STEP_MS / 1000, UTC)
        for index_id in index_ids:
            tick = venue.world.spot(index_id, at)
            if tick:
                yield "cfbenchmarks_value_5hz", wire.fast_index_value(tick, at)


def _value(venue: Venue, index_id: str, second: int) -> Json | None:
    at = datetime.fromtimestamp(second, venue.now.tzinfo)
    tick = venue.world.spot(index_id, at)
    trailing = _average(venue, index_id, second - AVERAGE_SECONDS, second)
    if tick is None or trailing is None:
        return None
    msg = wire.index_value(tick, at)
    msg["avg_60s_data"] = trailing
    close = -(-second // WINDOW_SECONDS) * WINDOW_SECONDS
    if close - second < AVERAGE_SECONDS:
        msg["last_60s_windowed_average_15min"] = _average(venue, index_id, close - AVERAGE_SECONDS + 1, second + 1)
    return msg


def _average(venue: Venue, index_id: str, start: int, end: int) -> Json | None:
    """Over the seconds from `start` up to, not with, `end`; None where the world knows no value."""
    zone = venue.now.tzinfo
    ticks = (venue.world.spot(index_id, datetime.fromtimestamp(second, zone)) for second in range(start, end))
    values = [tick.price for tick in ticks if tick]
    return wire.average(values, start, end) if values else None
