"""A folder of the first version opens with every trade in it, is brought forward for good, and refuses its maker."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from storage import migrations, snapshot
from storage.store import TinyStore
from tests.first_version import REAL_PROFIT_USD, TRADES, first_version
from trading.domain.errors import StoreRefused
from trading.domain.order import Mode, Position
from trading.domain.trade import Trade
from trading.engine.loading import adopt_books, load_state

D = Decimal
HELD = "KXBTC15M-26JAN042100-00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return first_version(tmp_path)


def schemas(folder: Path) -> set[int]:
    """The versions that its files say they are of."""
    heads = [path.read_bytes().split(b"\n", 1)[0].split(b" ", 3)[3] for path in folder.glob("journal-*.log")]
    found = [json.loads(head)["schema"] for head in heads]
    meta = json.loads((folder / snapshot.NAME).read_bytes())["_meta"]
    return {*found, *(row["schema"] for row in meta.values())}


def test_it_is_of_the_first_version_in_every_file(folder: Path) -> None:
    assert schemas(folder) == {1}


def test_every_trade_is_there_to_the_last_digit_and_stays(folder: Path) -> None:
    for _ in range(2):
        store = TinyStore.open(folder)
        trades = cast(list[Trade], store.select("trades"))
        assert [(t.mode.value, t.outcome.value if t.outcome else "", t.profit) for t in trades] == [
            (mode, outcome, D(profit)) for mode, outcome, profit in TRADES
        ]
        assert store.recovered == ()
        store.close()
        assert schemas(folder) == {migrations.current_version()}


def test_what_was_open_is_still_held_and_the_sums_are_the_trades(folder: Path) -> None:
    store = TinyStore.open(folder)
    adopt_books(store)
    last = cast(list[Trade], store.select("trades"))[-1]
    state = load_state(store, last.opened_at, Mode.DRY_RUN)
    assert store.get("positions", f"dry_run:{HELD}:consensus") == Position(Mode.DRY_RUN, HELD, D(-9), "consensus")
    assert [(t.trade_id, t.ticker) for t in state.open_trades(Mode.DRY_RUN)] == [(last.trade_id, HELD)]
    assert (
        state.totals_of(Mode.REAL).profit == D(str(REAL_PROFIT_USD)) == sum(D(p) for m, _, p in TRADES if m == "real")
    )
    assert state.totals_of(Mode.DRY_RUN, "consensus").profit == D("-4.7765") + D("3.8940")
    store.close()


def test_its_maker_refuses_what_was_brought_forward_in_one_sentence_and_touches_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TinyStore.open(folder).close()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    current = migrations.current_version()
    monkeypatch.setattr(migrations, "STEPS", ())
    with pytest.raises(StoreRefused) as refused:
        TinyStore.open(folder)
    assert str(refused.value) == (
        f"{folder / snapshot.NAME} was written by a newer version of this program (schema {current}, this one knows up "
        "to 1): start that version again, or update this one"
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_document_for_upgrades_knows_every_schema() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "upgrading.md").read_text()
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row.isdigit()] == [str(n + 1) for n in range(migrations.current_version())]
