"""What has been over for three months leaves the store, and nobody who asks for it notices."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chatbot.config import load
from chatbot.life.life import archive_before
from chatbot.tools.demo import EPOCH
from chatbot.tools.doctor import kept
from chatbot.tools.exporting import export_trades
from storage.store import TinyStore
from tests.flows.venues import running
from tests.trading.build import OPEN, order
from trading.clock import VirtualClock
from trading.domain.events import OrderIntended, OrderRejected
from trading.domain.order import Mode
from trading.domain.records import Control, Notice, Put
from trading.domain.state import State
from trading.engine.book import Book
from trading.engine.loading import load_state

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def lines(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


async def test_archived_trades_are_still_shown_summed_up_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, data = tmp_path / "trades.csv", tmp_path / "data"
    settings = {"CONSENSUS_TRADES_CSV": str(shown)}
    clock = VirtualClock(EPOCH)
    async with running(data, clock, **settings) as bot:
        await bot.until(EPOCH + 47 * MINUTE)
        bot.app.cycle.strategies = ()
        await bot.until(EPOCH + 65 * MINUTE)
        desk, store = bot.app.desk, bot.app.store
        before = await desk.trades(50), await desk.pnl("all"), lines(shown), bot.app.book.state.totals
        assert before[0].total == len(before[0].trades) == store.count("trades") >= 3
        await bot.app.archive()
        assert store.count("trades") == before[0].total
        clock.advance_to(EPOCH + 92 * DAY)
        await bot.app.archive()
        assert [store.count(table) for table in ("trades", "orders", "fills", "settlements", "windows")] == [0] * 5
        after = await desk.trades(50), await desk.pnl("all")
        assert after[0].trades == before[0].trades
        assert (after[0].total, after[1].totals) == (before[0].total, before[1].totals)
        assert (await desk.pnl("month")).totals.trades == 0
        assert lines(shown) == before[2]
    shown.unlink()
    async with running(data, clock, **settings) as bot:
        assert lines(shown) == before[2]
        assert bot.app.book.state.totals == before[3]
        assert (await bot.app.desk.trades(2)).trades == before[0].trades[:2]
    loaded = load(None, {"DATA_DIR": str(data), "KALSHI_ENV": "simulated"})
    export_trades(loaded, "csv", None)
    exported = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert exported == before[2]
    assert [each.mark for each in kept(loaded.data_folder / "store")] == ["ok", "ok"]


async def test_an_archive_that_cannot_be_read_is_told_and_trading_goes_on(tmp_path: Path) -> None:
    settings = {"CONSENSUS_TRADES_CSV": str(tmp_path / "trades.csv")}
    clock = VirtualClock(EPOCH)
    async with running(tmp_path, clock, **settings) as bot:
        await bot.until(EPOCH + 20 * MINUTE)
        bot.app.cycle.strategies = ()
        await bot.until(EPOCH + 35 * MINUTE)
        late = replace(bot.trades()[0], trade_id="late", ticker="KX-LATE")
        clock.advance_to(EPOCH + 92 * DAY)
        await bot.app.archive()
    [archive] = (tmp_path / "simulated" / "store").glob("archive-*.json")
    archive.write_bytes(archive.read_bytes()[:-9])
    async with running(tmp_path, clock, **settings) as bot:
        bot.app.store.commit([Put("trades", late.trade_id, late)])
        await bot.until(clock.now() + 20 * MINUTE)
        bot.app.cycle.strategies = ()
        await bot.until(clock.now() + 17 * MINUTE)
        assert bot.app.store.count("windows")
        titles: list[str] = []
        bot.app.book.listen(lambda puts: titles.extend(p.record.title for p in puts if isinstance(p.record, Notice)))
        await bot.app.archive()
        assert titles == ["ERROR archive"]
        assert bot.app.store.get("trades", "late") == late
        assert bot.app.fatal is None


def test_rows_move_once_a_day_as_the_owners_day_begins() -> None:
    settings = load(None, {"TIMEZONE": "America/New_York", "KALSHI_ENV": "simulated"})
    before = archive_before(EPOCH + timedelta(hours=4, minutes=59), settings.zone)
    assert before.isoformat() == "2025-10-06T00:00:00-04:00"  # summer time, then
    assert archive_before(EPOCH + timedelta(hours=5), settings.zone) == before + DAY


def test_sums_that_are_older_than_the_count_of_unfilled_orders_get_it_from_the_rows(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path)
    book = Book(store, State(), lambda event, before, after: ())
    for number in range(3):
        wish = order(client_order_id=f"k1-{number}", ticker=f"KX-{number}")
        book.record(OrderIntended(OPEN, wish), OrderRejected(OPEN, wish.client_order_id, "invalid_order", ""))
    assert book.state.totals_of(Mode.REAL).unfilled == 3
    assert load_state(store, OPEN, Mode.REAL) == book.state
    row = store.get("control", "totals:real")
    assert isinstance(row, Control)
    older = replace(row, value={name: text for name, text in row.value.items() if name != "unfilled"})
    store.commit([Put("control", older.name, older)])
    assert load_state(store, OPEN, Mode.REAL) == book.state
    store.close()
