"""The free cash of the real account, shard by shard: an order is paid from its own market's shard and no other.

Read once a minute, and again after anything that may have moved it. The exchange has the last word at every order;
this only lets the gate say beforehand which shard is short, and by how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from trading.domain.order import Mode
from trading.domain.records import Put
from trading.engine.book import Book
from trading.ports import Clock, Exchange

CASH_SECONDS = 60.0
MOVES = frozenset({"orders", "fills", "trades"})  # tables whose change may have moved cash


class Cash:
    """`shards` is what was read last (dollars by exchange_index); empty where the exchange does not say."""

    def __init__(self, book: Book, exchange: Exchange | None, clock: Clock) -> None:
        self.shards: dict[int, Decimal] = {}
        self._book, self._exchange, self._clock = book, exchange, clock
        self._moves = 0
        self._known: tuple[int, datetime] | None = None  # the moves that are in what was read, and when it was
        book.listen(self._count)

    def _count(self, puts: Sequence[Put]) -> None:
        self._moves += any(put.table in MOVES for put in puts)

    async def read(self) -> None:
        """Read it where real orders are sent and what is known is old. Raises Unavailable, Unauthorized."""
        moves, now = self._moves, self._clock.now()
        if self._exchange and self._book.state.mode is Mode.REAL and self._old(now):
            self.shards = dict((await self._exchange.balance()).shards)
            self._known = (moves, now)

    def _old(self, now: datetime) -> bool:
        if self._known is None or self._known[0] != self._moves:
            return True
        return (now - self._known[1]).total_seconds() >= CASH_SECONDS
