"""Disks that are full or may not be written, at every step: what was confirmed stays, and nothing is tried again."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from storage_disks import FailingDisk, FullDisk, MemoryDisk
from storage_folders import EAGER, SEGMENT, SMALL_CHUNK_BYTES
from storage_markets import JANUARY, LENGTH, Rows, live_and_archived, market, rows_of
from storage_samples import position, position_put

from storage import journal, snapshot
from storage.store import TinyStore
from trading.domain.errors import StoreFailed, StoreRefused
from trading.domain.records import Record

NOBODY = 65_534
MARKETS = 6
KEPT = 3 * LENGTH  # younger markets stay in the store


def found(store: TinyStore) -> list[tuple[str, Record]]:
    return sorted((row for row in live_and_archived(store) if row[0] != "control"), key=repr)


def same(rows: Rows) -> list[tuple[str, Record]]:
    return sorted(((table, record) for (table, _), record in rows.items()), key=repr)


def work(folder: Path, disk: MemoryDisk, confirmed: Rows) -> None:
    """Markets one after the other, with snapshots and archives in between; `confirmed` follows. Raises StoreFailed."""
    store = TinyStore.open(folder, disk=disk, limits=EAGER)
    try:
        for number in range(MARKETS):
            at = JANUARY + number * LENGTH
            store.commit(market(number, at))
            confirmed |= rows_of(market(number, at))
            store.archive(at - KEPT)
    except StoreFailed:
        final(store, disk, confirmed)
        raise
    finally:
        store.close()


def final(store: TinyStore, disk: MemoryDisk, confirmed: Rows) -> None:
    """The store shows what was confirmed and nothing else, and never writes again, though the disk is well now."""
    assert found(store) == same(confirmed)
    steps = disk.steps
    for number in range(2):
        with pytest.raises(StoreFailed, match=r"writing /.* failed \(.*No space left on device\): make room"):
            store.commit([position_put(number)])
    with pytest.raises(StoreFailed, match="No space left"):
        store.archive(JANUARY)
    assert disk.steps == steps


@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_failed_write_changes_nothing_and_is_final(tmp_path: Path, call: str) -> None:
    disk = FailingDisk()
    store = TinyStore.open(tmp_path, disk=disk)
    store.commit([position_put(1)])
    disk.failing = call
    with pytest.raises(StoreFailed, match="make room on the disk"):
        store.commit([position_put(2), position_put(1, 9)])
    disk.failing = ""
    with pytest.raises(StoreFailed, match="failed"):
        store.commit([position_put(3)])
    with pytest.raises(StoreFailed):
        store.db.table("positions").truncate()
    assert store.select("positions") == [position(1)]
    assert store.failure
    store.close()
    again = TinyStore.open(tmp_path)
    # what was written but not synced may be there: whole, or not at all
    assert again.select("positions") == ([position(1)] if call == "write" else [position(1, 9), position(2)])
    again.close()


def test_an_interrupted_write_is_final(tmp_path: Path) -> None:
    class Interrupted(MemoryDisk):
        def sync(self, handle: int) -> None:
            if self.steps > 10:
                raise KeyboardInterrupt
            super().sync(handle)

    disk = Interrupted()
    store = TinyStore.open(tmp_path, disk=disk)
    disk.steps = 99
    with pytest.raises(KeyboardInterrupt):
        store.commit([position_put(1)])
    with pytest.raises(StoreFailed, match="was interrupted: start again"):
        store.commit([position_put(1)])
    store.close()


def test_full_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening, commits, growing, new segments, seals, snapshots and archives; then as it is, and after a power cut."""
    monkeypatch.setattr(journal, "CHUNK_BYTES", SMALL_CHUNK_BYTES)
    monkeypatch.setattr(snapshot, "PIECE_BYTES", 1)  # a sync for each part of a snapshot, and of an archive
    whole = FullDisk()
    work(tmp_path, whole, {})
    assert {snapshot.NAME, "archive-2026-01.json"} <= set(whole.names(tmp_path))
    for step in range(whole.steps):
        disk, confirmed = FullDisk(), Rows()
        disk.full_at = step
        with pytest.raises((StoreFailed, StoreRefused), match="No space left on device"):
            work(tmp_path, disk, confirmed)
        doubtful = len(confirmed) // 5  # the number of the market that was under way
        candidates = [same(confirmed), same(confirmed | rows_of(market(doubtful, JANUARY + doubtful * LENGTH)))]
        for after in (disk, disk.after_cut(Random(step))):
            again = TinyStore.open(tmp_path, disk=after)
            assert found(again) in candidates
            again.commit([position_put(1)])
            again.close()


def test_a_file_that_may_grow_no_more(tmp_path: Path) -> None:
    """The system's own refusal: the limit on the size of files."""
    store = TinyStore.open(tmp_path)
    limits, confirmed = resource.getrlimit(resource.RLIMIT_FSIZE), 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limits[1]))
    try:
        with pytest.raises(StoreFailed, match=rf"{SEGMENT} failed .*File too large.*make room on the disk"):  # noqa: PT012
            while True:
                store.commit([position_put(n) for n in range(confirmed, confirmed + 100)])
                confirmed += 100
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert confirmed > 1_000
    expected = [position(n) for n in range(confirmed)]
    assert store.select("positions") == expected
    store.close()
    again = TinyStore.open(tmp_path)
    assert again.select("positions") == expected
    again.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of somebody whom permissions bind, also where the tests run as the superuser."""
    made = Path(tempfile.mkdtemp())
    with as_nobody(made):
        yield made
        made.chmod(0o700)
    shutil.rmtree(made)


@contextmanager
def as_nobody(made: Path) -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.chown(made, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class TestPermissions:
    def test_an_empty_folder_that_may_not_be_written(self, folder: Path) -> None:
        folder.chmod(0o500)
        with pytest.raises(StoreRefused, match=rf"{folder} cannot be used .*check DATA_DIR and its permissions"):
            TinyStore.open(folder)

    @pytest.mark.parametrize(("name", "mode"), [(SEGMENT, 0o400), (SEGMENT, 0o000), ("store.lock", 0o400)])
    def test_a_file_that_may_not_be_written_or_read(self, folder: Path, name: str, mode: int) -> None:
        store = TinyStore.open(folder)
        store.commit([position_put(1)])
        store.close()
        before = (folder / SEGMENT).read_bytes()
        (folder / name).chmod(mode)
        with pytest.raises(StoreRefused, match=rf"Permission denied.*{name}.*(mend that first|its permissions)"):
            TinyStore.open(folder)
        (folder / name).chmod(0o600)
        assert (folder / SEGMENT).read_bytes() == before
        store = TinyStore.open(folder)
        assert store.select("positions") == [position(1)]
        store.close()

    def test_a_folder_that_becomes_read_only_while_running(self, folder: Path) -> None:
        """Lines go on in the segment that is open; the next one cannot be made, and that is final."""
        store = TinyStore.open(folder, limits=EAGER)
        store.commit([position_put(0)])
        folder.chmod(0o500)
        confirmed = 1
        with pytest.raises(StoreFailed, match="Permission denied"):  # noqa: PT012
            while True:
                store.commit([position_put(confirmed)])
                confirmed += 1
        folder.chmod(0o700)
        with pytest.raises(StoreFailed, match="Permission denied"):
            store.commit([position_put(99)])
        store.close()
        again = TinyStore.open(folder)
        assert again.select("positions") == [position(n) for n in range(confirmed)]
        again.close()
