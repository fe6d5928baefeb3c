"""Restoring: what is refused, what a restored bot starts with, and that a kill leaves the old folder or the new one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatbot.config import Settings, load
from chatbot.tools.backup import backup
from chatbot.tools.restore import restore
from storage import bundle, migrations
from storage.store import TinyStore
from trading.clock import real_now
from trading.domain.audit import verify_audit
from trading.domain.errors import Misconfigured, StoreInUse, StoreRefused
from trading.domain.order import Mode
from trading.domain.records import AuditEntry, Control, Put
from trading.domain.state import Reason, State, TradingState
from trading.engine.loading import load_state

ROOT = Path(__file__).parents[3]
KILLS = 8


def at(data: Path, environment: str = "demo") -> Settings:
    return load(None, {"DATA_DIR": str(data), "KALSHI_ENV": environment})


def filled(data: Path, mark: str, environment: str = "demo") -> Settings:
    settings = at(data, environment)
    store = TinyStore.open(settings.data_folder / "store")
    store.commit([Put("control", "mark", Control("mark", {"is": mark}, real_now()))])
    store.close()
    return settings


def mark(folder: Path) -> str:
    store = TinyStore.open(folder / "store")
    row = store.get("control", "mark")
    store.close()
    return row.value["is"] if isinstance(row, Control) else ""


def started_with(folder: Path) -> tuple[State, list[AuditEntry]]:
    store = TinyStore.open(folder / "store")
    state = load_state(store, real_now(), Mode.DRY_RUN)
    entries = [entry for entry in store.select("audit") if isinstance(entry, AuditEntry)]
    store.close()
    return state, entries


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return backup(filled(tmp_path / "first", "first"), tmp_path / "b.tar.gz").path


@pytest.mark.parametrize("there", [True, False])
def test_into_an_empty_folder_or_none(tmp_path: Path, made: Path, there: bool) -> None:
    settings = at(tmp_path / "second")
    if there:
        settings.data_folder.mkdir(parents=True)
    done = restore(settings, made)
    assert (done.folder, done.aside, mark(done.folder)) == (settings.data_folder, None, "first")


@pytest.mark.parametrize(("environment", "halted"), [("simulated", False), ("demo", True), ("production", True)])
def test_where_money_may_be_at_stake_it_starts_halted(tmp_path: Path, environment: str, halted: bool) -> None:
    file = backup(filled(tmp_path / "first", "first", environment), tmp_path / "b.tar.gz").path
    done = restore(at(tmp_path / "second", environment), file)
    state, entries = started_with(done.folder)
    assert done.halted is halted
    assert state.trading is (TradingState.HALTED if halted else TradingState.ACTIVE)
    assert list(state.halts) == ([Reason.HISTORY] if halted else [])
    assert [entry.command for entry in entries] == ["restore b.tar.gz", "halt history"][: 1 + halted]
    assert verify_audit(entries) is None


def test_what_is_there_stays_or_is_moved_aside_and_never_goes(tmp_path: Path, made: Path) -> None:
    settings = filled(tmp_path / "second", "second")
    with pytest.raises(Misconfigured, match="--replace moves it aside"):
        restore(settings, made)
    assert mark(settings.data_folder) == "second"
    done = restore(settings, made, replace=True)
    assert done.aside is not None
    assert (mark(done.folder), mark(done.aside)) == ("first", "second")
    assert done.aside.name.startswith("demo.before-restore-2")


def test_a_running_bot_is_left_alone(tmp_path: Path, made: Path) -> None:
    settings = filled(tmp_path / "second", "second")
    running = TinyStore.open(settings.data_folder / "store")
    for replace in (True, False):
        with pytest.raises(StoreInUse):
            restore(settings, made, replace=replace)
    running.close()
    assert mark(settings.data_folder) == "second"


def test_another_environments_a_newer_and_a_damaged_one_are_refused_and_leave_nothing(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = filled(tmp_path / "second", "second")
    with pytest.raises(Misconfigured, match="set KALSHI_ENV=demo"):
        restore(at(tmp_path / "third", "production"), made)
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(made.read_bytes()[:-20])
    with pytest.raises(StoreRefused, match="damaged"):
        restore(settings, damaged, replace=True)
    monkeypatch.setattr(migrations, "STEPS", ())
    with pytest.raises(StoreRefused, match="newer version"):
        restore(settings, made, replace=True)
    monkeypatch.undo()
    assert mark(settings.data_folder) == "second"
    assert [p.name for p in settings.data_dir.iterdir()] == ["demo"]
    assert not (tmp_path / "third").exists()


def test_rows_that_are_not_those_of_the_manifest_are_refused(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "forged"
    manifest = bundle.unpack(made, folder)
    forged = bundle.msgspec.structs.replace(manifest, rows=manifest.rows | {"trades": 1})
    bundle.pack(folder, forged, tmp_path / "forged.tar.gz")
    settings = at(tmp_path / "second")
    with pytest.raises(StoreRefused, match="does not hold the rows"):
        restore(settings, tmp_path / "forged.tar.gz")
    assert not any(settings.data_dir.iterdir())


def test_a_kill_in_the_middle_leaves_the_old_folder_or_the_new_one(tmp_path: Path, made: Path) -> None:
    chance, other = random.Random(3), backup(filled(tmp_path / "other", "other"), tmp_path / "c.tar.gz").path
    settings = filled(tmp_path / "data", "old")
    command = [sys.executable, "-m", "tests.chatbot.tools.restoring", str(settings.data_dir), str(made), str(other)]
    seen = set[str]()
    for number in range(KILLS):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        for _ in range(number % 3):
            process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.2))
        process.kill()
        process.wait()
        process.stdout.close()
        assert not [name for name in ("HALTED", "manifest.json") if (settings.data_folder / name).exists()]
        seen.add(mark(settings.data_folder))
    assert seen - {"old"}, "some were killed after the first had been restored"
    assert seen <= {"old", "first", "other"}
    kept = [mark(p) for p in settings.data_dir.glob("demo.before-restore-*")]
    assert kept.count("old") + (mark(settings.data_folder) == "old") <= 1
