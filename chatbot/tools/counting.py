"""A channel that delivers to nobody and counts: the demonstration and the replay use the outbox like any bot."""

from __future__ import annotations

import asyncio

from chatbot.outbox.channel import How
from trading.domain.records import Notice


class CountingChannel:
    """Implements chatbot.outbox.channel.Channel."""

    name = "counting"

    def __init__(self) -> None:
        self.delivered = 0

    async def deliver(self, notice: Notice, how: How) -> str:
        self.delivered += 1
        return ""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass
