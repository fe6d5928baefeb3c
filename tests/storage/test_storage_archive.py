"""Archives: what leaves the store, what stays, how it is read again, and what is said when a file is not as it was."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_disks import FailingDisk
from storage_markets import (
    FEBRUARY,
    JANUARY,
    LENGTH,
    MARCH,
    MARKET_TABLES,
    held,
    live_and_archived,
    market,
    rows_of,
    ticker,
    trade_of,
)
from storage_samples import SAMPLES, order
from tinydb import TinyDB, where

from storage import migrations
from storage.store import TinyStore
from trading.domain.errors import StoreFailed, StoreRefused
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import Put
from trading.domain.trade import Trade, TradeOutcome
from trading.engine.loading import load_state

FILE = "archive-2026-01.json"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TinyStore]:
    with_rows = TinyStore.open(tmp_path)
    yield with_rows
    with_rows.close()


def counts(store: TinyStore) -> dict[str, int]:
    return {table: store.count(table) for table in MARKET_TABLES if store.count(table)}


OLD = {"ticker": ticker(1), "created_at": JANUARY, "updated_at": JANUARY}
EACH_ONE = dict.fromkeys(MARKET_TABLES, 1)


class TestWhatGoes:
    def test_a_market_that_is_over_goes_whole(self, store: TinyStore, tmp_path: Path) -> None:
        puts = [*market(1, JANUARY), *market(2, MARCH)]
        store.commit(puts)
        for again in (EACH_ONE, {}):
            assert store.archive(FEBRUARY) == again
            assert {(t, k) for t, k in rows_of(puts) if store.get(t, k)} == set(rows_of(market(2, MARCH)))
            assert {t: store.archived(t) for t in MARKET_TABLES} == {t: [r] for (t, _), r in rows_of(puts[:5]).items()}
        store.close()
        store = TinyStore.open(tmp_path)
        assert counts(store) == EACH_ONE
        assert sorted(t for t, _ in live_and_archived(store)) == sorted([*MARKET_TABLES, *MARKET_TABLES, "control"])
        store.close()

    def test_the_last_of_its_rows_decides(self, store: TinyStore) -> None:
        store.commit(market(1, JANUARY))
        assert store.archive(JANUARY + LENGTH) == {}
        assert store.archive(JANUARY + LENGTH + timedelta(microseconds=1)) == EACH_ONE

    @pytest.mark.parametrize(
        "unfinished",
        [
            Put("trades", "t", trade_of(1, JANUARY, trade_id="t", outcome=TradeOutcome.OPEN, closed_at=None)),
            Put("trades", "t", trade_of(1, JANUARY, trade_id="t", mode=Mode.DRY_RUN, closed_at=MARCH)),
            Put("orders", "o", order(9, OrderStatus.UNKNOWN, **OLD)),
            Put("orders", "o", order(9, OrderStatus.CANCELED, reported=Decimal(1), **OLD)),
            held(1),
        ],
        ids=["open trade", "late close", "live order", "fills to come", "held"],
    )
    def test_what_is_not_over_keeps_its_market(self, store: TinyStore, unfinished: Put) -> None:
        store.commit([*market(1, JANUARY), unfinished, *market(2, JANUARY)])
        assert store.archive(FEBRUARY) == EACH_ONE
        assert store.archived("trades") == [trade_of(2, JANUARY)]
        assert store.get("trades", "bot-0001") == trade_of(1, JANUARY)

    def test_what_is_true_now_never_goes(self, store: TinyStore) -> None:
        store.commit([Put(table, "k", SAMPLES[table]) for table in ("control", "outbox", "positions", "audit")])
        assert store.archive(datetime(2030, 1, 1, tzinfo=UTC)) == {}

    def test_the_state_stays_the_same(self, store: TinyStore) -> None:
        store.commit([*market(1, JANUARY), *market(2, JANUARY), held(2), *market(3, MARCH)])
        before = load_state(store, MARCH, Mode.REAL)
        assert store.archive(FEBRUARY) == EACH_ONE
        assert load_state(store, MARCH, Mode.REAL) == before

    def test_each_month_has_its_file(self, store: TinyStore, tmp_path: Path) -> None:
        last = datetime(2026, 1, 31, 23, 50, tzinfo=UTC)  # closes in February
        store.commit([*market(1, JANUARY), *market(2, last), *market(3, FEBRUARY)])
        assert store.archive(MARCH) == dict.fromkeys(MARKET_TABLES, 3)
        assert sorted(path.name for path in tmp_path.glob("archive-*")) == [FILE, "archive-2026-02.json"]
        with TinyDB(tmp_path / "archive-2026-02.json") as stock:
            assert [d["ticker"] for d in stock.table("orders")] == [ticker(2), ticker(3)]


def test_the_long_step_may_run_beside_the_commits(store: TinyStore) -> None:
    """Rows are kept in another thread; one that changes before they leave stays, as it is now."""
    store.commit([*market(1, JANUARY), *market(2, JANUARY)])
    leaving = store.due(FEBRUARY)
    corrected = trade_of(1, JANUARY, outcome=TradeOutcome.CORRECTED)
    with ThreadPoolExecutor(1) as threads:
        keeping = threads.submit(store.keep, leaving)
        store.commit([Put("trades", corrected.trade_id, corrected)])
    assert store.archived("trades") == []  # nothing has left yet
    assert store.drop(keeping.result()) == dict.fromkeys(MARKET_TABLES, 2) | {"trades": 1}
    assert (store.select("trades"), store.archived("trades")) == ([corrected], [trade_of(2, JANUARY)])
    assert len(live_and_archived(store)) == 11


@pytest.mark.parametrize("call", ["write", "sync", "replace"])
def test_an_archive_that_cannot_be_written_stops_the_store(tmp_path: Path, call: str) -> None:
    disk = FailingDisk()
    store = TinyStore.open(tmp_path, disk=disk)
    store.commit(market(1, JANUARY))
    disk.failing = call
    with pytest.raises(StoreFailed, match=rf"writing .*{FILE} failed .*make room on the disk"):
        store.archive(FEBRUARY)
    disk.failing = ""
    for late in (lambda: store.archive(FEBRUARY), lambda: store.commit(market(2, JANUARY))):
        with pytest.raises(StoreFailed, match=FILE):
            late()
    assert counts(store) == EACH_ONE
    store.close()
    store = TinyStore.open(tmp_path)
    assert store.archive(FEBRUARY) == EACH_ONE
    assert store.archived("trades") == [trade_of(1, JANUARY)]
    store.close()


class TestReading:
    def test_rows_of_a_period_by_their_end(self, store: TinyStore) -> None:
        moments = [JANUARY + timedelta(days=n) for n in (0, 1, 2, 30, 31)]
        for number, at in enumerate(moments):
            store.commit(market(number, at))
        store.archive(MARCH)
        trades = [trade_of(number, at) for number, at in enumerate(moments)]
        assert store.archived("trades") == trades
        assert store.archived("trades", moments[1] + LENGTH, moments[3] + LENGTH) == trades[1:3]
        assert store.archived("trades", start=moments[3]) == trades[3:]
        assert store.archived("trades", end=moments[1]) == trades[:1]
        assert store.archived("control") == []
        with pytest.raises(ValueError, match="no table 'moons'"):
            store.archived("moons")

    def test_a_month_at_a_time_is_read_when_it_is_asked_for(self, store: TinyStore, tmp_path: Path) -> None:
        """Whoever goes through a year needs the memory of a month."""
        for number, at in enumerate([JANUARY, FEBRUARY, FEBRUARY + LENGTH]):
            store.commit(market(number, at))
        store.archive(MARCH)
        rows, latest = store.archives("trades"), store.latest_archived("trades")
        assert [next(rows), next(rows)] == [trade_of(1, FEBRUARY), trade_of(2, FEBRUARY + LENGTH)]
        assert [next(latest), next(latest)] == [trade_of(2, FEBRUARY + LENGTH), trade_of(1, FEBRUARY)]
        (tmp_path / FILE).rename(tmp_path / "gone")
        for gone_on in (rows, latest):
            with pytest.raises(StoreRefused, match="is missing"):
                next(gone_on)
        (tmp_path / "gone").rename(tmp_path / FILE)
        assert list(store.archives("trades", start=FEBRUARY)) == [
            trade_of(1, FEBRUARY),
            trade_of(2, FEBRUARY + LENGTH),
        ]

    @given(st.lists(st.tuples(st.integers(0, 95), st.integers(0, 60)), max_size=12), st.sampled_from([0, 5]))
    @settings(max_examples=25, deadline=None)
    def test_from_the_last_one_back_is_all_of_them_turned_round(self, lives: list[tuple[int, int]], back: int) -> None:
        """Whenever they began and however long they took: also those that stand in the archive of a later month."""
        with tempfile.TemporaryDirectory() as folder, closing(TinyStore.open(Path(folder))) as store:
            for number, (days, long) in enumerate(lives):
                opened = JANUARY + timedelta(days=days)
                closed = opened + timedelta(days=long)
                made = trade_of(number, opened, opened_at=opened, close_time=closed, closed_at=closed)
                store.commit([Put("trades", made.trade_id, made)])
            store.archive(JANUARY + timedelta(days=365))
            come_back = cast(list[Trade], store.archived("trades"))[:back]
            store.commit([Put("trades", each.trade_id, each) for each in come_back])
            archived = store.archived("trades")
            assert len(archived) == len(lives) - len(come_back)
            assert list(store.latest_archived("trades")) == archived[::-1]
            assert Counter(store.archives("trades")) == Counter(archived)

    def test_a_row_that_came_back_stands_once_and_replaces_the_old_one(self, store: TinyStore) -> None:
        store.commit(market(1, JANUARY))
        store.archive(FEBRUARY)
        corrected = trade_of(1, JANUARY, outcome=TradeOutcome.CORRECTED, profit=Decimal("-4.84"))
        store.commit([Put("trades", corrected.trade_id, corrected)])
        assert (store.archived("trades"), store.select("trades")) == ([], [corrected])
        assert store.archive(FEBRUARY) == {"trades": 1}
        assert (store.archived("trades"), store.select("trades")) == ([corrected], [])
        assert len(store.archived("orders")) == 1

    def test_one_that_left_again_in_another_month_stands_once_as_it_was_last(self, store: TinyStore) -> None:
        """An amended result may end a market in the month after that in which it had ended first."""
        store.commit(market(1, JANUARY))
        store.archive(FEBRUARY)
        corrected = trade_of(1, JANUARY, closed_at=FEBRUARY, outcome=TradeOutcome.CORRECTED, profit=Decimal("-4.84"))
        store.commit([Put("trades", corrected.trade_id, corrected)])
        store.archive(MARCH)
        for found in (store.archived("trades"), store.archives("trades"), store.latest_archived("trades")):
            assert list(found) == [corrected]
        assert store.archived("trades", end=FEBRUARY) == []

    def test_more_rows_of_a_month_are_merged_in(self, store: TinyStore, tmp_path: Path) -> None:
        for number in range(4):
            store.commit(market(number, JANUARY + number * LENGTH))
            assert store.archive(FEBRUARY) == EACH_ONE
        assert store.archived("trades") == [trade_of(n, JANUARY + n * LENGTH) for n in range(4)]
        assert [path.name for path in tmp_path.glob("archive-*")] == [FILE]

    def test_stock_tinydb_opens_the_file(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit([*market(1, JANUARY), *market(2, JANUARY)])
        store.archive(FEBRUARY)
        with TinyDB(tmp_path / FILE) as stock:
            assert stock.tables() == {*MARKET_TABLES, "_meta"}
            (found,) = stock.table("trades").search(where("ticker") == ticker(2))
            assert (found["profit"], found["_key"]) == ("4.1627", "bot-0002")


class TestDamage:
    @pytest.fixture(autouse=True)
    def _archived(self, store: TinyStore, tmp_path: Path) -> None:
        store.commit(market(1, JANUARY))
        store.archive(FEBRUARY)
        self.file = tmp_path / FILE

    def refused(self, store: TinyStore, says: str) -> None:
        """Reading is refused, moving more there too, and nothing else is touched."""
        before = self.file.read_bytes() if self.file.exists() else b""
        with pytest.raises(StoreRefused, match=rf"{FILE} {says}.*restore that file from a backup"):
            store.archived("trades")
        assert (self.file.read_bytes() if self.file.exists() else b"") == before
        store.commit(market(3, MARCH))
        assert not store.failure

    def test_a_missing_file(self, store: TinyStore) -> None:
        self.file.unlink()
        self.refused(store, "is missing")

    def test_an_older_file(self, store: TinyStore) -> None:
        older = self.file.read_bytes()
        store.commit(market(2, JANUARY))
        store.archive(FEBRUARY)
        self.file.write_bytes(older)
        self.refused(store, "has 5 rows in place of 10")

    def test_a_changed_bit_or_a_cut_anywhere(self, store: TinyStore) -> None:
        data = self.file.read_bytes()
        for at in range(0, len(data), 17):
            changed = bytearray(data)
            changed[at] ^= 1 << (at % 8)
            for damaged in (bytes(changed), data[:at]):
                self.file.write_bytes(damaged)
                self.refused(store, "is damaged")

    def test_rows_stay_where_their_archive_cannot_be_read(self, store: TinyStore) -> None:
        self.file.write_bytes(self.file.read_bytes()[:-9])
        store.commit(market(2, JANUARY))
        with pytest.raises(StoreRefused, match="is damaged"):
            store.archive(FEBRUARY)
        assert counts(store) == EACH_ONE
        store.commit(market(3, MARCH))

    def test_a_newer_version(self, store: TinyStore, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as newer:
            newer.setattr(migrations, "STEPS", (*migrations.STEPS, lambda table, document: document))
            store.commit(market(2, JANUARY))
            store.archive(FEBRUARY)
        with pytest.raises(StoreRefused, match=rf"{FILE} was written by a newer version .* start that version again"):
            store.archived("trades")

    def test_an_older_version_is_brought_forward(self, store: TinyStore, monkeypatch: pytest.MonkeyPatch) -> None:
        def renamed(table: str, document: dict[str, Any]) -> dict[str, Any]:
            return document | {"strategy": "consensus-2"} if table == "trades" else document

        monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, renamed))
        first, second = (trade_of(n, JANUARY) for n in (1, 2))
        assert store.archived("trades") == [replace(first, strategy="consensus-2")]
        store.commit(market(2, JANUARY))
        store.archive(FEBRUARY)
        assert store.archived("trades") == [replace(first, strategy="consensus-2"), second]
        assert json.loads(self.file.read_bytes())["_meta"]["1"]["schema"] == 3
