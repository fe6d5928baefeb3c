"""The pictures that go with notices: drawn before the delivery, and kept for those to whom it is tried again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from chatbot.message import Picture
from trading.domain.records import Notice

PICTURED = frozenset({"report"})  # the kinds that have one
DRAWN_MAX = 4  # pictures kept, so that a channel that is tried again needs no other drawing

Pictured = Callable[[Notice], Awaitable[Picture | None]]


async def unpictured(notice: Notice) -> Picture | None:
    """No picture for anything."""
    return None


class Pictures:
    """What was drawn, by the notice's number. `pictured` ends in good time and raises nothing."""

    def __init__(self, pictured: Pictured) -> None:
        self._pictured = pictured
        self._drawn: OrderedDict[int, Picture | None] = OrderedDict()
        self._turn = asyncio.Lock()

    def of(self, notice: Notice) -> Picture | None:
        return self._drawn.get(notice.seq)

    async def drew(self, notice: Notice) -> bool:
        """Whether it had to wait for a notice's picture, in which time what comes first may have changed."""
        if notice.kind not in PICTURED or notice.seq in self._drawn:
            return False
        async with self._turn:
            if notice.seq not in self._drawn:
                self._drawn[notice.seq] = await self._pictured(notice)
        while len(self._drawn) > DRAWN_MAX:
            self._drawn.popitem(last=False)
        return True
