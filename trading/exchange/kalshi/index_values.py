"""The newest value in an answer of `GET /cfbenchmarks/values`, which passes CF Benchmarks' own answer through.

That answer is not in the exchange's spec. CF Benchmarks' form is `{"payload": [{"time": ms, "value": "..."}]}`; the
list may also be bare, wrapped under another name, or a single object, and a time may be milliseconds or RFC 3339.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Tick
from trading.domain.money import exact
from trading.exchange.kalshi.codec import required_moment, timestamp

DEPTH_MAX = 4  # wrappers around the values


def newest(index_id: str, body: bytes) -> Tick:
    """The value with the latest time. Raises ValueError where there is none."""
    found = _values(json.loads(body, parse_float=Decimal), DEPTH_MAX)
    if not found:
        raise ValueError(f"no value of {index_id} in the answer")
    seen_at, price = max(found)
    if price <= 0:
        raise ValueError(f"{index_id} is not positive: {price}")
    return Tick(index_id, price, seen_at, (index_id,))


def _values(data: object, depth: int) -> list[tuple[datetime, Decimal]]:
    """Every object with a time and a value, in lists and wrappers."""
    if isinstance(data, dict) and "value" in data and "time" in data:
        return [(_time(data["time"]), exact(data["value"]))]
    if depth == 0:
        return []
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [value for part in inside for value in _values(part, depth - 1)]


def _time(value: object) -> datetime:
    if isinstance(value, int | Decimal):
        return timestamp(float(value) / 1000)
    return required_moment(str(value))
