"""Data as its owner carries it: backed up from a running bot, put back, exported for a year, brought along."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import time
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chatbot.tools.backup import backup
from chatbot.tools.demo import EPOCH
from chatbot.tools.exporting import Wanted, export_trades
from chatbot.tools.restore import restore
from storage.copying import copied
from storage.store import TinyStore
from tests.flows.hosts import bot, flat, said
from tests.flows.processes import run
from tests.flows.venues import BEAT, running
from trading.clock import VirtualClock
from trading.domain.order import Mode
from trading.domain.state import Reason, TradingState
from trading.domain.trade import Trade
from trading.engine.statement import Period
from trading.exchange.simulated.keys import make_key

MINUTE = timedelta(minutes=1)
FILL_SECONDS_MAX = 180.0  # of real time, at SPEED
SPEED = "400"
OLD = """\
time,buy_ticker,buy_side,stake_usd,price_usd,contracts,order_id,prev_signal,mom_signal,outcome,payout_usd,profit_usd
2025-11-03T14:00:07,KXBTC15M-25NOV031415-15,YES,4.68,0.52,9,o-1,YES,YES,WIN,9.00,4.32
2025-11-03T14:15:07,KXBTC15M-25NOV031430-30,NO,4.50,0.50,9,o-2,NO,NO,LOSS,0.00,-4.50
"""


def trades(data: Path, environment: str = "simulated") -> dict[str, Trade]:
    store = TinyStore.open(data / environment / "store")
    found = {t.trade_id: t for t in store.all("trades") if isinstance(t, Trade)}
    store.close()
    return found


def test_a_running_bots_backup_goes_on_elsewhere(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    here: dict[str, Any] = {"cwd": tmp_path, "DATA_DIR": str(data), "SIM_SPEED": SPEED}
    with bot(tmp_path, data, SIM_SPEED=SPEED) as process:
        wait_for_fill(data, tmp_path / "looks")
        made = run("backup", "b.tar.gz", **here)
        assert (made.returncode, made.stdout.strip()) == (0, str(tmp_path / "b.tar.gz"))
        assert "up to commit" in made.stderr
        assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
        assert run("export", "trades", **here).returncode == 0, "also while the bot runs"
        refused = run("restore", "b.tar.gz", "--replace", **here)
        assert (refused.returncode, "in use by another running bot" in refused.stderr) == (75, True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    again = run("restore", "b.tar.gz", **here)
    assert (again.returncode, "--replace moves it aside" in flat(again.stderr)) == (2, True)
    assert "restored simulated" in said("restore", "b.tar.gz", "--data", str(other), **here)
    before = trades(other)
    assert before
    assert set(before) <= set(trades(data)), "the bot that was backed up has gone on"
    on = run("run", stdin="/status\n", **(here | {"DATA_DIR": str(other)}))
    assert "Trading    ACTIVE" in on.stdout
    assert set(before) <= set(trades(other))
    assert "what was there is kept in" in said("restore", "b.tar.gz", "--replace", **here)
    assert set(trades(data)) == set(before)
    [aside] = data.glob("simulated.before-restore-*")
    os.rename(aside, tmp_path / "simulated")
    assert set(trades(tmp_path)) >= set(before), "what was moved aside is whole"


def wait_for_fill(data: Path, aside: Path) -> None:
    """Look at copies of the running bot's store until something was bought."""
    end = time.monotonic() + FILL_SECONDS_MAX
    for number in count():
        with copied(data / "simulated" / "store", aside / str(number)) as store:
            if store.count("fills"):
                return
        assert time.monotonic() < end, f"nothing was bought in {FILL_SECONDS_MAX:g} s"
        time.sleep(0.2)


async def test_with_real_money_at_stake_a_restored_bot_waits_for_its_owner(tmp_path: Path) -> None:
    key = make_key(tmp_path / "venue")
    demo = {"KALSHI_ENV": "demo", "DRY_RUN": "false", "KALSHI_API_KEY_ID": key.key_id}
    demo |= {"KALSHI_PRIVATE_KEY_PATH": str(key.private_key_path)}
    clock = VirtualClock(EPOCH)
    async with running(tmp_path, clock, **demo) as live:
        assert list(live.app.book.state.halts) == [Reason.HISTORY], "an empty folder has no past"
        live.app.desk.resume("me", live.app.desk.preview_resume().fingerprint)
        await live.until(EPOCH + 20 * MINUTE)
        assert live.trades()
        settings, made = live.app.settings, backup(live.app.settings, tmp_path / "b.tar.gz")
        await live.until(EPOCH + 50 * MINUTE)
        later = len(live.trades())
    async with running(tmp_path, clock, **demo) as live:
        assert live.app.book.state.trading is TradingState.ACTIVE, "any other start goes on"
    assert restore(settings, made.path, replace=True).halted
    async with running(tmp_path, clock, **demo) as live:
        halt = live.app.book.state.halts[Reason.HISTORY]
        assert (halt.by, "restored from a backup of" in halt.detail) == ("host:host", True)
        assert len(live.trades()) < later
        await live.until(clock.now() + 5 * MINUTE)
        assert live.app.book.state.trading is TradingState.HALTED, "until its owner has looked"


async def test_a_periods_sums_are_those_of_the_exchange(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bot at a simulated exchange, in a zone where the new day begins in the middle of it."""
    async with running(tmp_path, TIMEZONE="Europe/Berlin") as live:
        begun = await live.cash()
        await live.until(EPOCH + 95 * BEAT * 12)
        live.app.cycle.strategies = ()
        await live.until(live.clock.now() + 20 * BEAT * 12)
        await live.app.check()
        done, cash = live.trades(), await live.cash()
        paid = {s.ticker: s for s in await live.app.places.exchange.settlements()}
        fills = await live.app.places.exchange.fills()
        settings = live.app.settings
        assert len(done) >= 4
        assert not live.app.book.state.open_trades()
    today = EPOCH.date()
    period = Period(today, today, settings.zone)
    export_trades(settings, "json", None, Wanted(Mode.REAL, period))
    made = json.loads(capsys.readouterr().out, parse_float=Decimal)
    summary = made["summary"]
    assert summary["count"] == len(made["trades"]) == len(done)
    assert summary["net_usd"] == cash - begun
    assert summary["fees_usd"] == sum(fill.fee for fill in fills)
    assert summary["cost_usd"] == sum(fill.cost for fill in fills)
    assert summary["proceeds_usd"] == sum(paid[t.ticker].revenue for t in done)
    assert summary["closing_balance_usd"] == cash
    assert (summary["differences"], summary["without_record"]) == ([], 0)
    export_trades(settings, "json", None, Wanted(Mode.REAL, Period(None, today.replace(day=4), settings.zone)))
    assert json.loads(capsys.readouterr().out)["trades"] == []


def test_another_bots_trades_come_along(tmp_path: Path) -> None:
    here: dict[str, Any] = {"cwd": tmp_path, "DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "old.csv").write_text(OLD)
    look = said("import", "trades", "old.csv", "--dry-run", **here)
    assert "2 trades would be imported" in look
    assert "2 trades imported" in said("import", "trades", "old.csv", **here)
    assert "2 trades known already" in said("import", "trades", "old.csv", **here)
    asked = run("run", stdin="/trades\n/pnl all\n/pnl day\n/limits\n/performance all\n", **here)
    shown = flat(asked.stdout)
    for words in ("03Nov 14:00", "imported", "2 of 2 trades", "-$0.18"):
        assert words in shown
    exported = run("export", "trades", "--year", "2025", **here)
    rows = list(csv.DictReader(io.StringIO(exported.stdout)))
    assert [(row["order_id"], row["strategy"], row["profit_usd"]) for row in rows] == [
        ("o-1", "imported", "4.3200"),
        ("o-2", "imported", "-4.5000"),
    ]
    assert "Imported    2 of these trades, net -$0.18" in exported.stderr
    (tmp_path / "old.csv").write_text(OLD.replace("o-1,YES,YES,WIN", "o-9,YES,YES,DRAW"))
    wrong = run("import", "trades", "old.csv", **here)
    assert wrong.returncode == 2
    assert "line 2: outcome 'DRAW' is unknown: use one of" in wrong.stderr
    (tmp_path / "old.csv").write_text(OLD)
    with bot(tmp_path, tmp_path / "data"):
        refused = run("import", "trades", "old.csv", **here)
    assert (refused.returncode, "in use by another running bot" in refused.stderr) == (75, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--year", "2026", "--from", "2026-01-01"), "--year is a period already"),
        (("--from", "soon"), "--from soon is no day: write it like 2026-01-31"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--to 2026-01-01 is before --from 2026-02-01"),
        (("--basis", "opened"), "--basis opened says which trades a period has"),
        (("--mode", "paper"), "--mode"),
    ],
)
def test_a_period_that_is_none_is_refused(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    done = run("export", "trades", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (tmp_path / "data").exists()
