"""What has traded: public trades and candles, live and in the exchange's historical tier, and our own old records.

Everything older than the cutoff of its kind has moved from the live answers to the historical ones. Source: the
exchange's spec 3.34.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote as quoted

from trading.domain.errors import NotFound
from trading.domain.market import Market, PublicTrade
from trading.domain.order import Fill, OrderReport, Position
from trading.domain.reference import HistoricalCutoff
from trading.exchange.kalshi import codec, wire
from trading.exchange.kalshi import codec_reference as reference
from trading.exchange.kalshi import wire_reference as w
from trading.exchange.kalshi.account import fill_rows, order_rows, position_rows
from trading.exchange.kalshi.calls import PAGE_ROWS, Calls, Params
from trading.exchange.kalshi.market_data import TICKERS_PER_CALL, one_market
from trading.exchange.kalshi.pages import from_time, given, page_of, to_time

_read_trades = wire.reader(w.TradesPage)
_read_cutoff = wire.reader(w.CutoffWire)
_read_markets = wire.reader(wire.MarketsPage)

_trade_rows = page_of(_read_trades, lambda page: map(reference.public_trade, page.trades))
_market_rows = page_of(_read_markets, lambda page: map(codec.market, page.markets))


class History:
    """Over `calls`; old records are those of `subaccount`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount

    async def cutoff(self) -> HistoricalCutoff:
        """Where the historical tier ends and the live one begins."""
        return await self._calls.read("/historical/cutoff", lambda body: reference.cutoff(_read_cutoff(body)))

    async def trades(
        self, ticker: str = "", since: datetime | None = None, until: datetime | None = None, *, old: bool = False
    ) -> list[PublicTrade]:
        """Public trades, block trades too, oldest first; `old`: those of the historical tier."""
        params = {"limit": PAGE_ROWS, **given(ticker=ticker), **from_time(since), **to_time(until)}
        rows = await self._calls.pages("/historical/trades" if old else "/markets/trades", _trade_rows, params)
        rows.reverse()
        return sorted(rows, key=lambda trade: trade.at)

    async def market(self, ticker: str, settled_at: datetime | None = None) -> Market:
        """One market in whichever tier it stands: where its settlement's time is known the likelier one is asked first.

        Raises NotFound too, where neither knows it.
        """
        live, old = f"/markets/{quoted(ticker, safe='')}", f"/historical/markets/{quoted(ticker, safe='')}"
        moved = settled_at is not None and settled_at < (await self.cutoff()).markets_settled
        first, second = (old, live) if moved else (live, old)
        try:
            return await self._calls.read(first, one_market)
        except NotFound:
            return await self._calls.read(second, one_market)

    async def old_markets(self, *, series: str = "", event: str = "", tickers: Sequence[str] = ()) -> list[Market]:
        """Markets of the historical tier, no combos but those named."""
        groups = [tickers[i : i + TICKERS_PER_CALL] for i in range(0, len(tickers), TICKERS_PER_CALL)] or [()]
        found: list[Market] = []
        for group in groups:
            named = given(series_ticker=series, event_ticker=event, tickers=",".join(group))
            combos: Params = {} if group else {"mve_filter": "exclude"}
            params: Params = {"limit": PAGE_ROWS, **named, **combos}
            found += await self._calls.pages("/historical/markets", _market_rows, params)
        return found

    async def old_fills(
        self, ticker: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[Fill]:
        """Our fills of the historical tier, oldest first."""
        self._calls.require_key("old fills")
        rows = await self._calls.pages("/historical/fills", fill_rows, self._own(ticker, since, until))
        rows.reverse()
        return sorted(rows, key=lambda fill: fill.at)

    async def old_orders(
        self, ticker: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> list[OrderReport]:
        """Our orders of the historical tier, in the exchange's order; resting ones are never among them."""
        self._calls.require_key("old orders")
        return await self._calls.pages("/historical/orders", order_rows, self._own(ticker, since, until))

    async def old_positions(self, ticker: str = "") -> list[Position]:
        """Our positions of the historical tier."""
        self._calls.require_key("old positions")
        return await self._calls.pages("/historical/positions", position_rows, self._own(ticker, None, None))

    def _own(self, ticker: str, since: datetime | None, until: datetime | None) -> Params:
        named: Params = {"limit": PAGE_ROWS, "subaccount": self._subaccount, **given(ticker=ticker)}
        return {**named, **from_time(since), **to_time(until)}
