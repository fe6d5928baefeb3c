"""The store: rows by table and key over TinyDB, one atomic and durable commit at a time.

It has one owner: the loop that commits. A lock file keeps a second process off the folder.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import cast

from filelock import FileLock, Timeout

from storage import codec
from storage.aging import Dated, Leaving, began, due, ended, month_of
from storage.archive import Archives, Kept, noted
from storage.disk import Disk, RealDisk
from storage.durable import DurableStorage, Limits
from storage.rows import Rows
from storage.snapshot import Tables
from storage.table import Database
from trading.domain.errors import StoreInUse, StoreRefused
from trading.domain.records import Put, Record

LOCK_NAME = "store.lock"
FOLDER_MODE = 0o700

Changes = dict[str, dict[int, bytes | None]]


class TinyStore:
    """Implements `trading.ports.Store`. `db` is the TinyDB database, for queries; `recovered` says in sentences what
    opening had to mend, and is empty after a clean start."""

    def __init__(self, database: Database, archives: Archives, lock: FileLock) -> None:
        self.db = database
        self._storage = _durable(database)
        self._archives = archives
        self._lock = lock
        self.recovered = self._storage.recovered
        self.timed: Callable[[], AbstractContextManager[object]] = nullcontext  # entered around each commit

    @classmethod
    def open(cls, folder: Path, *, disk: Disk | None = None, limits: Limits | None = None) -> TinyStore:
        """The store in this folder, made when there is none. Raises StoreRefused (another process has it: StoreInUse),
        with what to do about it."""
        lock = locked(folder)
        disk = disk or RealDisk()
        try:
            return cls(Database(disk, folder, limits or Limits()), Archives(disk, folder), lock)
        except OSError as error:
            lock.release()
            raise StoreRefused(f"the store in {folder} cannot be read or written ({error}): mend that first") from error
        except BaseException:
            lock.release()
            raise

    @property
    def failure(self) -> str:
        """Why nothing can be committed any more; empty while all is well."""
        return self._storage.failure

    @property
    def sequence(self) -> int:
        """The number of the last commit."""
        return self._storage.sequence

    def commit(self, puts: Sequence[Put]) -> None:
        """All of the puts or none, on disk when it returns.

        Raises StoreFailed when writing failed, and from then on always; ValueError or TypeError, with nothing changed,
        for a table or record that does not exist.
        """
        if changes := self._changes(puts):
            with self.timed():
                self._storage.commit(changes)

    def get(self, table: str, key: str) -> Record | None:
        """The row with this key; None where there is none."""
        return self._rows(table).get(key)

    def select(self, table: str, **equals: object) -> list[Record]:
        """Rows whose fields equal all of these, in the order in which their keys were first put."""
        return self._rows(table).select(equals)

    def tail(self, table: str, count: int) -> list[Record]:
        """The `count` rows whose keys were put in last, oldest first."""
        return self._rows(table).tail(count)

    def latest(self, table: str) -> Iterator[Record]:
        """The rows as they are now, the one put in last first. They may be gone through in another thread, where each
        is decoded: a year's rows take longer than anybody should wait."""
        return self._rows(table).latest()

    def count(self, table: str) -> int:
        """How many rows the table has."""
        return len(self._rows(table).documents)

    def archive(self, before: datetime) -> dict[str, int]:
        """Move the rows that came to their end before this to the archives of their months; how many, by table.

        What counts as its end says `aging`. These are the three steps below in a row, a tenth of a second for a day's
        rows. Raises as they do; called again after that, or after a crash, it goes on where that one ended.
        """
        return self.drop(self.keep(self.due(before)))

    def due(self, before: datetime) -> Leaving:
        """The first step: which rows to move, some milliseconds for a day's."""
        return due(self._storage.rows, before)

    def keep(self, leaving: Leaving) -> list[Kept]:
        """The second step, the long one: write the rows to the archives. It touches files only and may run in another
        thread than the store's owner.

        Raises StoreFailed, and from then on always; StoreRefused, with nothing changed, when an archive to which rows
        have to go cannot be read.
        """
        self._storage.check()
        return [self._keep(month, rows) for month, rows in leaving.items()]

    def drop(self, kept: Sequence[Kept]) -> dict[str, int]:
        """The third step: rows that are kept leave the store, one commit for each month; how many, by table. A row that
        changed since the first step stays. Raises StoreFailed, and from then on always."""
        counts: Counter[str] = Counter()
        for month in kept:
            gone = {table: self._rows(table).unchanged(rows) for table, rows in month.leaving.items()}
            changes: Changes = {table: dict.fromkeys(numbers) for table, numbers in gone.items() if numbers}
            self._storage.commit(changes | self._changes([month.note]))
            counts.update({table: len(numbers) for table, numbers in changes.items()})
        return dict(counts)

    def archived(self, table: str, start: datetime | None = None, end: datetime | None = None) -> list[Record]:
        """Rows in the archives that came to their end from `start` until before `end`, in the order in which they
        began, each once. One that has come back to the store since stands there alone.

        Raises StoreRefused, with what to do about it, when an archive is missing or damaged.
        """
        found = list[Dated]()
        for _, rows in self._by_month(table, start):
            found[:0] = cast(Iterator[Dated], rows)
        found.sort(key=began)
        return [row for row in found if _within(ended(row), start, end)]

    def archives(self, table: str, start: datetime | None = None) -> Iterator[Record]:
        """The same one by one, a later month's before an earlier one's, from the month of `start` on: a year's rows
        need not stand in memory at once, where the collector would walk through all of them while nobody else runs.
        Raises as `archived`, while it is gone through."""
        return chain.from_iterable(rows for _, rows in self._by_month(table, start))

    def latest_archived(self, table: str) -> Iterator[Record]:
        """The same, the one that began last first: months are read as far back as somebody goes. Raises likewise."""
        rows = list[Dated]()  # the last of them are those that are due next
        for month, more in self._by_month(table):
            rows = [*cast(Iterator[Dated], more), *rows]
            rows.sort(key=began)
            earlier = bisect_left(rows, month, key=lambda row: month_of(began(row)))
            while len(rows) > earlier:  # what began before this month comes among the rows of the months before
                yield rows.pop()
        while rows:
            yield rows.pop()

    def _by_month(self, table: str, start: datetime | None = None) -> Iterator[tuple[str, Iterator[Record]]]:
        """The months from that of `start` on, the latest first, each to be gone through before the next."""
        seen = set[str]()
        for month, least in reversed(noted(self._rows("control")).items()):
            if start is None or month >= month_of(start):
                yield month, self._month(table, month, least, seen)

    def _month(self, table: str, month: str, least: int, seen: set[str]) -> Iterator[Record]:
        """One month's rows, but for those that have come back to the store, and those whose keys a later month had: a
        row that came back and left once more may have ended in another month than before."""
        live = self._rows(table).ids
        for document in self._read_archive(month, least, table).get(table, {}).values():
            key = codec.key_of(document)
            if key not in live and key not in seen:
                seen.add(key)
                yield codec.decode(table, document)

    def all(self, table: str) -> list[Record]:
        """Every row there is, the archives' first. Raises as `archived`."""
        return [*self.archived(table), *self.select(table)]

    def wait(self) -> None:
        """Returns when no snapshot is being written in the background: for tests and for backups."""
        self._storage.wait()

    def close(self) -> None:
        """Ends writing and lets go of the folder. Closing again does nothing."""
        self.db.close()
        self._lock.release()

    def _keep(self, month: str, rows: Tables) -> Kept:
        try:
            return self._archives.add(month, rows)
        except OSError as error:
            raise self._storage.poisoned(self._archives.path(month).name, error) from error

    def _read_archive(self, month: str, least: int, table: str) -> Tables:
        try:
            return self._archives.read(month, least, table)
        except OSError as error:
            raise StoreRefused(f"{self._archives.path(month)} cannot be read ({error}): mend that first") from error

    def _rows(self, table: str) -> Rows:
        return self._storage.rows_of(table)

    def _changes(self, puts: Sequence[Put]) -> Changes:
        """The net change by document id: of several puts of one key the last one counts."""
        changes: Changes = {}
        fresh: dict[tuple[str, str], int] = {}
        for put in puts:
            rows = self._rows(put.table)
            number = rows.ids.get(put.key) or fresh.get((put.table, put.key))
            document = None if put.record is None else codec.encode(put.table, put.key, put.record)
            if number is None and document is not None:
                number = fresh[put.table, put.key] = rows.take_id()
            if number is not None:
                changes.setdefault(put.table, {})[number] = document
        return changes


def _within(at: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    return at is not None and (start is None or at >= start) and (end is None or at < end)


def _durable(database: Database) -> DurableStorage:
    storage = database.storage
    assert isinstance(storage, DurableStorage)
    return storage


def _make(folder: Path) -> None:
    """Make the folder and those above it; each stays in the one above it also after a power cut."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for path in missing:
        RealDisk().sync_folder(path.parent)


def locked(folder: Path) -> FileLock:
    """The folder's lock, held. Raises StoreInUse when somebody else holds it, StoreRefused where nobody can."""
    try:
        _make(folder)
        lock = FileLock(folder / LOCK_NAME, timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise StoreInUse(
            f"{folder} is in use by another running bot: stop that one, or give this one its own DATA_DIR"
        ) from None
    except OSError as error:
        raise StoreRefused(f"{folder} cannot be used ({error}): check DATA_DIR and its permissions") from error
    return lock
