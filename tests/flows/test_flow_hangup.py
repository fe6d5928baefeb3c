"""SIGHUP to a running bot: the settings are read again and people are told; with a chat in the terminal it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.hosts import bot, flat, said, wait_for
from tests.flows.processes import STOP_SECONDS_MAX, command, environment
from tests.flows.talkers import Telegram, ask, seen


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """What a process that is started here hears, also where whoever runs the tests wants SIGHUP ignored (nohup)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def test_people_are_told_what_was_taken_and_what_waits(tmp_path: Path) -> None:
    phone, file = Telegram(), tmp_path / ".env"
    await phone.start()
    file.write_text("STAKE_USD=4\n")
    with bot(tmp_path, tmp_path / "data", **phone.settings) as process:
        await seen(phone, "Started")
        file.write_text("STAKE_USD=6\nTIMEZONE=Europe/Paris\n")
        process.send_signal(signal.SIGHUP)
        told = flat(await seen(phone, "Settings read again"))
        assert "Taken STAKE_USD" in told
        assert "Needs a restart TIMEZONE" in told
        await ask(phone, "/settings", "STAKE_USD", "6")
        file.write_text("STAKE_USD=abc\n")
        process.send_signal(signal.SIGHUP)
        await seen(phone, "Settings not taken", "STAKE_USD=abc")
        await ask(phone, "/status", "ACTIVE")
        logged = (tmp_path / "data" / "simulated" / "bot.log").read_text()
        assert "settings read again, taken: STAKE_USD" in logged
        assert "settings read again, STAKE_USD=abc" in logged
    await phone.stop()


def test_a_terminal_that_has_gone_is_a_clean_end(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run"),
        cwd=tmp_path,
        env=environment(DATA_DIR=str(tmp_path / "data")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(tmp_path / "data" / "simulated" / "control.sock")
    process.send_signal(signal.SIGHUP)
    shown, _ = process.communicate(timeout=STOP_SECONDS_MAX)
    assert process.returncode == 0
    assert "Stopped" in shown


def test_the_host_asks_whether_it_lives(tmp_path: Path) -> None:
    data = {"DATA_DIR": str(tmp_path / "data")}
    with bot(tmp_path, tmp_path / "data"):
        assert said("health", cwd=tmp_path, **data) == "alive"
        assert said("health", "--json", cwd=tmp_path, **data) == '{"alive": true, "reasons": []}'
