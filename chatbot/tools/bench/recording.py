"""A recording of windows made in the simulated world, as the files that a replay reads: where there is no real one.

The snapshots lie as far apart as those of real recordings do, so that an order of one is over before the next.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from trading.clock import VirtualClock
from trading.exchange.simulated.recorded import CSV_COLUMNS, SnapshotLine
from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import SeededWorld

SEED, SERIES = 1, "KXBTC15M"
FIRST = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday: the pause of the week lies 320 windows ahead
WINDOW, EVERY = timedelta(minutes=15), timedelta(seconds=30)


def record(folder: Path, windows: int) -> tuple[Path, Path]:
    """Write so many windows, a market each, to `folder`; where the snapshots and the results are."""
    venue = open_venue(VirtualClock(FIRST), world=SeededWorld(SEED, (SERIES,)))
    snapshots, results = folder / "snapshots.jsonl", folder / "results.csv"
    snapshots.write_bytes(
        b"".join(msgspec.json.encode(line) + b"\n" for line in _lines(venue, FIRST + windows * WINDOW))
    )
    markets = list(venue.world.windows(SERIES, FIRST, FIRST + windows * WINDOW))  # the first one closed as it began
    with results.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(CSV_COLUMNS)
        rows.writerows(_ending(venue, market) for market in reversed(markets))
    return snapshots, results


def _lines(venue: Venue, end: datetime) -> Iterator[SnapshotLine]:
    clock = venue.clock
    assert isinstance(clock, VirtualClock), "a recording has its own time"
    at = FIRST + EVERY
    while at < end:
        clock.advance_to(at)
        yield _line(venue, at)
        at += EVERY


def _line(venue: Venue, at: datetime) -> SnapshotLine:
    """The touch of the market that is open then, and the index."""
    series = venue.world.series[0]
    [window] = [each for each in venue.world.windows(SERIES, at, at + WINDOW) if each.open_time <= at < each.close_time]
    book, spot = venue.shown(window.ticker), venue.spot(series.index_id)
    (bid, bids), (ask, asks) = (_level(side) for side in (book.bids, book.asks))
    return SnapshotLine(Decimal(str(at.timestamp())), window.ticker, SERIES, bid, ask, bids, asks, spot.price)


def _level(side: tuple[tuple[int, int], ...]) -> tuple[Decimal | None, Decimal | None]:
    """The best price of a side and what waits there; nothing where nobody does."""
    return (dollars(side[0][0]), contracts(side[0][1])) if side else (None, None)


def _ending(venue: Venue, window: Window) -> tuple[object, ...]:
    verdict = venue.world.verdict(window)
    assert verdict is not None, "every market of the simulated world comes to an end"
    strike = venue.world.strike(window, window.close_time)
    times = window.open_time.isoformat(), window.close_time.isoformat()
    return window.event_ticker, *times, strike, verdict.expiration_value, verdict.result
