"""The historical tier of market data: markets that were settled, and trades that were made, before the cutoffs."""

from __future__ import annotations

from datetime import timedelta

from trading.exchange.simulated import wire_market
from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.history import cutoffs
from trading.exchange.simulated.listing import MarketFilter, is_historical, listed_before
from trading.exchange.simulated.refusals import market_not_found
from trading.exchange.simulated.routes_market import TAPE_BACK, from_cursor, markets_page, tape_page
from trading.exchange.simulated.spot import ANCHOR
from trading.exchange.simulated.venue import Venue

INSTANT = timedelta(microseconds=1)  # the clock's grain


def markets(venue: Venue, ask: Ask) -> Answer:
    wanted = MarketFilter(ask.text("series_ticker"), ask.text("event_ticker"), ask.words("tickers"))
    found = listed_before(venue.world, from_cursor(ask, wanted), venue.sync())
    return markets_page(venue, ask, found if ask.text("mve_filter") != "only" else iter(()))


def market(venue: Venue, ask: Ask) -> Answer:
    window = venue.known(ask.path["ticker"])
    if not is_historical(window, venue.now):
        raise market_not_found()
    return Answer({"market": wire_market.market(venue, window)})


def trades(venue: Venue, ask: Ask) -> Answer:
    cutoff = cutoffs(venue.sync()).trades_created - INSTANT
    back = ANCHOR if ask.text("ticker") else cutoff - TAPE_BACK
    return tape_page(venue, ask, ask.time("min_ts") or back, min(ask.time("max_ts") or cutoff, cutoff))
