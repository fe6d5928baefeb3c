"""A tape: what became known and when, in the order in which it did. It is all that a backtest ever reads.

Nothing on it is older than its own moment, and a strategy is shown only what has passed: that is why no backtest here
can look ahead, whatever a strategy does.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from trading.domain.errors import Misconfigured
from trading.domain.market import TAPERED_DECI_CENT, Level, Market, MarketStatus, Quote, Tick
from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.recorded import Ending, SnapshotLine, endings_of, snapshot_lines
from trading.exchange.simulated.windows import FINALIZED_AFTER, KNOWN_SERIES, STRIKE_AFTER, Series

OFFERED_AFTER = timedelta(seconds=30)  # of the open: an assumed price is there
HELD = timedelta(seconds=5)  # a quote of which only one moment is known is taken to stand so long
DEPTH = Decimal(100)  # contracts at a touch whose size nobody recorded


@dataclass(frozen=True, slots=True)
class Paid:
    """A market has settled: what one YES contract paid."""

    ticker: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that became known at `at`: a market (again, where more of it is known), a quote, a price, an end."""

    at: datetime
    what: Market | Quote | Tick | Paid


def in_order(records: Iterable[Record]) -> list[Record]:
    """By their moment; those of one moment stay as they came."""
    return sorted(records, key=lambda record: record.at)


def recorded(snapshots: Path, results: Path) -> list[Record]:
    """A recording of quotes and spot prices, with its results. Raises Misconfigured for other content."""
    lines = snapshot_lines(snapshots)
    name = lines[0].series if lines else ""
    series = KNOWN_SERIES.get(name) or Series(name, f"{name}_INDEX", name, name, 4)
    endings = endings_of(results, series)
    tickers = {line.ticker.rpartition("-")[0]: line.ticker for line in lines}
    known = (record for event, ending in endings.items() for record in _life(ending, tickers.get(event, "")))
    return in_order([*known, *(record for line in lines for record in _seen(line))])


def of_results(results: Path, price: Decimal | None = None, series: str = "") -> list[Record]:
    """Results alone: enough to tell how often a signal was right. With a `price` (dollars) either side of every market
    can be bought at it: see `offered`. Raises Misconfigured for other content."""
    name = series or series_of(results)
    known = KNOWN_SERIES.get(name) or Series(name, f"{name}_INDEX", name, name, 2)
    made: list[Record] = []
    for ending in endings_of(results, known).values():
        made += _life(ending, "")
        if price is not None:
            made += offered(ending.window.ticker, ending.window.open_time, price)
    return in_order(made)


def series_of(results: Path) -> str:
    """The series that a results file is of, by its first row. Raises Misconfigured where it has none."""
    with results.open(newline="") as file:
        first: dict[str, str | None] = next(csv.DictReader(file), {})
    name = (first.get("event_ticker") or "").partition("-")[0]
    if not name:
        raise Misconfigured(f"{results} has no event_ticker in its first row: give a CSV of results, with its header")
    return name


def offered(ticker: str, opens: datetime, price: Decimal) -> Iterator[Record]:
    """An assumed quote, which stands for some seconds: YES and NO each cost `price`, so that for 0.50 bid and ask are
    the same."""
    for seconds in (OFFERED_AFTER, OFFERED_AFTER + HELD):
        at = opens + seconds
        yield Record(at, Quote(ticker, at, Level(ONE - price, DEPTH), Level(price, DEPTH)))


def _life(ending: Ending, ticker: str) -> Iterator[Record]:
    """What becomes known of one market of a results file."""
    window, ended = ending.window, ending.result in ("yes", "no")
    return life(
        Market(
            ticker=ticker or window.ticker,
            event_ticker=window.event_ticker,
            open_time=window.open_time,
            close_time=window.close_time,
            status=MarketStatus.FINALIZED if ended else MarketStatus.ACTIVE,
            strike=ending.strike,
            result=ending.result if ended else "",
            settlement_value=(ONE if ending.result == "yes" else ZERO) if ended else None,
            expiration_value=ending.expiration_value,
            price_ranges=TAPERED_DECI_CENT,  # of all 15-minute crypto series
        )
    )


def life(ended: Market) -> Iterator[Record]:
    """What becomes known of a market of which all is known by now: that it is open, its strike, and how it ended."""
    struck = replace(ended, status=MarketStatus.ACTIVE, result="", settlement_value=None, expiration_value=None)
    yield Record(ended.open_time, replace(struck, strike=None))
    if ended.strike is not None:
        yield Record(ended.open_time + STRIKE_AFTER, struck)
    if ended.settlement_value is not None:
        at = ended.close_time + FINALIZED_AFTER
        yield Record(at, ended)
        yield Record(at, Paid(ended.ticker, ended.settlement_value))


def _seen(line: SnapshotLine) -> Iterator[Record]:
    at = datetime.fromtimestamp(float(line.ts), UTC)
    if line.spot is not None:
        yield Record(at, Tick(line.series, line.spot, at, ("recorded",)))
    bid, ask = _level(line.yb, line.yes_depth), _level(line.ya, line.no_depth)
    if bid and ask and bid.price >= ask.price:
        bid = ask = None  # a crossed touch is a reading error
    yield Record(at, Quote(line.ticker, at, bid, ask))


def _level(price: Decimal | None, size: Decimal | None) -> Level | None:
    return Level(price, size) if price is not None and size and ZERO < price < ONE else None


def span(records: list[Record]) -> tuple[datetime, datetime]:
    """From the first record to the last; a tape has one at least."""
    return records[0].at, records[-1].at


def quoted(records: Sequence[Record]) -> tuple[datetime, datetime]:
    """From the first quote to the last, between which something could be decided; without one, the span of all."""
    moments = [record.at for record in records if isinstance(record.what, Quote)]
    return (moments[0], moments[-1]) if moments else (records[0].at, records[-1].at)


def between(records: Iterable[Record], first: datetime, last: datetime, lead: timedelta = timedelta(0)) -> list[Record]:
    """The records of [first, last), and what became known in the `lead` before it."""
    return [record for record in records if first - lead <= record.at < last]
