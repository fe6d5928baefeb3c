"""What a long run on paper needs so that it stays right and quick: the next attempt, each fill once, less to carry."""

from __future__ import annotations

from dataclasses import replace

from trading.domain.intent import Intent
from trading.domain.order import Fill
from trading.domain.state import State
from trading.exchange.paper_book import PaperBook
from trading.risk.gate import Identity


def next_attempt(intent: Intent, state: State, identity: Identity) -> Intent:
    """The intent with the first attempt from its own on that was not made yet."""
    attempt = intent.attempt
    while identity.client_order_id(state.mode, intent.strategy, intent.ticker, attempt) in state.attempts:
        attempt += 1
    return replace(intent, attempt=attempt)


def without(state: State, ticker: str) -> State:
    """The state without the orders of a market that was paid, which nobody can trade again: a long tape stays quick."""
    over = {key for key, order in state.orders.items() if order.ticker == ticker and not order.live}
    if any(trade.ticker == ticker for trade in state.trades.values()):
        return state
    return replace(
        state,
        orders={key: order for key, order in state.orders.items() if key not in over},
        attempts={key: at for key, at in state.attempts.items() if key not in over},
        positions={key: held for key, held in state.positions.items() if held.contracts},
        fill_ids={},
    )


class FreshFills:
    """A paper book's fills, each once. The book forgets old ones, so that their number says nothing."""

    def __init__(self, book: PaperBook) -> None:
        self._book = book
        self._last: Fill | None = None

    def take(self) -> list[Fill]:
        """Those since the last time, oldest first."""
        fresh: list[Fill] = []
        for fill in reversed(self._book.fills):
            if fill is self._last:
                break
            fresh.append(fill)
        if fresh:
            self._last = fresh[0]
        return fresh[::-1]
