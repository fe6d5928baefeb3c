"""The audit's chain, as the book writes it, over archives and store: whole, or the first break is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from storage_markets import FEBRUARY, JANUARY, MARCH, audit_of
from tinydb import TinyDB

from storage.store import TinyStore
from trading.domain.audit import verify_audit
from trading.domain.events import CommandAnswered
from trading.domain.state import State
from trading.engine.book import Book

APRIL = MARCH + timedelta(days=31)


def audited(store: TinyStore, moments: list[datetime]) -> None:
    """A book, opened anew on the store, writes a command at each of these moments."""
    book = Book(store, State(), lambda event, before, after: ())
    for at in moments:
        book.record(CommandAnswered(at, "owner 1", "telegram", "/kill now\x1f", "halted"))


def months(folder: Path) -> list[list[dict[str, str]]]:
    found = []
    for path in sorted(folder.glob("archive-*.json")):
        with TinyDB(path) as stock:
            found.append([dict(document) for document in stock.table("audit")])
    return found


def test_the_chain_holds_across_archives(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path)
    for start in (JANUARY, FEBRUARY, MARCH):
        audited(store, [start + timedelta(days=n) for n in range(4)])
        store.archive(start)
    assert store.archive(APRIL) == {"audit": 3}  # the newest entry stays: the next one follows from it
    audited(store, [APRIL])
    assert [entry.seq for entry in audit_of(store)] == list(range(1, 14))
    assert verify_audit(audit_of(store)) is None
    assert store.count("audit") == 2
    store.close()


def test_an_archive_ends_with_the_hash_from_which_the_next_one_starts(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path)
    back = JANUARY + timedelta(days=1)  # the clock was set back: the entry still follows the one before it
    audited(store, [JANUARY, FEBRUARY, back, MARCH, APRIL])
    store.archive(APRIL)
    january, february, march = months(tmp_path)
    assert [len(entries) for entries in (january, february, march)] == [1, 2, 1]
    assert february[0]["previous"] == january[-1]["digest"]
    assert march[0]["previous"] == february[-1]["digest"]
    (last,) = store.select("audit")
    assert last.previous == march[-1]["digest"]  # type: ignore[union-attr]
    store.close()


@pytest.mark.parametrize("at", range(6))
def test_any_change_is_found_where_it_was_made(tmp_path: Path, at: int) -> None:
    store = TinyStore.open(tmp_path)
    audited(store, [JANUARY + timedelta(days=10 * n) for n in range(6)])
    store.archive(FEBRUARY)
    entries = audit_of(store)
    store.close()
    entry = entries[at]
    for changed in (
        replace(entry, at=entry.at + timedelta(microseconds=1)),
        replace(entry, person="owner 2"),
        replace(entry, channel="discord"),
        replace(entry, command="/resume"),
        replace(entry, result="failed"),
        replace(entry, digest="0" * 64),
    ):
        said = verify_audit([*entries[:at], changed, *entries[at + 1 :]])
        assert said == f"entry {at + 1} of the audit was changed after it was written"
    if at < 5:
        assert verify_audit([*entries[:at], *entries[at + 1 :]]) == (
            f"the audit goes from entry {at} to {at + 2}: what stood between was removed"
        )


def test_an_entry_made_up_whole_is_found(tmp_path: Path) -> None:
    """One who knows the rule can give a false entry its right hash, but the next one follows from the true one."""
    for name, people in (("true", "abc"), ("false", "axc")):
        store = TinyStore.open(tmp_path / name)
        book = Book(store, State(), lambda event, before, after: ())
        for day, person in enumerate(people):
            book.record(CommandAnswered(JANUARY + timedelta(days=day), person, "telegram", "/kill", "halted"))
        store.close()
    true, false = (TinyStore.open(tmp_path / name) for name in ("true", "false"))
    mixed = [audit_of(true)[0], audit_of(false)[1], audit_of(true)[2]]
    assert verify_audit(mixed) == (
        "entry 3 of the audit does not follow from the one before it: one of them was replaced"
    )
    assert verify_audit([]) is None
    true.close()
    false.close()
