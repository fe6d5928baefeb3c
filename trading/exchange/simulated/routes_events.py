"""What anybody may read of events and series, and the changes of their fees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from trading.exchange.simulated import wire, wire_market
from trading.exchange.simulated.asks import Answer, Ask, page
from trading.exchange.simulated.chance import identity
from trading.exchange.simulated.fee_schedule import Terms
from trading.exchange.simulated.listing import MarketFilter, is_historical
from trading.exchange.simulated.refusals import invalid_parameters, not_found
from trading.exchange.simulated.routes_market import from_cursor, key_of
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Series, Window

EVENTS_LIMIT_MAX = 200
EVENT_STATUSES = ("", "unopened", "open", "closed", "settled")


def events(venue: Venue, ask: Ask) -> Answer:
    """Events of which any market matches, the latest close first."""
    if ask.limit() > EVENTS_LIMIT_MAX and ask.text("limit"):
        raise invalid_parameters(f"limit must be from 1 to {EVENTS_LIMIT_MAX}")
    if ask.text("status") not in EVENT_STATUSES:
        raise invalid_parameters(f"status must be one of {', '.join(EVENT_STATUSES[1:])}")
    found = (w for w in _heads(venue, ask) if _is_recent(venue, w, ask.time("min_updated_ts")))
    shown, cursor = page(ask, ((key_of(w.close_time, w.event_ticker), w) for w in found))
    nested = ask.flag("with_nested_markets")
    return Answer({"events": [_event(venue, w, nested) for w in shown], "cursor": cursor})


def event(venue: Venue, ask: Ask) -> Answer:
    """An event with its live markets; one whose markets are all historical has none."""
    now = venue.sync()
    windows = [w for w in venue.world.event(ask.path["event_ticker"]) if w.created_time <= now]
    if not windows:
        raise not_found("event")
    nested = ask.flag("with_nested_markets")
    listed = [] if nested else [wire_market.market(venue, w) for w in _live(venue, windows)]
    return Answer({"event": _event(venue, windows[0], nested), "markets": listed})


def all_series(venue: Venue, ask: Ask) -> Answer:
    """Unpaged, as live; by category and tags where these are given."""
    category, tags = ask.text("category"), set(ask.words("tags"))
    shown = [wire_market.series(s, venue.world.fees.of_series(s, venue.sync())) for s in venue.world.series]
    found = [s for s in shown if category in ("", s["category"]) and (not tags or tags & set(_tags(s)))]
    return Answer({"series": found})


def series(venue: Venue, ask: Ask) -> Answer:
    known = _known_series(venue, ask.path["series_ticker"])
    return Answer({"series": wire_market.series(known, venue.world.fees.of_series(known, venue.sync()))})


def series_fee_changes(venue: Venue, ask: Ask) -> Answer:
    """Those ahead, in order; with `show_historical` those before them too."""
    now, asked = venue.sync(), ask.text("series_ticker")
    changes = (c for c in venue.world.fees.series_changes() if asked in ("", c.series))
    shown = [c for c in changes if ask.flag("show_historical") or c.terms.at > now]
    listed = [
        {
            "id": _change_id(venue, c.series, c.terms),
            "series_ticker": c.series,
            "fee_type": c.terms.fee_type,
            "fee_multiplier": wire_market.number(c.terms.fee_multiplier),
            "scheduled_ts": wire.rfc3339(c.terms.at),
        }
        for c in sorted(shown, key=lambda c: (c.terms.at, c.series))
    ]
    return Answer({"series_fee_change_arr": listed})


def event_fee_changes(venue: Venue, ask: Ask) -> Answer:
    """Past and scheduled changes of the events that are listed and not settled; with an event, all of its own."""
    windows = _overridden(venue, ask.text("event_ticker"))
    found = sorted(((_change_key(w, terms), w, terms) for w, terms in windows), reverse=True, key=lambda f: f[0])
    shown, cursor = page(ask, ((key, (window, terms)) for key, window, terms in found))
    changes = [_event_change(venue, window, terms) for window, terms in shown]
    return Answer({"event_fee_changes": changes, "cursor": cursor})


def _heads(venue: Venue, ask: Ask) -> Iterator[Window]:
    """One market of each event that matches, in the order of the listing."""
    wanted = MarketFilter(
        series=ask.text("series_ticker"), status=ask.text("status"), closes_after=ask.time("min_close_ts")
    )
    named = ask.words("tickers")
    if named:
        venue.sync()
        tickers = [w.ticker for name in dict.fromkeys(named) for w in venue.world.event(name)]
        wanted = MarketFilter(wanted.series, "", tuple(tickers) or named, wanted.status, wanted.closes_after)
    windows = venue.windows(from_cursor(ask, wanted))
    return (next(group) for _, group in groupby(windows, key=lambda w: w.event_ticker))


def _event(venue: Venue, window: Window, nested: bool) -> wire.Json:
    shown = wire_market.event(venue, window)
    if not nested:
        return shown
    markets = _live(venue, venue.world.event(window.event_ticker))
    return {**shown, "markets": [wire_market.market(venue, w) for w in markets]}


def _live(venue: Venue, windows: Iterable[Window]) -> list[Window]:
    return [w for w in windows if w.created_time <= venue.now and not is_historical(w, venue.now)]


def _is_recent(venue: Venue, window: Window, since: datetime | None) -> bool:
    return since is None or wire_market.event_updated_at(venue, window) >= since


def _known_series(venue: Venue, ticker: str) -> Series:
    for known in venue.world.series:
        if known.ticker == ticker:
            return known
    raise not_found("series")


def _tags(shown: wire.Json) -> Iterable[str]:
    tags = shown["tags"]
    return tags if isinstance(tags, list) else ()


def _overridden(venue: Venue, event_ticker: str) -> Iterator[tuple[Window, Terms]]:
    fees = venue.world.fees
    if event_ticker:
        heads = list(venue.world.event(event_ticker))[:1]
    else:
        unsettled = (MarketFilter(status=status) for status in ("unopened", "open", "closed"))
        windows = (w for wanted in unsettled for w in venue.windows(wanted))
        heads = [next(group) for _, group in groupby(windows, key=lambda w: w.event_ticker)]
    for window in heads:
        yield from ((window, terms) for terms in fees.event_changes(window))


def _change_key(window: Window, terms: Terms) -> str:
    return key_of(terms.at, window.event_ticker)


def _event_change(venue: Venue, window: Window, terms: Terms) -> wire.Json:
    return {
        "id": _change_id(venue, window.event_ticker, terms),
        "event_ticker": window.event_ticker,
        "series_ticker": window.series.ticker,
        "fee_type_override": terms.fee_type,
        "fee_multiplier_override": wire_market.number(terms.fee_multiplier),
        "scheduled_ts": wire.rfc3339(terms.at),
    }


def _change_id(venue: Venue, of: str, terms: Terms) -> str:
    return identity(venue.seed, f"fees:{of}", int(terms.at.timestamp()))
