"""The historical tier of the account on the wire, and the cutoffs that part it from the live listings."""

from __future__ import annotations

from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Answer, Ask, page, primary
from trading.exchange.simulated.history import cutoffs
from trading.exchange.simulated.history_account import old_fills, old_orders, old_positions
from trading.exchange.simulated.routes_portfolio import is_asked, matching, numbered, positions_page
from trading.exchange.simulated.venue import Venue


def cutoff(venue: Venue, ask: Ask) -> Answer:
    return Answer(wire.cutoffs(cutoffs(venue.sync())))


def fills(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    cut = cutoffs(venue.sync())
    shown, cursor = page(ask, numbered(matching(venue, ask, old_fills(venue.account, cut), lambda f: f.at)))
    return Answer({"fills": [wire.fill(f) for f in shown], "cursor": cursor})


def orders(venue: Venue, ask: Ask) -> Answer:
    """By the time they were made, as the live list has it."""
    primary(ask)
    cut = cutoffs(venue.sync())
    shown, cursor = page(ask, numbered(matching(venue, ask, old_orders(venue.account, cut), lambda o: o.created_at)))
    return Answer({"orders": [wire.order(o) for o in shown], "cursor": cursor})


def positions(venue: Venue, ask: Ask) -> Answer:
    """Settled markets whose position last changed before its cutoff."""
    primary(ask)
    cut = cutoffs(venue.sync())
    return positions_page(venue, ask, [h for h in old_positions(venue.account, cut) if is_asked(venue, ask, h)])
