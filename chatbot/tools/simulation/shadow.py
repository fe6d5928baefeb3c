"""A shadow of the store: what was confirmed, row by row, to be held against what is found after a crash.

A commit that was confirmed is all there for ever; one that was under way when the process died is all there or not at
all. Whatever was owed to people, and every fill and halt that was written down, is remembered here beyond its deletion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from storage.store import TinyStore
from trading.domain.records import TABLES, Control, Notice, Put, Record

Rows = dict[tuple[str, str], Record]


class Shadow:
    """`told` are all notices that were ever confirmed, oldest first; `halts` counts halts that were raised."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.told: list[Notice] = []
        self.halts = 0
        self._under_way: tuple[Put, ...] = ()

    def begin(self, puts: Sequence[Put]) -> None:
        """These are being committed."""
        self._under_way = tuple(puts)

    def confirmed(self) -> None:
        """What was begun is on disk."""
        for put in self._under_way:
            self._take(put)
        self._under_way = ()

    def found(self, store: TinyStore) -> str:
        """Take over what a store holds after a crash; what is wrong with it, in words."""
        rows = rows_of(store)
        with_last = _changed(self.rows, self._under_way)
        if rows == with_last:
            self.confirmed()
            return ""
        wrong = "" if rows == self.rows else _difference(self.rows, rows)
        self._under_way = ()
        return wrong

    def select(self, table: str) -> Iterator[Any]:
        """The confirmed rows of one table."""
        return (row for (name, _), row in self.rows.items() if name == table)

    def _take(self, put: Put) -> None:
        if isinstance(put.record, Notice):
            self.told.append(put.record)
        if isinstance(put.record, Control) and put.key.startswith("halt:"):
            self.halts += (put.table, put.key) not in self.rows
        self.rows = _changed(self.rows, (put,), copy=False)


class WatchedStore(TinyStore):
    """A TinyStore that tells its shadow what it confirms. `shadow` is set after opening."""

    shadow: Shadow

    def commit(self, puts: Sequence[Put]) -> None:
        if not self.failure:
            self.shadow.begin(puts)
        super().commit(puts)
        self.shadow.confirmed()


def rows_of(store: TinyStore) -> Rows:
    """Every row of a store by table and key."""
    found: Rows = {}
    for table in TABLES:
        keys = [str(document["_key"]) for document in store.db.table(table).all()]
        found |= {(table, key): record for key in keys if (record := store.get(table, key)) is not None}
    return found


def _changed(rows: Rows, puts: Sequence[Put], *, copy: bool = True) -> Rows:
    rows = dict(rows) if copy else rows
    for put in puts:
        if put.record is None:
            rows.pop((put.table, put.key), None)
        else:
            rows[put.table, put.key] = put.record
    return rows


def _difference(before: Rows, after: Rows) -> str:
    wrong = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    return ", ".join(f"{table} {key}" for table, key in sorted(wrong)[:5])
