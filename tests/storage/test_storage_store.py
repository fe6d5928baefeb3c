"""What every Store promises, and what TinyStore adds: one owner, versions, snapshots, failures that are final."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_disks import FailingDisk, MemoryDisk
from storage_samples import SAMPLES, order, position, position_put, puts, trade, won

from storage import durable, migrations, snapshot
from storage.durable import Limits
from storage.store import TinyStore
from trading.domain.errors import StoreFailed, StoreRefused
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import TABLES, Put, Record
from trading.domain.trade import TradeOutcome

EAGER = Limits(journal_bytes_min=2_000, background=False)  # a snapshot every few commits
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TinyStore]:
    with_rows = TinyStore.open(tmp_path)
    yield with_rows
    with_rows.close()


def reopened(store: TinyStore, folder: Path) -> TinyStore:
    store.close()
    return TinyStore.open(folder)


def everything(store: TinyStore) -> dict[str, list[Record]]:
    return {table: store.select(table) for table in TABLES}


class TestContract:
    def test_an_empty_store_has_no_rows(self, store: TinyStore) -> None:
        assert all(store.count(table) == 0 and store.tail(table, 5) == [] for table in TABLES)
        assert store.get("trades", "nothing") is None

    def test_one_commit_changes_all_tables(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit([Put(table, "key", record) for table, record in SAMPLES.items()])
        for _ in range(2):
            assert {table: store.get(table, "key") for table in TABLES} == SAMPLES
            assert all(store.count(table) == 1 for table in TABLES)
            store = reopened(store, tmp_path)
        store.close()

    def test_a_replaced_row_keeps_its_place(self, store: TinyStore) -> None:
        store.commit([position_put(n) for n in (3, 1, 2)])
        store.commit([position_put(1, 9)])
        assert store.select("positions") == [position(3), position(1, 9), position(2)]
        assert store.tail("positions", 2) == [position(1, 9), position(2)]
        assert store.tail("positions", 0) == []

    def test_the_latest_rows_are_those_of_the_moment_of_asking(self, store: TinyStore) -> None:
        store.commit([position_put(n) for n in (3, 1, 2)])
        latest = store.latest("positions")
        store.commit([position_put(4), position_put(1, 9), Put("positions", position(3).key)])
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(list, latest).result() == [position(2), position(1), position(3)]
        assert list(store.latest("positions")) == [position(4), position(2), position(1, 9)]

    def test_a_deleted_row_is_gone_and_comes_back_last(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit([position_put(1), position_put(2)])
        store.commit([Put("positions", position(1).key)])
        assert store.select("positions") == [position(2)]
        store.commit([position_put(1), Put("positions", "never there")])
        assert store.select("positions") == [position(2), position(1)]
        again = reopened(store, tmp_path)
        assert again.select("positions") == [position(2), position(1)]
        again.close()

    def test_of_several_puts_of_one_key_the_last_counts(self, store: TinyStore) -> None:
        key = position(1).key
        store.commit([position_put(1), position_put(1, 5), Put("positions", key), position_put(1, 7)])
        store.commit([position_put(2), Put("positions", position(2).key)])
        assert store.select("positions") == [position(1, 7)]

    def test_rows_are_found_by_any_of_their_fields(self, store: TinyStore) -> None:
        resting, gone = order(1), order(2, OrderStatus.CANCELED, order_id="order-2")
        paper = order(3, mode=Mode.DRY_RUN, strategy="news", ticker="OTHER")
        store.commit([Put("orders", o.client_order_id, o) for o in (resting, gone, paper)])
        assert store.select("orders", status=OrderStatus.RESTING) == [resting, paper]
        assert store.select("orders", status=OrderStatus.RESTING, mode=Mode.REAL) == [resting]
        assert (
            store.select("orders", order_id="order-2") == store.select("orders", client_order_id="bot-0002") == [gone]
        )
        assert store.select("orders", strategy="news") == store.select("orders", ticker="OTHER") == [paper]
        assert store.select("orders", count=resting.count, reduce_only=False) == [resting, gone, paper]
        assert store.select("orders", close_time=None, strategy="none such") == []

    def test_lookups_follow_changes(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit([Put("trades", t.trade_id, t) for t in (trade(1), trade(2), trade(3))])
        store.commit([Put("trades", "bot-0001", won(1)), Put("trades", "bot-0003", None)])
        for _ in range(2):
            assert store.select("trades", outcome=TradeOutcome.OPEN) == [trade(2)]
            assert store.select("trades", outcome=TradeOutcome.WIN, order_id="order-0001") == [won(1)]
            assert store.select("trades", order_id="order-0003") == []
            store = reopened(store, tmp_path)
        store.close()

    def test_mistakes_change_nothing(self, store: TinyStore) -> None:
        for bad in (Put("moons", "k", trade()), Put("orders", "k", trade())):
            with pytest.raises((ValueError, TypeError)):
                store.commit([position_put(1), bad])
        with pytest.raises(ValueError, match="rows of table trades have no field 'colour'"):
            store.select("trades", colour="red")
        with pytest.raises(ValueError, match="no table 'moons'"):
            store.get("moons", "k")
        assert store.select("positions") == []
        assert not store.failure
        store.commit([position_put(1)])

    def test_a_commit_has_a_largest_size(self, store: TinyStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(durable, "COMMIT_BYTES_MAX", 300)
        with pytest.raises(ValueError, match=r"a commit of \d+ bytes is over 300: write it in parts"):
            store.commit([position_put(n) for n in range(5)])
        store.commit([position_put(1)])
        assert store.select("positions") == [position(1)]

    def test_after_close_nothing_is_written(self, store: TinyStore) -> None:
        store.commit([position_put(1)])
        store.close()
        store.close()
        with pytest.raises(StoreFailed, match="is closed"):
            store.commit([position_put(2)])
        assert store.select("positions") == [position(1)]


@settings(max_examples=25)
@given(st.lists(st.lists(puts(), max_size=4), max_size=12), st.integers(1, 5))
def test_any_commits_then_reopening_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[Put]], every: int
) -> None:
    folder, disk = tmp_path_factory.mktemp("any"), MemoryDisk()
    model: dict[str, dict[str, Record]] = {table: {} for table in TABLES}
    store = TinyStore.open(folder, disk=disk, limits=EAGER)
    for number, commit in enumerate(commits):
        store.commit(commit)
        _apply(model, commit)
        if number % every == 0:
            store.close()
            store = TinyStore.open(folder, disk=disk, limits=EAGER)
        assert everything(store) == {table: list(rows.values()) for table, rows in model.items()}
    store.close()


def _apply(model: dict[str, dict[str, Record]], commit: list[Put]) -> None:
    """A commit is one change: only what a key comes to in the end counts, and where it first stood."""
    for put in dict.fromkeys((p.table, p.key) for p in commit if p.record is not None):
        model[put[0]].setdefault(put[1], SAMPLES[put[0]])
    for table, key in {(p.table, p.key) for p in commit}:
        record = [p.record for p in commit if (p.table, p.key) == (table, key)][-1]
        if record is None:
            model[table].pop(key, None)
        else:
            model[table][key] = record


class TestSnapshots:
    def test_old_segments_go_and_rows_stay(self, tmp_path: Path) -> None:
        limits = Limits(journal_bytes_min=20_000)
        store = TinyStore.open(tmp_path, limits=limits)
        for number in range(200):
            store.commit([Put("trades", f"bot-{number:04d}", won(number))])
        store.wait()
        store.close()
        assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".lock", ".log"]
        again = TinyStore.open(tmp_path, limits=limits)
        assert again.select("trades") == [won(number) for number in range(200)]
        assert again.recovered == ()
        again.close()

    def test_one_that_cannot_be_written_stops_the_store(self, tmp_path: Path) -> None:
        disk = FailingDisk()
        store = TinyStore.open(tmp_path, disk=disk, limits=Limits(journal_bytes_min=100, background=False))
        store.commit([position_put(1)])
        disk.failing = "replace"
        with pytest.raises(StoreFailed, match="Input/output error"):
            store.commit([position_put(2)])
        store.close()
        assert reopened(store, tmp_path).select("positions") == [position(1)]

    def test_one_that_fails_in_the_background_stops_the_store(self, tmp_path: Path) -> None:
        class NoSnapshots(MemoryDisk):
            def replace(self, source: Path, target: Path) -> None:
                if target.name == snapshot.NAME:
                    raise OSError("no snapshots here")
                super().replace(source, target)

        store = TinyStore.open(tmp_path, disk=NoSnapshots(), limits=Limits(journal_bytes_min=0))
        store.commit([position_put(1)])
        store.wait()
        with pytest.raises(StoreFailed, match=r"snapshot\.json failed \(no snapshots here\): make room"):
            store.commit([position_put(2)])
        assert store.select("positions") == [position(1)]
        store.close()


class TestOneOwner:
    def test_a_second_store_on_the_folder_is_refused(self, store: TinyStore, tmp_path: Path) -> None:
        with pytest.raises(StoreRefused, match=r"in use by another running bot: .*DATA_DIR") as refused:
            TinyStore.open(tmp_path)
        assert str(tmp_path) in str(refused.value)

    def test_so_is_a_second_process_until_the_first_lets_go(self, store: TinyStore, tmp_path: Path) -> None:
        code = "import sys, pathlib, storage.store as s; s.TinyStore.open(pathlib.Path(sys.argv[1]))"
        command = [sys.executable, "-c", code, str(tmp_path)]
        second = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert second.returncode != 0
        assert "StoreInUse" in second.stderr
        assert "in use by another" in second.stderr
        store.close()
        assert subprocess.run(command, capture_output=True, cwd=ROOT, check=False).returncode == 0

    def test_a_refused_folder_is_let_go(self, tmp_path: Path) -> None:
        (tmp_path / snapshot.NAME).write_text("{}")
        for _ in range(2):
            with pytest.raises(StoreRefused, match=r"snapshot\.json is damaged: its end is missing"):
                TinyStore.open(tmp_path)

    def test_a_folder_that_cannot_be_used_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreRefused, match=r"file cannot be used .*check DATA_DIR"):
            TinyStore.open(tmp_path / "file")

    def test_a_folder_is_made_with_those_above_it(self, tmp_path: Path) -> None:
        TinyStore.open(tmp_path / "data" / "demo").close()
        assert oct((tmp_path / "data" / "demo").stat().st_mode & 0o777) == "0o700"

    def test_files_are_their_owners_alone(self, store: TinyStore, tmp_path: Path) -> None:
        assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("journal-*")} == {"0o600"}


class TestVersions:
    def test_files_of_a_newer_schema_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = TinyStore.open(tmp_path, limits=EAGER)
        with monkeypatch.context() as newer:
            newer.setattr(migrations, "STEPS", (*migrations.STEPS, lambda table, document: document))
            for number in range(30):
                store.commit([Put("trades", f"bot-{number}", won(number))])
        store.close()
        before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
        with pytest.raises(StoreRefused, match=r"newer version of this program \(schema 3, this one knows up to 2\)"):
            TinyStore.open(tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before

    def test_older_files_are_brought_forward(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def renamed(table: str, document: dict[str, Any]) -> dict[str, Any]:
            return document | {"strategy": document["strategy"] + "-2"} if table == "trades" else document

        store = TinyStore.open(tmp_path, limits=EAGER)
        for number in range(30):
            store.commit([Put("trades", f"bot-{number:04d}", won(number))])
        store.close()
        monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, renamed))
        for _ in range(2):
            store = TinyStore.open(tmp_path)
            assert store.select("trades") == [replace(won(n), strategy="consensus-2") for n in range(30)]
            store.close()
        assert json.loads((tmp_path / snapshot.NAME).read_bytes())["_meta"]["1"]["schema"] == 3
