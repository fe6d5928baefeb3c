"""The store: rows by table and key over TinyDB, one atomic and durable commit at a time.

It has one owner: the loop that commits. A lock file keeps a second process off the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from storage import codec
from storage.disk import Disk, RealDisk
from storage.durable import DurableStorage, Limits
from storage.rows import Rows
from storage.table import Database
from trading.domain.errors import StoreRefused
from trading.domain.records import Put, Record

LOCK_NAME = "store.lock"
FOLDER_MODE = 0o700

Changes = dict[str, dict[int, bytes | None]]


class TinyStore:
    """Implements `trading.ports.Store`. `db` is the TinyDB database, for queries; `recovered` says in sentences what
    opening had to mend, and is empty after a clean start."""

    def __init__(self, database: Database, lock: FileLock) -> None:
        self.db = database
        self._storage = _durable(database)
        self._lock = lock
        self.recovered = self._storage.recovered

    @classmethod
    def open(cls, folder: Path, *, disk: Disk | None = None, limits: Limits | None = None) -> TinyStore:
        """The store in this folder, made when there is none. Raises StoreRefused, with what to do about it."""
        lock = _locked(folder)
        try:
            return cls(Database(disk or RealDisk(), folder, limits or Limits()), lock)
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

    def commit(self, puts: Sequence[Put]) -> None:
        """All of the puts or none, on disk when it returns.

        Raises StoreFailed when writing failed, and from then on always; ValueError or TypeError, with nothing changed,
        for a table or record that does not exist.
        """
        if changes := self._changes(puts):
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

    def count(self, table: str) -> int:
        """How many rows the table has."""
        return len(self._rows(table).documents)

    def wait(self) -> None:
        """Returns when no snapshot is being written in the background: for tests and for backups."""
        self._storage.wait()

    def close(self) -> None:
        """Ends writing and lets go of the folder. Closing again does nothing."""
        self.db.close()
        self._lock.release()

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


def _locked(folder: Path) -> FileLock:
    """The folder's lock, held. Raises StoreRefused when somebody else holds it."""
    try:
        _make(folder)
        lock = FileLock(folder / LOCK_NAME, timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise StoreRefused(
            f"{folder} is in use by another running bot: stop that one, or give this one its own DATA_DIR"
        ) from None
    except OSError as error:
        raise StoreRefused(f"{folder} cannot be used ({error}): check DATA_DIR and its permissions") from error
    return lock
