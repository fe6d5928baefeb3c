"""How markets, events, series, trades and the exchange's state look on the wire (see `wire` for the formats)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.market import TAPERED_DECI_CENT, MarketStatus
from trading.domain.order import ExchangeStatus
from trading.exchange.simulated.street import EMPTY, HIGHEST, LOWEST, StreetBook
from trading.exchange.simulated.tape import Print
from trading.exchange.simulated.units import PRICE_UNIT
from trading.exchange.simulated.venue import SHARDS, Venue
from trading.exchange.simulated.windows import STRIKE_AFTER, Series, Verdict, Window
from trading.exchange.simulated.wire import Json, count, dollars4, price, rfc3339

EXPECTED_AFTER = timedelta(minutes=5)  # of the close, as live markets say; they settle after seconds
LATEST_AFTER = timedelta(days=7)
PRICE_RANGES = [
    {"start": dollars4(r.start), "end": dollars4(r.end), "step": dollars4(r.step)} for r in TAPERED_DECI_CENT
]
SOURCES = [{"name": "CF Benchmarks", "url": "https://www.cfbenchmarks.com/"}]
ALL_DAY = {"open_time": "00:00", "close_time": "24:00"}
THURSDAY_HOURS = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "24:00"}]
WEEK_DAYS = ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")


def market(venue: Venue, window: Window) -> Json:
    """The market object, as of the venue's time."""
    now, status, verdict = venue.now, venue.status_of(window), venue.verdict(window)
    strike = venue.world.strike(window, now)
    book = venue.books.shown(window, now)
    return {
        **_identity(window, strike),
        **_times(window, verdict, now),
        **_quotes(book, _last_price(book, verdict)),
        "status": str(status),
        "result": verdict.result if verdict else "",
        "expiration_value": str(verdict.expiration_value or "") if verdict else "",
        "settlement_value_dollars": dollars4(verdict.value) if verdict else None,
        "volume_fp": count(venue.world.volume(window, now)),
        "volume_24h_fp": count(venue.world.volume(window, now)),
        "open_interest_fp": count(venue.world.volume(window, now) // 4),
        "exchange_index": window.exchange_index,
        "floor_strike": None if strike is None else float(strike),
        "is_provisional": status is MarketStatus.DETERMINED,
    }


def event(venue: Venue, window: Window) -> Json:
    """The event of a window; it has this one market."""
    series = window.series
    return {
        "event_ticker": window.event_ticker,
        "series_ticker": series.ticker,
        "title": f"{series.coin} price up in next 15 mins?",
        "sub_title": f"On {window.close_time:%b} {window.close_time.day}, {window.close_time:%Y at %H:%M} UTC",
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "category": "Crypto",
        "strike_date": rfc3339(window.close_time),
        "strike_period": "15min",
        "product_metadata": {"cadence": "fifteen_min"},
        "settlement_sources": SOURCES,
        "last_updated_ts": rfc3339(min(window.created_time, venue.now)),
        "exchange_index": window.exchange_index,
    }


def series(known: Series) -> Json:
    return {
        "ticker": known.ticker,
        "title": known.title,
        "frequency": "fifteen_min",
        "category": "Crypto",
        "categories": ["Crypto"],
        "tags": [known.coin, "15 min"],
        "settlement_sources": SOURCES,
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": known.fee_type,
        "fee_multiplier": known.fee_multiplier,
        "additional_prohibitions": [],
        "exchange_index": known.exchange_index,
    }


def trade(printed: Print) -> Json:
    outcome = str(printed.side.outcome)
    return {
        "trade_id": printed.trade_id,
        "ticker": printed.ticker,
        "count_fp": count(printed.count),
        "yes_price_dollars": price(printed.price),
        "no_price_dollars": price(PRICE_UNIT - printed.price),
        "taker_side": outcome,
        "taker_outcome_side": outcome,
        "taker_book_side": str(printed.side),
        "created_time": rfc3339(printed.at),
        "is_block_trade": False,
    }


def exchange_status(state: ExchangeStatus) -> Json:
    """The state of shard 0 on top, then each shard's; here they are alike."""
    flags = {
        "exchange_active": state.exchange_active,
        "trading_active": state.trading_active,
        "intra_exchange_transfers_active": state.exchange_active,
    }
    shards = [{"exchange_index": index, "description": name, **flags} for index, name in SHARDS.items()]
    resumes = {"exchange_estimated_resume_time": rfc3339(state.resumes_at)} if state.resumes_at else {}
    return {**flags, **resumes, "exchange_index_statuses": shards}


def schedule(now: datetime) -> Json:
    """Around the clock but for Thursday 03:00 to 05:00 US Eastern."""
    week: Json = {day: [ALL_DAY] for day in WEEK_DAYS}
    hours = {
        "start_time": rfc3339(now - timedelta(days=365)),
        "end_time": rfc3339(now + timedelta(days=365)),
        **week,
        "thursday": THURSDAY_HOURS,
    }
    return {"schedule": {"standard_hours": [hours], "maintenance_windows": []}}


def _identity(window: Window, strike: Decimal | None) -> Json:
    index, target = window.series.index_id, "TBD" if strike is None else f"${strike:,}"
    return {
        "ticker": window.ticker,
        "event_ticker": window.event_ticker,
        "market_type": "binary",
        "title": f"{window.series.coin} price up in next 15 mins?",
        "yes_sub_title": f"Target Price: {target}",
        "no_sub_title": f"Target price: {target}",
        "rules_primary": f"Yes if the mean of the last sixty {index} values before the close is at least {target}.",
        "rules_secondary": f"The mean is rounded to {window.series.decimals} decimals.",
        "strike_type": "greater_or_equal",
        "custom_strike": {"round_digits": str(window.series.decimals)},
        "price_level_structure": "tapered_deci_cent",
        "price_ranges": PRICE_RANGES,
        "notional_value_dollars": "1.0000",
        "settlement_bounds_type": "default",
        "settlement_timer_seconds": 1,
        "can_close_early": True,
    }


def _times(window: Window, verdict: Verdict | None, now: datetime) -> Json:
    expected, latest = rfc3339(window.close_time + EXPECTED_AFTER), rfc3339(window.close_time + LATEST_AFTER)
    changes = [window.created_time, window.open_time + STRIKE_AFTER]
    changes += [verdict.determined_at, verdict.settled_at] if verdict else []
    settled = verdict and verdict.settled_at <= now
    return {
        "created_time": rfc3339(window.created_time),
        "updated_time": rfc3339(max((t for t in changes if t <= now), default=window.created_time)),
        "open_time": rfc3339(window.open_time),
        "close_time": rfc3339(window.close_time),
        "expected_expiration_time": expected,
        "occurrence_datetime": expected,
        "expiration_time": latest,
        "latest_expiration_time": latest,
        "settlement_ts": rfc3339(verdict.settled_at) if verdict and settled else None,
    }


def _quotes(book: StreetBook, last_price: int) -> Json:
    bid, bid_size = book.bids[0] if book.bids else (0, 0)
    ask, ask_size = book.asks[0] if book.asks else (PRICE_UNIT, 0)
    return {
        "yes_bid_dollars": price(bid),
        "yes_bid_size_fp": count(bid_size),
        "yes_ask_dollars": price(ask),
        "yes_ask_size_fp": count(ask_size),
        "no_bid_dollars": price(PRICE_UNIT - ask),
        "no_ask_dollars": price(PRICE_UNIT - bid),
        "last_price_dollars": price(last_price),
        "previous_yes_bid_dollars": price(0),
        "previous_yes_ask_dollars": price(0),
        "previous_price_dollars": price(0),
    }


def _last_price(book: StreetBook, verdict: Verdict | None) -> int:
    """The bid while it trades; the extreme that a settled market ended at; nothing before."""
    if verdict:
        return HIGHEST if verdict.result == "yes" else LOWEST
    if book is EMPTY:
        return 0
    return book.bids[0][0] if book.bids else book.asks[0][0] if book.asks else 0


def index_values(values: list[tuple[int, Decimal]], now: datetime) -> Json:
    """CF Benchmarks' answer in the exchange's envelope: oldest first, unix milliseconds."""
    payload = [{"value": str(value), "time": at_ms} for at_ms, value in values]
    return {"data": {"serverTime": rfc3339(now), "payload": payload}}
