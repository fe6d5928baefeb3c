"""Copying a store's folder while its owner goes on writing: what comes out is the store as it was at one moment.

No lock is asked for, so that a running bot, a hanging one and none at all are copied alike. Why that is safe:

- A snapshot and an archive get their names when they are whole and never change after, so a copy of one is whole.
- A segment only grows, and a commit is confirmed when all of its line can be read. Whoever reads meanwhile may find
  the last line unfinished, never one that was confirmed before the reading began.
- Commits are numbered. A segment that was swept away, or begun, between two reads leaves a gap, which opening refuses:
  the copy is then made again.
- Rows are in an archive before they leave the store, and the store notes how many rows each archive has. Archives are
  copied first, so that they have no row which the store does not know of yet; one that misses rows which have left the
  store since has fewer than are noted, which reading it refuses: the copy is then made again.

The copy is opened before it is called one, archives included: a backup that cannot be opened is none.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage import archive, journal, snapshot
from storage.disk import RealDisk
from storage.store import TinyStore
from trading.domain.errors import StoreInUse, StoreRefused

COPIES_MAX = 10  # tries: a snapshot that is written meanwhile costs one
READS_MAX = 50  # of one segment, until its last line is whole
PAUSE_SECONDS = 0.02  # of real time, before another try
REMEDY = "restore the folder from an older backup"


def is_stored(name: str) -> bool:
    """Whether a file of that name is part of a store; locks, and leftovers of a crash, are not."""
    return name == snapshot.NAME or journal.first_of(name) is not None or archive.is_archive(name)


@contextmanager
def copied(source: Path, target: Path) -> Iterator[TinyStore]:
    """Copy the store in `source` into the folder `target`, which is made, and open the copy.

    It holds everything that was committed before this began, and nothing that was committed after it ended. Raises
    StoreRefused where there is no store, or none that could be opened in its own folder, and OSError.
    """
    if not source.is_dir() or not any(map(is_stored, RealDisk().names(source))):
        raise StoreRefused(f"there is no store in {source}: check DATA_DIR and KALSHI_ENV")
    store = _opened(source, target)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def readable(folder: Path, aside: Path) -> Iterator[TinyStore]:
    """The store in this folder, to look at: a running bot's as a copy under `aside`. Raises StoreRefused, OSError."""
    try:
        store = TinyStore.open(folder)
    except StoreInUse:
        with copied(folder, aside) as store:
            yield store
        return
    try:
        yield store
    finally:
        store.close()


def _opened(source: Path, target: Path) -> TinyStore:
    for left in reversed(range(COPIES_MAX)):
        target.mkdir(mode=0o700, parents=True)
        try:
            return _once(source, target)
        except (StoreRefused, FileNotFoundError) as error:
            shutil.rmtree(target)
            if not left:
                raise StoreRefused(str(error).replace(str(target), str(source))) from error
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("the last try has returned or raised")


def _once(source: Path, target: Path) -> TinyStore:
    """One try. Raises StoreRefused or FileNotFoundError for what the owner changed meanwhile."""
    for name in filter(archive.is_archive, RealDisk().names(source)):
        (target / name).write_bytes((source / name).read_bytes())
    covered = _copy_snapshot(source, target)
    for name in sorted(RealDisk().names(source)):
        first = journal.first_of(name)
        if first is not None and first > covered:
            (target / name).write_bytes(_segment(source / name))
    store = TinyStore.open(target)
    try:
        store.archived("trades")  # reads, and so checks, every archive
    except BaseException:
        store.close()
        raise
    return store


def _copy_snapshot(source: Path, target: Path) -> int:
    """The number of the last commit that it holds; 0 where there is none yet."""
    try:
        (target / snapshot.NAME).write_bytes((source / snapshot.NAME).read_bytes())
    except FileNotFoundError:
        (target / snapshot.NAME).unlink(missing_ok=True)
        return 0
    return snapshot.load(RealDisk(), target / snapshot.NAME, REMEDY).meta.sequence


def _segment(path: Path) -> bytes:
    """A segment's bytes, read again while its last line is being written. What stays unfinished is what a crash has
    left, or damage: opening tells the two apart."""
    data = path.read_bytes()
    for _ in range(READS_MAX):
        if not journal.scan(data).tail:
            break
        before, data = data, path.read_bytes()
        if data == before:
            break
    return data
