"""The program as it runs on a server: no terminal, both chats at once, a sped-up market, real processes and sockets."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from storage.copying import copied
from tests.flows.processes import started
from tests.flows.talkers import STRANGER, Discord, Talker, Telegram, ask, press, seen
from trading.clock import monotonic
from trading.domain.errors import StoreRefused
from trading.domain.records import Notice, Severity

FAST = {"SIM_SPEED": "150", "SIM_SEED": "7"}  # a window in six seconds
QUEUE_SECONDS_MAX = 180.0
SETTLED_SECONDS = 90.0


def all_text(folder: Path) -> str:
    """Everything that was written into a folder."""
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


async def one_by_one(talker: Talker) -> None:
    """Every command that a person would try, on one chat."""
    await ask(talker, "/status", "Status", "play money")
    await ask(talker, "/positions", "Positions")
    await ask(talker, "/pnl", "P&L")
    await ask(talker, "/dryrun on", "Dry run is on")
    await ask(talker, "/dryrun off", "Turn the dry run off")
    await press(talker, "Confirm", "Dry run is off")
    await ask(talker, "/kill", "KILLED")
    await ask(talker, "/resume", "Resume")
    await press(talker, "Confirm", "Resumed")


async def test_both_chats_answer_and_both_are_told(tmp_path: Path) -> None:
    phones: list[Talker] = [Telegram(), Discord()]
    for phone in phones:
        await phone.start()
    settings = {name: value for phone in phones for name, value in phone.settings.items()}
    words = ("run", "--no-terminal", "--log-level", "DEBUG")
    with started(*words, cwd=tmp_path, DATA_DIR=str(tmp_path / "data"), **FAST, **settings):
        for phone in phones:
            await seen(phone, "Started")
            await seen(phone, "FILLED", seconds=SETTLED_SECONDS)
            await seen(phone, "Received", "Today", seconds=SETTLED_SECONDS)
        for phone in phones:
            await one_by_one(phone)
            await phone.say(STRANGER, "/kill")
        await asyncio.sleep(0.3)
        for phone in phones:
            await seen(phone, "HALTED")
            await ask(phone, "/status", "ACTIVE")
    for phone in phones:
        await seen(phone, "Stopped")
        await phone.stop()
    written = all_text(tmp_path)
    assert "beat" in written
    for secret in (settings["TELEGRAM_BOT_TOKEN"], settings["DISCORD_BOT_TOKEN"]):
        assert secret not in written


async def test_a_full_queue_survives_kill_9_and_arrives_in_order(tmp_path: Path) -> None:
    phone, data = Telegram(), tmp_path / "data"
    await phone.start()
    await phone.double.stop()  # nobody listens at its address
    words = {"DATA_DIR": str(data), "SIM_SPEED": "300", "SIM_SEED": "7", **phone.settings}
    with started("run", "--no-terminal", cwd=tmp_path, **words) as bot:
        await some_wait(data)
        bot.send_signal(signal.SIGKILL)
        bot.wait()
    owed = queued(data)
    await phone.double.start()
    with started("run", "--no-terminal", cwd=tmp_path, **words):
        await phone.double.wait_for(lambda: all_came(owed, phone.double.titles()), SETTLED_SECONDS)
    await phone.stop()


async def some_wait(data: Path) -> None:
    """Until the bot owes five notices: fewer would say little."""
    end = monotonic() + QUEUE_SECONDS_MAX
    while True:
        if len(queued(data)) >= 5:
            return
        assert monotonic() < end, f"too few notices within {QUEUE_SECONDS_MAX:g} s"
        await asyncio.sleep(0.5)


def queued(data: Path) -> list[Notice]:
    """What the bot on this folder owes, running or not; nothing before it has a store. No lock of its is touched."""
    store = data / "simulated" / "store"
    with suppress(StoreRefused), tempfile.TemporaryDirectory() as aside, copied(store, Path(aside) / "copy") as copy:
        return cast(list[Notice], copy.select("outbox"))
    return []


def all_came(owed: Sequence[Notice], shown: Sequence[str]) -> bool:
    """Whether each notice is there, in order within its severity."""
    return all(in_order([n.title for n in owed if n.severity is severity], shown) for severity in Severity)


def in_order(wanted: Sequence[str], shown: Sequence[str]) -> bool:
    """Whether `shown` begins its lines with all that is wanted, in this order, whatever stands between."""
    rest = iter(shown)
    return all(any(line.startswith(title) for line in rest) for title in wanted)
