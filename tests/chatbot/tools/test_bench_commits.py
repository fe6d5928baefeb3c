"""The bench of the store: its bets are the engine's, it writes what it says it writes, and its rows stand beside the
right things. No figure is judged, only its shape."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from itertools import islice
from pathlib import Path

import pytest
from tinydb import TinyDB

from chatbot.tools.bench.commits import FLOOR, SETTLEMENT, SQLITE, TRADE, commits
from chatbot.tools.bench.deals import SERIES, SETTLES, commits_of, deals, rows_of
from chatbot.tools.bench.disk_peers import SPACE_BYTES, Floor, Sqlite, line_of
from chatbot.tools.bench.figures import Row
from chatbot.tools.bench.filling import COMPACTED, FIRST, LATER, filled
from storage import codec, journal
from storage.store import TinyStore
from trading.domain.records import Put, Record
from trading.domain.trade import Trade

SIZES, ROUNDS = (0, 300), 4
BETS = 40


def left(commits: list[list[Put]]) -> dict[tuple[str, str], Record]:
    """The rows that stand after these."""
    rows: dict[tuple[str, str], Record] = {}
    for put in (put for puts in commits for put in puts):
        if put.record is None:
            del rows[put.table, put.key]
        else:
            rows[put.table, put.key] = put.record
    return rows


# --- the bets -------------------------------------------------------------------------------------------------------


def test_the_rows_of_a_bet_are_those_that_the_engine_commits() -> None:
    made = list(islice(deals(LATER), BETS))
    engine = left([puts for _, puts in commits_of(made)])
    told = {key for key in engine if key[0] == "outbox" or key == ("control", "notices")}
    assert len(told) == 3 * BETS + 1  # placed, filled, settled
    mine = left(list(rows_of(made)))
    assert mine == {key: row for key, row in engine.items() if key not in told}
    assert {key: codec.encode(*key, row) for key, row in mine.items()} == {
        key: codec.encode(*key, engine[key]) for key in mine
    }


def test_no_two_bets_are_one() -> None:
    made = list(islice(deals(LATER), BETS))
    trades = [deal.trade() for deal in made]
    assert len({trade.trade_id for trade in trades}) == len({trade.ticker for trade in trades}) == BETS
    assert {trade.ticker.partition("-")[0] for trade in trades} == set(SERIES)
    assert {trade.outcome for trade in trades} == {"WIN", "LOSS"}
    assert {trade.side for trade in trades} == {"yes", "no"}
    assert [trade.opened_at for trade in trades] == sorted(trade.opened_at for trade in trades)


def test_those_that_come_later_are_others() -> None:
    ids = [deal.order.client_order_id for first in (FIRST, LATER, COMPACTED) for deal in islice(deals(first), BETS)]
    assert len(set(ids)) == 3 * BETS


# --- the peers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def settlement() -> list[Put]:
    """The commit of a whole one: rows put, and one that goes."""
    [puts] = [puts for step, puts in commits_of(islice(deals(LATER), 1)) if step == SETTLES]
    assert any(put.record is None for put in puts)
    return puts


def test_the_line_is_one_of_the_journal(settlement: list[Put]) -> None:
    scan = journal.scan(line_of(settlement))
    [line] = scan.lines
    assert not scan.tail
    tables = json.loads(bytes(line.payload))
    documents = {row["_key"]: row for rows in tables.values() for row in rows.values() if row}
    assert set(documents) == {put.key for put in settlement if put.record is not None}
    assert sum(len(rows) for rows in tables.values()) == len(settlement)


def test_the_floor_writes_its_bytes_into_space_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "floor.bin"
    floor, half = Floor(path), b"a" * (SPACE_BYTES // 2 + 1)
    floor.write(b"one")
    floor.write(b"two")
    assert (path.read_bytes()[:7], path.stat().st_size) == (b"onetwo\0", SPACE_BYTES)
    floor.write(half)
    floor.write(half)  # no room behind it: from the start again
    assert path.read_bytes()[:6] == b"aaaaaa"
    assert path.stat().st_size == SPACE_BYTES
    floor.close()


def test_sqlite_holds_the_same_documents_and_syncs_each(tmp_path: Path, settlement: list[Put]) -> None:
    sqlite, store = Sqlite(tmp_path / "peer.sqlite"), TinyStore.open(tmp_path / "store")
    held = next(iter(commits_of(islice(deals(LATER), 1))))[1]
    for into in (sqlite, store):
        for puts in (held, settlement, settlement):
            into.commit(puts)
    rows = sqlite._database.execute("select name, key, body from documents").fetchall()
    assert {(name, key): codec.decode(name, body) for name, key, body in rows} == left([held]) | {
        (put.table, put.key): put.record for put in settlement if put.record
    }
    assert sqlite.count() == len(rows)
    assert sqlite._database.execute("pragma journal_mode").fetchone() == ("wal",)
    assert sqlite._database.execute("pragma synchronous").fetchone() == (2,)  # full
    assert len(sqlite._database.execute("pragma index_list(documents)").fetchall()) == 2
    sqlite.close()
    store.close()


def test_store_and_peer_are_filled_alike(tmp_path: Path) -> None:
    stores = {size: TinyStore.open(tmp_path / f"{size}") for size in (0, 7, 1_500)}
    peers = {size: Sqlite(tmp_path / f"{size}.sqlite") for size in stores}
    filled(stores, peers)
    for size, store in stores.items():
        assert (store.count("trades"), peers[size].count()) == (size, size)
        store.close()
        peers[size].close()


# --- the run --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row], list[tuple[int, int]]]:
    """One run: its folder, its rows, and the progress that it told."""
    folder, told = tmp_path_factory.mktemp("commits"), list[tuple[int, int]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatbot.tools.bench.commits.WARM_UP", 2)
        patch.setattr("chatbot.tools.bench.commits.steady", lambda: None)  # for good, and others run here
        rows = asyncio.run(commits(folder, ROUNDS, lambda done, of: told.append((done, of)), SIZES))
    return folder, rows, told


def test_each_commit_stands_beside_what_it_is_held_against(
    measured: tuple[Path, list[Row], list[tuple[int, int]]],
) -> None:
    rows = {row["name"]: row for row in measured[1]}
    for what in (TRADE, SETTLEMENT):
        for size in SIZES:
            beside = {FLOOR: 1.3, SQLITE: 1.1} | ({"itself at 0": 1.2} if size else {})
            for other, most in beside.items():
                p50, p99 = (rows.pop(f"{what} committed at {size} trades, {p}, beside {other}") for p in ("p50", "p99"))
                assert p50["reach"] == pytest.approx(most * p50["limit"], abs=0.002)
                assert p99["reach"] is None
                assert 0 < p50["value"] <= p99["value"]
                assert p50["limit"] > 0
    meanwhile = [rows.pop(name) for name in list(rows) if "compacted" in name]
    assert [row["name"].rpartition(", ")[2] for row in meanwhile] == ["p50", "p99", "worst"]
    assert meanwhile[0]["value"] <= meanwhile[1]["value"] <= meanwhile[2]["value"]
    assert [row["reach"] for row in meanwhile] == [None, None, 20]
    opened = list(rows.values())
    assert [row["unit"] for row in opened] == ["ms", "MB"]
    assert min(row[figure] for row in opened for figure in ("value", "limit")) > 0
    assert opened[0]["name"].startswith("opening 3")


def test_it_was_the_store_that_was_written(measured: tuple[Path, list[Row], list[tuple[int, int]]]) -> None:
    folder, _, told = measured
    assert told[-1] == (ROUNDS, ROUNDS)
    rounds = ROUNDS + 2
    for size in SIZES:
        store = TinyStore.open(folder / f"{size}")
        trades = [trade for trade in store.select("trades") if isinstance(trade, Trade)]
        again = [key for key in store._rows("trades").ids if key.endswith("-again")]
        assert len(again) == rounds
        assert len({trade.trade_id for trade in trades if trade.opened_at >= LATER and not trade.open}) >= rounds
        assert store.count("fills") == rounds
        assert store._storage.sequence >= 5 * rounds  # each step of a bet, and a trade alone
        if size == SIZES[0]:  # never compacted
            assert store._storage._segment.used > 5 * rounds * len(line_of([Put("trades", "t", trades[0])]))
        store.close()
        with sqlite3.connect(folder / f"{size}.sqlite") as sqlite:
            [count] = sqlite.execute("select count(*) from documents where name = 'trades'").fetchone()
        assert count == size + 2 * rounds
    written = journal.scan((folder / "floor.bin").read_bytes())
    assert len(written.lines) >= 5 * rounds  # whole lines of the journal


def test_the_largest_was_compacted(measured: tuple[Path, list[Row], list[tuple[int, int]]]) -> None:
    folder = measured[0] / f"{SIZES[-1]}"
    with TinyDB(folder / "snapshot.json", access_mode="r") as stock:
        assert len(stock.table("trades")) >= SIZES[-1]
    assert not (measured[0] / "0" / "snapshot.json").exists()
