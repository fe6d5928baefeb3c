"""An outbox on fakes, and what tests look at of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC

from fakes_chat import Times
from fakes_outbox import FakeChannel, MemoryStore

from chatbot.outbox.outbox import Outbox
from chatbot.outbox.pictures import Pictured, unpictured
from chatbot.rules import Rules
from trading.domain.records import Control, Severity

ALERT, NOTICE, INFO = Severity.ALERT, Severity.NOTICE, Severity.INFO


class Post:
    """An outbox on fakes."""

    def __init__(
        self,
        *channels: FakeChannel,
        store: MemoryStore | None = None,
        times: Times | None = None,
        rules: Rules | None = None,
        pictured: Pictured = unpictured,
    ) -> None:
        self.store, self.times = store or MemoryStore(), times or Times()
        self.errors: list[tuple[str, Exception]] = []
        self.outbox = Outbox(
            self.store,
            channels,
            lambda name, error: self.errors.append((name, error)),
            zone=UTC,
            rules=(rules or Rules()).rule,
            pictured=pictured,
            now=self.times.now,
            real_now=self.times.now,
            sleep=self.times.sleep,
            jitter=random.Random(1),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Post]:
        task = asyncio.create_task(self.outbox.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def settle(self, turns: int = 50) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)


def seqs(channel: FakeChannel) -> list[int]:
    return [seq for seq, _, _ in channel.got]


def stored(store: MemoryStore) -> Sequence[str]:
    return list(store.tables.get("outbox", {}))


def cursor(store: MemoryStore, name: str = "telegram") -> dict[str, str]:
    row = store.get("control", f"cursor:{name}")
    assert isinstance(row, Control)
    return row.value
