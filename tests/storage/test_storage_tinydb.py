"""TinyDB's own interface over the store: queries, changes, and a snapshot that stock TinyDB opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from storage_samples import SAMPLES, position, position_put, trade, won
from tinydb import TinyDB, where

from storage import snapshot
from storage.durable import Limits
from storage.store import TinyStore
from trading.domain.errors import StoreRefused
from trading.domain.records import TABLES, Put

EAGER = Limits(journal_bytes_min=2_000, background=False)  # a snapshot every few commits


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TinyStore]:
    with_rows = TinyStore.open(tmp_path)
    yield with_rows
    with_rows.close()


def reopened(store: TinyStore, folder: Path) -> TinyStore:
    store.close()
    return TinyStore.open(folder)


class TestTinyDB:
    def test_its_queries_read_the_rows(self, store: TinyStore) -> None:
        store.commit([Put("trades", t.trade_id, t) for t in (won(1), won(2, strategy="news"), trade(3))])
        table = store.db.table("trades")
        assert [d["_key"] for d in table.search(where("strategy") == "consensus")] == ["bot-0001", "bot-0003"]
        assert table.count(where("outcome") == "WIN") == 2
        assert table.get(doc_id=2)["profit"] == "4.1627"
        assert table.contains(where("trade_id") == "bot-0003")
        assert len(table) == len(store.db.all()) == 3
        assert store.db.tables() == set(TABLES)

    def test_a_document_found_is_a_private_copy(self, store: TinyStore) -> None:
        store.commit([Put("control", "k", SAMPLES["control"])])
        for document in store.db.table("control"):
            document["value"]["by"] = "somebody else"
        assert store.get("control", "k") == SAMPLES["control"]

    def test_its_changes_are_durable_commits_too(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit([position_put(n) for n in (1, 2, 3)])
        table = store.db.table("positions")
        assert table.update({"contracts": "7"}, where("ticker") == "T2") == [2]
        assert table.remove(where("ticker") == "T1") == [1]
        assert table.insert({"_key": "real:T4", "mode": "real", "ticker": "T4", "contracts": "1"}) == 4
        expected = [position(2, 7), position(3), position(4)]
        again = reopened(store, tmp_path)
        assert again.select("positions") == expected
        assert again.get("positions", "real:T4") == position(4)
        again.db.table("positions").truncate()
        assert again.count("positions") == 0
        again.close()

    def test_it_refuses_what_is_no_row(self, store: TinyStore) -> None:
        store.commit([position_put(1)])
        table = store.db.table("positions")
        document: dict[str, Any] = {"_key": "real:T1", "mode": "real", "ticker": "T1", "contracts": "1"}
        with pytest.raises(ValueError, match="has a row with the key 'real:T1' already"):
            table.insert(document)
        with pytest.raises(ValueError, match="not a row of table positions"):
            table.update({"mode": "imaginary"})
        with pytest.raises(StoreRefused, match="never rewritten"):
            store.db.drop_tables()
        with pytest.raises(ValueError, match="no table 'moons'"):
            store.db.table("moons")
        assert store.select("positions") == [position(1)]

    def test_the_snapshot_opens_with_stock_tinydb(self, tmp_path: Path) -> None:
        store = TinyStore.open(tmp_path, limits=EAGER)
        for number in range(60):
            store.commit([Put("trades", f"bot-{number:04d}", won(number)), position_put(number % 3, number)])
        store.close()
        with TinyDB(tmp_path / snapshot.NAME) as stock:
            found = stock.table("trades").search(where("strategy") == "consensus")
            assert len(found) > 20
            assert found[0]["profit"] == "4.1627"
            assert found[0].doc_id == 1
            assert len(stock.table("positions")) == 3
