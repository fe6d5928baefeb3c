"""Damage at every byte: what was confirmed is there, or opening is refused in a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from storage_disks import MemoryDisk
from storage_folders import SEGMENT, filled, many, positions, with_file, with_segment, without_snapshots
from storage_samples import position, position_put

from storage import journal, snapshot
from storage.store import TinyStore
from trading.domain.errors import StoreRefused
from trading.domain.records import Record

REMEDY = "restore the folder from a backup, or move it away to start with an empty one"


def refused(folder: Path, disk: MemoryDisk, says: str) -> None:
    """Opening says this and what to do, and touches nothing."""
    steps, names = disk.steps, disk.names(folder)
    with pytest.raises(StoreRefused, match=rf"{says}.*{REMEDY}"):
        TinyStore.open(folder, disk=disk)
    assert disk.steps == steps
    assert disk.names(folder) == names


def flipped(data: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


class TestTornWrites:
    """The end of the lines is blank from some byte on: what a crash leaves of a line that was not confirmed."""

    def test_from_any_byte_on_every_whole_commit_is_there(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data = disk.read(Path(SEGMENT))
        for size in range(ends[0], ends[-1] + 1):
            torn = with_segment(disk, data[:size])
            whole = sum(end <= size for end in ends[1:])
            found, recovered = positions(tmp_path, torn)
            assert found == [position(n) for n in range(whole)]
            assert bool(recovered) == (size not in ends)
            if size % 5 == 0:
                self.commits_go_on(tmp_path, torn, found)

    def commits_go_on(self, folder: Path, disk: MemoryDisk, found: list[Record]) -> None:
        store = TinyStore.open(folder, disk=disk)
        assert store.recovered == ()  # it was said once
        store.commit([position_put(99)])
        store.close()
        assert positions(folder, disk) == ([*found, position(99)], ())

    def test_any_sectors_of_a_long_line_may_be_missing(self, tmp_path: Path) -> None:
        disk = MemoryDisk()
        store = TinyStore.open(tmp_path, disk=disk)
        store.commit([position_put(1)])
        store.commit([position_put(n) for n in range(2, 40)])
        store.close()
        data = disk.read(Path(SEGMENT))
        start, end = (journal.scan(data).lines[-1].start, journal.scan(data).lines[-1].end)
        sectors = range(start // journal.SECTOR_BYTES, (end - 1) // journal.SECTOR_BYTES + 1)
        assert len(sectors) > 4
        random = Random(1)
        for _ in range(60):
            torn = bytearray(data)
            for sector in random.sample(sectors, random.randint(1, len(sectors))):
                first = max(start, sector * journal.SECTOR_BYTES)
                last = min(end, (sector + 1) * journal.SECTOR_BYTES)
                torn[first:last] = bytes(last - first)
            assert positions(tmp_path, with_segment(disk, bytes(torn)))[0] == [position(1)]

    def test_what_is_left_is_kept_aside_and_told(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data = disk.read(Path(SEGMENT))[: ends[-1] - 9]
        torn = with_segment(disk, data)
        _, (sentence,) = positions(tmp_path, torn)
        aside = f"unfinished-000000000001-{ends[-2]}.bin"
        assert torn.read(Path(aside)) == data[ends[-2] :]
        assert sentence.startswith(f"the last write of {SEGMENT} was cut short")
        assert sentence.endswith(aside)


class TestSegment:
    def test_cut_off_at_any_byte_is_refused(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data = disk.read(Path(SEGMENT))
        for size in range(ends[-1] + 1):
            refused(tmp_path, with_file(disk, SEGMENT, data[:size]), f"{SEGMENT} was cut off at byte {size}")

    def test_cut_off_in_the_space_behind_its_lines_loses_nothing(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data = disk.read(Path(SEGMENT))
        for size in (*range(ends[-1] + 1, ends[-1] + 700), len(data) - 1):
            found, recovered = positions(tmp_path, with_file(disk, SEGMENT, data[:size]))
            assert (len(found), recovered) == (4, ())

    @pytest.mark.parametrize("fits", [0, 1])
    def test_no_line_ever_reaches_the_end_of_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fits: int
    ) -> None:
        """Also where it would just fit, so that a file cut off exactly between two lines is told from a whole one."""
        _, ends = filled(tmp_path)
        monkeypatch.setattr(journal, "CHUNK_BYTES", ends[2] + fits)
        disk, _ = filled(tmp_path, 2)
        assert disk.read(Path(SEGMENT)).endswith(b"\0")
        assert len(disk.read(Path(SEGMENT))) == (ends[2] + fits) * (2 - fits)
        found, recovered = positions(tmp_path, disk)
        assert (len(found), recovered) == (2, ())

    @pytest.mark.parametrize(("commits", "rows"), [(2, 1), (1, 30)])
    def test_any_changed_bit_is_damage(self, tmp_path: Path, commits: int, rows: int) -> None:
        """Also in the very last line, short or over many sectors: it has all its bytes, so it was confirmed."""
        disk = MemoryDisk()
        store = TinyStore.open(tmp_path, disk=disk)
        for number in range(0, commits * rows, rows):
            store.commit([position_put(n) for n in range(number, number + rows)])
        store.close()
        lines = disk.read(Path(SEGMENT)).rstrip(b"\0")
        for at in range(len(lines)):
            scans = [journal.scan(flipped(lines, at, bit)) for bit in range(8)]
            assert all(scan.tail and not scan.torn for scan in scans)
            if at % 7 == 0:
                damaged = with_segment(disk, flipped(lines, at, at % 8))
                refused(tmp_path, damaged, rf"{SEGMENT} is damaged at byte \d+")

    def test_a_changed_bit_behind_the_lines_loses_nothing(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data, random = disk.read(Path(SEGMENT)), Random(1)
        for at in (ends[-1], len(data) - 2, *random.sample(range(ends[-1], len(data) - 1), 60)):
            found, recovered = positions(tmp_path, with_file(disk, SEGMENT, flipped(data, at, random.randrange(8))))
            assert (len(found), len(recovered)) == (4, 1)

    def test_blanked_from_its_start_is_refused(self, tmp_path: Path) -> None:
        disk, _ = filled(tmp_path)
        refused(tmp_path, with_segment(disk, b""), f"{SEGMENT} is damaged at byte 0")

    def test_a_commit_out_of_order_is_refused(self, tmp_path: Path) -> None:
        disk, ends = filled(tmp_path)
        data = disk.read(Path(SEGMENT))
        swapped = with_segment(disk, data[: ends[1]] + data[ends[2] : ends[-1]])
        refused(tmp_path, swapped, f"at byte {ends[1]} holds commit 3 in place of 2")


class TestFiles:
    def test_any_changed_bit_of_a_snapshot_is_refused(self, tmp_path: Path) -> None:
        disk = many(tmp_path)
        data = disk.read(Path(snapshot.NAME))
        for at in range(len(data)):
            refused(tmp_path, with_file(disk, snapshot.NAME, flipped(data, at, at % 8)), r"snapshot\.json is damaged")

    def test_a_snapshot_cut_off_at_any_byte_is_refused(self, tmp_path: Path) -> None:
        disk = many(tmp_path)
        data = disk.read(Path(snapshot.NAME))
        for size in range(len(data)):
            refused(tmp_path, with_file(disk, snapshot.NAME, data[:size]), r"snapshot\.json is damaged")

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        disk = many(tmp_path)
        (segment,) = (name for name in disk.names(tmp_path) if journal.first_of(name))
        without_segment, without_snapshot = disk.copy(), disk.copy()
        without_segment.remove(Path(segment))
        without_snapshot.remove(Path(snapshot.NAME))
        refused(tmp_path, without_segment, f"{segment} is missing")
        refused(tmp_path, without_snapshot, rf"commits 1 to \d+ are missing before .*{segment}")

    def test_of_several_segments_none_may_be_missing(self, tmp_path: Path) -> None:
        disk, firsts = without_snapshots(tmp_path)
        for first in firsts:
            without = disk.copy()
            without.remove(Path(journal.segment_name(first)))
            refused(tmp_path, without, "missing")

    def test_a_damaged_line_before_another_segment_is_refused(self, tmp_path: Path) -> None:
        disk, firsts = without_snapshots(tmp_path)
        name = journal.segment_name(firsts[0])
        lines = journal.scan(disk.read(Path(name))).lines
        torn = disk.read(Path(name))[: lines[-1].end - 1].ljust(journal.CHUNK_BYTES, b"\0")
        refused(tmp_path, with_file(disk, name, torn), f"{name} is damaged at byte {lines[-1].start}")
        gone = torn[: lines[-1].start].ljust(journal.CHUNK_BYTES, b"\0")
        refused(tmp_path, with_file(disk, name, gone), rf"commits {firsts[1] - 1} to {firsts[1] - 1} are missing")

    def test_a_segment_twice_is_refused_or_changes_nothing(self, tmp_path: Path) -> None:
        disk, firsts = without_snapshots(tmp_path)
        expected = positions(tmp_path, disk)
        for first in firsts:
            data = disk.read(Path(journal.segment_name(first)))
            for name in (journal.segment_name(n) for n in (2, 99) if n not in firsts):
                refused(tmp_path, with_file(disk, name, data), "missing|in place of|another file has already")
            for name in (f"journal-{first}.log", f"journal-{first:012d} (copy).log"):
                assert positions(tmp_path, with_file(disk, name, data)) == expected

    def test_leftovers_beside_a_newer_snapshot_are_cleared(self, tmp_path: Path) -> None:
        disk = many(tmp_path)
        expected, _ = positions(tmp_path, disk)
        disk.put(SEGMENT, filled(tmp_path / "other")[0].read(Path(SEGMENT)))
        for name in ("snapshot.new", "journal-000000000099.new", "archive-2026-01.new"):
            disk.put(name, b"{")
        disk.put("notes.new", b"not ours")
        assert positions(tmp_path, disk) == (expected, ())
        assert len(disk.names(tmp_path)) == 3
        assert "notes.new" in disk.names(tmp_path)

    def test_a_refusal_names_the_file_in_one_line(self, tmp_path: Path) -> None:
        disk = many(tmp_path)
        with pytest.raises(StoreRefused) as caught:
            TinyStore.open(tmp_path, disk=with_file(disk, snapshot.NAME, b"{}"))
        assert str(caught.value).startswith(str(tmp_path / snapshot.NAME))
        assert "\n" not in str(caught.value)
