"""The first hour of a person: from nothing to the first notice on a phone, with the real programs, counted in steps.

A step is whatever the person does: a thing on the platform, a command, or an answer. Each is told in the summary.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chatbot.config import load
from tests.doubles.discord_payloads import CHANNEL, GUILD
from tests.flows.processes import command, environment, started
from tests.flows.talkers import OWNER, Discord, Talker, Telegram, seen
from trading.clock import monotonic

ANSWER_SECONDS = 60.0
FAST = {"SIM_SPEED": "150", "SIM_SEED": "7", "COLUMNS": "40"}
STEPS_MAX = {"telegram": 10, "discord": 12}


class FirstTimer:
    """Somebody at a shell, with a phone in the other hand, who reads before answering."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self.steps: list[str] = []
        self.shown = ""
        self._read = 0

    async def until(self, words: str) -> None:
        """Read on until these words come, whatever line breaks a narrow screen puts between."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while words not in (flat := " ".join(self.shown[self._read :].split())):
                piece = await self._out.read(4096)
                assert piece, f"{words!r} did not come; there was: {flat}"
                self.shown += piece.decode()
        self._read = len(self.shown)

    async def answer(self, question: str, text: str, what: str) -> None:
        await self.until(question)
        self._in.write(f"{text}\n".encode())
        self.steps.append(what)

    async def act(self, request: str, do: Callable[[], object], what: str) -> None:
        """Do on the platform what is asked for."""
        await self.until(request)
        do()
        self.steps.append(what)

    async def ended(self) -> int:
        self.shown += (await self._out.read()).decode()
        return await self._process.wait()


@asynccontextmanager
async def setting_up(folder: Path, **settings: str) -> AsyncIterator[FirstTimer]:
    """`init` in an empty folder."""
    process = await asyncio.create_subprocess_exec(
        *command("init"),
        cwd=folder,
        env=environment(**settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield FirstTimer(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def on_telegram(person: FirstTimer, phone: Telegram) -> None:
    person.steps.append("@BotFather: /newbot, copy the token")
    person.steps.append("kalshi-chatops init")
    await person.answer("Number [1]", "", "the exchange: Enter")
    await person.answer("Telegram token", phone.double.token, "paste the token")
    await person.act("press Start", lambda: phone.double.say(OWNER, "/start"), "press Start in the bot's chat")
    await person.answer("Is that you", "y", "that is me: y")
    await person.answer("Discord token", "", "no Discord: Enter")


async def on_discord(person: FirstTimer, phone: Discord) -> None:
    server = phone.double.server
    server.bot_is_in = False
    person.steps.append("Developer Portal: New Application, Reset Token, copy it")
    person.steps.append("kalshi-chatops init")
    await person.answer("Number [1]", "", "the exchange: Enter")
    await person.answer("Telegram token", "", "no Telegram: Enter")
    await person.answer("Discord token", phone.double.token, "paste the token")
    await person.act("press Authorize", lambda: setattr(server, "bot_is_in", True), "open the address, Authorize")
    await person.answer("Number [1]", "", "the channel: Enter")
    await person.act("send any message", lambda: server.write(str(OWNER)), "write into the channel")
    await person.answer("Is that you", "y", "that is me: y")


async def first_notice(folder: Path, person: FirstTimer, phone: Talker, where: dict[str, str]) -> None:
    """What comes after the platform's own part: the last answers, the test message, the bot's start."""
    await person.answer("no one-time codes?", "", "the rest as suggested: Enter")
    await person.answer("Write this into .env?", "", "write it: Enter")
    assert await person.ended() == 0, person.shown
    assert phone.texts() == ["kalshi-chatops is set up: its notices come here."]
    person.steps.append("kalshi-chatops run")
    with started("run", "--no-terminal", cwd=folder, **where):
        await seen(phone, "Started")


@pytest.mark.parametrize("phone", [Telegram(), Discord()], ids=["telegram", "discord"])
async def test_from_nothing_to_the_first_notice(
    tmp_path: Path, phone: Telegram | Discord, record_property: Callable[[str, object], None]
) -> None:
    await phone.start()
    name = f"{phone.name.upper()}_API_BASE"
    where = FAST | {name: phone.settings[name]}
    began = monotonic()
    async with setting_up(tmp_path, **where) as person:
        await (on_telegram(person, phone) if isinstance(phone, Telegram) else on_discord(person, phone))
        await first_notice(tmp_path, person, phone, where)
    spent = monotonic() - began
    assert phone.double.token not in person.shown
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    settings = load(tmp_path / ".env", {})
    if isinstance(phone, Telegram):
        assert (settings.telegram_notice_chat, settings.telegram_users) == (str(OWNER), {str(OWNER): "owner"})
    else:
        assert (settings.discord_guild_id, settings.discord_channel_id) == (GUILD, CHANNEL)
        assert settings.discord_users == {str(OWNER): "owner"}
    await phone.stop()
    assert len(person.steps) <= STEPS_MAX[phone.name], person.steps
    steps = "; ".join(f"{number} {step}" for number, step in enumerate(person.steps, 1))
    record_property(
        f"first time on {phone.name.title()}", f"{len(person.steps)} steps, {spent:.1f} s of machine ({steps})"
    )
