"""The book: the State in memory, and the one way to change it: apply an event, commit its rows, then remember.

What people are owed (notices) and who did what (audit) go into the same commit as the change itself. Nothing changes
in memory when the commit fails. All calls come from the one event loop that owns the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from typing import cast

from trading.domain.audit import entry_of
from trading.domain.events import Event
from trading.domain.ledger import apply
from trading.domain.records import AuditEntry, Control, Put
from trading.domain.state import State
from trading.ports import NoticeSource, Store

NOTICES = "notices"  # of the control table: the newest notice's number, and when it was written

Listener = Callable[[Sequence[Put]], None]
Watcher = Callable[[Sequence[Event]], None]


class Book:
    """`state` is read by everybody and changed by `record` alone."""

    def __init__(self, store: Store, state: State, notices: NoticeSource, zone: tzinfo = UTC) -> None:
        self.store = store
        self.state = state
        self.zone = zone
        self._notices = notices
        self._listeners: list[Listener] = []
        self._watchers: list[Watcher] = []
        counter = cast(Control | None, store.get("control", NOTICES))
        self._notice_seq = int(counter.value["seq"]) if counter else 0
        self._last_audit = cast(AuditEntry | None, next(iter(store.tail("audit", 1)), None))

    def listen(self, listener: Listener) -> None:
        """Call `listener(puts)` with the rows of each commit, after it; it must not raise nor wait."""
        self._listeners.append(listener)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher(events)` with those that have just changed something; it must not raise nor wait."""
        self._watchers.append(watcher)

    def record(self, *events: Event) -> None:
        """Make these events true: one atomic commit of all they change and all that is owed for them.

        Raises StoreFailed, and IllegalMove for what cannot happen; nothing has changed then.
        """
        state, puts, news = self.state, list[Put](), list[Event]()
        seq, last = self._notice_seq, self._last_audit
        for event in events:
            step = apply(state, event, self.zone)
            puts += step.puts
            owed = self._notices(event, state, step.state)
            puts += [Put("outbox", n.key, n) for n in (replace(n, seq=seq + i) for i, n in enumerate(owed, 1))]
            seq += len(owed)
            if entry := entry_of(event, state, last):
                puts.append(Put("audit", f"{entry.seq:012d}", entry))
                last = entry
            if step.puts or step.state is not state:
                news.append(event)
            state = step.state
        if seq != self._notice_seq:
            puts.append(Put("control", NOTICES, Control(NOTICES, {"seq": str(seq)}, events[-1].at)))
        if puts:
            self.store.commit(puts)
        self.state, self._notice_seq, self._last_audit = state, seq, last
        for listener in self._listeners if puts else ():
            listener(puts)
        for watcher in self._watchers if news else ():
            watcher(news)
