"""Crashes at every step and damage at every byte: what was confirmed is there, or opening is refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_disks import MemoryDisk, PowerCut
from storage_samples import position, position_put

from storage import journal, snapshot
from storage.durable import Limits
from storage.store import TinyStore
from trading.domain.errors import StoreFailed, StoreRefused
from trading.domain.records import Record

EAGER = Limits(journal_bytes_min=600, background=False)
ROOT = Path(__file__).parents[2]
SEGMENT = journal.segment_name(1)


def rows(folder: Path, disk: MemoryDisk) -> tuple[list[Record], tuple[str, ...]]:
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


def with_segment(disk: MemoryDisk, data: bytes) -> MemoryDisk:
    other = disk.copy()
    other.put(SEGMENT, data)
    return other


@pytest.mark.parametrize("padding", [0, 700])
def test_cut_at_any_byte_every_whole_commit_is_there(tmp_path: Path, padding: int) -> None:
    disk, ends = filled(tmp_path)
    data = disk.read(Path(SEGMENT))
    for size in range(ends[-1] + 1):
        cut = with_segment(disk, data[:size] + bytes(padding))
        whole = sum(end <= size for end in ends[1:])
        found, recovered = rows(tmp_path, cut)
        assert found == [position(n) for n in range(whole)]
        assert bool(recovered) == (size not in (0, *ends))
        if size % 5 == 0:
            _commits_go_on(tmp_path, cut, found)


def _commits_go_on(folder: Path, disk: MemoryDisk, found: list[Record]) -> None:
    store = TinyStore.open(folder, disk=disk)
    assert store.recovered == ()  # it was said once
    store.commit([position_put(99)])
    store.close()
    assert rows(folder, disk) == ([*found, position(99)], ())


def test_an_unfinished_write_is_kept_aside_and_told(tmp_path: Path) -> None:
    disk, ends = filled(tmp_path)
    data = disk.read(Path(SEGMENT))[: ends[-1] - 9]
    cut = with_segment(disk, data)
    _, (sentence,) = rows(tmp_path, cut)
    aside = f"unfinished-000000000001-{ends[-2]}.bin"
    assert cut.read(Path(aside)) == data[ends[-2] :]
    assert sentence.startswith(f"the last write of {SEGMENT} was cut short")
    assert sentence.endswith(aside)


def test_a_changed_bit_in_the_middle_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    disk, ends = filled(tmp_path)
    data = disk.read(Path(SEGMENT))
    for at in range(ends[-2]):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        damaged = with_segment(disk, bytes(changed))
        with pytest.raises(StoreRefused, match=rf"{SEGMENT} is damaged at byte \d+: restore the folder from a backup"):
            rows(tmp_path, damaged)
        assert damaged.steps == 0
        assert damaged.read(Path(SEGMENT)) == bytes(changed)


def test_a_changed_bit_in_the_last_line_never_gives_wrong_rows(tmp_path: Path) -> None:
    disk, ends = filled(tmp_path)
    data = disk.read(Path(SEGMENT))
    for at in range(ends[-2], ends[-1]):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with suppress(StoreRefused):
            found, recovered = rows(tmp_path, with_segment(disk, bytes(changed)))
            assert found == [position(n) for n in range(3)]
            assert recovered


def _many(folder: Path) -> MemoryDisk:
    """A disk with a snapshot and a segment behind it."""
    disk = MemoryDisk()
    store = TinyStore.open(folder, disk=disk, limits=EAGER)
    for number in range(20):
        store.commit([position_put(number)])
    store.close()
    assert snapshot.NAME in disk.names(folder)
    return disk


def test_a_changed_bit_in_the_snapshot_is_refused(tmp_path: Path) -> None:
    disk = _many(tmp_path)
    data = disk.read(Path(snapshot.NAME))
    for at in range(len(data)):
        damaged, changed = disk.copy(), bytearray(data)
        changed[at] ^= 1 << (at % 8)
        damaged.put(snapshot.NAME, bytes(changed))
        with pytest.raises(StoreRefused, match=r"snapshot\.json"):
            rows(tmp_path, damaged)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    disk = _many(tmp_path)
    (segment,) = (name for name in disk.names(tmp_path) if journal.first_of(name))
    without_segment, without_snapshot = disk.copy(), disk.copy()
    without_segment.remove(Path(segment))
    without_snapshot.remove(Path(snapshot.NAME))
    with pytest.raises(StoreRefused, match=f"{segment} is missing: restore"):
        rows(tmp_path, without_segment)
    with pytest.raises(StoreRefused, match=rf"commits 1 to \d+ are missing before .*{segment}: restore"):
        rows(tmp_path, without_snapshot)


def test_a_damaged_line_is_refused_where_a_later_segment_follows(tmp_path: Path) -> None:
    disk, ends = filled(tmp_path)
    disk.put(SEGMENT, disk.read(Path(SEGMENT))[: ends[-1] - 1])
    later = journal.header(5)
    disk.put(journal.segment_name(5), later)
    with pytest.raises(StoreRefused, match=f"{SEGMENT} is damaged at byte {ends[-2]}"):
        rows(tmp_path, disk)
    disk.put(SEGMENT, disk.read(Path(SEGMENT))[: ends[-2]])
    with pytest.raises(StoreRefused, match="commits 4 to 4 are missing before"):
        rows(tmp_path, disk)


def test_a_commit_out_of_order_is_refused(tmp_path: Path) -> None:
    disk, ends = filled(tmp_path)
    data = disk.read(Path(SEGMENT))
    disk.put(SEGMENT, data[: ends[1]] + data[ends[2] : ends[-1]])
    with pytest.raises(StoreRefused, match=f"at byte {ends[1]} holds commit 3 in place of 2"):
        rows(tmp_path, disk)


def test_segments_left_over_beside_a_newer_snapshot_are_cleared(tmp_path: Path) -> None:
    disk = _many(tmp_path)
    expected, _ = rows(tmp_path, disk)
    disk.put(SEGMENT, filled(tmp_path / "other")[0].read(Path(SEGMENT)))
    disk.put(snapshot.UNFINISHED_NAME, b"{")
    disk.put("journal-000000000099.new", b"")
    disk.put("notes.new", b"not ours")
    assert rows(tmp_path, disk) == (expected, ())
    assert len(disk.names(tmp_path)) == 3
    assert "notes.new" in disk.names(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(0, 2**32))
def test_no_power_cut_loses_a_confirmed_commit(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], seed: int
) -> None:
    """Power goes at some step, again and again, also while opening and in the middle of a snapshot."""
    folder = tmp_path_factory.getbasetemp() / "cuts"
    random, disk = Random(seed), MemoryDisk()
    confirmed: dict[int, int] = {}
    for cut in cuts:
        disk.cut_at = disk.steps + cut
        confirmed, doubtful = _until_the_cut(folder, disk, random, confirmed)
        disk = disk.after_cut(random)
        found, _ = rows(folder, disk)
        held = {int(str(row.ticker)[1:]): int(row.contracts) for row in found}  # type: ignore[union-attr]
        assert held in (confirmed, confirmed | doubtful)
        confirmed = held


def _until_the_cut(
    folder: Path, disk: MemoryDisk, random: Random, confirmed: dict[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    """What was confirmed before the power went, and the commit that was under way."""
    doubtful: dict[int, int] = {}
    store: TinyStore | None = None
    try:
        store = TinyStore.open(folder, disk=disk, limits=EAGER)
        while True:
            doubtful = {random.randint(0, 9): random.randint(1, 999) for _ in range(random.randint(1, 12))}
            store.commit([position_put(number, contracts) for number, contracts in doubtful.items()])
            confirmed, doubtful = confirmed | doubtful, {}
    except PowerCut:
        return confirmed, doubtful
    finally:
        if store is not None:
            store.close()


def test_a_line_whose_sync_failed_is_not_lost_later(tmp_path: Path) -> None:
    """The system forgets what it could not write, and still shows it: read at opening, it must be written again."""

    class ForgetfulDisk(MemoryDisk):
        forget = False

        def sync(self, handle: int) -> None:
            if self.forget:
                self._handles[handle].pending.clear()
                raise OSError("cannot sync")
            super().sync(handle)

    disk = ForgetfulDisk()
    store = TinyStore.open(tmp_path, disk=disk)
    disk.forget = True
    with pytest.raises(StoreFailed):
        store.commit([position_put(1)])
    store.close()
    disk.forget = False
    store = TinyStore.open(tmp_path, disk=disk)
    store.commit([position_put(2)])
    store.close()
    assert rows(tmp_path, disk.after_cut(Random(1))) == ([position(1), position(2)], ())


COMMITS = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from storage_samples import position_put
from storage.durable import Limits
from storage.store import TinyStore
store = TinyStore.open(pathlib.Path(sys.argv[1]), limits=Limits(journal_bytes_min=20_000))
number = store.count("positions")
while True:
    store.commit([position_put(number)])
    number += 1
    print(number, flush=True)
"""


def test_killed_at_any_moment_no_confirmed_commit_is_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMITS, str(tmp_path), str(Path(__file__).parent)]
    for delay_s in (0.05, 0.15, 0.3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay_s)
            process.send_signal(signal.SIGKILL)
            confirmed = int(process.stdout.read().split()[-1])
        store = TinyStore.open(tmp_path)
        count = store.count("positions")
        assert confirmed <= count <= confirmed + 1
        assert store.select("positions") == [position(n) for n in range(count)]
        store.close()
