"""Importing trades: all or none, once, and into nothing that decides; seen in the history and the sums of all time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from chatbot.config import Settings, load
from chatbot.tools import importing
from chatbot.tools.exporting import export_trades
from chatbot.tools.importing import Wrong, import_trades
from storage.store import TinyStore
from tests.busy_writer import trade
from trading.clock import real_now
from trading.domain.errors import Misconfigured, StoreInUse
from trading.domain.order import Mode
from trading.domain.records import AuditEntry, Put
from trading.domain.state import State, Totals
from trading.domain.trade import Trade
from trading.engine.loading import load_state

NOW = datetime(2026, 1, 5, tzinfo=UTC)
FILE = """\
time,buy_ticker,buy_side,stake_usd,price_usd,contracts,order_id,prev_signal,mom_signal,outcome,payout_usd,profit_usd
2025-11-03T14:00:07,KXBTC15M-1,YES,4.68,0.52,9,o-1,YES,YES,WIN,9.00,4.16
2025-11-03T14:15:07,KXBTC15M-2,NO,4.50,0.50,9,o-2,NO,NO,loss,0.00,-4.66
2025-12-31T23:59:59,KXBTC15M-3,YES,4.50,0.50,9,o-3,YES,YES,WIN,9.00,4.50
2026-01-01T00:15:00,KXBTC15M-4,YES,4.50,0.50,9,o-4,YES,YES,,,
2026-01-01T00:30:00,KXBTC15M-5,YES,4.50,0.50,9,DRY-RUN-1,YES,YES,WIN,9.00,4.50
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"DATA_DIR": str(tmp_path / "data"), "KALSHI_ENV": "simulated"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    path.write_text(FILE)
    return path


def kept(settings: Settings) -> tuple[list[Trade], State]:
    store = TinyStore.open(settings.data_folder / "store")
    trades, state = cast(list[Trade], store.all("trades")), load_state(store, NOW, Mode.REAL)
    assert not store.count("trades"), "nothing of it is among what the engine looks at"
    store.close()
    return trades, state


def test_trades_come_into_the_history_and_the_sums_of_all_time_alone(settings: Settings, file: Path) -> None:
    said = import_trades(settings, file)
    assert said == [
        "3 trades imported, as real trades of the strategy imported",
        "  2025: 3 trades, net +$4.00 after $0.32 of fees",
        "1 line left out: not settled yet; import the file again once they are",
        "1 line left out: a dry run is no history of the account",
    ]
    trades, state = kept(settings)
    assert [t.order_id for t in trades] == ["o-1", "o-2", "o-3"]
    assert state == State(totals={Mode.REAL: Totals(wins=2, losses=1, profit=Decimal("4.00"), fees=Decimal("0.32"))})


def test_a_second_import_adds_none_and_what_has_settled_since_is_added(settings: Settings, file: Path) -> None:
    import_trades(settings, file)
    before = kept(settings)
    assert import_trades(settings, file)[:2] == [
        "0 trades imported, as real trades of the strategy imported",
        "3 trades known already",
    ]
    assert kept(settings) == before
    file.write_text(FILE.replace("o-4,YES,YES,,,", "o-4,YES,YES,LOSS,0,-4.50"))
    assert import_trades(settings, file)[0].startswith("1 trade imported")
    trades, state = kept(settings)
    assert len(trades) == 4
    assert state.totals_of(Mode.REAL).profit == Decimal("-0.50")


def test_a_look_changes_nothing(settings: Settings, file: Path) -> None:
    assert import_trades(settings, file, look_only=True)[0].startswith("3 trades would be imported")
    assert kept(settings) == ([], State())


def test_one_wrong_line_keeps_all_of_the_file_out(settings: Settings, file: Path) -> None:
    file.write_text(FILE.replace(",9,o-2", ",many,o-2"))
    with pytest.raises(Wrong, match="1 line cannot be read, so that nothing was imported") as wrong:
        import_trades(settings, file)
    assert wrong.value.sentences == ("line 3: contracts 'many' is no number: write it like 4.68",)
    assert not settings.data_folder.exists()


def test_a_running_bot_and_a_file_that_is_none_are_refused(settings: Settings, file: Path, tmp_path: Path) -> None:
    running = TinyStore.open(settings.data_folder / "store")
    with pytest.raises(StoreInUse):
        import_trades(settings, file)
    running.close()
    file.write_bytes(b"\xff\xfe\x00")
    for path in (file, tmp_path):
        with pytest.raises(Misconfigured, match="give a CSV file in UTF-8"):
            import_trades(settings, path)


def test_what_is_known_by_its_own_id_or_its_orders_is_not_taken_again(settings: Settings, tmp_path: Path) -> None:
    store = TinyStore.open(settings.data_folder / "store")
    mine = replace(trade(1), contracts=Decimal(1), cost=Decimal("0.01"), profit=Decimal("-0.01"), order_id="o-1")
    store.commit([Put("trades", mine.trade_id, mine)])
    store.close()
    out = tmp_path / "mine.csv"
    export_trades(settings, "csv", out)
    assert "1 trade known already" in import_trades(settings, out)
    out.write_text(FILE)
    assert import_trades(settings, out)[0].startswith("2 trades imported")


def test_it_is_in_the_audit(settings: Settings, file: Path) -> None:
    import_trades(settings, file)
    store = TinyStore.open(settings.data_folder / "store")
    [entry] = cast(list[AuditEntry], store.select("audit"))
    store.close()
    assert (entry.person, entry.command, entry.result) == ("host:host", "import trades old.csv", "3 trades")


class Killed(BaseException): ...


@pytest.mark.parametrize("earlier", [False, True])
def test_an_import_that_was_cut_short_is_finished_by_the_next(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    """Killed after the archives were written: also where the month has an archive that the store knows of already."""
    if earlier:
        other = file.with_name("first.csv")
        other.write_text("\n".join(FILE.splitlines()[:2]) + "\n")
        import_trades(settings, other)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(importing, "_sums", killed)
        with pytest.raises(Killed):
            import_trades(settings, file)
    import_trades(settings, file)
    trades, state = kept(settings)
    assert [t.order_id for t in trades] == ["o-1", "o-2", "o-3"]
    sums = state.totals_of(Mode.REAL)
    assert (sums.trades, sums.profit) == (3, Decimal("4.00"))
    assert sums.on(real_now().date()).day_profit == 0
