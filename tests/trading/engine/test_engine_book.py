"""The book: its numbers and its chain go on from commit to commit and over a restart, and who listens hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta, timezone
from typing import cast

from tests.fakes import MemoryStore, plain_notices
from tests.trading.build import OPEN, TICKER, order
from trading.domain.audit import verify_audit
from trading.domain.events import Event, HaltCleared, HaltRaised, OrderIntended, OrderRejected, WindowPassed
from trading.domain.order import Mode
from trading.domain.records import AuditEntry, Control, Notice, Put
from trading.domain.state import Reason, State
from trading.engine.book import NOTICES, Book

LATER = OPEN + timedelta(minutes=1)
RAISED, CLEARED = HaltRaised(OPEN, Reason.PAUSED, "ann"), HaltCleared(OPEN, Reason.PAUSED, "ann")
PASSED = WindowPassed(OPEN, "consensus", TICKER, OPEN, Mode.REAL, False, False, "no_signal")


def twice(event: Event, before: State, after: State) -> list[Notice]:
    return plain_notices(event, before, after) * 2


def test_notices_are_numbered_one_after_the_other_also_over_a_restart() -> None:
    store = MemoryStore()
    book = Book(store, State(), twice)
    book.record(RAISED)
    book.record(CLEARED, RAISED)
    Book(store, book.state, twice).record(replace(CLEARED, at=LATER))
    written = cast(list[Notice], store.select("outbox"))
    assert [notice.seq for notice in written] == list(range(1, 9))
    assert list(store.rows["outbox"]) == [notice.key for notice in written]
    assert store.get("control", NOTICES) == Control(NOTICES, {"seq": "8"}, LATER)


def test_the_audit_is_one_chain_over_a_restart() -> None:
    store = MemoryStore()
    book = Book(store, State(), plain_notices)
    book.record(RAISED, CLEARED)
    Book(store, book.state, plain_notices).record(RAISED)
    entries = cast(list[AuditEntry], store.select("audit"))
    assert (len(entries), verify_audit(entries)) == (3, None)


def test_a_day_is_the_owners() -> None:
    book = Book(MemoryStore(), State(), plain_notices, timezone(timedelta(hours=12)))
    book.record(OrderIntended(OPEN, order()), OrderRejected(LATER, "k1-a", "bad", ""))
    assert book.state.totals_of(Mode.REAL).day == date(2026, 1, 6)
    assert book.zone.utcoffset(None) == timedelta(hours=12)


def test_who_watches_hears_of_what_is_only_written_too_and_of_nothing_that_changed_nothing() -> None:
    book, heard, rows = Book(MemoryStore(), State(), lambda *_: ()), list[Sequence[Event]](), list[Sequence[Put]]()
    book.watch(heard.append)
    book.listen(rows.append)
    book.record(PASSED, CLEARED)
    book.record(CLEARED)
    assert heard == [[PASSED]]
    assert [[put.table for put in each] for each in rows] == [["windows"]]
