"""`doctor` reads the whole audit and says where its chain breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chatbot.tools.demo import EPOCH
from chatbot.tools.doctor import kept
from chatbot.tools.findings import Finding
from storage.store import TinyStore
from trading.domain.events import HaltRaised
from trading.domain.records import AuditEntry, Put
from trading.domain.state import Reason, State
from trading.engine.book import Book


def test_an_audit_that_somebody_has_changed_is_found(tmp_path: Path) -> None:
    opened = TinyStore.open(tmp_path / "store")
    book = Book(opened, State(), lambda event, before, after: ())
    for reason in (Reason.MANUAL, Reason.PAUSED):
        book.record(HaltRaised(EPOCH, reason, "engine"))
    opened.close()
    assert list(kept(tmp_path / "store"))[1] == Finding("ok", "audit", "whole, 2 entries")
    opened = TinyStore.open(tmp_path / "store")
    first = opened.select("audit")[0]
    assert isinstance(first, AuditEntry)
    opened.commit([Put("audit", f"{first.seq:012d}", replace(first, person="somebody else"))])
    opened.close()
    found = list(kept(tmp_path / "store"))[1]
    assert (found.mark, found.text) == ("FAIL", "entry 1 of the audit was changed after it was written")
