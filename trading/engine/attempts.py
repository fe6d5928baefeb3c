"""The numbers of a strategy's attempts in one market: each is used once, also over a crash.

An order's id is derived from its attempt, and every order that was ever written down is a row: the next attempt is the
first whose id has none. What is remembered here only says where to begin looking.
"""

from __future__ import annotations

from dataclasses import replace

from trading.domain.intent import Intent
from trading.domain.order import Mode
from trading.engine.book import Book
from trading.risk.gate import Identity

MARKETS_MAX = 1_000  # remembered at a time


class Attempts:
    """Of every strategy in both modes."""

    def __init__(self, book: Book, identity: Identity) -> None:
        self._book, self._identity = book, identity
        self._free: dict[tuple[Mode, str, str], int] = {}  # not taken when last looked for

    def next(self, intent: Intent, mode: Mode) -> Intent:
        """The intent with the first attempt, from its own on, that was never made."""
        key = mode, intent.strategy, intent.ticker
        attempt = max(intent.attempt, self._free.get(key, 1))
        while self._made(self._identity.client_order_id(*key, attempt)):
            attempt += 1
        if len(self._free) >= MARKETS_MAX:
            self._free.clear()
        self._free[key] = attempt
        return replace(intent, attempt=attempt)

    def _made(self, client_order_id: str) -> bool:
        return (
            client_order_id in self._book.state.attempts or self._book.store.get("orders", client_order_id) is not None
        )
