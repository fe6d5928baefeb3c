"""What anybody may read of the exchange: markets, the touch, whether it trades, and index values.

Market objects may be 15 seconds old (the exchange's CDN keeps them), so quotes come from the order book, which is
never cached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote as quoted

from trading.domain.errors import NotFound
from trading.domain.market import Level, Market, MarketStatus, Quote, Tick
from trading.domain.order import ExchangeStatus
from trading.exchange.kalshi import codec, index_values, wire, wire_reference
from trading.exchange.kalshi.calls import PAGE_ROWS, Calls, Params
from trading.exchange.kalshi.http import Request
from trading.exchange.kalshi.pages import from_time, given, to_time

TICKERS_PER_CALL = 100  # keeps the address below 4 kB
BOOK_DEPTH = 5  # levels asked for; the best with contracts behind it is taken

_read_markets = wire.reader(wire.MarketsPage)
_read_market = wire.reader(wire_reference.OneMarket)
_read_books = wire.reader(wire_reference.BooksAnswer)
_read_book = wire.reader(wire.BookAnswer)
_read_status = wire.reader(wire.StatusWire)

# The words of the `status=` filter are not the words of the objects. Source: the exchange's page on market status.
FILTER_WORDS: dict[str, frozenset[MarketStatus]] = {
    "unopened": frozenset({MarketStatus.INITIALIZED}),
    "open": frozenset({MarketStatus.ACTIVE}),
    "paused": frozenset({MarketStatus.INACTIVE}),
    "closed": frozenset({MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED}),
    "settled": frozenset({MarketStatus.FINALIZED}),
}
# The exchange takes one kind of time bound at once, and refuses other words of the status beside it.
GOES_WITH_BOUNDS = frozenset({"", "closed"})
GOES_WITH_CREATED = frozenset({"", "unopened", "open"})
GOES_WITH_SETTLED = frozenset({"", "settled"})


def one_market(body: bytes) -> Market:
    """The market in an answer that holds one."""
    return codec.market(_read_market(body).market)


def _touch(body: bytes) -> tuple[Level | None, Level | None]:
    return codec.touch(_read_book(body).orderbook_fp)


def _touches(body: bytes) -> dict[str, tuple[Level | None, Level | None]]:
    return {book.ticker: codec.touch(book.orderbook_fp) for book in _read_books(body).orderbooks}


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """Which markets: the exchange's filter where it can, ours for exactness."""

    series: str = ""
    closes_after: datetime | None = None
    closes_before: datetime | None = None
    status: str = ""
    event: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None
    settled_after: datetime | None = None
    settled_before: datetime | None = None
    updated_after: datetime | None = None  # beside it, the exchange takes a series only
    combos_only: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for what the exchange refuses and we cannot check ourselves."""
        created = self.created_after or self.created_before
        settled = self.settled_after or self.settled_before
        kinds = [bool(kind) for kind in (created, settled, self.updated_after, self.closes_after or self.closes_before)]
        if sum(kinds) > 1:
            raise ValueError("only one of created, settled, updated and close times can be bounded at once")
        if created and self.status not in GOES_WITH_CREATED:
            raise ValueError(f"markets {self.status!r} cannot be bounded by when they were created")
        if settled and self.status not in GOES_WITH_SETTLED:
            raise ValueError(f"markets {self.status!r} cannot be bounded by when they were settled")
        if self.updated_after and (self.status or self.event or self.combos_only):
            raise ValueError("markets updated after a time can be of one series or of all, and nothing else")

    def params(self, tickers: Sequence[str]) -> Params:
        """The query of one listing. Raises ValueError for tickers beside `updated_after`."""
        if self.updated_after and tickers:
            raise ValueError("markets updated after a time cannot be asked for by ticker")
        params: Params = {
            "limit": PAGE_ROWS,
            **given(series_ticker=self.series, event_ticker=self.event),
            **from_time(self.created_after, "min_created_ts"),
            **to_time(self.created_before, "max_created_ts"),
            **from_time(self.settled_after, "min_settled_ts"),
            **to_time(self.settled_before, "max_settled_ts"),
            **from_time(self.updated_after, "min_updated_ts"),
        }
        if self.combos_only:
            params["mve_filter"] = "only"
        elif tickers:
            params["tickers"] = ",".join(tickers)
        else:
            params["mve_filter"] = "exclude"  # combos: thousands, and nothing of ours
        if self.status and not (self._sends_bounds and self._one_only):
            params["status"] = self.status
        if self.closes_after and self._sends_bounds:
            params["min_close_ts"] = math.floor(self.closes_after.timestamp()) - 1
        if self.closes_before and self._sends_bounds:
            params["max_close_ts"] = math.ceil(self.closes_before.timestamp()) + 1
        return params

    def keeps(self, market: Market) -> bool:
        """Whether a market that came matches: the exchange's bounds are whole seconds, ours are exact."""
        if self.closes_after and market.close_time < self.closes_after:
            return False
        if self.closes_before and market.close_time > self.closes_before:
            return False
        checked = self._sends_bounds and self._one_only
        return not checked or market.status in FILTER_WORDS[self.status]

    @property
    def _one_only(self) -> bool:
        """Whether only one of status and bounds can be sent, and the other is ours to check."""
        return self.status not in GOES_WITH_BOUNDS

    @property
    def _sends_bounds(self) -> bool:
        """Whichever lists less: history has only a begin to bound it, what is open or ahead needs both ends."""
        if not self._one_only:
            return True
        if self.status == "settled":
            return self.closes_after is not None
        return self.closes_after is not None and self.closes_before is not None


class MarketReads:
    """The public reads, over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def markets(self, wanted: MarketFilter, tickers: Sequence[str]) -> list[Market]:
        """All markets that match, in the exchange's order; decoded and filtered page by page in the lane's thread."""
        assert not wanted.status or wanted.status in FILTER_WORDS, f"no word of the filter: {wanted.status}"

        def decode(body: bytes) -> tuple[list[Market], str]:
            page = _read_markets(body)
            found = (codec.market(m) for m in page.markets)
            return [m for m in found if wanted.keeps(m)], page.cursor or ""

        groups = [tickers[i : i + TICKERS_PER_CALL] for i in range(0, len(tickers), TICKERS_PER_CALL)] or [()]
        rows = [await self._calls.pages("/markets", decode, wanted.params(group)) for group in groups]
        return [market for page in rows for market in page]

    async def market(self, ticker: str) -> Market:
        """One market. Raises NotFound too."""
        path = f"/markets/{quoted(ticker, safe='')}"
        return await self._calls.read(path, one_market)

    async def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """The touch of each, as old as the moment of asking for its hundred; an unknown ticker has an empty one."""
        quotes: dict[str, Quote] = {}
        for i in range(0, len(tickers), TICKERS_PER_CALL):
            group = tickers[i : i + TICKERS_PER_CALL]
            repeated = tuple(("tickers", ticker) for ticker in group)  # a comma list would be one bogus ticker
            asked_at, touches = await self._calls.dated(Request("GET", "/markets/orderbooks", repeated), _touches)
            quotes.update({t: Quote(t, asked_at, *touches.get(t, (None, None))) for t in group})
        return quotes

    async def quote(self, ticker: str) -> Quote:
        """The touch, as old as the moment of asking; an unknown ticker has an empty one."""
        path = f"/markets/{quoted(ticker, safe='')}/orderbook"
        asked_at = self._calls.clock.now()
        try:
            asked_at, touch = await self._calls.dated_read(path, _touch, {"depth": BOOK_DEPTH})
        except NotFound:
            touch = (None, None)
        return Quote(ticker, asked_at, *touch)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        """Whether this shard trades. The exchange also says so in the body of a 500, 503 or 504 (spec 3.34)."""

        def decode(body: bytes) -> ExchangeStatus:
            return codec.exchange_status(_read_status(body), exchange_index)

        request = Request("GET", "/exchange/status", answers_in_5xx=True)
        return (await self._calls.dated(request, decode))[1]

    async def spot(self, index_id: str) -> Tick:
        """The newest value of a CF Benchmarks index (needs the entitlement for it)."""

        def decode(body: bytes) -> Tick:
            return index_values.newest(index_id, body)

        return await self._calls.read("/cfbenchmarks/values", decode, {"id": index_id})
