"""The host's own way in as its user has it: the real command line, asking a real bot, and doing what it can without."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot.app import build
from chatbot.channels.host import HostDoor
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.config import load
from chatbot.life.life import App
from chatbot.render import plain
from chatbot.tools.demo import EPOCH
from chatbot.tools.host import ask
from tests.flows.hosts import audit, bot, said
from tests.flows.processes import command, environment, run
from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.domain.state import TradingState
from trading.engine import halting


def test_a_running_bot_is_asked_and_killed_and_stays_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    here: dict[str, Any] = {"cwd": tmp_path, "DATA_DIR": str(data)}
    with bot(tmp_path, data):
        assert "Status REAL · simulated" in said("status", **here)
        assert "Cash $" in said("balance", **here)
        assert "Positions" in said("positions", **here)
        granted = said("access", "grant", "telegram", "77", "operator", **here)
        assert "telegram 77 is operator now The room itself still shows" in granted
        assert "discord &5 may do nothing" in said("access", "revoke", "discord", "&5", **here)
        assert run("access", "grant", "telegram", "ann", "owner", **here).returncode == 1
        assert said("kill", **here).startswith("KILLED REAL")
        assert "HALTED" in plain(ask(data / "simulated", "/status"))
    with bot(tmp_path, data):
        assert "HALTED manual since" in said("status", **here)
        listed = plain(ask(data / "simulated", "access list"))
        assert "discord &5   revoked, stored\ntelegram 77  operator, stored" in listed
    assert audit(data)[:4] == [
        ("host:host", "/access grant telegram 77 operator"),
        ("host:host", "/access revoke discord &5"),
        ("host:host", "/access grant telegram ann owner"),
        ("host:host", "/kill"),
    ]


def test_a_lock_holds_until_the_host_opens_it(tmp_path: Path) -> None:
    here: dict[str, Any] = {"cwd": tmp_path, "DATA_DIR": str(tmp_path / "data")}
    talk = subprocess.Popen(
        command("run"),
        cwd=tmp_path,
        env=environment(DATA_DIR=here["DATA_DIR"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert talk.stdin
    assert talk.stdout
    talk.stdin.write("/kill\n/lock\n/resume\n")
    talk.stdin.flush()
    assert any("locked since" in line for line in talk.stdout)
    assert "Locked since" in said("status", **here)
    assert "Unlocked" in said("unlock", **here)
    rest, _ = talk.communicate("/resume\nyes\n/status\n", timeout=90)
    assert "Resumed: trading is ACTIVE" in rest


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[App]:
    """A whole bot in this process with its way in open, whose parts can be made to hang."""
    settings = load(None, {"DATA_DIR": str(folder), "KALSHI_ENV": "simulated"})
    app = await build(settings, clock=VirtualClock(EPOCH + timedelta(minutes=5)))
    door = HostDoor(app.router.handle, {**COMMANDS, **HOST_COMMANDS}, settings.data_folder)
    await door.open()
    try:
        await app.start()
        yield app
    finally:
        await door.close()
        await app.stop("the end of the test")


async def test_a_kill_does_not_wait_for_a_beat_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path) as app:
        monkeypatch.setattr(app.cycle.observer, "look", asyncio.Event().wait)
        beat = asyncio.create_task(app.beat())
        await asyncio.sleep(0)
        reply = await asyncio.wait_for(asyncio.to_thread(ask, app.settings.data_folder, "/kill"), 5)
        assert (reply.title, beat.done()) == ("KILLED", False)
        assert app.book.state.trading is TradingState.HALTED
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


async def test_a_kill_closes_the_gate_while_the_exchange_hangs_and_says_what_is_not_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = asyncio.Event()

    async def hangs(*_: object, **__: object) -> None:
        await again.wait()
        raise Unavailable("too late")

    async with served(tmp_path) as app:
        with monkeypatch.context() as hanging:
            hanging.setattr(halting, "KILL_STEP_SECONDS", 0.3)
            for name in ("cancel_all", "orders", "order", "cancel", "balance"):
                hanging.setattr(app.places.exchange, name, hangs)
            waiting = asyncio.create_task(asyncio.to_thread(ask, app.settings.data_folder, "/balance"))
            killing = asyncio.create_task(asyncio.to_thread(ask, app.settings.data_folder, "/kill"))
            async with asyncio.timeout(2):
                while not app.cycle.broker.latch.closed:  # noqa: ASYNC110 - a bare flag
                    await asyncio.sleep(0.005)
            assert not killing.done()
            reply = await asyncio.wait_for(killing, 10)
            assert (reply.title, reply.failed) == ("KILLED, but look below", True)
            assert app.book.state.trading is TradingState.HALTED
            assert not waiting.done()
            again.set()
            assert "Too late" in (await waiting).note
