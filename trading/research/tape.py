"""A tape: what became known and when, in the order in which it did. It is all that a backtest ever reads.

Nothing on it is older than its own moment, and a strategy is shown only what has passed: that is why no backtest here
can look ahead, whatever a strategy does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from trading.domain.market import TAPERED_DECI_CENT, Level, Market, MarketStatus, Quote, Tick
from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.recorded import Ending, SnapshotLine, endings_of, snapshot_lines
from trading.exchange.simulated.windows import FINALIZED_AFTER, KNOWN_SERIES, STRIKE_AFTER, Series


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


def of_results(results: Path, series: str) -> list[Record]:
    """Results alone, without a price: enough to tell how often a signal was right."""
    known = KNOWN_SERIES.get(series) or Series(series, f"{series}_INDEX", series, series, 2)
    endings = endings_of(results, known).values()
    return in_order(record for ending in endings for record in _life(ending, ""))


def _life(ending: Ending, ticker: str) -> Iterator[Record]:
    """What becomes known of one market: that it is open, its strike, and how it ended."""
    window = ending.window
    market = Market(
        ticker=ticker or window.ticker,
        event_ticker=window.event_ticker,
        open_time=window.open_time,
        close_time=window.close_time,
        status=MarketStatus.ACTIVE,
        price_ranges=TAPERED_DECI_CENT,  # of all 15-minute crypto series
    )
    yield Record(window.open_time, market)
    struck = replace(market, strike=ending.strike)
    if ending.strike is not None:
        yield Record(window.open_time + STRIKE_AFTER, struck)
    if ending.result in ("yes", "no"):
        value, at = ONE if ending.result == "yes" else ZERO, window.close_time + FINALIZED_AFTER
        ended = replace(struck, status=MarketStatus.FINALIZED, result=ending.result, settlement_value=value)
        yield Record(at, replace(ended, expiration_value=ending.expiration_value))
        yield Record(at, Paid(market.ticker, value))


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


def between(records: Iterable[Record], first: datetime, last: datetime, lead: timedelta = timedelta(0)) -> list[Record]:
    """The records of [first, last), and what became known in the `lead` before it."""
    return [record for record in records if first - lead <= record.at < last]
