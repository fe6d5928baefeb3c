"""Finding markets: the filters of `GET /markets` over a world that has a market for every quarter of an hour.

A world can be endless, so a filter first becomes a range of close times; nothing outside of it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.windows import FINALIZED_AFTER, LISTED_BEFORE, WINDOW_SECONDS, Window, close_of
from trading.exchange.simulated.world import World

HISTORY = timedelta(days=90)  # how long settled markets stay listed (the exchange keeps about three months live)
QUARTER = timedelta(seconds=WINDOW_SECONDS)
TICK = timedelta(microseconds=1)
STATUSES = ("", "unopened", "open", "paused", "closed", "settled")


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """What a listing asks for; empty means everything. The bounds of `close_time` are inclusive."""

    series: str = ""
    event: str = ""
    tickers: tuple[str, ...] = ()
    status: str = ""
    closes_after: datetime | None = None
    closes_before: datetime | None = None
    settled_after: datetime | None = None
    settled_before: datetime | None = None


def listed(world: World, wanted: MarketFilter, now: datetime) -> Iterator[Window]:
    """The markets that match at that time, the latest close first. Raises VenueError for an unknown status."""
    if wanted.status not in STATUSES:
        raise invalid_parameters(f"status must be one of {', '.join(filter(None, STATUSES))}")
    first, last = _close_range(wanted, now)
    for window in _candidates(world, wanted, first, last):
        if first <= window.close_time <= last and _named(window, wanted):
            yield window


def _named(window: Window, wanted: MarketFilter) -> bool:
    return (
        wanted.series in ("", window.series.ticker)
        and wanted.event in ("", window.event_ticker)
        and (not wanted.tickers or window.ticker in wanted.tickers)
    )


def _candidates(world: World, wanted: MarketFilter, first: datetime, last: datetime) -> Iterator[Window]:
    """Few where names are given; otherwise series by series, merged by close."""
    if wanted.tickers:
        found = (world.window(ticker) for ticker in dict.fromkeys(wanted.tickers))
        yield from sorted((w for w in found if w), key=lambda w: w.close_time, reverse=True)
        return
    if wanted.event:
        close = close_of(wanted.event)
        first, last = (close, close) if close else (last, first)
    names = [s.ticker for s in world.series if wanted.series in ("", s.ticker)]
    if len(names) == 1:
        yield from world.windows(names[0], first, last)
        return
    close = last
    while close >= first:
        for name in names:
            yield from world.windows(name, max(close - QUARTER + TICK, first), close)
        close -= QUARTER


def _close_range(wanted: MarketFilter, now: datetime) -> tuple[datetime, datetime]:
    """The earliest and the latest close that can match: listed by now, kept, and in the wanted state."""
    firsts = [now - HISTORY, wanted.closes_after]
    lasts = [now + LISTED_BEFORE + QUARTER, wanted.closes_before]
    firsts.append(wanted.settled_after and wanted.settled_after - FINALIZED_AFTER)
    lasts.append(wanted.settled_before and wanted.settled_before - FINALIZED_AFTER)
    first, last = _state_range(wanted.status, now)
    return max(t for t in (*firsts, first) if t), min(t for t in (*lasts, last) if t)


def _state_range(status: str, now: datetime) -> tuple[datetime, datetime]:
    """Between which closes markets are in that state: states follow the clock."""
    ranges = {
        "": (_EVER, _NEVER),
        "unopened": (now + QUARTER + TICK, _NEVER),
        "open": (now + TICK, now + QUARTER),
        "paused": (_NEVER, _EVER),
        "closed": (now - FINALIZED_AFTER + TICK, now),
        "settled": (_EVER, now - FINALIZED_AFTER),
    }
    return ranges[status]


_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
