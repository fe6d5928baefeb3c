"""Every open market, page by page as the pages arrive: what a scanner looks through.

The listing has the touch, its sizes and the day's volume on each market object, up to 15 seconds old: good for finding
what is worth a look, never for an order. Each page is decoded and glanced at in the lane's thread, and what a glance
drops is only counted: 60,000 markets never stand in memory. The bounds of close times go with no status, so that the
windows between them have also what is not open; they are read side by side, on the share of the budget that scans have.
A market's category and fees are those of its series, whose ticker begins its event's. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import compress, pairwise, repeat
from operator import attrgetter, eq, not_

from trading.domain.errors import Unavailable
from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.market import Level, MarketStatus, Quote
from trading.domain.money import ONE, ZERO, exact
from trading.exchange.kalshi import codec, wire, wire_reference
from trading.exchange.kalshi.calls import PAGE_ROWS, PAGES_MAX, Calls, Params
from trading.strategies.scanner import Drop, Listed, Page

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENDS = (6 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 30 * DAY, 90 * DAY)  # of windows; the last has none
PAGES_AT_ONCE = 3
SERIES_SECONDS = 6 * 3600.0  # categories and fees of series change rarely
PRICES_KEPT = 16_384  # texts of prices read before: the finest grid has 10,000
TOUCHES_KEPT = 65_536  # states with bid and ask seen before, some hundred bytes each
EMPTY = "0.00"  # how the size of an empty side is written; another form of nought is seen at the second look
UNKNOWN = Decimal("Infinity")  # a volume that nothing is dropped for
NOT_OPEN: Drop = ("hydrate", "not_open")

Glance = Callable[[Decimal | None, Decimal | None, Decimal], Drop | None]

_CLOSE_TIME, _STATUS = attrgetter("close_time"), attrgetter("status")
_BID, _ASK = attrgetter("yes_bid_dollars"), attrgetter("yes_ask_dollars")
_BID_SIZE, _ASK_SIZE = attrgetter("yes_bid_size_fp"), attrgetter("yes_ask_size_fp")

_read_markets = wire.reader(wire.ListedPage)
_read_series = wire.reader(wire_reference.SeriesTermsList)


@dataclass(frozen=True, slots=True)
class Window:
    """Close times from `first` until before `end`, and the page that comes next."""

    first: datetime
    end: datetime | None
    cursor: str = ""

    @property
    def params(self) -> Params:
        """The query: whole seconds, and so one too many at the end, which `has` leaves to the next window."""
        params: Params = {"limit": PAGE_ROWS, "mve_filter": "exclude"}
        params["min_close_ts"] = math.floor(self.first.timestamp())
        if self.end:
            params["max_close_ts"] = math.ceil(self.end.timestamp())
        return {**params, "cursor": self.cursor} if self.cursor else params

    def has(self, close_time: datetime) -> bool:
        return self.first <= close_time and (self.end is None or close_time < self.end)


@dataclass(frozen=True, slots=True)
class Look:
    """A glance; `at_touch` is the same by the texts of state, bid and ask alone and by whether a side is empty,
    remembered: a few thousand of them stand for all markets."""

    glance: Glance
    at_touch: Callable[[str, str | None, str | None, bool, bool], Drop | None]

    @classmethod
    def of(cls, glance: Glance) -> Look:
        def at_touch(status: str, bid: str | None, ask: str | None, no_bid: bool, no_ask: bool) -> Drop | None:
            if status != MarketStatus.ACTIVE:
                return NOT_OPEN
            return glance(None if no_bid else _price(bid), None if no_ask else _price(ask), UNKNOWN)

        return cls(glance, lru_cache(TOUCHES_KEPT)(at_touch))


@dataclass(frozen=True, slots=True)
class SeriesTerms:
    """What a market has of its series."""

    category: str = ""
    fees: FeeTerms = QUADRATIC


class OpenMarkets:
    """Over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._series: Mapping[str, SeriesTerms] = {}
        self._series_at: datetime | None = None
        self._look: Look | None = None  # of the last pass, which is nearly always that of the next

    async def pages(self, glance: Glance) -> AsyncGenerator[Page, None]:
        """All open markets that `glance` does not drop (by YES bid, YES ask and contracts of 24 hours), page by page
        in no order; each market once."""
        await self._read_series()
        ahead, asked = deque(windows(self._calls.clock.now())), 0
        look = self._look = self._look if self._look and self._look.glance == glance else Look.of(glance)
        running: set[asyncio.Task[tuple[Page, Window | None]]] = set()
        try:
            while ahead or running:
                while ahead and len(running) < PAGES_AT_ONCE:
                    running.add(asyncio.create_task(self._page(ahead.popleft(), look)))
                    asked += 1
                if asked > PAGES_MAX:
                    raise Unavailable(f"GET /markets: more than {PAGES_MAX} pages of open markets")
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    running.discard(task)
                    page, rest = task.result()
                    if rest:
                        ahead.appendleft(rest)
                    yield page
        finally:
            await _ended(running)

    async def _page(self, window: Window, look: Look) -> tuple[Page, Window | None]:
        """One page, and what is left of its window."""
        asked_at, series = self._calls.clock.now(), self._series

        def decode(body: bytes) -> tuple[Page, str]:
            answer = _read_markets(body)
            return _glanced(answer.markets, window, look, asked_at, series), answer.cursor or ""

        page, cursor = await self._calls.scan("/markets", decode, window.params)
        return page, replace(window, cursor=cursor) if cursor else None

    async def _read_series(self) -> None:
        now = self._calls.clock.now()
        if self._series_at is None or (now - self._series_at).total_seconds() >= SERIES_SECONDS:
            self._series = await self._calls.scan("/series", _series_terms, {})
            self._series_at = now


async def _ended(running: set[asyncio.Task[tuple[Page, Window | None]]]) -> None:
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in running:
        with suppress(asyncio.CancelledError):
            task.exception()  # looked at: nobody waits for it any more


def windows(now: datetime) -> list[Window]:
    """From now on, in whole seconds, the nearest first."""
    start = now.replace(microsecond=0)
    bounds: list[datetime | None] = [start, *(start + end for end in ENDS), None]
    return [Window(first, end) for first, end in pairwise(bounds) if first]


def _series_terms(body: bytes) -> dict[str, SeriesTerms]:
    """Few are different: one object stands for all that are alike."""
    made = cache(_terms)
    return {s.ticker: made(s.category, s.fee_type, s.fee_multiplier) for s in _read_series(body).series}


def _terms(category: str, fee_type: str, multiplier: Decimal) -> SeriesTerms:
    return SeriesTerms(category, FeeTerms(fee_type, exact(multiplier)))


def _glanced(
    rows: list[wire.ListedWire],
    window: Window,
    look: Look,
    asked_at: datetime,
    series: Mapping[str, SeriesTerms],
) -> Page:
    """Most rows are dropped by texts that were seen before: what is mapped here stays in C, so that threads which
    inflate the next pages do not wait for this one."""
    inside = cache(lambda close_time: window.has(codec.required_moment(close_time)))
    mine = list(compress(rows, map(inside, map(_CLOSE_TIME, rows))))
    empty = (map(eq, map(size, mine), repeat(EMPTY)) for size in (_BID_SIZE, _ASK_SIZE))
    drops = list(map(look.at_touch, map(_STATUS, mine), map(_BID, mine), map(_ASK, mine), *empty))
    left = list(compress(mine, map(not_, drops)))
    drops += [_dropped(row, look.glance) for row in left]
    listed = tuple(_listed(row, asked_at, series) for row in compress(left, map(not_, drops[len(mine) :])))
    return Page(listed, Counter(filter(None, drops)))


def _dropped(row: wire.ListedWire, glance: Glance) -> Drop | None:
    """With its volume, of which no two are alike. An empty side's size says so, whatever price stands beside it."""
    bid = _price(row.yes_bid_dollars) if row.yes_bid_size_fp and row.yes_bid_size_fp.strip("0.") else None
    ask = _price(row.yes_ask_dollars) if row.yes_ask_size_fp and row.yes_ask_size_fp.strip("0.") else None
    return glance(bid, ask, _volume(row))


def _volume(row: wire.ListedWire) -> Decimal:
    return exact(row.volume_24h_fp or "0")


@lru_cache(maxsize=PRICES_KEPT)
def _price(dollars: str | None) -> Decimal | None:
    """None for no price: no text, and what lies outside of (0, 1)."""
    price = exact(dollars or "0")
    return price if ZERO < price < ONE else None


def _levels(row: wire.ListedWire) -> tuple[Level | None, Level | None]:
    return _level(row.yes_bid_dollars, row.yes_bid_size_fp), _level(row.yes_ask_dollars, row.yes_ask_size_fp)


def _listed(row: wire.ListedWire, asked_at: datetime, series: Mapping[str, SeriesTerms]) -> Listed:
    terms = terms_of(row.event_ticker, series)
    market = replace(codec.listed(row), fees=terms.fees)
    return Listed(market, Quote(row.ticker, asked_at, *_levels(row)), _volume(row), terms.category)


def _level(dollars: str | None, size: str | None) -> Level | None:
    """None for an empty side."""
    count, price = exact(size or "0"), _price(dollars)
    return Level(price, count) if price and count > 0 else None


def terms_of(event_ticker: str, series: Mapping[str, SeriesTerms]) -> SeriesTerms:
    """Those of the longest series' ticker that the event's begins with, up to a dash; of an unknown one no category."""
    name = event_ticker
    while name and name not in series:
        name = name.rpartition("-")[0]
    return series.get(name, SeriesTerms())
