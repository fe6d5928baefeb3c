"""The set-up as a whole: what it writes, what it shows, and what it leaves alone."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatbot.commands.people import AT_YOUR_RISK
from chatbot.config import load
from chatbot.tools.init.env_file import read
from chatbot.tools.init.wizard import STOPPED, init, shown
from tests.chatbot.tools.init_rig import Person, beside
from tests.doubles.telegram import TelegramDouble
from tests.flows.processes import command, environment, run

ME = 11
OLD = "# mine\nTELEGRAM_API_BASE={base}\nHEARTBEAT_URL=https://hc.example/s3cret-of-mine # my monitor\n"


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramDouble]:
    double = TelegramDouble()
    await double.start()
    yield double
    assert double.violations == []
    await double.stop()


@pytest.fixture
def env_file(tmp_path: Path, telegram: TelegramDouble) -> Path:
    path = tmp_path / ".env"
    path.write_text(OLD.format(base=telegram.base))
    return path


async def test_what_stood_there_stays_and_the_rest_is_written(telegram: TelegramDouble, env_file: Path) -> None:
    before = read(env_file)
    telegram.say(ME, "hello")
    someone = beside(["", telegram.token, "y", "", "", ""])
    assert await asyncio.to_thread(init, env_file, someone) == 0
    text = read(env_file)
    assert text.startswith(before)
    assert load(env_file, {}).telegram_users == {str(ME): "owner"}
    assert read(env_file.with_name(".env.bak")) == before
    assert {stat.S_IMODE(each.stat().st_mode) for each in env_file.parent.iterdir()} == {0o600}
    assert [message.chat_id for message in telegram.messages()] == [ME]
    assert someone.heard("look into your own chat")
    assert not [secret for secret in (telegram.token, "s3cret-of-mine") if secret in someone.text]


async def test_again_with_enter_changes_nothing(telegram: TelegramDouble, env_file: Path) -> None:
    telegram.say(ME, "hello")
    await asyncio.to_thread(init, env_file, beside(["", telegram.token, "y", "", "", ""]))
    text = read(env_file)
    someone = beside(["", "", "", "", ""])
    assert await asyncio.to_thread(init, env_file, someone) == 0
    assert read(env_file) == text
    assert someone.heard("stays as it is")
    assert len(telegram.messages()) == 2


async def test_it_begins_with_what_is_at_risk(env_file: Path) -> None:
    someone = beside(["", "", "", "", "n"])
    await asyncio.to_thread(init, env_file, someone)
    assert someone.said[0] == AT_YOUR_RISK


async def test_no_is_no(telegram: TelegramDouble, env_file: Path) -> None:
    before = read(env_file)
    someone = beside(["", "", "", "", "n"])
    assert await asyncio.to_thread(init, env_file, someone) == 0
    assert read(env_file) == before
    assert someone.said[-1] == "Nothing was written."


async def test_a_test_message_that_does_not_arrive_is_said(telegram: TelegramDouble, env_file: Path) -> None:
    telegram.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user")
    telegram.say(ME, "hello")
    someone = beside(["", telegram.token, "y", "", "", ""])
    assert await asyncio.to_thread(init, env_file, someone) == 1
    assert someone.heard("did not take the test message", "blocked", "doctor")
    assert load(env_file, {}).telegram_notice_chat == str(ME)


def test_what_is_wrong_elsewhere_is_mended_without_losing_an_answer(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("STAKE_USD=five\n")
    someone = Person(["", "", "", "", "", ""], {"STAKE_USD=five": lambda: env_file.write_text("STAKE_USD=5\n")})
    assert init(env_file, someone) == 0
    assert load(env_file, {}).environment == "simulated"
    assert "STAKE_USD=5\n" in read(env_file)


def test_a_shell_that_overrules_the_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEZONE", "Asia/Tokyo")
    someone = Person(["", "", "", "n", "utc", "", "n", ""])
    assert init(tmp_path / ".env", someone) == 0
    assert someone.heard("TIMEZONE is set in this shell's environment too")


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    someone = Person(["", ""], {"Discord": stop})
    assert init(tmp_path / ".env", someone) == STOPPED
    assert list(tmp_path.iterdir()) == []
    assert "nothing was written" in someone.said[-1]


def _stoppable() -> None:
    """Also where the tests themselves run in the background, with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_program_stops_at_once_and_whole(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("init"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_stoppable,
    )
    assert process.stdin
    assert process.stdout
    while "Number" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == STOPPED
    assert "nothing was written" in out
    assert list(tmp_path.iterdir()) == []


def test_answers_that_end_are_one_sentence(tmp_path: Path) -> None:
    done = run("init", cwd=tmp_path, stdin="\n")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "Telegram token" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "TOTP_SECRET", "KALSHI_PRIVATE_KEY", "KALSHI_API_KEY_ID"])
def test_no_secret_is_shown(name: str) -> None:
    assert "0123456789abcdef" not in shown(name, "0123456789abcdef")
    assert shown("TELEGRAM_USERS", "1:owner") == "1:owner"
