"""Copies of a store that its owner goes on writing: a prefix of its history, with all that was confirmed before."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from storage_samples import position_put

from storage import copying, journal
from storage.copying import copied, readable
from storage.durable import Limits
from storage.store import TinyStore
from tests.busy_writer import trade
from trading.domain.errors import StoreInUse, StoreRefused
from trading.domain.records import Control
from trading.domain.trade import Trade

ROOT = Path(__file__).parents[2]
COPIES = 30
WAIT_SECONDS_MAX = 20.0


class Writer:
    """The busy process; `confirmed` is how many commits it has said to be on disk."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.busy_writer", str(folder)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.confirmed = 0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.endswith("\n"):
                self.confirmed = int(line)

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + WAIT_SECONDS_MAX
        while self.confirmed < count:
            assert self._process.poll() is None
            assert time.monotonic() < end, f"only {self.confirmed} commits in {WAIT_SECONDS_MAX:g} s"
            time.sleep(0.001)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    writer = Writer(folder)
    try:
        yield writer
    finally:
        writer.kill()


def history(store: TinyStore) -> int:
    """How many commits the store holds, which must be all up to the last."""
    row = store.get("control", "count")
    count = int(row.value["count"]) if isinstance(row, Control) else 0
    assert cast(list[Trade], store.all("trades")) == [trade(number) for number in range(count)]
    return count


def test_a_copy_is_a_prefix_with_all_that_was_confirmed_before(tmp_path: Path) -> None:
    snapshots, archived, before = set[bytes](), 0, 0
    with writing(tmp_path / "store") as writer:
        for number in range(COPIES):
            writer.wait_for(writer.confirmed + 7)
            before = writer.confirmed
            with copied(tmp_path / "store", tmp_path / f"copy-{number}") as store:
                assert history(store) >= before
                archived += bool(store.archived("trades"))
            snapshots.update(p.read_bytes()[-60:] for p in (tmp_path / f"copy-{number}").glob("snapshot.json"))
    assert len(snapshots) >= 3, "the owner has compacted while it was copied"
    assert archived, "and moved rows to the archives"
    with copied(tmp_path / "store", tmp_path / "last") as store:
        assert history(store) >= before, "also that of a process that was killed"


def test_the_copy_of_a_store_that_nobody_writes_is_the_store_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "store"
    store = TinyStore.open(source, limits=Limits(600, background=False))
    for number in range(20):
        store.commit([position_put(number)])
    rows, sequence = store.select("positions"), store.sequence
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    with copied(source, tmp_path / "copy") as copy:
        assert (copy.select("positions"), copy.sequence) == (rows, sequence)
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    store.commit([position_put(99)])
    store.close()


def test_a_running_bots_store_is_read_from_a_copy_and_any_other_where_it_is(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path / "store")
    store.commit([position_put(1)])
    with readable(tmp_path / "store", tmp_path / "aside") as copy:
        assert copy.select("positions") == store.select("positions")
    assert (tmp_path / "aside").is_dir()
    store.close()
    with readable(tmp_path / "store", tmp_path / "elsewhere") as own:
        assert own.count("positions") == 1
        with pytest.raises(StoreInUse):
            TinyStore.open(tmp_path / "store")
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_crash_left_unfinished_is_not_copied_and_damage_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "store"
    store = TinyStore.open(source)
    for number in range(3):
        store.commit([position_put(number)])
    store.close()
    [path] = source.glob("journal-*")
    whole = path.read_bytes()
    lines = journal.scan(whole).lines
    path.write_bytes(whole[: lines[-1].end - 9].ljust(len(whole), b"\0"))
    with copied(source, tmp_path / "torn") as copy:
        assert (copy.count("positions"), len(copy.recovered)) == (2, 1)
    damaged = bytearray(whole)
    damaged[lines[1].start + 30] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(StoreRefused, match="damaged at byte") as refused, copied(source, tmp_path / "damaged"):
        pass
    assert str(path) in str(refused.value), "the owner's file is named, and not the copy"
    assert not (tmp_path / "damaged").exists()


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: folder.mkdir()])
def test_a_folder_without_a_store_is_refused(tmp_path: Path, make: type) -> None:
    make(tmp_path / "store")
    with pytest.raises(StoreRefused, match="there is no store in"), copied(tmp_path / "store", tmp_path / "copy"):
        pass


class Growing:
    """A segment's file as a reader finds it while its last line is being written."""

    def __init__(self, *reads: bytes) -> None:
        self.reads = list(reads)

    def read_bytes(self) -> bytes:
        return self.reads.pop(0) if len(self.reads) > 1 else self.reads[0]


def test_a_line_that_is_being_written_is_waited_for() -> None:
    whole = (journal.header(1) + journal.frame(1, b"{}") + journal.frame(2, b"{}")).ljust(4096, b"\0")
    end = len(journal.header(1)) + len(journal.frame(1, b"{}"))
    begun, hole = whole[: end + 5].ljust(4096, b"\0"), whole[:end] + b"\0" * 5 + whole[end + 5 :]
    for reads in ([begun, whole], [hole, begun, whole], [whole]):
        assert copying._segment(cast(Path, Growing(*reads))) == whole
    assert copying._segment(cast(Path, Growing(begun, begun, whole))) == begun, "what stays so is on the disk so"


def test_a_snapshot_that_is_replaced_between_two_reads_costs_a_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TinyStore.open(tmp_path / "store", limits=Limits(600, background=False))
    read, tries = copying._copy_snapshot, list[int]()

    def meanwhile(source: Path, target: Path) -> int:
        covered = read(source, target)
        tries.append(covered)
        if len(tries) < 4:
            for number in range(30):
                store.commit([position_put(number)])
        return covered

    store.commit([position_put(0)])
    monkeypatch.setattr(copying, "_copy_snapshot", meanwhile)
    with copied(tmp_path / "store", tmp_path / "copy") as copy:
        assert copy.sequence == store.sequence
    assert len(tries) == 4
    monkeypatch.setattr(copying, "_copy_snapshot", lambda source, target: 0)
    with pytest.raises(StoreRefused, match="missing before"), copied(tmp_path / "store", tmp_path / "never"):
        pass
    store.close()
