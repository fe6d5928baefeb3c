"""A backup of a whole data folder: what is in it, its name, and that bot and exchange go on together from it."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.app import build
from chatbot.config import Settings, load
from chatbot.life.life import App
from chatbot.tools.backup import backup, copy_exchange, own_name
from chatbot.tools.demo import EPOCH
from chatbot.tools.restore import restore
from chatbot.wiring.engine import prefix_of
from storage.copying import copied
from storage.store import TinyStore
from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured, StoreRefused
from trading.domain.records import Control
from trading.risk.gate import Identity

BEAT, WINDOW = timedelta(seconds=15), timedelta(minutes=15)


def at(data: Path, **more: str) -> Settings:
    return load(None, {"DATA_DIR": str(data), "SIM_SEED": "7", "KALSHI_ENV": "simulated", **more})


@asynccontextmanager
async def living(settings: Settings, clock: VirtualClock) -> AsyncIterator[App]:
    app = await build(settings, clock=clock)
    try:
        await app.start()
        yield app
    finally:
        await app.stop("the end of a part")


async def beats(app: App, clock: VirtualClock, until: datetime) -> None:
    while clock.now() < until:
        await app.beat()
        clock.advance_to(clock.now() + BEAT)
    await app.check()
    assert app.fatal is None


async def is_sound(app: App, clock: VirtualClock, for_: timedelta = WINDOW) -> None:
    """It trades on, and nothing of it looks wrong to the bot, neither now nor after some checks."""
    assert not app.book.state.halts
    for _ in range(3):
        await beats(app, clock, clock.now() + for_ / 3)
    assert not app.book.state.halts
    assert not app.book.state.errors


async def test_bot_and_exchange_go_on_together_from_a_backup_of_any_moment(tmp_path: Path) -> None:
    clock, made = VirtualClock(EPOCH), list[Path]()
    async with living(at(tmp_path / "data"), clock) as app:
        for number in range(9):
            await beats(app, clock, EPOCH + timedelta(minutes=4 * number + 3))
            made.append(backup(app.settings, tmp_path / f"b{number}.tar.gz").path)
        assert app.store.count("fills") >= 2
    for number, file in enumerate(made[::4]):
        settings, later = at(tmp_path / f"restored-{number}"), VirtualClock(EPOCH)
        assert not restore(settings, file).halted
        async with living(settings, later) as again:
            await is_sound(again, later)


async def test_an_exchange_that_was_read_later_is_brought_back_to_the_stores_moment(tmp_path: Path) -> None:
    clock, data, folder = VirtualClock(EPOCH), tmp_path / "data", tmp_path / "then" / "simulated"
    async with living(at(data), clock) as app:
        await beats(app, clock, EPOCH + timedelta(minutes=20))
        source = app.settings.data_folder
        with copied(source / "store", folder / "store") as then:
            await beats(app, clock, EPOCH + timedelta(minutes=70))
            assert app.store.count("orders") > then.count("orders")
            installation = then.get("control", "installation")
            assert isinstance(installation, Control)
            copy_exchange(
                source / "exchange", folder / "exchange", then, Identity(prefix_of(installation), "simulated")
            )
    both = tmp_path / "apart" / "simulated"
    shutil.copytree(folder, both)
    shutil.copy(source / "exchange" / "account.jsonl", both / "exchange" / "account.jsonl")
    later = VirtualClock(EPOCH)
    async with living(at(tmp_path / "then"), later) as again:
        await is_sound(again, later)
    async with living(at(tmp_path / "apart"), VirtualClock(EPOCH)) as again:
        assert "history" in again.book.state.halts, "as it would be without"


def stocked(data: Path, environment: str = "demo") -> Settings:
    """A data folder as a bot leaves it."""
    settings = at(data, KALSHI_ENV=environment)
    folder = settings.data_folder
    store = TinyStore.open(folder / "store")
    store.close()
    for name in (
        "HALTED",
        "bot.log",
        "intents/2026-03-01.jsonl",
        "exchange/member.pem",
        "fonts",
        "store/unfinished-1.bin",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    return settings


def members(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def test_only_what_a_bot_needs_again_is_in_it(tmp_path: Path) -> None:
    made = backup(stocked(tmp_path / "data"), tmp_path / "b.tar.gz")
    assert members(made.path) == ["manifest.json", "HALTED", "store/journal-000000000001.log"]
    assert (made.manifest.environment, made.manifest.sequence, made.size) == ("demo", 0, made.path.stat().st_size)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar.gz", "data"], "nothing is left beside it"


def test_a_halt_that_a_starting_bot_takes_into_its_store_meanwhile_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stocked(tmp_path / "data")

    @contextmanager
    def taken(source: Path, target: Path) -> Iterator[TinyStore]:
        with copied(source, target) as store:
            (settings.data_folder / "HALTED").unlink()
            yield store

    monkeypatch.setattr("chatbot.tools.backup.copied", taken)
    assert "HALTED" in members(backup(settings, tmp_path / "b.tar.gz").path)


def test_its_name_says_whose_it_is_and_of_when(tmp_path: Path) -> None:
    settings, now = at(tmp_path, INSTANCE_NAME="bot 1/a"), datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    assert own_name(settings, now) == "kalshi-chatops-bot-1-a-simulated-20260301T120005Z.tar.gz"
    assert own_name(at(tmp_path), now) == "kalshi-chatops-simulated-20260301T120005Z.tar.gz"
    made = backup(stocked(tmp_path / "data"), tmp_path)
    assert (made.path.parent, made.path.name[:20]) == (tmp_path, "kalshi-chatops-demo-")


def test_a_name_that_is_taken_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    settings = stocked(tmp_path / "data")
    (tmp_path / "b.tar.gz").write_text("mine")
    for name, why in (("b.tar.gz", "is there already"), ("no/b.tar.gz", "there is no folder")):
        with pytest.raises(Misconfigured, match=why):
            backup(settings, tmp_path / name)
    with pytest.raises(StoreRefused, match="there is no store"):
        backup(at(tmp_path / "other"), tmp_path / "c.tar.gz")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar.gz", "data"]
