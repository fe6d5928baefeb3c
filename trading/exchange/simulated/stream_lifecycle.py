"""The channel `market_lifecycle_v2`: what has happened to markets and events between two ticks, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from trading.exchange.simulated import stream_life_wire as wire
from trading.exchange.simulated.stream_changes import Changes
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import STRIKE_AFTER, Window
from trading.exchange.simulated.wire import Json

LIFECYCLE_BACK_MAX = timedelta(days=1)  # of markets' events told after a jump of the clock
MARKET, EVENT, FEES = "market_lifecycle_v2", "event_lifecycle", "event_fee_update"

Happening = tuple[int, datetime, str, Callable[[], Json]]  # its place among those of a moment, when, type, its `msg`


def lifecycle(venue: Venue, changes: Changes) -> Iterator[tuple[str, Json]]:
    """Type and `msg` of everything that happened to any market, an event's own before its markets'."""
    since = changes.bounded(LIFECYCLE_BACK_MAX)
    if since == changes.now:
        return
    due: list[tuple[datetime, str, int, str, str, Callable[[], Json]]] = []
    told: set[str] = set()  # events: each speaks once, through one of its markets
    for window in _living(venue, since, changes.now):
        found = [*_life(venue, window), *(() if window.event_ticker in told else _event_life(venue, window))]
        told.add(window.event_ticker)
        named = window.event_ticker, window.ticker
        due += ((at, named[0], n, named[1], kind, msg) for n, at, kind, msg in found if since < at <= changes.now)
    for *_, kind, msg in sorted(due, key=lambda happened: happened[:4]):
        yield kind, msg()


def _living(venue: Venue, since: datetime, now: datetime) -> Iterator[Window]:
    """Markets with something to tell, and those that were changed by hand, each once."""
    world = venue.world
    named = [world.window(ticker) for ticker in (*venue.account.result_changes, *world.grids.ordered)]
    found = [*world.living(since, now), *(w for w in named if w)]
    found += [w for event in world.fees.overridden for w in world.event(event)]
    yield from {window.ticker: window for window in found}.values()


def _life(venue: Venue, window: Window) -> Iterator[Happening]:
    """Everything that happens to a market up to the venue's time."""
    yield 1, window.created_time, MARKET, partial(wire.created, window)
    strike = venue.world.strike(window, venue.now) if window.about is None else None
    if strike is not None:
        yield 2, window.open_time + STRIKE_AFTER, MARKET, partial(wire.metadata_updated, window, strike)
    for change in venue.world.grids.changes(window):
        yield 3, change.at, MARKET, partial(wire.regridded, window, change.grid)
    verdicts = venue.results.verdicts(window) if window.close_time <= venue.now else []
    for number, verdict in enumerate(verdicts):
        yield 4, verdict.determined_at, MARKET, partial(wire.determined, window, verdict)
        replaced = verdicts[number + 1 :]
        if not replaced or verdict.settled_at < replaced[0].determined_at:
            yield 5, verdict.settled_at, MARKET, partial(wire.settled, window, verdict)


def _event_life(venue: Venue, window: Window) -> Iterator[Happening]:
    yield 0, window.created_time, EVENT, partial(wire.event_created, window)
    for terms in venue.world.fees.event_changes(window):
        yield 3, terms.at, FEES, partial(wire.fee_updated, window, terms)
