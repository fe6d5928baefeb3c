"""Exports: the known columns in their order, exact figures, and a CSV file that stays current cheaply."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_samples import AT, TICKER, trade, won

from storage import export
from storage.export import TradesCsv, csv_line, rows, write_csv, write_json
from trading.domain.market import Outcome
from trading.domain.trade import Trade, TradeOutcome

KNOWN = "time buy_ticker buy_side stake_usd price_usd contracts order_id"
SIGNALS_AND_RESULT = "prev_signal mom_signal outcome payout_usd profit_usd"
OURS = "fee_usd mode strategy environment closed_time trade_id"

WON = {
    "time": "2026-03-01T12:15:05Z",
    "buy_ticker": TICKER,
    "buy_side": "yes",
    "stake_usd": "4.6800",
    "price_usd": "0.5200",
    "contracts": "9",
    "order_id": "order-0001",
    "prev_signal": "yes",
    "mom_signal": "yes",
    "outcome": "WIN",
    "payout_usd": "9.0000",
    "profit_usd": "4.1627",
    "fee_usd": "0.1573",
    "mode": "real",
    "strategy": "consensus",
    "environment": "demo",
    "closed_time": "2026-03-01T12:15:00Z",
    "trade_id": "bot-0001",
}


def test_the_columns_stand_in_their_order() -> None:
    assert " ".join(export.COLUMNS) == f"{KNOWN} {SIGNALS_AND_RESULT} {OURS}"
    assert list(rows([won()])[0]) == list(export.COLUMNS)


def test_csv_and_json_say_the_same() -> None:
    as_csv, as_json = io.StringIO(), io.StringIO()
    write_csv([won()], as_csv, "demo")
    write_json([won()], as_json, "demo")
    assert list(csv.DictReader(io.StringIO(as_csv.getvalue()))) == [WON]
    (row,) = json.loads(as_json.getvalue(), parse_float=Decimal, parse_int=Decimal)
    assert {name: str(value) for name, value in row.items()} == WON
    assert all(isinstance(value, Decimal) for name, value in row.items() if name.endswith("_usd"))


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, {"outcome": "", "closed_time": "", "contracts": "0", "stake_usd": "0.0000", "price_usd": "0.5200"}),
        ({"outcome": TradeOutcome.UNFILLED}, {"outcome": "UNFILLED", "profit_usd": "0.0000"}),
        ({"profit": Decimal("-0.00001")}, {"profit_usd": "0.0000"}),
        ({"contracts": Decimal("1.50"), "cost": Decimal("0.7")}, {"contracts": "1.5", "price_usd": "0.4667"}),
        ({"contracts": Decimal("1E+3"), "cost": Decimal("520")}, {"contracts": "1000", "stake_usd": "520.0000"}),
        ({"side": Outcome.NO, "strategy": 'a,"b"'}, {"buy_side": "no", "strategy": 'a,"b"'}),
    ],
)
def test_cells(changes: dict[str, object], cells: dict[str, str]) -> None:
    stream = io.StringIO()
    write_csv([trade(1, **changes)], stream)
    (row,) = csv.DictReader(io.StringIO(stream.getvalue()))
    assert {name: row[name] for name in cells} == cells


def test_a_path_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "trades.json"
    target.write_text("old")
    write_json([], target)
    write_csv([won()], tmp_path / "trades.csv")
    assert target.read_text() == "[]\n"
    assert len((tmp_path / "trades.csv").read_text().splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trades.csv", "trades.json"]


class Shown:
    """A CSV file, the trades that it should show, and how often it was written whole."""

    def __init__(self, folder: Path, *trades: Trade) -> None:
        self.trades = {trade.trade_id: trade for trade in trades}
        self.path, self.rewrites = folder / "out" / "trades.csv", 0
        self.csv = TradesCsv(self.path, self._all, "demo")

    def put(self, changed: Trade) -> None:
        self.trades[changed.trade_id] = changed
        self.csv.put(changed)
        assert self.path.read_text() == self.expected()

    def expected(self) -> str:
        return ",".join(export.COLUMNS) + "\n" + "".join(csv_line(t, "demo") for t in self.trades.values())

    def _all(self) -> list[Trade]:
        self.rewrites += 1
        return list(self.trades.values())


def test_the_file_is_written_anew_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "trades.csv").write_text("half a li")
    shown = Shown(tmp_path, won(1), trade(2))
    assert shown.path.read_text() == shown.expected()


def test_trades_come_and_change_without_writing_it_whole(tmp_path: Path) -> None:
    shown = Shown(tmp_path, won(1))
    for changed in (trade(2), trade(3), won(3), replace(trade(2), contracts=Decimal(4)), won(2), trade(4), won(4)):
        shown.put(changed)
    assert shown.rewrites == 1


def test_a_corrected_or_disturbed_file_is_written_whole(tmp_path: Path) -> None:
    shown = Shown(tmp_path, won(1), trade(2))
    shown.put(won(1, outcome=TradeOutcome.CORRECTED))
    assert shown.rewrites == 2
    shown.path.write_text("a spreadsheet was here")
    shown.put(won(2))
    shown.path.unlink()
    shown.put(trade(3, opened_at=AT))
    assert shown.rewrites == 4


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([trade, won]), st.text('ä,"\n x', max_size=3))))
def test_it_always_shows_the_trades(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, type, str]]
) -> None:
    shown = Shown(tmp_path_factory.mktemp("csv"))
    for number, make, text in changes:
        shown.trades[f"bot-{number:04d}"] = changed = make(number, strategy=text)
        shown.csv.put(changed)
        assert shown.path.read_bytes().decode() == shown.expected()
