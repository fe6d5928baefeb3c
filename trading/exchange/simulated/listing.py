"""Finding markets: the filters of `GET /markets` over a world that has a market for every quarter of an hour.

A world can be endless, so a filter first becomes a range of close times; nothing outside of it is looked at. What was
settled before the cutoff is historical and is not listed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trading.exchange.simulated.history import cutoffs
from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.windows import STRIKE_AFTER, Window
from trading.exchange.simulated.world import World

SETTLED_WITHIN = timedelta(hours=1)  # of the close: the longest that a market takes to be paid
TICK = timedelta(microseconds=1)
STATUSES = ("", "unopened", "open", "paused", "closed", "settled")


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """What a listing asks for; empty means everything. All bounds are inclusive."""

    series: str = ""
    event: str = ""
    tickers: tuple[str, ...] = ()
    status: str = ""
    closes_after: datetime | None = None
    closes_before: datetime | None = None
    settled_after: datetime | None = None
    settled_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None


def listed(world: World, wanted: MarketFilter, now: datetime) -> Iterator[Window]:
    """The live markets that match at that time, the latest close first. Raises VenueError for an unknown status."""
    if wanted.status not in STATUSES:
        raise invalid_parameters(f"status must be one of {', '.join(filter(None, STATUSES))}")
    cutoff = cutoffs(now).market_settled
    first, last = _close_range(wanted, now, cutoff)
    for window in _candidates(world, wanted, first, last, now):
        if window.settled_time >= cutoff and _matches(world, window, wanted, now):
            yield window


def listed_before(world: World, wanted: MarketFilter, now: datetime) -> Iterator[Window]:
    """The historical markets that match, the latest close first: those that were settled before the cutoff."""
    cutoff = cutoffs(now).market_settled
    last = min(wanted.closes_before or cutoff, cutoff)
    for window in _candidates(world, wanted, _EVER, last, now):
        if window.settled_time < cutoff and window.close_time <= last and _named(window, wanted):
            yield window


def is_historical(window: Window, now: datetime) -> bool:
    """Whether a market has left the live listing."""
    return window.settled_time < cutoffs(now).market_settled


def updated_at(world: World, window: Window, now: datetime) -> datetime:
    """When a market object last changed, prices apart."""
    changes = [change.at for change in world.grids.changes(window)]
    if window.about is None:
        changes.append(window.open_time + STRIKE_AFTER)
    if window.close_time <= now and world.verdict(window):
        changes += [window.determined_time, window.settled_time]
    return max((at for at in changes if at <= now), default=window.created_time)


def _matches(world: World, window: Window, wanted: MarketFilter, now: datetime) -> bool:
    return (
        _named(window, wanted)
        and _in_state(window, wanted.status, now)
        and _between(wanted.closes_after, window.close_time, wanted.closes_before)
        and _between(wanted.settled_after, window.settled_time, wanted.settled_before)
        and _between(wanted.created_after, window.created_time, min(wanted.created_before or now, now))
        and (not _asks_updated(wanted) or _updated(world, window, wanted, now))
    )


def _named(window: Window, wanted: MarketFilter) -> bool:
    return (
        wanted.series in ("", window.series.ticker)
        and wanted.event in ("", window.event_ticker)
        and (not wanted.tickers or window.ticker in wanted.tickers)
    )


def _in_state(window: Window, status: str, now: datetime) -> bool:
    """Whether the clock alone puts a market into the state of the filter's word."""
    if status == "":
        return True
    if now < window.open_time:
        return status == "unopened"
    if now < window.close_time:
        return status == "open"
    return status == ("closed" if now < window.settled_time else "settled")


def _asks_updated(wanted: MarketFilter) -> bool:
    return bool(wanted.updated_after or wanted.updated_before)


def _updated(world: World, window: Window, wanted: MarketFilter, now: datetime) -> bool:
    return _between(wanted.updated_after, updated_at(world, window, now), wanted.updated_before)


def _between(first: datetime | None, at: datetime, last: datetime | None) -> bool:
    return (first is None or first <= at) and (last is None or at <= last)


def _candidates(world: World, wanted: MarketFilter, first: datetime, last: datetime, now: datetime) -> Iterator[Window]:
    """Few where names are given; otherwise what is created and closes in the range."""
    if wanted.tickers:
        found = [w for w in map(world.window, dict.fromkeys(wanted.tickers)) if w]
        return iter(sorted(found, key=lambda w: w.place, reverse=True))
    if wanted.event:
        return iter(world.event(wanted.event))
    return world.listed(wanted.series, first, last, now)


def _close_range(wanted: MarketFilter, now: datetime, cutoff: datetime) -> tuple[datetime, datetime]:
    """The earliest and the latest close that can match."""
    firsts = [cutoff - SETTLED_WITHIN, wanted.closes_after, wanted.created_after]
    firsts += [at and at - SETTLED_WITHIN for at in (wanted.settled_after, wanted.updated_after)]
    first, last = _state_range(wanted.status, now)
    lasts = [wanted.closes_before, wanted.settled_before, last]
    return max(t for t in (*firsts, first) if t), min(t for t in lasts if t)


def _state_range(status: str, now: datetime) -> tuple[datetime, datetime]:
    """Between which closes markets can be in that state: states follow the clock."""
    ranges = {
        "": (_EVER, _NEVER),
        "unopened": (now + TICK, _NEVER),
        "open": (now + TICK, _NEVER),
        "paused": (_NEVER, _EVER),
        "closed": (now - SETTLED_WITHIN, now),
        "settled": (_EVER, now),
    }
    return ranges[status]


_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
