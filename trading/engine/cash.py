"""The free cash of the real account, shard by shard: an order is paid from its own market's shard and no other.

Read once a minute, and again after anything that may have moved it. The exchange has the last word at every order;
this only lets the gate say beforehand which shard is short, and by how much, and people be told when little is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from trading.domain.money import ZERO
from trading.domain.order import Mode
from trading.domain.records import Put
from trading.engine.book import Book
from trading.ports import Clock, Exchange

CASH_SECONDS = 60.0
MOVES = frozenset({"orders", "fills", "trades"})  # tables whose change may have moved cash


class Cash:
    """`shards` is what was read last of the real account (dollars by exchange_index); empty where the exchange does
    not say."""

    def __init__(self, book: Book, exchanges: Mapping[Mode, Exchange], clock: Clock) -> None:
        self.shards: dict[int, Decimal] = {}
        self._book, self._exchanges, self._clock = book, exchanges, clock
        self._total = ZERO
        self._moves = 0
        self._known: tuple[int, datetime] | None = None  # the moves that are in what was read, and when it was
        book.listen(self._count)

    def _count(self, puts: Sequence[Put]) -> None:
        self._moves += any(put.table in MOVES for put in puts)

    async def total(self) -> Decimal | None:
        """Dollars of the current mode, all shards; None while it may have moved since it was read."""
        if self._book.state.mode is Mode.DRY_RUN:  # the paper book is in memory
            return (await self._exchanges[Mode.DRY_RUN].balance()).total
        return self._total if self._known and self._known[0] == self._moves else None

    async def read(self) -> None:
        """Read it where real orders are sent and what is known is old. Raises Unavailable, Unauthorized."""
        moves, now, exchange = self._moves, self._clock.now(), self._exchanges.get(Mode.REAL)
        if exchange and self._book.state.mode is Mode.REAL and self._old(now):
            balance = await exchange.balance()
            self.shards, self._total = dict(balance.shards), balance.total
            self._known = (moves, now)

    def _old(self, now: datetime) -> bool:
        if self._known is None or self._known[0] != self._moves:
            return True
        return (now - self._known[1]).total_seconds() >= CASH_SECONDS
