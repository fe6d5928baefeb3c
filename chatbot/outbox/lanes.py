"""One channel's way through the outbox: how far it is, which messages its trades began with, and how it is doing.

How far it is, is the durable row `cursor:<channel>`: per severity the number delivered last and the number tried last.
The first messages of trades are the row `thread:<channel>`, written in the commit that moves the cursor, so that
a notice replies to its trade's first message also after a restart.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chatbot.outbox.channel import Channel
from trading.domain.records import Control, Notice, Put, Severity
from trading.ports import Store

ASIDES_MAX = 20  # words about other channels that wait for one channel
THREADS_MAX = 200  # open trades whose first message is remembered, per channel; the oldest gives way


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to send and the rows that are delivered with it: none for an aside, several for a digest."""

    notice: Notice
    covers: tuple[Notice, ...] = ()

    @property
    def stored(self) -> bool:
        return bool(self.covers)


@dataclass(frozen=True, slots=True)
class Queue:
    """What a channel is still to be told: how many notices, and since when (the engine's clock) the oldest waits."""

    channel: str
    count: int
    oldest: datetime | None
    failing: bool


@dataclass(slots=True)
class Lane:
    """Per severity: the number delivered last, and the number tried last; where that is the greater one, its outcome
    is unknown. `threads` are the names of first messages by trade."""

    channel: Channel
    done: dict[Severity, int]
    tried: dict[Severity, int]
    threads: dict[str, str] = field(default_factory=dict)
    rethreaded: bool = False  # the threads are not as their row has them
    failures: int = 0  # in a row
    broken: Counter[int] = field(default_factory=Counter)  # unexpected errors by the notice's number
    failing_since: datetime | None = None
    told_unreachable: bool = False
    asides: deque[Notice] = field(default_factory=lambda: deque(maxlen=ASIDES_MAX))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # nothing to do, or failing

    @property
    def title(self) -> str:
        return self.channel.name.capitalize()

    @property
    def failing(self) -> bool:
        return self.failing_since is not None

    def owed(self, rows: Sequence[Notice], severity: Severity) -> list[Notice]:
        return [row for row in rows if row.severity is severity and row.seq > self.done[severity]]

    def has(self, row: Notice) -> bool:
        return row.seq <= self.done[row.severity]

    def unsure_of(self, severity: Severity) -> bool:
        """Whether the next of this severity may have been seen already."""
        return self.tried[severity] > self.done[severity]

    def passed(self, told: Sequence[Notice], rows: Sequence[Notice]) -> None:
        """These rows, in order and of one severity each, are done with; `rows` are all that there are."""
        for row in told:
            self.done[row.severity] = row.seq
            self.tried[row.severity] = max(self.tried[row.severity], row.seq)
        for trade_id in {row.trade_id for row in told if row.over} & self.threads.keys():
            if not any(row.trade_id == trade_id and not self.has(row) for row in rows):
                del self.threads[trade_id]
                self.rethreaded = True

    def began(self, notice: Notice, name: str) -> None:
        """A message has arrived: the first one of its trade is what the others reply to."""
        if not name or not notice.trade_id or notice.trade_id in self.threads:
            return
        self.threads[notice.trade_id] = name
        while len(self.threads) > THREADS_MAX:
            del self.threads[next(iter(self.threads))]
        self.rethreaded = True

    def puts(self, at: datetime) -> list[Put]:
        """The rows of how far it is now."""
        value = {s.value: str(n) for s, n in self.done.items()} | {f"{s}_tried": str(n) for s, n in self.tried.items()}
        rows = [_put(f"cursor:{self.channel.name}", value, at)]
        if self.rethreaded:
            rows.append(_put(f"thread:{self.channel.name}", self.threads, at))
        self.rethreaded = False
        return rows


def lane_of(store: Store, channel: Channel) -> Lane:
    """A channel's lane as the store has it."""
    value = _value(store, f"cursor:{channel.name}")
    done = {severity: int(value.get(severity, "0")) for severity in Severity}
    tried = {severity: int(value.get(f"{severity}_tried", str(done[severity]))) for severity in Severity}
    return Lane(channel, done, tried, dict(_value(store, f"thread:{channel.name}")))


def _put(name: str, value: dict[str, str], at: datetime) -> Put:
    return Put("control", name, Control(name, dict(value), at))


def _value(store: Store, name: str) -> dict[str, str]:
    row = store.get("control", name)
    return row.value if isinstance(row, Control) else {}
