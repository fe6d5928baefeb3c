"""What a strategy sees of its own: what it holds, what it has out, and the headlines that it has acted on, read from
the State at this instant.

A headline is remembered by the order that acts on it, so that both are written down at once: no crash lies between.
Orders stay in the State for two days, which is longer than any headline is news.
"""

from __future__ import annotations

from dataclasses import replace

from trading.domain.intent import Holding, Resting, View
from trading.domain.order import Mode
from trading.domain.state import State


def own_view(view: View, state: State, strategy: str, mode: Mode, series: str = "") -> View:
    """The view with the holdings and the resting orders of one strategy in the book of this mode; with those in markets
    of one series (its name begins their tickers), or in all: a strategy that trades several sees each for itself. The
    headlines are those that it acted on anywhere: one order for each."""
    own = f"{series}-" if series else ""
    trades = (t for t in state.open_trades(mode) if t.strategy == strategy and t.position and t.ticker.startswith(own))
    orders = (o for o in state.live_orders(mode) if o.strategy == strategy and o.ticker.startswith(own))
    spent = (o.headline for o in state.headline_orders() if (o.strategy, o.mode) == (strategy, mode))
    holdings = tuple(Holding(t.ticker, t.position, t.held_price, t.opened_at) for t in trades)
    resting = tuple(Resting(o.client_order_id, o.ticker, o.outcome, o.own_price, o.open_count) for o in orders)
    acted_on = frozenset(spent)
    if (holdings, resting, acted_on) == (view.holdings, view.resting, view.spent):
        return view  # as in most beats: nothing is out
    return replace(view, holdings=holdings, resting=resting, spent=acted_on)
