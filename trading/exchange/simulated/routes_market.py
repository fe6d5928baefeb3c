"""What anybody may read of markets: the listing, single markets, order books and the public tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trading.exchange.simulated import wire, wire_market
from trading.exchange.simulated.asks import Answer, Ask, page
from trading.exchange.simulated.history import cutoffs
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.market_query import market_filter
from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.tape import Print, tape, whole_tape
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEPTH_MAX = 100  # levels a side
BOOKS_MAX = 100  # in one request
TAPE_BACK = timedelta(days=1)  # how far a tape of every market goes back unless more is asked for


def markets(venue: Venue, ask: Ask) -> Answer:
    wanted = from_cursor(ask, market_filter(ask))
    return markets_page(venue, ask, venue.windows(wanted) if ask.text("mve_filter") != "only" else iter(()))


def markets_page(venue: Venue, ask: Ask, found: Iterable[Window]) -> Answer:
    """One page of market objects of windows that fall by their place."""
    shown, cursor = page(ask, ((key_of(w.close_time, w.event_ticker, w.ticker), w) for w in found))
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
    """A comma list is taken as one name, which no market has (seen live)."""
    tickers = ask.every("tickers")
    if not 0 < len(tickers) <= BOOKS_MAX:
        raise invalid_parameters(f"tickers must be given, repeated, up to {BOOKS_MAX} times")
    books = [{"ticker": t, "orderbook_fp": wire.orderbook(venue.shown(t), 0)} for t in tickers]
    return Answer({"orderbooks": books})


def trades(venue: Venue, ask: Ask) -> Answer:
    """Of the time since the cutoff; what is older is historical."""
    now = venue.sync()
    cutoff = cutoffs(now).trades_created
    back = cutoff if ask.text("ticker") else now - TAPE_BACK
    return tape_page(venue, ask, max(ask.time("min_ts") or back, cutoff), ask.time("max_ts") or now)


def tape_page(venue: Venue, ask: Ask, first: datetime, last: datetime) -> Answer:
    """One page of the tape of the market asked for, or of every market, between two times."""
    last = min(last, _cursor_time(ask) or last)
    found = ((key_of(p.at, p.trade_id), p) for p in _prints(venue, ask, first, last))
    shown, cursor = page(ask, found)
    return Answer({"trades": [wire_market.trade(printed) for printed in shown], "cursor": cursor})


def key_of(at: datetime, *names: str) -> str:
    """A page's key: falls with the time, then with the names."""
    return " ".join((f"{round(at.timestamp() * 1_000_000):018d}", *names))


def from_cursor(ask: Ask, wanted: MarketFilter) -> MarketFilter:
    """The filter, with the listing begun at the cursor's close instead of at the newest."""
    begin = _cursor_time(ask)
    if begin and (wanted.closes_before is None or begin < wanted.closes_before):
        return replace(wanted, closes_before=begin)
    return wanted


def _cursor_time(ask: Ask) -> datetime | None:
    microseconds = ask.cursor().partition(" ")[0]
    if not microseconds.isdigit() or len(microseconds) != len(key_of(EPOCH)):
        return None
    return EPOCH + timedelta(microseconds=int(microseconds))


def _prints(venue: Venue, ask: Ask, first: datetime, last: datetime) -> Iterator[Print]:
    ticker = ask.text("ticker")
    if ask.flag("is_block_trade"):
        return iter(())
    if not ticker:
        return whole_tape(venue, first, last)
    window = venue.world.window(ticker)
    return tape(venue, window, first, last) if window else iter(())
