"""The exact translation of series, events, fee changes, trades, candles and the timetable into domain records.

Conventions as in `codec`: exact or ValueError.
"""

from __future__ import annotations

from datetime import time

from trading.domain.hours import Hours, Maintenance, TradingHours, WeeklyHours
from trading.domain.market import PublicTrade
from trading.domain.money import exact
from trading.domain.reference import Candle, Event, FeeChange, HistoricalCutoff, Prices, Series
from trading.exchange.kalshi import codec
from trading.exchange.kalshi import wire_reference as w


def series(wire: w.SeriesWire) -> Series:
    return Series(
        ticker=wire.ticker,
        title=wire.title,
        category=wire.category,
        frequency=wire.frequency,
        fee_type=wire.fee_type,
        fee_multiplier=exact(wire.fee_multiplier),
        exchange_index=wire.exchange_index or 0,
        categories=tuple(wire.categories or ()),
        tags=tuple(wire.tags or ()),
        sources=tuple(source.name or "" for source in wire.settlement_sources or ()),
        terms_url=wire.contract_terms_url or "",
        updated_at=codec.moment(wire.last_updated_ts),
    )


def one_event(wire: w.OneEvent) -> Event:
    """Its markets stand beside it or inside it, by how they were asked for."""
    wire.event.markets = wire.event.markets or wire.markets
    return event(wire.event)


def event(wire: w.EventWire) -> Event:
    override = wire.fee_multiplier_override
    return Event(
        ticker=wire.event_ticker,
        series_ticker=wire.series_ticker,
        title=wire.title,
        sub_title=wire.sub_title,
        mutually_exclusive=wire.mutually_exclusive,
        fee_type_override=wire.fee_type_override or None,
        fee_multiplier_override=None if override is None else exact(override),
        exchange_index=wire.exchange_index or 0,
        category=wire.category or "",
        strike_at=codec.moment(wire.strike_date),
        updated_at=codec.moment(wire.last_updated_ts),
        markets=tuple(map(codec.market, wire.markets or ())),
    )


def series_fee_change(wire: w.SeriesFeeChangeWire) -> FeeChange:
    at = codec.required_moment(wire.scheduled_ts)
    return FeeChange(wire.id, wire.series_ticker, wire.fee_type, exact(wire.fee_multiplier), at)


def event_fee_change(wire: w.EventFeeChangeWire) -> FeeChange:
    override = wire.fee_multiplier_override
    return FeeChange(
        change_id=wire.id,
        series_ticker=wire.series_ticker,
        fee_type=wire.fee_type_override or None,
        multiplier=None if override is None else exact(override),
        at=codec.required_moment(wire.scheduled_ts),
        event_ticker=wire.event_ticker,
    )


def public_trade(wire: w.TradeWire) -> PublicTrade:
    return PublicTrade(
        trade_id=wire.trade_id,
        ticker=wire.ticker,
        price=exact(wire.yes_price_dollars),
        count=exact(wire.count_fp),
        taker=codec.side(wire.taker_book_side, wire.taker_outcome_side).outcome,
        at=codec.required_moment(wire.created_time),
        is_block=bool(wire.is_block_trade),
    )


def candle(wire: w.CandleWire) -> Candle:
    bid, ask = _prices(wire.yes_bid), _prices(wire.yes_ask)
    if bid is None or ask is None:
        raise ValueError(f"a candle without quotes: {wire.end_period_ts}")
    mean = wire.price.mean_dollars or wire.price.mean
    previous = wire.price.previous_dollars or wire.price.previous
    return Candle(
        ends_at=codec.timestamp(wire.end_period_ts),
        bid=bid,
        ask=ask,
        trades=_prices(wire.price),
        mean=exact(mean) if mean else None,
        previous=exact(previous) if previous else None,
        volume=exact(wire.volume_fp or wire.volume or ""),
        open_interest=exact(wire.open_interest_fp or wire.open_interest or ""),
    )


def _prices(wire: w.PricesWire) -> Prices | None:
    """None where nothing traded: all four are missing then."""
    texts = (
        wire.open_dollars or wire.open,
        wire.low_dollars or wire.low,
        wire.high_dollars or wire.high,
        wire.close_dollars or wire.close,
    )
    return Prices(*(exact(text or "") for text in texts)) if any(texts) else None


def cutoff(wire: w.CutoffWire) -> HistoricalCutoff:
    return HistoricalCutoff(
        markets_settled=codec.required_moment(wire.market_settled_ts),
        trades_created=codec.required_moment(wire.trades_created_ts),
        orders_updated=codec.required_moment(wire.orders_updated_ts),
        positions_updated=codec.moment(wire.market_positions_last_updated_ts),
    )


def trading_hours(wire: w.ScheduleWire) -> TradingHours:
    windows = [(m.start_datetime, m.end_datetime) for m in wire.maintenance_windows]
    return TradingHours(
        weeks=tuple(map(_week, wire.standard_hours)),
        maintenance=tuple(Maintenance(*map(codec.required_moment, window)) for window in windows),
    )


def _week(wire: w.WeekWire) -> WeeklyHours:
    days = (wire.monday, wire.tuesday, wire.wednesday, wire.thursday, wire.friday, wire.saturday, wire.sunday)
    return WeeklyHours(
        begins=codec.required_moment(wire.start_time),
        ends=codec.required_moment(wire.end_time),
        days=tuple(tuple(Hours(_time(h.open_time), _time(h.close_time)) for h in day) for day in days),
    )


def _time(text: str) -> time:
    """A time of day; 24:00 is the midnight at its end."""
    return time.fromisoformat("00:00" if text.startswith("24:00") else text)
