"""TinyDB's storage class with a journal under it: the one way by which rows change.

Stock `JSONStorage` rewrites the file for every change. Here a change set over all tables is one line in the journal,
synced, then applied to memory. When the journal has outgrown the snapshot, a thread writes a new one from a shallow
copy (documents are bytes: nobody can change them under it) while commits go on in a new segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NoReturn

from tinydb.storages import Storage

from storage import snapshot
from storage.disk import Disk
from storage.journal import Segment, first_of
from storage.opening import open_folder
from storage.rows import Change, Rows
from storage.snapshot import Tables
from storage.views import Documents
from trading.domain.errors import StoreFailed, StoreRefused

ChangeSet = Mapping[str, Change]

COMMIT_BYTES_MAX = 64 * 1024 * 1024
FIX = "make room on the disk or replace it, then start again; nothing that was confirmed is lost"


@dataclass(frozen=True, slots=True)
class Limits:
    """`journal_bytes_min`: below this no snapshot is worth its work. `background`: write snapshots in a thread."""

    journal_bytes_min: int = 4 * 1024 * 1024
    background: bool = True


class DurableStorage(Storage):
    """`rows` by table name. After a failed write `failure` says why, and every further commit raises it."""

    def __init__(self, disk: Disk, folder: Path, limits: Limits) -> None:
        """Opens the folder. Raises StoreRefused or OSError."""
        self._disk, self._folder, self._limits = disk, folder, limits
        opened = open_folder(disk, folder)
        self.recovered = opened.recovered
        self.failure = ""
        self.rows = {table: Rows(table, documents) for table, documents in opened.tables.items()}
        self._segment = opened.segment
        self._snapshot_bytes = opened.snapshot_bytes
        self._writer: Thread | None = None
        self._closed = False
        self._lock = Lock()
        if opened.outdated:
            self._write_snapshot(*self._new_segment())

    def rows_of(self, table: str) -> Rows:
        """One table's rows. Raises ValueError for a table that does not exist."""
        if table not in self.rows:
            raise ValueError(f"no table {table!r}: there are {', '.join(self.rows)}")
        return self.rows[table]

    def commit(self, changes: ChangeSet) -> None:
        """All of it or nothing, on disk when it returns. Raises StoreFailed, and from then on always."""
        with self._lock:
            self.check()
            line = payload(changes)
            try:
                self._compact_when_due()
                self._segment.append(line)
            except OSError as error:
                raise self.poisoned(self._segment.name, error) from error
            except BaseException:  # an interrupt between write and sync: nobody knows what is on disk
                self.failure = f"a write of {self._folder / self._segment.name} was interrupted: start again"
                raise
            for table, change in changes.items():
                self.rows[table].apply(change)

    def check(self) -> None:
        """Raises StoreFailed when nothing can be written any more."""
        if self.failure:
            raise StoreFailed(self.failure)

    def poisoned(self, name: str, error: OSError) -> StoreFailed:
        """A file of the folder could not be written: what every further commit raises."""
        self.failure = f"writing {self._folder / name} failed ({error}): {FIX}"
        return StoreFailed(self.failure)

    @property
    def sequence(self) -> int:
        """The number of the last commit."""
        return self._segment.sequence

    def read(self) -> dict[str, Any]:
        """The tables as TinyDB reads them: live views that decode a document when it is looked at."""
        return {table: Documents(rows) for table, rows in self.rows.items()}

    def write(self, data: Mapping[str, Any]) -> NoReturn:
        """TinyDB's rewriting of everything, as for `drop_tables`: never needed here, so refused."""
        raise StoreRefused("the whole database is never rewritten: change rows through commit or their table")

    def wait(self) -> None:
        """Returns when no snapshot is being written."""
        if self._writer is not None:
            self._writer.join()

    def close(self) -> None:
        """Ends writing; rows can still be read. Closing again does nothing."""
        self.wait()
        with self._lock:
            if not self._closed:
                self._segment.close()
            self._closed = True
            self.failure = self.failure or f"the store in {self._folder} is closed"

    def _compact_when_due(self) -> None:
        if self._writer is not None and self._writer.is_alive():
            return
        if self._segment.used <= max(self._limits.journal_bytes_min, self._snapshot_bytes):
            return
        tables, sequence = self._new_segment()
        if not self._limits.background:
            self._write_snapshot(tables, sequence)
            return
        self._writer = Thread(target=self._write_in_background, args=(tables, sequence), name="snapshot", daemon=True)
        self._writer.start()

    def _new_segment(self) -> tuple[Tables, int]:
        """Commits go on in a new segment; what stood before it, to be written as a snapshot."""
        sequence = self._segment.sequence
        fresh = Segment.create(self._disk, self._folder, sequence + 1)
        self._segment.seal()
        self._segment = fresh
        return {table: rows.documents.copy() for table, rows in self.rows.items()}, sequence

    def _write_snapshot(self, tables: Tables, sequence: int) -> None:
        """The snapshot first; the segments that it covers go only when it has its name."""
        self._snapshot_bytes = snapshot.write(self._disk, self._folder, tables, sequence)
        for name in self._disk.names(self._folder):
            first = first_of(name)
            if first is not None and first <= sequence:
                self._disk.remove(self._folder / name)

    def _write_in_background(self, tables: Tables, sequence: int) -> None:
        """A snapshot that cannot be written loses nothing, but the disk is not to be trusted: no further commits."""
        try:
            self._write_snapshot(tables, sequence)
        except OSError as error:
            self.poisoned(snapshot.NAME, error)


def payload(changes: ChangeSet) -> bytes:
    """What a commit's line holds: `{"table":{"id":document}}`, `null` where a row goes. Raises ValueError when it is
    larger than a commit may be."""
    tables = [b'"%b":{%b}' % (table.encode(), _rows_payload(change)) for table, change in changes.items()]
    line = b"{%b}" % b",".join(tables)
    if len(line) > COMMIT_BYTES_MAX:
        raise ValueError(f"a commit of {len(line)} bytes is over {COMMIT_BYTES_MAX}: write it in parts")
    return line


def _rows_payload(change: Change) -> bytes:
    return b",".join(
        [b'"%d":%b' % (number, b"null" if document is None else document) for number, document in change.items()]
    )
