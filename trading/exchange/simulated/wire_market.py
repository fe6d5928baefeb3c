"""How markets, events, series, trades and the exchange's state look on the wire (see `wire` for the formats)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from trading.domain.market import MarketStatus
from trading.domain.order import ExchangeStatus
from trading.exchange.simulated.about import about
from trading.exchange.simulated.fee_schedule import HasFeeTerms
from trading.exchange.simulated.grids import Grid
from trading.exchange.simulated.listing import updated_at
from trading.exchange.simulated.street import EMPTY, StreetBook
from trading.exchange.simulated.tape import Print
from trading.exchange.simulated.units import PRICE_UNIT
from trading.exchange.simulated.venue import SHARDS, Venue
from trading.exchange.simulated.windows import Series, Verdict, Window
from trading.exchange.simulated.wire import Json, count, dollars4, price, rfc3339

EXPECTED_AFTER = timedelta(minutes=5)  # of the close, as live markets say; they settle after seconds
LATEST_AFTER = timedelta(days=7)
TIMES_KEPT = 16_384  # spelt times: a listing repeats them
SOURCES = [{"name": "CF Benchmarks", "url": "https://www.cfbenchmarks.com/"}]
EXCLUSIVE = "MECNET"  # the return of collateral where exactly one of an event's markets pays
ALL_DAY = {"open_time": "00:00", "close_time": "24:00"}
THURSDAY_HOURS = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "24:00"}]
WEEK_DAYS = ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")


def market(venue: Venue, window: Window) -> Json:
    """The market object, as of the venue's time."""
    now, status, verdict = venue.now, venue.status_of(window), venue.verdict(window)
    strike = venue.world.strike(window, now)
    grid = venue.world.grids.of(window, now)
    book, activity = venue.books.touch(window, now), venue.world.activity(window, now)
    traded = activity.volume > 0 or window.about is None
    return {
        **_identity(window, strike),
        **_times(venue, window, verdict, now),
        **_quotes(book, _last_price(book, verdict, grid) if traded else 0),
        **price_levels(grid),
        "status": str(status),
        "result": verdict.result if verdict else "",
        "expiration_value": str(verdict.expiration_value or "") if verdict else "",
        "settlement_value_dollars": dollars4(verdict.value) if verdict else None,
        "volume_fp": count(activity.volume),
        "volume_24h_fp": count(activity.volume_day),
        "open_interest_fp": count(activity.open_interest),
        "exchange_index": window.exchange_index,
        "is_provisional": status is MarketStatus.DETERMINED,
    }


@lru_cache(maxsize=16)
def price_levels(grid: Grid) -> Json:
    """A grid's name and ranges."""
    ranges = [{"start": dollars4(r.start), "end": dollars4(r.end), "step": dollars4(r.step)} for r in grid.ranges]
    return {"price_level_structure": grid.name, "price_ranges": ranges}


def event(venue: Venue, window: Window) -> Json:
    """The event that a market belongs to, as of the venue's time."""
    series, said = window.series, about(window, None)
    quarter: Json = {"strike_period": "15min", "product_metadata": {"cadence": "fifteen_min"}}
    override = venue.world.fees.override(window, venue.now)
    return {
        "event_ticker": window.event_ticker,
        "series_ticker": series.ticker,
        "title": said.event_title,
        "sub_title": said.event_sub_title,
        "collateral_return_type": said.collateral,
        "mutually_exclusive": said.collateral == EXCLUSIVE,
        "category": series.category,
        "strike_date": rfc3339(window.close_time),
        **({} if window.about else quarter),
        "settlement_sources": SOURCES,
        "last_updated_ts": rfc3339(event_updated_at(venue, window)),
        "fee_type_override": override.fee_type if override else None,
        "fee_multiplier_override": number(override.fee_multiplier) if override else None,
        "exchange_index": window.exchange_index,
    }


def event_updated_at(venue: Venue, window: Window) -> datetime:
    """When an event object last changed."""
    override = venue.world.fees.override(window, venue.now)
    return max(min(window.created_time, venue.now), override.at if override else window.created_time)


def series(known: Series, terms: HasFeeTerms) -> Json:
    return {
        "ticker": known.ticker,
        "title": known.title,
        "frequency": known.frequency,
        "category": known.category,
        "categories": [known.category],
        "tags": list(known.tags) or [known.coin, "15 min"],
        "settlement_sources": SOURCES,
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": terms.fee_type,
        "fee_multiplier": number(terms.fee_multiplier),
        "additional_prohibitions": [],
        "exchange_index": known.exchange_index,
    }


def number(amount: Decimal) -> int | float:
    """A multiplier or a strike as a JSON number."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


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
    said = about(window, strike)
    return {
        "ticker": window.ticker,
        "event_ticker": window.event_ticker,
        "market_type": "binary",
        "title": said.title,
        "yes_sub_title": said.yes_sub_title,
        "no_sub_title": said.no_sub_title,
        "rules_primary": said.rules[0],
        "rules_secondary": said.rules[1],
        "strike_type": said.strike_type,
        "floor_strike": None if said.floor_strike is None else float(said.floor_strike),
        "cap_strike": None if said.cap_strike is None else float(said.cap_strike),
        "custom_strike": None if window.about else {"round_digits": str(window.series.decimals)},
        "notional_value_dollars": "1.0000",
        "settlement_bounds_type": "default",
        "settlement_timer_seconds": 1 if window.about is None else round(window.settles_after.total_seconds() / 2),
        "can_close_early": True,
    }


_spelt = lru_cache(maxsize=TIMES_KEPT)(rfc3339)


def _times(venue: Venue, window: Window, verdict: Verdict | None, now: datetime) -> Json:
    expected, latest = _spelt(window.close_time + EXPECTED_AFTER), _spelt(window.close_time + LATEST_AFTER)
    settled = verdict and verdict.settled_at <= now
    ends = (verdict.determined_at, verdict.settled_at) if verdict else ()
    return {
        "created_time": _spelt(window.created_time),
        "updated_time": _spelt(max([updated_at(venue.world, window, now), *(at for at in ends if at <= now)])),
        "open_time": _spelt(window.open_time),
        "close_time": _spelt(window.close_time),
        "expected_expiration_time": expected,
        "occurrence_datetime": expected,
        "expiration_time": latest,
        "latest_expiration_time": latest,
        "settlement_ts": _spelt(verdict.settled_at) if verdict and settled else None,
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


def _last_price(book: StreetBook, verdict: Verdict | None, grid: Grid) -> int:
    """The bid while it trades; the extreme that a settled market ended at; nothing before."""
    if verdict:
        return grid.highest if verdict.result == "yes" else grid.lowest
    if book is EMPTY:
        return 0
    return book.bids[0][0] if book.bids else book.asks[0][0] if book.asks else 0


def index_values(values: list[tuple[int, Decimal]], now: datetime) -> Json:
    """CF Benchmarks' answer in the exchange's envelope: oldest first, unix milliseconds."""
    payload = [{"value": str(value), "time": at_ms} for at_ms, value in values]
    return {"data": {"serverTime": rfc3339(now), "payload": payload}}
