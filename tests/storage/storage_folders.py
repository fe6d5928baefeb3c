"""Folders of the store for tests of damage: some commits on a disk in memory, and what is found in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from storage_disks import MemoryDisk, PowerCut
from storage_samples import position_put

from storage import journal, snapshot
from storage.durable import Limits
from storage.store import TinyStore
from trading.domain.records import Record

EAGER = Limits(journal_bytes_min=600, background=False)
SMALL_CHUNK_BYTES = 1024  # so that a segment grows every few commits
SEGMENT = journal.segment_name(1)


def positions(folder: Path, disk: MemoryDisk) -> tuple[list[Record], tuple[str, ...]]:
    """The rows that are there after opening, and what opening said."""
    store = TinyStore.open(folder, disk=disk)
    try:
        return store.select("positions"), store.recovered
    finally:
        store.close()


def filled(folder: Path, count: int = 4) -> tuple[MemoryDisk, list[int]]:
    """A disk with one segment of some commits, and where each of them (and before them the header) ends."""
    disk = MemoryDisk()
    store = TinyStore.open(folder, disk=disk)
    for number in range(count):
        store.commit([position_put(number)])
    store.close()
    return disk, [line.end for line in journal.scan(disk.read(Path(SEGMENT))).lines]


def many(folder: Path) -> MemoryDisk:
    """A disk with a snapshot and a segment behind it."""
    disk = MemoryDisk()
    store = TinyStore.open(folder, disk=disk, limits=EAGER)
    for number in range(20):
        store.commit([position_put(number)])
    store.close()
    assert snapshot.NAME in disk.names(folder)
    return disk


class _NoSnapshots(MemoryDisk):
    """Every snapshot ends in a crash, just before it has its name."""

    def replace(self, source: Path, target: Path) -> None:
        if target.name == snapshot.NAME:
            raise PowerCut
        super().replace(source, target)


def without_snapshots(folder: Path) -> tuple[MemoryDisk, list[int]]:
    """A disk with three segments, as crashes in the middle of snapshots leave them, and their numbers."""
    disk = _NoSnapshots()
    for _ in range(2):
        store = TinyStore.open(folder, disk=disk, limits=EAGER)
        with suppress(PowerCut):
            for number in range(store.count("positions"), 99):
                store.commit([position_put(number)])
        store.close()
    firsts = sorted(n for n in map(journal.first_of, disk.names(folder)) if n)
    assert len(firsts) == 3
    return disk.copy(), firsts


def with_file(disk: MemoryDisk, name: str, data: bytes) -> MemoryDisk:
    """Another disk with the same files, but for this one."""
    other = disk.copy()
    other.put(name, data)
    return other


def with_segment(disk: MemoryDisk, lines: bytes) -> MemoryDisk:
    """Another disk whose first segment has these bytes and zeros behind them."""
    return with_file(disk, SEGMENT, lines.ljust(journal.CHUNK_BYTES, b"\0"))
