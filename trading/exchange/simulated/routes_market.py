"""What anybody may read: markets, books, trades, events, series, the exchange's state, fees and costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from trading.exchange.simulated import wire, wire_market
from trading.exchange.simulated.asks import Answer, Ask, page
from trading.exchange.simulated.buckets import (
    COST_CANCEL,
    COST_DEFAULT,
    COST_PASSTHROUGH,
    READ_CAPACITY,
    READ_REFILL,
    USAGE_TIER,
    WRITE_CAPACITY,
    WRITE_REFILL,
)
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.refusals import invalid_parameters, not_found
from trading.exchange.simulated.tape import tape
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window

DEPTH_MAX = 100  # levels a side
BOOKS_MAX = 100  # in one request
EVENTS_LIMIT_MAX = 200
INDEX_VALUES = 60  # newest seconds in one answer (the live passthrough sends about an hour)


def markets(venue: Venue, ask: Ask) -> Answer:
    wanted = MarketFilter(
        series=ask.text("series_ticker"),
        event=ask.text("event_ticker"),
        tickers=ask.words("tickers"),
        status=ask.text("status"),
        closes_after=ask.time("min_close_ts"),
        closes_before=ask.time("max_close_ts"),
        settled_after=ask.time("min_settled_ts"),
        settled_before=ask.time("max_settled_ts"),
    )
    shown, cursor = page(ask, _keyed(venue, _from_cursor(venue, ask, wanted)))
    return Answer({"markets": [wire_market.market(venue, window) for window in shown], "cursor": cursor})


def market(venue: Venue, ask: Ask) -> Answer:
    window = venue.window(ask.path["ticker"])
    return Answer({"market": wire_market.market(venue, window)})


def orderbook(venue: Venue, ask: Ask) -> Answer:
    depth = ask.number("depth") or 0
    if not 0 <= depth <= DEPTH_MAX:
        raise invalid_parameters(f"depth must be from 0 to {DEPTH_MAX}")
    return Answer({"orderbook_fp": wire.orderbook(venue.shown(ask.path["ticker"]), depth)})


def orderbooks(venue: Venue, ask: Ask) -> Answer:
    tickers = ask.every("tickers")
    if not 0 < len(tickers) <= BOOKS_MAX:
        raise invalid_parameters(f"tickers must be given, repeated, up to {BOOKS_MAX} times")
    books = [{"ticker": t, "orderbook_fp": wire.orderbook(venue.shown(t), 0)} for t in tickers]
    return Answer({"orderbooks": books})


def trades(venue: Venue, ask: Ask) -> Answer:
    now = venue.sync()
    first, last = ask.time("min_ts") or now - timedelta(days=1), ask.time("max_ts") or now
    prints = (p for window in _traded(venue, ask, now) for p in tape(venue, window, first, last))
    found = ((f"{p.at.isoformat(timespec='microseconds')}:{p.trade_id}", p) for p in prints)
    shown, cursor = page(ask, found)
    return Answer({"trades": [wire_market.trade(printed) for printed in shown], "cursor": cursor})


def events(venue: Venue, ask: Ask) -> Answer:
    if ask.limit() > EVENTS_LIMIT_MAX and ask.text("limit"):
        raise invalid_parameters(f"limit must be from 1 to {EVENTS_LIMIT_MAX}")
    wanted = MarketFilter(
        series=ask.text("series_ticker"), status=ask.text("status"), closes_after=ask.time("min_close_ts")
    )
    named = ask.words("tickers")
    found = (w for w in _from_cursor(venue, ask, wanted) if not named or w.event_ticker in named)
    shown, cursor = page(ask, _keyed(venue, found))
    return Answer({"events": [_event(venue, w, ask.flag("with_nested_markets")) for w in shown], "cursor": cursor})


def event(venue: Venue, ask: Ask) -> Answer:
    window = next(venue.windows(MarketFilter(event=ask.path["event_ticker"])), None)
    if window is None:
        raise not_found("event")
    nested = ask.flag("with_nested_markets")
    listed = [] if nested else [wire_market.market(venue, window)]
    return Answer({"event": _event(venue, window, nested), "markets": listed})


def all_series(venue: Venue, ask: Ask) -> Answer:
    return Answer({"series": [wire_market.series(known) for known in venue.world.series]})


def series(venue: Venue, ask: Ask) -> Answer:
    for known in venue.world.series:
        if known.ticker == ask.path["series_ticker"]:
            return Answer({"series": wire_market.series(known)})
    raise not_found("series")


def fee_changes(venue: Venue, ask: Ask) -> Answer:
    return Answer({"series_fee_change_arr": []})


def exchange_status(venue: Venue, ask: Ask) -> Answer:
    return Answer(wire_market.exchange_status(venue.exchange_status()))


def exchange_schedule(venue: Venue, ask: Ask) -> Answer:
    return Answer(wire_market.schedule(venue.sync()))


def user_data_timestamp(venue: Venue, ask: Ask) -> Answer:
    return Answer({"as_of_time": wire.rfc3339(venue.sync())})


def clock(venue: Venue, ask: Ask) -> Answer:
    """This exchange's own: its time and how fast that runs, for a client in another process."""
    return Answer({"now": wire.rfc3339(venue.sync()), "speed": float(getattr(venue.clock, "speed", 1.0))})


def endpoint_costs(venue: Venue, ask: Ask) -> Answer:
    orders = "/trade-api/v2/portfolio/events/orders"
    costs = [
        ("DELETE", orders, COST_CANCEL),
        ("DELETE", f"{orders}/{{order_id}}", COST_CANCEL),
        ("GET", "/trade-api/v2/cfbenchmarks/values", COST_PASSTHROUGH),
    ]
    listed = [{"method": method, "path": path, "cost": cost} for method, path, cost in costs]
    return Answer({"default_cost": COST_DEFAULT, "endpoint_costs": listed})


def account_limits(venue: Venue, ask: Ask) -> Answer:
    return Answer(
        {
            "usage_tier": USAGE_TIER,
            "read": {"refill_rate": READ_REFILL, "bucket_capacity": READ_CAPACITY},
            "write": {"refill_rate": WRITE_REFILL, "bucket_capacity": WRITE_CAPACITY},
            "grants": [],
        }
    )


def index_values(venue: Venue, ask: Ask) -> Answer:
    """The CF Benchmarks passthrough: the newest seconds of one index."""
    index_id, newest = ask.text("id"), venue.spot(ask.text("id"))
    found = {newest.seen_at: newest}
    for back in range(1, INDEX_VALUES):
        tick = venue.world.spot(index_id, newest.seen_at - timedelta(seconds=back))
        if tick:
            found[tick.seen_at] = tick
    values = [(wire.unix_ms(at), found[at].price) for at in sorted(found)]
    return Answer(wire_market.index_values(values, venue.now))


def _event(venue: Venue, window: Window, nested: bool) -> wire.Json:
    shown = wire_market.event(venue, window)
    return {**shown, "markets": [wire_market.market(venue, window)]} if nested else shown


def _keyed(venue: Venue, windows: Iterable[Window]) -> Iterator[tuple[str, Window]]:
    """With keys that fall in the listing's order: by close, then against the order of the world's series."""
    rank = {known.ticker: len(venue.world.series) - number for number, known in enumerate(venue.world.series)}
    return ((f"{int(w.close_time.timestamp()):012d}:{rank[w.series.ticker]:04d}", w) for w in windows)


def _from_cursor(venue: Venue, ask: Ask, wanted: MarketFilter) -> Iterator[Window]:
    """The listing, begun at the cursor's close instead of at the newest."""
    close, _, _ = ask.cursor().partition(":")
    if close.isdigit():
        begin = datetime.fromtimestamp(int(close), venue.now.tzinfo)
        if wanted.closes_before is None or begin < wanted.closes_before:
            wanted = replace(wanted, closes_before=begin)
    return venue.windows(wanted)


def _traded(venue: Venue, ask: Ask, now: datetime) -> Iterator[Window]:
    """The market asked for, or all that trade now."""
    ticker = ask.text("ticker")
    if not ticker:
        return venue.windows(MarketFilter(status="open"))
    window = venue.world.window(ticker)
    return iter([window] if window and window.open_time <= now else [])
