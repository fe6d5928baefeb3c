"""A cap on how fast our own orders can fill, kept by the exchange itself: a last net below every limit of ours.

All our orders on a shard that add risk belong to one order group. Should more contracts fill within 15 seconds than
all our limits together could ever pay for, then something of ours has gone wrong: the exchange cancels the group's
orders and takes no new ones. The stream tells it and trading halts; without a stream the refusals in a row halt it.
The owner's /resume after refusals opens the group again. Orders that reduce belong to no group, so that a way out
stays open. Whether a listed group has triggered is told by a flag that no document explains: nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import cast

from trading.domain.errors import NotFound, Rejected, Unavailable, Unresolved
from trading.domain.events import HaltRaised
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.domain.state import Reason
from trading.engine.book import Book
from trading.ports import Clock, OrderGroups

CHECK_SECONDS = 60.0
ROW = "order_groups"  # of the control table: group id by shard


class FillCap:
    """`contracts_limit` fills in 15 seconds are still allowed; `join(shard, group_id)` lets new orders belong to it."""

    def __init__(
        self,
        groups: OrderGroups,
        join: Callable[[int, str], None],
        book: Book,
        clock: Clock,
        contracts_limit: Decimal,
    ) -> None:
        self._groups, self._join, self._book, self._clock = groups, join, book, clock
        self.contracts_limit = contracts_limit
        row = cast(Control | None, book.store.get("control", ROW))
        self._ids: dict[str, str] = dict(row.value) if row else {}
        self._checked: dict[int, datetime] = {}
        self._reopen = set(self._ids) if self._halted else set()  # shards to be reset once the owner has resumed

    def allow(self, contracts_limit: Decimal) -> None:
        """From now on the cap is this; the exchange is told with the next beat."""
        self.contracts_limit = contracts_limit
        self._checked.clear()

    async def keep(self, shard: int) -> None:
        """See that the shard's group stands and is watched. Raises Unavailable, Unauthorized."""
        if self._book.state.mode is not Mode.REAL or not self._due(shard):
            return
        try:
            await self._keep(shard)
        except (Rejected, Unresolved) as error:
            raise Unavailable(f"the order group that caps our fills: {error}") from error
        self._checked[shard] = self._clock.now()

    def triggered(self, group_id: str) -> None:
        """The exchange has stopped this group: halt, if it is one of ours and this is news."""
        if group_id not in self._ids.values() or self._halted:
            return
        detail = (
            f"more than {self.contracts_limit} contracts of ours filled within 15 s: the exchange stopped our orders"
        )
        self._book.record(HaltRaised(self._clock.now(), Reason.REJECTIONS, "the exchange", detail))

    def _due(self, shard: int) -> bool:
        if self._halted:
            self._reopen |= self._ids.keys()
            return False
        checked = self._checked.get(shard)
        if checked is None or str(shard) in self._reopen:
            return True
        return (self._clock.now() - checked).total_seconds() >= CHECK_SECONDS

    @property
    def _halted(self) -> bool:
        return Reason.REJECTIONS in self._book.state.halts

    async def _keep(self, shard: int) -> None:
        group_id = self._ids.get(str(shard))
        if group_id is None or not await self._mended(group_id, shard):
            group_id = await self._groups.create(self.contracts_limit, shard)
            self._remember(shard, group_id)
        self._join(shard, group_id)

    async def _mended(self, group_id: str, shard: int) -> bool:
        """The known group with today's limit, and open again after a halt; False where it is gone."""
        try:
            group = await self._groups.get(group_id)
        except NotFound:
            return False
        if group.contracts_limit != self.contracts_limit:
            await self._groups.set_limit(group_id, self.contracts_limit, shard)
        if str(shard) in self._reopen:
            await self._groups.reset(group_id, shard)
            self._reopen.discard(str(shard))
        return True

    def _remember(self, shard: int, group_id: str) -> None:
        self._ids[str(shard)] = group_id
        row = Control(ROW, dict(self._ids), self._clock.now())
        self._book.store.commit([Put("control", ROW, row)])
