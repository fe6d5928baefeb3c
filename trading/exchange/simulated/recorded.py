"""A world of recorded windows: real quotes, a real index and real results, behind the seeded world's protocol.

A snapshot is a touch: the best bid with its size, the best ask with its. It stands until the next one, and at most
`quote_age_seconds_max`: then the book is empty, as it would be for somebody who will not trade on old quotes. What is
taken is gone until the next snapshot. Nobody else takes, so an order of ours rests until a touch crosses it.
"""

from __future__ import annotations

import csv
import gzip
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from trading.domain.errors import Misconfigured
from trading.domain.market import Tick
from trading.domain.money import ONE, ZERO, exact
from trading.exchange.simulated.fee_schedule import FeeSchedule
from trading.exchange.simulated.grids import Grids
from trading.exchange.simulated.street import EMPTY, Activity, StreetBook, Taker
from trading.exchange.simulated.units import PRICE_UNIT, count_units, price_units
from trading.exchange.simulated.windows import (
    DETERMINED_AFTER,
    FINALIZED_AFTER,
    KNOWN_SERIES,
    STRIKE_AFTER,
    WINDOW_SECONDS,
    Series,
    Verdict,
    Window,
    close_of,
    market_ticker,
    window_closing,
)

QUOTE_AGE_SECONDS_MAX = 15.0
CSV_COLUMNS = ("event_ticker", "open_time_utc", "close_time_utc", "floor_strike", "expiration_value", "result")


class SnapshotLine(msgspec.Struct):
    """The fields that are used of a line of the snapshots file. Decimals keep the digits that the file has."""

    ts: Decimal
    ticker: str
    series: str
    yb: Decimal | None = None
    ya: Decimal | None = None
    yes_depth: Decimal | None = None
    no_depth: Decimal | None = None
    spot: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """A row of the results file."""

    window: Window
    strike: Decimal | None
    expiration_value: Decimal | None
    result: str


class RecordedWorld:
    """Made by `load`. Markets: those with snapshots, and the ones just before them that the results know."""

    def __init__(
        self, snapshots: Sequence[SnapshotLine], endings: Mapping[str, Ending], series: Series, age_max: float
    ) -> None:
        self.series: Sequence[Series] = (series,)
        self.fees, self.grids = FeeSchedule(), Grids()
        self._age_max = timedelta(seconds=age_max, microseconds=1)  # from then on a snapshot is too old
        self._times: dict[str, list[datetime]] = {}
        self._books: dict[str, list[StreetBook]] = {}
        self._spots: list[Tick] = []
        self._spot_times: list[datetime] = []
        self._verdicts = {event: known for event, ending in endings.items() if (known := _verdict(ending))}
        self._strikes = {event: ending.strike for event, ending in endings.items()}
        for line in snapshots:
            self._keep(line)
        self._of_ticker = _windows_of(self._times, endings, series)
        self._by_close = sorted(self._of_ticker.values(), key=lambda w: w.place)
        self._closes = [w.close_time for w in self._by_close]

    @classmethod
    def load(
        cls, snapshots: Path, results: Path, *, quote_age_seconds_max: float = QUOTE_AGE_SECONDS_MAX
    ) -> RecordedWorld:
        """Read a snapshots file (`.jsonl` or `.jsonl.gz`) and a results CSV. Raises Misconfigured for other content."""
        lines = sorted(snapshot_lines(snapshots), key=lambda line: line.ts)
        names = {line.series for line in lines}
        if len(names) != 1:
            raise Misconfigured(f"{snapshots} must hold snapshots of one series, not of {len(names)}")
        name = names.pop()
        series = KNOWN_SERIES.get(name) or Series(name, f"{name}_INDEX", name, name, 4)
        return cls(lines, endings_of(results, series), series, quote_age_seconds_max)

    def snapshot_times(self) -> list[datetime]:
        """When the recording looked, in order: where a replay lets its clock stop."""
        return sorted({at for times in self._times.values() for at in times})

    @property
    def recorded(self) -> list[Window]:
        """The markets that have snapshots, in order of their close."""
        return [w for w in self._by_close if w.ticker in self._times]

    def window(self, ticker: str) -> Window | None:
        return self._of_ticker.get(ticker)

    def event(self, ticker: str) -> Sequence[Window]:
        return [w for w in self._by_close if w.event_ticker == ticker]

    def windows(self, series: str, first: datetime, last: datetime) -> Iterator[Window]:
        if series in ("", self.series[0].ticker):
            begin, end = bisect_left(self._closes, first), bisect_right(self._closes, last)
            yield from reversed(self._by_close[begin:end])

    def listed(self, series: str, first: datetime, last: datetime, at: datetime) -> Iterator[Window]:
        return (w for w in self.windows(series, first, last) if w.created_time <= at)

    def stirring(self, after: datetime, until: datetime) -> Iterator[Window]:
        return (w for w in self._by_close if w.open_time <= until and w.close_time >= after)

    def living(self, after: datetime, until: datetime) -> Iterator[Window]:
        last = after - FINALIZED_AFTER
        return (w for w in self._by_close if w.created_time <= until and w.close_time >= last)

    def strike(self, window: Window, at: datetime) -> Decimal | None:
        return self._strikes.get(window.event_ticker) if at >= window.open_time + STRIKE_AFTER else None

    def verdict(self, window: Window) -> Verdict | None:
        return self._verdicts.get(window.event_ticker)

    def moment(self, window: Window, at: datetime) -> datetime:
        times = self._times.get(window.ticker, [])
        found = bisect_right(times, at)
        if not found:
            return window.open_time
        ended = times[found - 1] + self._age_max
        return ended if at >= ended else times[found - 1]

    def moments(self, window: Window, after: datetime, until: datetime) -> Iterator[datetime]:
        times = self._times.get(window.ticker, [])
        pairs = zip(times, [*times[1:], None], strict=True)
        ends = (t + self._age_max for t, following in pairs if self._ends(t, following))
        return iter(sorted(t for t in (*times, *ends) if after < t <= until))

    def street(self, window: Window, moment: datetime) -> StreetBook:
        times = self._times.get(window.ticker, [])
        found = bisect_right(times, moment)
        if not found or moment >= times[found - 1] + self._age_max or not window.trades_at(moment):
            return EMPTY
        return self._books[window.ticker][found - 1]

    def touch(self, window: Window, moment: datetime) -> StreetBook:
        return self.street(window, moment)

    def takers(self, window: Window, moment: datetime) -> Sequence[Taker]:
        return ()

    def activity(self, window: Window, at: datetime) -> Activity:
        return Activity()

    def spot(self, index_id: str, at: datetime) -> Tick | None:
        found = bisect_right(self._spot_times, at)
        return self._spots[found - 1] if found and index_id == self.series[0].index_id else None

    def _keep(self, line: SnapshotLine) -> None:
        at = datetime.fromtimestamp(float(line.ts), UTC)
        self._times.setdefault(line.ticker, []).append(at)
        self._books.setdefault(line.ticker, []).append(_book(line))
        if line.spot is not None:
            index_id = self.series[0].index_id
            self._spot_times.append(at)
            self._spots.append(Tick(index_id, line.spot, at, (index_id,)))

    def _ends(self, at: datetime, following: datetime | None) -> bool:
        """Whether a snapshot grows too old before the next one."""
        return following is None or following - at > self._age_max


def _windows_of(
    times: Mapping[str, Sequence[datetime]], endings: Mapping[str, Ending], series: Series
) -> dict[str, Window]:
    """The recorded markets, and those that closed exactly when one of them opened."""
    by_close = {ending.window.close_time: ending.window for ending in endings.values()}
    windows: dict[str, Window] = {}
    for ticker in times:
        event = ticker.rpartition("-")[0]
        close = close_of(event)
        if event in endings:
            window = endings[event].window
        elif close is not None:
            window = window_closing(series, close)
        else:
            raise Misconfigured(f"{ticker} is in the snapshots, not in the results, and tells no time of its own")
        windows[ticker] = replace(window, ticker=ticker)
        before = by_close.get(window.open_time)
        if before is not None:
            windows.setdefault(before.ticker, before)
    return windows


def _verdict(ending: Ending) -> Verdict | None:
    """How that market ended, where it is known."""
    if ending.result not in ("yes", "no"):
        return None
    value, close = ONE if ending.result == "yes" else ZERO, ending.window.close_time
    return Verdict(ending.result, value, ending.expiration_value, close + DETERMINED_AFTER, close + FINALIZED_AFTER)


def _book(line: SnapshotLine) -> StreetBook:
    """One level a side; a side without a price or a size is empty, and so is a crossed touch."""
    bids, asks = _level(line.yb, line.yes_depth), _level(line.ya, line.no_depth)
    return StreetBook(bids, asks) if not (bids and asks and bids[0][0] >= asks[0][0]) else EMPTY


def _level(price: Decimal | None, size: Decimal | None) -> tuple[tuple[int, int], ...]:
    if price is None or not size:
        return ()
    units, count = price_units(price), count_units(size)
    return ((units, count),) if 0 < units < PRICE_UNIT else ()


def snapshot_lines(path: Path) -> list[SnapshotLine]:
    content = path.read_bytes()
    decoder = msgspec.json.Decoder(SnapshotLine)
    try:
        plain = gzip.decompress(content) if path.suffix == ".gz" else content
        return [decoder.decode(line) for line in plain.splitlines() if line.strip()]
    except (gzip.BadGzipFile, msgspec.DecodeError) as problem:
        raise Misconfigured(f"{path} has a line that is no snapshot: {problem}") from problem


def endings_of(path: Path, series: Series) -> dict[str, Ending]:
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in CSV_COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise Misconfigured(f"{path} lacks the columns {', '.join(missing)}")
        endings = (_ending(row, series) for row in rows)
        return {ending.window.event_ticker: ending for ending in endings if ending}


def _ending(row: Mapping[str, str | None], series: Series) -> Ending | None:
    """What a row tells; None for one that tells no close, by column or by name."""
    texts = {name: (row[name] or "").strip() for name in CSV_COLUMNS}
    event = texts["event_ticker"]
    close = datetime.fromisoformat(texts["close_time_utc"]) if texts["close_time_utc"] else close_of(event)
    if close is None:
        return None
    opened = datetime.fromisoformat(texts["open_time_utc"]) if texts["open_time_utc"] else None
    opened = opened or close - timedelta(seconds=WINDOW_SECONDS)
    window = Window(market_ticker(event, close), event, series, opened, close)
    return Ending(window, _number(texts["floor_strike"]), _number(texts["expiration_value"]), texts["result"].lower())


def _number(text: str) -> Decimal | None:
    """A column's figure; None where it is empty or was not known as a figure."""
    try:
        return exact(text) if text else None
    except ValueError:
        return None
