"""Snapshots: all rows in one plain TinyDB file, which stock TinyDB opens too.

Its last table `_meta` says the schema version, the sequence number of the last commit inside, and a checksum of all
that stands before it, so that a changed byte is refused and not traded upon. It is written aside and renamed: at any
moment the folder holds a whole snapshot, the old one or the new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
BATCH_ROWS = 500  # joined and written at a time: a third of a millisecond that other threads wait for
_META = b',"_meta":{"1":'

Tables = dict[str, dict[int, bytes]]  # table -> document id -> document


class Meta(msgspec.Struct, frozen=True):
    """What the snapshot says about itself."""

    schema: int
    sequence: int
    crc: str


class Loaded(NamedTuple):
    """A snapshot that is whole; its rows are views of what was read, `size` bytes."""

    meta: Meta
    tables: dict[str, dict[int, msgspec.Raw]]
    size: int


def aside(name: str) -> str:
    """What a file is called until all of it is on disk."""
    return str(Path(name).with_suffix(UNFINISHED_SUFFIX))


def write(disk: Disk, folder: Path, tables: Tables, sequence: int, name: str = NAME) -> int:
    """Write the rows as they stood after commit `sequence`; the bytes of it. Raises OSError: the old one then stays."""
    handle = disk.create(folder / aside(name))
    try:
        size = _write_all(disk, handle, tables, sequence)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.replace(folder / aside(name), folder / name)
    disk.sync_folder(folder)
    return size


def load(disk: Disk, path: Path, remedy: str) -> Loaded:
    """A file's rows. Raises StoreRefused, its sentence ending with the remedy, and OSError."""
    data = disk.read(path)
    try:
        meta = _read_meta(data)
        refuse_newer(path, meta.schema)
        return Loaded(meta, _read_tables(data, meta), len(data))
    except ValueError as error:
        raise StoreRefused(f"{path} is damaged: {error}; {remedy}") from None


def _read_meta(data: bytes) -> Meta:
    """What a snapshot's bytes say about themselves. Raises ValueError when that cannot be read."""
    _, _, tail = data.rpartition(_META)
    try:
        return msgspec.json.decode(tail[:-2], type=Meta)
    except msgspec.DecodeError:
        raise ValueError("its end is missing") from None


def _read_tables(data: bytes, meta: Meta) -> dict[str, dict[int, msgspec.Raw]]:
    """Its rows, as views of `data`. Raises ValueError when a byte is not what was written."""
    head = memoryview(data)[: data.rindex(_META)]
    if meta.crc != _seal(crc32(head), meta.schema, meta.sequence):
        raise ValueError("its checksum does not match its content")
    tables = msgspec.json.decode(data, type=dict[str, dict[int, msgspec.Raw]])
    del tables["_meta"]
    return tables


def _write_all(disk: Disk, handle: int, tables: Tables, sequence: int) -> int:
    size = crc = 0
    for part in _parts(tables):
        disk.write(handle, part, size)
        size, crc = size + len(part), crc32(part, crc)
    schema = current_version()
    meta = msgspec.json.encode(Meta(schema, sequence, _seal(crc, schema, sequence)))
    end = b"%b%b}}" % (_META, meta)
    disk.write(handle, end, size)
    return size + len(end)


def _parts(tables: Tables) -> Iterator[bytes]:
    opening = b"{"
    for table, rows in tables.items():
        yield b'%b"%b":{' % (opening, table.encode())
        yield from _batches(rows)
        yield b"}"
        opening = b","


def _batches(rows: Mapping[int, bytes]) -> Iterator[bytes]:
    items, comma = iter(rows.items()), b""
    while batch := list(islice(items, BATCH_ROWS)):
        yield comma + b",".join([b'"%d":%b' % item for item in batch])
        comma = b","


def _seal(crc: int, schema: int, sequence: int) -> str:
    return f"{crc32(b'%d %d' % (schema, sequence), crc):08x}"
