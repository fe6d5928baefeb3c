"""What a durable write can be held against on the same disk: the least that it can cost, and SQLite."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from storage import codec
from storage.disk import RealDisk
from storage.durable import payload
from storage.journal import frame
from trading.domain.records import Put

SPACE_BYTES = 16 * 1024 * 1024  # that stand on the disk before the first write, and are written again from the start

_SCHEMA = """
    pragma journal_mode = wal;
    pragma synchronous = full;
    create table documents (id integer primary key, name text, key text, ticker text, body blob);
    create unique index by_key on documents (name, key);
    create index by_ticker on documents (ticker);
"""
_PUT = """
    insert into documents (name, key, ticker, body) values (?, ?, ?, ?)
    on conflict (name, key) do update set ticker = excluded.ticker, body = excluded.body
"""
_GO = "delete from documents where name = ? and key = ?"


class Floor:
    """The same bytes by one pwrite and one fdatasync, into space that exists already: no durable write is cheaper."""

    def __init__(self, path: Path) -> None:
        self._disk, self._offset = RealDisk(), 0
        self._handle = self._disk.create(path)
        self._disk.write(self._handle, bytes(SPACE_BYTES), 0)
        os.fsync(self._handle)

    def write(self, line: bytes) -> None:
        """These bytes, behind the last ones."""
        if self._offset + len(line) > SPACE_BYTES:
            self._offset = 0
        self._disk.write(self._handle, line, self._offset)
        self._disk.sync(self._handle)
        self._offset += len(line)

    def close(self) -> None:
        self._disk.close(self._handle)


class Sqlite:
    """One table with the documents of all, and two indexes; each commit one transaction, synced as ours is."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(_SCHEMA)

    def commit(self, puts: Sequence[Put]) -> None:
        """All of the puts, documents as the bot writes them; a single one needs no more than its statement."""
        if len(puts) > 1:
            self._database.execute("begin immediate")
        for put in puts:
            self._put(put)
        if len(puts) > 1:
            self._database.execute("commit")

    def _put(self, put: Put) -> None:
        if put.record is None:
            self._database.execute(_GO, (put.table, put.key))
        else:
            row = (put.table, put.key, getattr(put.record, "ticker", ""), codec.encode(put.table, put.key, put.record))
            self._database.execute(_PUT, row)

    def count(self) -> int:
        """Rows."""
        rows: int = self._database.execute("select count(*) from documents").fetchone()[0]
        return rows

    def close(self) -> None:
        self._database.close()


def line_of(puts: Sequence[Put]) -> bytes:
    """The line of the journal that a commit of these is."""
    changes: dict[str, dict[int, bytes | None]] = {}
    for number, put in enumerate(puts, start=SPACE_BYTES):  # ids as long as those of a large store
        document = None if put.record is None else codec.encode(put.table, put.key, put.record)
        changes.setdefault(put.table, {})[number] = document
    return frame(SPACE_BYTES, payload(changes))
