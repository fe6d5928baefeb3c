"""Series and events, and the fee changes announced for them. Source: the exchange's spec 3.34."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote as quoted

from trading.domain.reference import Event, FeeChange, Series
from trading.exchange.kalshi import codec_reference as codec
from trading.exchange.kalshi import wire
from trading.exchange.kalshi import wire_reference as w
from trading.exchange.kalshi.calls import PAGE_ROWS, Calls, Params
from trading.exchange.kalshi.pages import from_time, given, page_of

EVENT_ROWS = 200  # the most that the exchange gives at once
EVENT_STATUSES = frozenset({"", "unopened", "open", "closed", "settled"})  # words of the filter

_read_event = wire.reader(w.OneEvent)
_read_events = wire.reader(w.EventsPage)
_read_series = wire.reader(w.OneSeries)
_read_series_list = wire.reader(w.SeriesList)
_read_series_changes = wire.reader(w.SeriesFeeChanges)
_read_event_changes = wire.reader(w.EventFeeChangesPage)

_event_rows = page_of(_read_events, lambda page: map(codec.event, page.events))
_event_change_rows = page_of(_read_event_changes, lambda page: map(codec.event_fee_change, page.event_fee_changes))


class Listings:
    """Over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def events(
        self,
        *,
        series: str = "",
        status: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        updated_after: datetime | None = None,
        with_markets: bool = False,
    ) -> list[Event]:
        """Events (no combos) of which any market matches; `status` is a word of EVENT_STATUSES."""
        assert status in EVENT_STATUSES, f"no word of the filter: {status}"
        params: Params = {
            "limit": EVENT_ROWS,
            **given(series_ticker=series, status=status, tickers=",".join(tickers)),
            **from_time(closes_after, "min_close_ts"),
            **from_time(updated_after, "min_updated_ts"),
            **_nested(with_markets),
        }
        return await self._calls.pages("/events", _event_rows, params)

    async def event(self, ticker: str) -> Event:
        """One event with its markets. Raises NotFound too."""
        path = f"/events/{quoted(ticker, safe='')}"
        return await self._calls.read(path, lambda body: codec.one_event(_read_event(body)), _nested(True))

    async def all_series(
        self, *, category: str = "", tags: Sequence[str] = (), updated_after: datetime | None = None
    ) -> list[Series]:
        """All series in one answer (more than ten thousand where nothing is named)."""
        params = {**given(category=category, tags=",".join(tags)), **from_time(updated_after, "min_updated_ts")}
        return await self._calls.read(
            "/series", lambda body: list(map(codec.series, _read_series_list(body).series)), params
        )

    async def series(self, ticker: str) -> Series:
        """One series. Raises NotFound too."""
        path = f"/series/{quoted(ticker, safe='')}"
        return await self._calls.read(path, lambda body: codec.series(_read_series(body).series))

    async def series_fee_changes(self, series: str = "", *, past_too: bool = False) -> list[FeeChange]:
        """Fee changes to come, of one series or of all; `past_too`: also those that have happened."""
        params: Params = {**given(series_ticker=series), "show_historical": "true" if past_too else "false"}

        def decode(body: bytes) -> list[FeeChange]:
            return list(map(codec.series_fee_change, _read_series_changes(body).series_fee_change_arr))

        return await self._calls.read("/series/fee_changes", decode, params)

    async def event_fee_changes(self, event: str = "") -> list[FeeChange]:
        """Changes of the fee overrides of one event, or of all."""
        params: Params = {"limit": PAGE_ROWS, **given(event_ticker=event)}
        return await self._calls.pages("/events/fee_changes", _event_change_rows, params)


def _nested(wanted: bool) -> Params:
    return {"with_nested_markets": "true"} if wanted else {}
