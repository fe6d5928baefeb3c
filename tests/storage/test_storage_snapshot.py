"""Snapshots: what is written comes back, a few rows at a time, whatever stands in it; and so do files without lines."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import islice
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_disks import MemoryDisk, PowerCut
from storage_samples import SAMPLES, rows

from storage import codec, snapshot
from storage.migrations import current_version
from storage.snapshot import Tables

FOLDER, SEQUENCE, ROWS_A_LINE = Path("store"), 17, 3
PATH = FOLDER / snapshot.NAME


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Any rows of any tables, their ids anything, also tables without rows."""
    made: Tables = {table: {} for table in draw(st.sets(st.sampled_from(list(SAMPLES)), min_size=1))}
    for table, key, record in draw(st.lists(rows(), max_size=20)):
        made.setdefault(table, {})[draw(st.integers(1, 10**6))] = codec.encode(table, key, record)
    return made


def written(content: Tables) -> MemoryDisk:
    disk = MemoryDisk()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "BATCH_ROWS", ROWS_A_LINE)
        assert snapshot.write(disk, FOLDER, content, SEQUENCE) == len(disk.read(PATH))
    return disk


def without_lines(content: Tables) -> bytes:
    """The same as the first versions wrote it: all in one piece."""
    parts = (
        b'"%b":{%b}' % (table.encode(), b",".join(b'"%d":%b' % item for item in rows.items()))
        for table, rows in content.items()
    )
    head = b"{" + b",".join(parts)
    meta = {"schema": current_version(), "sequence": SEQUENCE}
    crc = crc32(b"%d %d" % (current_version(), SEQUENCE), crc32(head))
    return head + b',"_meta":{"1":' + json.dumps(meta | {"crc": f"{crc:08x}"}).replace(" ", "").encode() + b"}}"


def read(disk: MemoryDisk, only: str = "") -> Tables:
    loaded, found = snapshot.load(disk, PATH, "restore it", only), Tables()
    assert (loaded.meta.sequence, loaded.size) == (SEQUENCE, len(disk.read(PATH)))
    for table, some in loaded.tables:
        found.setdefault(table, {}).update({number: bytes(raw) for number, raw in some.items()})
    return found


def there(content: Tables) -> Tables:
    """Those that have rows."""
    return {table: rows for table, rows in content.items() if rows}


@given(tables())
def test_what_is_written_comes_back(content: Tables) -> None:
    disk = written(content)
    assert read(disk) == there(content)
    for table in SAMPLES:
        assert read(disk, table) == there({table: content.get(table, {})})


@given(tables())
def test_it_is_plain_json_and_each_line_has_a_few_rows(content: Tables) -> None:
    data = written(content).read(PATH)
    plain = json.loads(data)
    assert plain.pop("_meta")["1"]["sequence"] == SEQUENCE
    assert plain == {t: {str(n): json.loads(d) for n, d in rows.items()} for t, rows in content.items()}
    for _, some in snapshot.load(written(content), PATH, "").tables:
        assert 0 < len(some) <= ROWS_A_LINE


@given(tables())
def test_a_file_without_lines_is_read_too(content: Tables) -> None:
    disk = MemoryDisk()
    handle = disk.create(PATH)
    disk.write(handle, without_lines(content), 0)
    assert there(read(disk)) == there(content)
    for table in SAMPLES:
        assert there(read(disk, table)) == there({table: content.get(table, {})})


def test_what_waits_for_the_drive_is_never_much_more_than_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = list[int]()

    class Watched(MemoryDisk):
        """Notes how many bytes were written and are not synced, at each sync."""

        def sync(self, handle: int) -> None:
            waiting.append(sum(len(data) for _, data in self._handles[handle].pending))
            super().sync(handle)

    document = codec.encode("control", "k", SAMPLES["control"])
    line, piece = ROWS_A_LINE * (len(document) + 8), 10 * len(document)
    monkeypatch.setattr(snapshot, "BATCH_ROWS", ROWS_A_LINE)
    monkeypatch.setattr(snapshot, "PIECE_BYTES", piece)
    size = snapshot.write(Watched(), FOLDER, {"control": dict.fromkeys(range(1, 200), document)}, SEQUENCE)
    assert sum(waiting) == size
    assert len(waiting) > 10
    assert all(piece <= each < piece + line for each in waiting[:-1])
    assert waiting[-1] < piece + line


def test_a_power_cut_after_any_piece_leaves_the_old_one() -> None:
    """Pieces of the new one are on disk then, and its name is not."""
    document = codec.encode("control", "k", SAMPLES["control"])
    old, new = ({"control": dict.fromkeys(range(1, count), document)} for count in (5, 40))
    cuts = 0
    while True:
        disk = written(old)
        disk.cut_at = disk.steps + cuts
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(snapshot, "BATCH_ROWS", ROWS_A_LINE)
            patch.setattr(snapshot, "PIECE_BYTES", 1)
            with suppress(PowerCut):
                snapshot.write(disk, FOLDER, new, SEQUENCE)
                break
        assert read(disk.after_cut(Random(cuts))) in (old, new)
        cuts += 1
    assert cuts > 2 * len(new["control"]) // ROWS_A_LINE
    assert read(disk) == new


def test_rows_are_read_as_they_are_asked_for() -> None:
    document = codec.encode("control", "k", SAMPLES["control"])
    disk = written({"control": dict.fromkeys(range(1, 4 * ROWS_A_LINE), document)})
    loaded = snapshot.load(disk, PATH, "")
    assert [len(some) for _, some in islice(loaded.tables, 2)] == [ROWS_A_LINE, ROWS_A_LINE]
    assert [len(some) for _, some in loaded.tables] == [ROWS_A_LINE, ROWS_A_LINE - 1]
