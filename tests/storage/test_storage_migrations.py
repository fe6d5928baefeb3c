"""Folders of older versions: what they hold means the same after they are opened, and goes on from there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from storage_folders import EAGER
from storage_samples import AT, CLOSE, TICKER, trade

from storage import migrations
from storage.durable import Limits
from storage.store import TinyStore
from trading.domain import events as ev
from trading.domain.order import Mode, Position
from trading.domain.records import Control, Put
from trading.domain.state import Totals
from trading.domain.step import control
from trading.engine.book import Book
from trading.engine.loading import adopt_books, load_state

D = Decimal
OTHER = "KXBTC15M-26MAR011230-30"
PAPER = Totals(
    wins=2, losses=1, profit=D("3.10"), fees=D("0.40"), day=date(2026, 3, 1), day_profit=D("1.10"), unfilled=4
)
REAL = Totals(losses=1, profit=D("-2.00"), fees=D("0.10"))


def old_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits | None = None) -> None:
    """As the first version left it: positions by mode and market alone, sums by mode alone; one position was ended."""
    with monkeypatch.context() as older:
        older.setattr(migrations, "STEPS", ())
        store = TinyStore.open(folder, limits=limits) if limits else TinyStore.open(folder)
        for n in range(20):
            gone = Position(Mode.DRY_RUN, f"KXGONE-{n}", D(1), "consensus")
            store.commit([Put("positions", f"dry_run:{gone.ticker}", gone)])
            store.commit([Put("positions", f"dry_run:{gone.ticker}")])
        bet = trade(mode=Mode.DRY_RUN, contracts=D(9), cash=D("-4.68"), cost=D("4.68"), position=D(9), fees=D("0.15"))
        store.commit(
            [
                Put("positions", f"dry_run:{TICKER}", Position(Mode.DRY_RUN, TICKER, D(9), "consensus")),
                Put("positions", f"real:{OTHER}", Position(Mode.REAL, OTHER, D(-3), "consensus")),
                Put("trades", bet.trade_id, bet),
                Put("control", "totals:dry_run", control("totals:dry_run", PAPER, AT)),
                Put("control", "totals:real", control("totals:real", REAL, AT)),
            ]
        )
        store.close()


@pytest.mark.parametrize("limits", [None, EAGER], ids=["journal alone", "with snapshots"])
def test_a_dry_run_position_belongs_to_the_strategy_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits | None
) -> None:
    old_folder(tmp_path, monkeypatch, limits)
    for _ in range(2):
        store = TinyStore.open(tmp_path)
        assert {key: store.get("positions", key) for key in (f"dry_run:{TICKER}:consensus", f"real:{OTHER}")} == {
            f"dry_run:{TICKER}:consensus": Position(Mode.DRY_RUN, TICKER, D(9), "consensus"),
            f"real:{OTHER}": Position(Mode.REAL, OTHER, D(-3), "consensus"),
        }
        assert store.count("positions") == 2
        assert store.get("positions", f"dry_run:{TICKER}") is None
        store.close()


def test_the_sums_of_before_belong_to_the_one_strategy_that_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_folder(tmp_path, monkeypatch)
    store = TinyStore.open(tmp_path)
    for _ in range(2):
        adopt_books(store)
        state = load_state(store, CLOSE, Mode.REAL)
        assert state.books == {"dry_run:consensus": PAPER, "real:consensus": REAL}
        assert state.totals == {Mode.DRY_RUN: PAPER, Mode.REAL: REAL}
    store.close()


def test_it_goes_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_folder(tmp_path, monkeypatch)
    store = TinyStore.open(tmp_path)
    adopt_books(store)
    book = Book(store, load_state(store, CLOSE, Mode.DRY_RUN), lambda event, before, after: ())
    book.record(ev.MarketSettled(CLOSE + timedelta(minutes=1), TICKER, Mode.DRY_RUN, "yes", D(1)))
    own = book.state.totals_of(Mode.DRY_RUN, "consensus")
    assert own == replace(book.state.totals_of(Mode.DRY_RUN))
    assert (own.wins, own.profit) == (3, PAPER.profit + 9 - D("4.68") - D("0.15"))
    assert [p.ticker for p in store.select("positions")] == [OTHER]  # type: ignore[union-attr]
    store.close()
    store = TinyStore.open(tmp_path)
    adopt_books(store)
    assert load_state(store, CLOSE, Mode.REAL).books == book.state.books
    store.close()


def test_a_folder_that_has_books_is_left_as_it_is(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path)
    rows = [control("totals:real", REAL, AT), control("book:real:momentum", REAL, AT)]
    store.commit([Put("control", row.name, row) for row in rows])
    adopt_books(store)
    found = [row.name for row in store.select("control") if isinstance(row, Control)]
    assert found == ["totals:real", "book:real:momentum"]
    store.close()
