"""Series, events, fee changes, trades, candles and the timetable as they are on the wire.

Conventions as in `wire`. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from trading.exchange.kalshi.wire import BookWire, MarketWire


class SourceWire(msgspec.Struct):
    name: str | None = ""


class SeriesWire(msgspec.Struct, gc=False):
    ticker: str
    title: str
    category: str
    frequency: str
    fee_type: str
    fee_multiplier: Decimal  # a number
    categories: list[str] | None = None
    tags: list[str] | None = None
    settlement_sources: list[SourceWire] | None = None
    contract_terms_url: str | None = ""
    exchange_index: int | None = 0
    last_updated_ts: str | None = None  # RFC 3339, for all its name


class OneSeries(msgspec.Struct):
    series: SeriesWire


class SeriesList(msgspec.Struct):
    series: list[SeriesWire]


class SeriesTermsWire(msgspec.Struct, gc=False):
    """The least of a series, where all of them are read."""

    ticker: str
    category: str
    fee_type: str
    fee_multiplier: Decimal  # a number


class SeriesTermsList(msgspec.Struct):
    series: list[SeriesTermsWire]


class EventWire(msgspec.Struct, gc=False):
    event_ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool
    category: str | None = ""
    strike_date: str | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None  # a number
    exchange_index: int | None = 0
    last_updated_ts: str | None = None  # RFC 3339
    markets: list[MarketWire] | None = None


class OneEvent(msgspec.Struct):
    event: EventWire
    markets: list[MarketWire] | None = None


class EventsPage(msgspec.Struct):
    events: list[EventWire]
    cursor: str | None = ""


class SeriesFeeChangeWire(msgspec.Struct):
    id: str
    series_ticker: str
    fee_type: str
    fee_multiplier: Decimal  # a number
    scheduled_ts: str  # RFC 3339


class SeriesFeeChanges(msgspec.Struct):
    series_fee_change_arr: list[SeriesFeeChangeWire]


class EventFeeChangeWire(msgspec.Struct):
    id: str
    event_ticker: str
    series_ticker: str
    scheduled_ts: str  # RFC 3339
    fee_type_override: str | None
    fee_multiplier_override: Decimal | None  # a number


class EventFeeChangesPage(msgspec.Struct):
    event_fee_changes: list[EventFeeChangeWire]
    cursor: str | None = ""


class OneMarket(msgspec.Struct):
    market: MarketWire


class NamedBook(msgspec.Struct):
    ticker: str
    orderbook_fp: BookWire


class BooksAnswer(msgspec.Struct):
    orderbooks: list[NamedBook]


class TradeWire(msgspec.Struct, gc=False):
    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    created_time: str
    taker_outcome_side: str | None = ""
    taker_book_side: str | None = ""
    is_block_trade: bool | None = False


class TradesPage(msgspec.Struct):
    trades: list[TradeWire]
    cursor: str | None = ""


class PricesWire(msgspec.Struct, gc=False):
    """Live candles name their dollars, historical ones do not."""

    open_dollars: str | None = None
    low_dollars: str | None = None
    high_dollars: str | None = None
    close_dollars: str | None = None
    mean_dollars: str | None = None
    previous_dollars: str | None = None
    open: str | None = None
    low: str | None = None
    high: str | None = None
    close: str | None = None
    mean: str | None = None
    previous: str | None = None


class CandleWire(msgspec.Struct, gc=False):
    end_period_ts: int
    yes_bid: PricesWire
    yes_ask: PricesWire
    price: PricesWire
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    volume: str | None = None  # of historical candles, as the next one
    open_interest: str | None = None


class CandlesAnswer(msgspec.Struct):
    candlesticks: list[CandleWire]


class NamedCandles(msgspec.Struct):
    market_ticker: str
    candlesticks: list[CandleWire]


class CandlesBatch(msgspec.Struct):
    markets: list[NamedCandles]


class CutoffWire(msgspec.Struct):
    """All RFC 3339, for all their names."""

    market_settled_ts: str
    trades_created_ts: str
    orders_updated_ts: str
    market_positions_last_updated_ts: str | None = None


class HoursWire(msgspec.Struct):
    open_time: str  # HH:MM, US Eastern
    close_time: str


class WeekWire(msgspec.Struct):
    start_time: str
    end_time: str
    monday: list[HoursWire]
    tuesday: list[HoursWire]
    wednesday: list[HoursWire]
    thursday: list[HoursWire]
    friday: list[HoursWire]
    saturday: list[HoursWire]
    sunday: list[HoursWire]


class MaintenanceWire(msgspec.Struct):
    start_datetime: str
    end_datetime: str


class ScheduleWire(msgspec.Struct):
    standard_hours: list[WeekWire]
    maintenance_windows: list[MaintenanceWire]


class ScheduleAnswer(msgspec.Struct):
    schedule: ScheduleWire
