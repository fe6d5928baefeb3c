"""Snapshots: all rows in one plain TinyDB file, which stock TinyDB opens too.

Its last table `_meta` says the schema version, the sequence number of the last commit inside, and a checksum of all
that stands before it, so that a changed byte is refused and not traded upon. It is written aside and renamed: at any
moment the folder holds a whole snapshot, the old one or the new.

Its lines are some hundred rows each (no document has a line break in it), so that it can be read a line at a time: a
decoder lets no other thread run before it has ended, and a month's rows in one piece held the loop for 100 ms. A file
that has no lines, as earlier versions wrote it, is read in one piece.

It is synced a piece at a time while it is written: a commit that is synced meanwhile waits until the drive has written
all that it was given before, of whichever file, and so for one piece and not for the whole snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from storage.disk import Disk
from storage.migrations import current_version, refuse_newer
from trading.domain.errors import StoreRefused

NAME = "snapshot.json"
UNFINISHED_SUFFIX = ".new"
BATCH_ROWS = 500  # of a line, joined and written at a time: a third of a millisecond that other threads wait for
PIECE_BYTES = 1024 * 1024  # written between two syncs, at least; the drive is done with it in some milliseconds
_META = b',"_meta":{"1":'
_END = b"}}"
_OPENS = b'":{'  # ends the line on which a table begins

Tables = dict[str, dict[int, bytes]]  # table -> document id -> document
Making = Iterable[tuple[str, Mapping[int, bytes]]]  # the same, one table after the other
RawRows = dict[int, msgspec.Raw]

_ROWS = msgspec.json.Decoder(RawRows)
_WHOLE = msgspec.json.Decoder(dict[str, RawRows])


class Meta(msgspec.Struct, frozen=True):
    """What the snapshot says about itself."""

    schema: int
    sequence: int
    crc: str


class Loaded(NamedTuple):
    """A snapshot that is whole, `size` bytes. `tables` are its rows, read as they are asked for: for each table, one
    after the other, some of them at a time."""

    meta: Meta
    tables: Iterator[tuple[str, RawRows]]
    size: int


def aside(name: str) -> str:
    """What a file is called until all of it is on disk."""
    return str(Path(name).with_suffix(UNFINISHED_SUFFIX))


def write(disk: Disk, folder: Path, tables: Tables, sequence: int, name: str = NAME) -> int:
    """Write the rows as they stood after commit `sequence`; the bytes of it. Raises OSError: the old one then stays."""
    return _write(disk, folder, tables.items(), lambda: sequence, name)


def write_counted(disk: Disk, folder: Path, tables: Making, name: str) -> int:
    """Write tables that are made one after the other, so that they need not stand in memory together; how many rows
    they have, which is the file's sequence number. Raises OSError and what making them raises: the old one then
    stays."""
    count = 0

    def counted() -> Iterator[tuple[str, Mapping[int, bytes]]]:
        nonlocal count
        for table, rows in tables:
            count += len(rows)
            yield table, rows

    _write(disk, folder, counted(), lambda: count, name)
    return count


def _write(
    disk: Disk,
    folder: Path,
    tables: Making,
    sequence: Callable[[], int],
    name: str,
) -> int:
    handle = disk.create(folder / aside(name))
    try:
        size = _write_all(disk, handle, tables, sequence)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.replace(folder / aside(name), folder / name)
    disk.sync_folder(folder)
    return size


def load(disk: Disk, path: Path, remedy: str, only: str = "") -> Loaded:
    """A file's rows, or those of one table. Raises StoreRefused, its sentence ending with the remedy, and OSError."""
    data = disk.read(path)
    try:
        meta = _read_meta(data)
        refuse_newer(path, meta.schema)
        end = data.rindex(_META)
        if meta.crc != _seal(crc32(memoryview(data)[:end]), meta.schema, meta.sequence):
            raise ValueError("its checksum does not match its content")
    except ValueError as error:
        raise StoreRefused(f"{path} is damaged: {error}; {remedy}") from None
    return Loaded(meta, _tables(data, end, only), len(data))


def _read_meta(data: bytes) -> Meta:
    """What a snapshot's bytes say about themselves. Raises ValueError when that cannot be read."""
    begin = data.rfind(_META)
    try:
        if begin < 0 or not data.endswith(_END):
            raise ValueError
        return msgspec.json.decode(data[begin + len(_META) : -len(_END)], type=Meta)
    except ValueError:
        raise ValueError("its end is missing") from None


def _tables(data: bytes, end: int, only: str) -> Iterator[tuple[str, RawRows]]:
    """The rows that stand before `end`. Those of other tables are not looked at where `only` one is wanted."""
    if data.find(b"\n", 0, end) < 0:
        whole = _WHOLE.decode(data[:end] + b"}")
        yield from ((table, rows) for table, rows in whole.items() if only in ("", table))
        return
    table = ""
    for line in _lines(data, end):
        if line.endswith(_OPENS):
            table = line[line.index(b'"') + 1 : -len(_OPENS)].decode()
        elif line.startswith(b'"') and only in ("", table):
            yield table, _ROWS.decode(b"{%b}" % line.removesuffix(b","))


def _lines(data: bytes, end: int) -> Iterator[bytes]:
    begin = 0
    while begin < end:
        stop = data.find(b"\n", begin, end)
        stop = end if stop < 0 else stop
        yield data[begin:stop]
        begin = stop + 1


def _write_all(disk: Disk, handle: int, tables: Making, sequence: Callable[[], int]) -> int:
    """The bytes of it, the last piece not synced yet. `sequence` is asked for when all rows are written."""
    size = crc = synced = 0
    for part in _parts(tables):
        disk.write(handle, part, size)
        size, crc = size + len(part), crc32(part, crc)
        if size - synced >= PIECE_BYTES:
            disk.sync(handle)
            synced = size
    schema = current_version()
    number = sequence()
    meta = msgspec.json.encode(Meta(schema, number, _seal(crc, schema, number)))
    end = b"%b%b%b" % (_META, meta, _END)
    disk.write(handle, end, size)
    return size + len(end)


def _parts(tables: Making) -> Iterator[bytes]:
    opening = b"{"
    for table, rows in tables:
        yield b'%b"%b%b\n' % (opening, table.encode(), _OPENS)
        yield from _batches(rows)
        yield b"}"
        opening = b","


def _batches(rows: Mapping[int, bytes]) -> Iterator[bytes]:
    items, comma = iter(rows.items()), b""
    while batch := list(islice(items, BATCH_ROWS)):
        yield comma + b",".join([b'"%d":%b' % item for item in batch])
        comma = b",\n"
    yield b"\n"


def _seal(crc: int, schema: int, sequence: int) -> str:
    return f"{crc32(b'%d %d' % (schema, sequence), crc):08x}"
