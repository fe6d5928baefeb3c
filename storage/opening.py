"""Opening a folder: the snapshot, then every commit after it, checked in full before anything on disk is touched.

Refused is all that a crash cannot explain: a gap, a damaged line that others follow, a file of a newer version. What
a crash does leave is mended: an unfinished last line is kept aside, then cleared. Starting is recovery: there is no
other path.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import msgspec

from storage import archive, journal, snapshot
from storage.disk import Disk
from storage.journal import Scan, Segment
from storage.migrations import current_version, migrate, refuse_newer
from storage.snapshot import Tables
from trading.domain.errors import StoreRefused
from trading.domain.records import TABLES

RESTORE = "restore the folder from a backup, or move it away to start with an empty one"

_CHANGES = msgspec.json.Decoder(dict[str, dict[int, msgspec.Raw]])
_HEADER = msgspec.json.Decoder(journal.Header)


@dataclass(frozen=True, slots=True)
class _Part:
    """One segment's file as read."""

    first: int
    size: int  # bytes, the zeros at its end included
    scan: Scan

    @property
    def name(self) -> str:
        return journal.segment_name(self.first)

    @property
    def schema(self) -> int:
        """The version that wrote it."""
        return _HEADER.decode(self.scan.lines[0].payload).schema

    @property
    def last(self) -> int:
        return self.scan.lines[-1].sequence


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder's rows, the segment to append to, and in words what had to be mended."""

    tables: Tables
    segment: Segment
    snapshot_bytes: int
    outdated: bool  # some file is of an older version: write a snapshot before anything else
    recovered: tuple[str, ...]


def open_folder(disk: Disk, folder: Path) -> Opened:
    """Read, check, then mend. Raises StoreRefused (nothing was changed) or OSError."""
    names = disk.names(folder)
    reading = _Reading(disk, folder)
    if snapshot.NAME in names:
        reading.snapshot()
    covered, numbers = reading.sequence, sorted(n for n in map(journal.first_of, names) if n is not None)
    last: _Part | None = None
    beyond = [n for n in numbers if n > covered]
    for first, following in zip_longest(beyond, beyond[1:]):
        last = reading.segment(first, following)
    if last.scan.sealed if last else numbers or covered:
        raise StoreRefused(f"{folder / journal.segment_name(reading.sequence + 1)} is missing: {RESTORE}")
    segment, recovered = _mend(disk, folder, last)
    _sweep(disk, folder, covered)
    outdated = not reading.versions <= {current_version()}
    return Opened(reading.tables, segment, reading.snapshot_bytes, outdated, recovered)


class _Reading:
    """The rows as far as they are read. One file at a time: a segment can be as large as the snapshot."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk, self._folder = disk, folder
        self.tables: Tables = {table: {} for table in TABLES}
        self.sequence = 0  # of the last commit that is in
        self.versions: set[int] = set()
        self.snapshot_bytes = 0

    def snapshot(self) -> None:
        path = self._folder / snapshot.NAME
        meta, tables, self.snapshot_bytes = snapshot.load(self._disk, path, RESTORE)
        self.versions.add(meta.schema)
        for table, rows in tables:
            self._change(path, table, rows, meta.schema)
        self.sequence = meta.sequence

    def segment(self, first: int, following: int | None) -> _Part:
        """One segment's commits; `following` is the number of the one after it."""
        path = self._folder / journal.segment_name(first)
        data = self._disk.read(path)
        if not data.endswith(b"\0"):
            raise StoreRefused(f"{path} was cut off at byte {len(data)}: {RESTORE}")
        part = _Part(first, len(data), journal.scan(data))
        if not part.scan.lines:
            raise StoreRefused(f"{path} is damaged at byte 0: {RESTORE}")
        schema = part.schema
        refuse_newer(path, schema)
        self.versions.add(schema)
        self._check_numbers(path, part)
        if part.scan.tail and not (part.scan.torn and following in (None, part.last + 1)):
            raise StoreRefused(f"{path} is damaged at byte {part.scan.end}: {RESTORE}")
        for line in part.scan.lines[1:]:
            for table, rows in _CHANGES.decode(line.payload).items():
                self._change(path, table, rows, schema)
        self.sequence = part.last
        return part

    def _check_numbers(self, path: Path, part: _Part) -> None:
        """Every commit since the snapshot is there, in order; a segment's header has the number before its first."""
        expected = self.sequence + 1
        if part.first < expected:
            raise StoreRefused(f"{path} begins with commit {part.first}, which another file has already: {RESTORE}")
        if part.first > expected:
            raise StoreRefused(f"commits {expected} to {part.first - 1} are missing before {path}: {RESTORE}")
        for number, line in enumerate(part.scan.lines, start=part.first - 1):
            if line.sequence != number:
                where = f"{path} at byte {line.start}"
                raise StoreRefused(f"{where} holds commit {line.sequence} in place of {number}: {RESTORE}")

    def _change(self, path: Path, table: str, rows: dict[int, msgspec.Raw], schema: int) -> None:
        if table not in self.tables:
            raise StoreRefused(f"{path} has a table {table!r} unknown to this version: start the one that wrote it")
        documents = self.tables[table]
        for number, raw in rows.items():
            if (document := bytes(raw)) == b"null":
                documents.pop(number, None)
            else:
                documents[number] = migrate(table, document, schema)


def _mend(disk: Disk, folder: Path, last: _Part | None) -> tuple[Segment, tuple[str, ...]]:
    if last is None:
        return Segment.create(disk, folder, 1), ()
    recovered = _keep_aside(disk, folder, last)
    handle = disk.open(folder / last.name)
    _renew_end(disk, handle, last)
    return Segment(disk, folder / last.name, handle, last.last, last.scan.end, last.size), recovered


def _keep_aside(disk: Disk, folder: Path, part: _Part) -> tuple[str, ...]:
    tail, end = part.scan.tail, part.scan.end
    if not tail:
        return ()
    aside = folder / f"unfinished-{part.first:012d}-{end}.bin"
    handle = disk.create(aside)
    disk.write(handle, tail, 0)
    disk.sync(handle)
    disk.close(handle)
    disk.sync_folder(folder)
    return (
        f"the last write of {part.name} was cut short ({len(tail)} bytes at byte {end}): it was never confirmed, "
        f"and what is left of it is kept in {aside.name}",
    )


def _renew_end(disk: Disk, handle: int, part: _Part) -> None:
    """Write the last line again, and zeros over what was unfinished: a sync that failed before a crash may have left
    that line in memory only, where we just read it, and it would be gone after the next power cut."""
    line = part.scan.lines[-1]
    disk.write(handle, part.scan.content[line.start : line.end] + bytes(len(part.scan.tail)), line.start)
    disk.sync(handle)


def _sweep(disk: Disk, folder: Path, snapshot_sequence: int) -> None:
    """Remove what a crash in the middle of a snapshot or an archive left over."""
    for name in disk.names(folder):
        first = journal.first_of(name)
        covered = first is not None and first <= snapshot_sequence
        if covered or journal.unfinished(name) or archive.unfinished(name) or name == snapshot.aside(snapshot.NAME):
            disk.remove(folder / name)
