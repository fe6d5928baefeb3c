"""The public tape: executions of a market, newest first; the street's own, and ours among them.

The street's are worked out from the world when somebody asks; each takes at most what the touch showed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge

from trading.domain.order import Side
from trading.exchange.simulated.chance import identity
from trading.exchange.simulated.matching import OPPOSITE
from trading.exchange.simulated.records import FillRecord
from trading.exchange.simulated.street import EMPTY
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window

CHUNK = timedelta(minutes=15)  # of one market looked at in one go
INSTANT = timedelta(microseconds=1)  # the clock's grain
SHORT_CHUNK = timedelta(seconds=5)  # of every market; longer after one in which nothing was traded


@dataclass(frozen=True, slots=True)
class Print:
    """One execution as everybody sees it; `side` is the taker's."""

    trade_id: str
    ticker: str
    side: Side
    price: int
    count: int
    at: datetime


def tape(venue: Venue, window: Window, first: datetime, last: datetime) -> Iterator[Print]:
    """Executions of one market between two times (both included), newest first."""
    ours = _ours(venue, window, first, last)
    return merge(street_prints(venue, window, first, last), ours, key=lambda p: (p.at, p.trade_id), reverse=True)


def whole_tape(venue: Venue, first: datetime, last: datetime) -> Iterator[Print]:
    """Executions of every market between two times (both included), newest first."""
    until, chunk = min(last, venue.now), SHORT_CHUNK
    while until >= first:
        after = max(until - chunk, first - INSTANT)
        windows = venue.world.stirring(after, until)
        found = [p for w in windows for p in street_prints(venue, w, after + INSTANT, until)]
        found += [own_print(fill) for fill in venue.account.fills if after < fill.at <= until]
        yield from sorted(found, key=lambda p: (p.at, p.trade_id), reverse=True)
        until, chunk = after, SHORT_CHUNK if found else min(2 * chunk, CHUNK)


def own_print(fill: FillRecord) -> Print:
    """An execution of the member's, as everybody sees it."""
    side = fill.side if fill.is_taker else OPPOSITE[fill.side]
    return Print(fill.fill_id, fill.ticker, side, fill.price, fill.count, fill.at)


def street_prints(venue: Venue, window: Window, first: datetime, last: datetime) -> Iterator[Print]:
    """The street's own executions between two times (both included), newest first."""
    until = min(last, venue.now, window.close_time)
    while until >= max(first, window.open_time):
        after = max(until - CHUNK, max(first, window.open_time) - timedelta(microseconds=1))
        for moment in reversed(list(venue.world.moments(window, after, until))):
            if venue.pauses.at(moment) is None:
                yield from prints_at(venue, window, moment)
        until = after


def prints_at(venue: Venue, window: Window, moment: datetime) -> list[Print]:
    """The street's own executions of one moment, the last id first."""
    prints = []
    takers = venue.world.takers(window, moment)
    book = venue.world.touch(window, moment) if takers else EMPTY
    for number, taker in enumerate(takers):
        touch = book.asks if taker.side is Side.BID else book.bids
        trade_id = identity(venue.seed, f"{window.ticker}:{moment.timestamp()}", number)
        prints.append(Print(trade_id, window.ticker, taker.side, touch[0][0], min(taker.count, touch[0][1]), moment))
    return sorted(prints, key=lambda p: p.trade_id, reverse=True)


def _ours(venue: Venue, window: Window, first: datetime, last: datetime) -> list[Print]:
    fills = [f for f in venue.account.fills if f.ticker == window.ticker and first <= f.at <= last]
    prints = [own_print(fill) for fill in fills]
    return sorted(prints, key=lambda p: (p.at, p.trade_id), reverse=True)
