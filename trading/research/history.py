"""The past of a series, fetched once and kept: settled markets, one-minute quotes, spot prices, a file for each day.

A file holds one UTC day that is over, of the markets that closed in it, so that nothing in it changes any more and a
second run needs no network. Days are asked for one by one: what was fetched before an interruption stays.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from trading.domain.errors import Misconfigured, NotFound
from trading.domain.market import Market, Tick
from trading.domain.reference import Candle, HistoricalCutoff

DAYS_MAX = 365
SPOT_BEFORE = timedelta(hours=1)  # of the first open of a day: signals look back
DAY = timedelta(days=1)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and ask of a market (YES dollars) as a minute ended; 0 and 1 where nobody stood there."""

    at: datetime
    bid: Decimal
    ask: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """What closed in one UTC day; `touches` by ticker and `spot` are oldest first."""

    series: str
    day: date
    markets: tuple[Market, ...]
    touches: dict[str, tuple[Touch, ...]]
    spot: tuple[tuple[datetime, Decimal], ...]


class Markets(Protocol):
    """Where settled markets and their candles are told: the live exchange, adapted. Raises Unavailable."""

    async def cutoff(self) -> HistoricalCutoff: ...

    async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
        """Of the live tier, those that closed within the bounds."""

    async def old(self, series: str) -> list[Market]:
        """All of the historical tier."""

    async def candles(self, series: str, markets: Sequence[Market]) -> dict[str, list[Candle]]:
        """One-minute candles from open to close, by ticker, of the live tier."""

    async def old_candles(self, market: Market) -> list[Candle]:
        """The same of one market of the historical tier. Raises NotFound too."""


class SpotHistory(Protocol):
    """Where the past of a spot price is told. Raises Unavailable."""

    async def minutes(self, series: str, start: datetime, end: datetime) -> list[Tick]: ...


# --- files ----------------------------------------------------------------------------------------------------------


def file_of(folder: Path, series: str, day: date) -> Path:
    return folder / series / f"{day.isoformat()}.json.gz"


def days_before(today: date, days: int) -> list[date]:
    """So many whole days before `today`, oldest first. Raises Misconfigured."""
    if not 1 <= days <= DAYS_MAX:
        raise Misconfigured(f"--days {days} is not from 1 to {DAYS_MAX}: for example --days 30")
    return [today - DAY * n for n in range(days, 0, -1)]


def kept_days(folder: Path, series: str) -> list[date]:
    """The days of a series that are kept, oldest first."""
    return sorted(
        date.fromisoformat(path.name.partition(".")[0]) for path in (folder / series).glob("????-??-??.json.gz")
    )


def read_day(folder: Path, series: str, day: date) -> Day:
    """Raises Misconfigured for a file that is none."""
    path = file_of(folder, series, day)
    try:
        return msgspec.json.decode(gzip.decompress(path.read_bytes()), type=Day)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise Misconfigured(
            f"{path} cannot be read ({type(error).__name__}): delete it, and it is fetched again"
        ) from error


def write_day(folder: Path, day: Day) -> None:
    """Written aside and moved into place: half a file is never there."""
    path = file_of(folder, day.series, day.day)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.part")
    aside.write_bytes(gzip.compress(msgspec.json.encode(day), mtime=0))
    aside.replace(path)


# --- fetching -------------------------------------------------------------------------------------------------------


async def fetch(
    folder: Path,
    series: str,
    days: Sequence[date],
    markets: Markets,
    spot: SpotHistory | None,
    progress: Progress = lambda done, total: None,
) -> int:
    """Fetch the days that are not kept yet; how many there were. Without `spot`, prices are none. Raises Unavailable,
    Misconfigured where the exchange lists no market of the series in all these days."""
    missing = [day for day in days if not file_of(folder, series, day).exists()]
    if not missing:
        return 0
    cutoff = (await markets.cutoff()).markets_settled
    old = await markets.old(series) if _start(missing[0]) < cutoff else []
    empty: list[Day] = []
    for number, day in enumerate(missing, 1):
        made = await _fetched(series, day, markets, old, spot)
        if made.markets:
            write_day(folder, made)
        else:
            empty.append(made)
        progress(number, len(missing))
    if not kept_days(folder, series):
        raise Misconfigured(f"the exchange lists no settled market of {series} in these days: is it spelt so?")
    for made in empty:
        write_day(folder, made)
    return len(missing)


async def _fetched(series: str, day: date, source: Markets, old: Sequence[Market], spot: SpotHistory | None) -> Day:
    start, end = _start(day), _start(day) + DAY
    live = {market.ticker: market for market in _ended(await source.settled(series, start, end), start, end)}
    moved = [market for market in _ended(old, start, end) if market.ticker not in live]
    candles = await source.candles(series, list(live.values())) if live else {}
    for market in moved:
        candles[market.ticker] = await _old_candles(source, market)
    markets = sorted([*live.values(), *moved], key=lambda market: (market.close_time, market.ticker))
    prices = await spot.minutes(series, markets[0].open_time - SPOT_BEFORE, end) if spot and markets else []
    return Day(
        series=series,
        day=day,
        markets=tuple(markets),
        touches={m.ticker: tuple(_touches(candles.get(m.ticker, ()))) for m in markets},
        spot=tuple((tick.seen_at, tick.price) for tick in prices),
    )


async def _old_candles(source: Markets, market: Market) -> list[Candle]:
    """None where the exchange has forgotten them."""
    try:
        return await source.old_candles(market)
    except NotFound:
        return []


def _ended(markets: Iterable[Market], start: datetime, end: datetime) -> Iterator[Market]:
    """Those that closed within [start, end) and were paid."""
    return (m for m in markets if start <= m.close_time < end and m.settlement_value is not None)


def _touches(candles: Iterable[Candle]) -> Iterator[Touch]:
    return (Touch(candle.ends_at, candle.bid.close, candle.ask.close) for candle in candles)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
