"""Fakes for testing how people are told: a store that can break, notices, and a channel that delivers into a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from fakes_pages import NOW, TICKER

from chatbot.outbox.channel import DeliveryFailed, How
from trading.domain.records import Notice, Put, Record, Severity


class MemoryStore:
    """ports.Store in a dict; `broken` makes the next commits fail."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Record]] = {}
        self.commits = 0
        self.broken: Exception | None = None

    def commit(self, puts: Sequence[Put]) -> None:
        if self.broken:
            raise self.broken
        self.commits += 1
        for put in puts:
            table = self.tables.setdefault(put.table, {})
            if put.record is None:
                table.pop(put.key, None)
            else:
                table[put.key] = put.record

    def get(self, table: str, key: str) -> Record | None:
        return self.tables.get(table, {}).get(key)

    def select(self, table: str, **equals: object) -> list[Record]:
        rows = self.tables.get(table, {}).values()
        return [row for row in rows if all(getattr(row, name) == value for name, value in equals.items())]

    def tail(self, table: str, count: int) -> list[Record]:
        return list(self.tables.get(table, {}).values())[-count:]

    def latest(self, table: str) -> Iterator[Record]:
        return reversed(list(self.tables.get(table, {}).values()))

    def count(self, table: str) -> int:
        return len(self.tables.get(table, {}))

    def archived(self, table: str) -> list[Record]:
        return []

    def archives(self, table: str) -> Iterator[Record]:
        return iter(())

    def latest_archived(self, table: str) -> Iterator[Record]:
        return iter(())

    def close(self) -> None: ...

    def owe(self, *notices: Notice) -> None:
        self.commit([Put("outbox", notice.key, notice) for notice in notices])


def notice(seq: int, severity: Severity = Severity.NOTICE, **changed: Any) -> Notice:
    made = Notice(seq, "fill", severity, NOW, f"notice {seq}", (("Market", TICKER),), "attic · REAL · demo")
    return replace(made, **changed)


class FakeChannel:
    """Delivers into a list; `plan` holds what the next tries raise (None: deliver, "hang": never answer)."""

    def __init__(self, name: str = "telegram", plan: Sequence[Exception | str | None] = ()) -> None:
        self.name = name
        self.plan = list(plan)
        self.got: list[tuple[int, bool, float]] = []
        self.notices: list[Notice] = []
        self.hows: list[How] = []
        self.tries = 0

    async def deliver(self, notice: Notice, how: How) -> str:
        self.tries += 1
        next_ = self.plan.pop(0) if self.plan else None
        if isinstance(next_, Exception):
            raise next_
        if next_ == "hang":
            await asyncio.Event().wait()
        self.got.append((notice.seq, how.repeat, how.late_seconds))
        self.notices.append(notice)
        self.hows.append(how)
        return f"{self.name}-{len(self.notices)}"

    @property
    def titles(self) -> list[str]:
        return [each.title for each in self.notices]

    async def run(self) -> None: ...

    async def close(self) -> None: ...


def down(retry_after: float | None = None, *, unknown: bool = False) -> DeliveryFailed:
    return DeliveryFailed("down", retry_after=retry_after, unknown=unknown)
