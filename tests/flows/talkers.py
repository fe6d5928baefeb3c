"""People on each channel, played the same way: what they send, what they press, and what they get to see."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from chatbot.channels.stdin import StdinChannel
from chatbot.command import Misread
from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.message import Role
from chatbot.outbox.channel import Channel
from chatbot.tools.talking import speaking
from tests.doubles import discord as discord_double
from tests.doubles import telegram as telegram_double
from tests.doubles.discord_payloads import CHANNEL, GUILD

OWNER, OPERATOR, VIEWER, SECOND, STRANGER = 11, 12, 13, 14, 666
ROLES = {OWNER: Role.OWNER, OPERATOR: Role.OPERATOR, VIEWER: Role.VIEWER, SECOND: Role.OWNER}
PEOPLE = ",".join(f"{who}:{role.word}" for who, role in ROLES.items())
ANSWER_SECONDS = 90.0
SILENCE_SECONDS = 0.4  # long enough for an answer that should not come


class Talker(Protocol):
    """One channel with its people. What is shown is kept as texts, oldest first."""

    name: str
    settings: dict[str, str]  # what a user would write into .env for it

    async def start(self) -> None: ...

    def channel(self, settings: Settings, front: Front) -> Channel:
        """Its channel, as the program makes it."""

    def can(self, who: int, line: str) -> bool:
        """Whether this person can send this line here."""

    async def say(self, who: int, line: str, *, ago: float = 0.0) -> None:
        """Send a line, `ago` seconds ago by the platform's clock."""

    async def press(self, who: int, label: str, *, times: int = 1) -> None:
        """Press a button of the newest message that shows it; where there are none, type what stands for it."""

    async def code(self, who: int, code: str) -> None:
        """Give the one-time code that a question waits for."""

    def texts(self) -> Sequence[str]: ...

    async def stop(self) -> None: ...


async def seen(talker: Talker, *words: str, besides: Sequence[str] = (), seconds: float = ANSWER_SECONDS) -> str:
    """The first text `besides` these that has all these words. Raises AssertionError with what there was."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        new = list((Counter(talker.texts()) - Counter(besides)).elements())
        found = next((text for text in new if all(word in text for word in words)), None)
        if found:
            return found
        shown = "\n---\n".join(new)
        assert asyncio.get_running_loop().time() < end, f"{words} did not come; there was:\n{shown}"
        await asyncio.sleep(0.01)


async def ask(talker: Talker, line: str, *words: str) -> str:
    """The owner sends a line; the answer that has these words."""
    before = list(talker.texts())
    await talker.say(OWNER, line)
    return await seen(talker, *words, besides=before)


async def press(talker: Talker, label: str, *words: str, times: int = 1) -> str:
    """The owner presses a button; the answer that has these words."""
    before = list(talker.texts())
    await talker.press(OWNER, label, times=times)
    return await seen(talker, *words, besides=before)


class Terminal:
    """Standard input; its buttons are typed."""

    name = "terminal"
    settings: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._shown: list[str] = []

    async def start(self) -> None:
        pass

    def channel(self, settings: Settings, front: Front) -> Channel:
        write, folder = self._shown.append, settings.data_folder
        return StdinChannel(front.handle, COMMANDS, descriptor=self._reader, write=write, folder=folder)

    def can(self, who: int, line: str) -> bool:
        return who == OWNER

    async def say(self, who: int, line: str, *, ago: float = 0.0) -> None:
        assert who == OWNER, "whoever sits at the terminal is its owner"
        assert not ago, "what is typed here is read at once"
        os.write(self._writer, f"{line}\n".encode())

    async def press(self, who: int, label: str, *, times: int = 1) -> None:
        for _ in range(times):
            await self.say(who, {"Confirm": "yes", "Cancel": "no"}[label])

    async def code(self, who: int, code: str) -> None:
        await self.say(who, f"yes {code}")

    def texts(self) -> Sequence[str]:
        return self._shown

    async def stop(self) -> None:
        os.close(self._writer)
        os.close(self._reader)


class Telegram:
    """Private chats with the bot over the loopback Bot API."""

    name = "telegram"

    def __init__(self) -> None:
        self.double = telegram_double.TelegramDouble()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "TELEGRAM_BOT_TOKEN": self.double.token,
            "TELEGRAM_API_BASE": self.double.base,
            "TELEGRAM_CHAT_ID": str(OWNER),
            "TELEGRAM_USERS": PEOPLE,
        }

    async def start(self) -> None:
        await self.double.start()

    def channel(self, settings: Settings, front: Front) -> Channel:
        [made] = speaking(settings, front, print, None)
        return made

    def can(self, who: int, line: str) -> bool:
        return True

    async def say(self, who: int, line: str, *, ago: float = 0.0) -> None:
        self.double.say(who, line, **({"ago": ago} if ago else {}))

    async def press(self, who: int, label: str, *, times: int = 1) -> None:
        shown = [m for m in self.double.messages() if any(key["text"] == label for key in m.keys)]
        assert shown, f"nothing has a button {label}"
        for _ in range(times):
            self.double.press(who, shown[-1], label)

    async def code(self, who: int, code: str) -> None:
        await self.say(who, f"/confirm {code}")

    def texts(self) -> Sequence[str]:
        return [m.text for m in self.double.messages()]

    async def stop(self) -> None:
        assert self.double.violations == []
        await self.double.stop()


class Discord:
    """Slash commands and buttons in one server over the loopback API and gateway."""

    name = "discord"

    def __init__(self) -> None:
        self.double = discord_double.DiscordDouble()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "DISCORD_BOT_TOKEN": self.double.token,
            "DISCORD_API_BASE": self.double.api_base,
            "DISCORD_GUILD_ID": GUILD,
            "DISCORD_CHANNEL_ID": CHANNEL,
            "DISCORD_USERS": PEOPLE,
        }

    async def start(self) -> None:
        await self.double.start()

    def channel(self, settings: Settings, front: Front) -> Channel:
        [made] = speaking(settings, front, print, None)
        return made

    def can(self, who: int, line: str) -> bool:
        """A slash command has its own name and typed options, and no word too many."""
        name, *words = line.removeprefix("/").split() or [""]
        if not line.startswith("/") or name not in COMMANDS or len(words) > len(COMMANDS[name].parameters):
            return False
        try:
            COMMANDS[name].parse(tuple(words))
        except Misread:
            return False
        return True

    async def say(self, who: int, line: str, *, ago: float = 0.0) -> None:
        await self.double.wait_for(lambda: self.double.commands and self.double.gateway.last, ANSWER_SECONDS)
        name, *words = line.lstrip("/").split()
        parameters = COMMANDS[name].parameters
        options: dict[str, Any] = {p.name: _option(p.kind(word)) for p, word in zip(parameters, words, strict=False)}
        await self.double.slash(str(who), name, ago=ago, **options)

    async def press(self, who: int, label: str, *, times: int = 1) -> None:
        asked = [m for a in self.double.asked.values() for m in [*a.replies, *([a.original] if a.original else [])]]
        shown = [m for m in [*self.double.messages, *asked] if label in str(m.body.get("components"))]
        assert shown, f"nothing has a button {label}"
        for _ in range(times):
            await self.double.press(str(who), shown[-1], label)

    async def code(self, who: int, code: str) -> None:
        await self.double.wait_for(lambda: "confirm" in str(self.double.commands), ANSWER_SECONDS)
        await self.double.slash(str(who), "confirm", code=code)

    def texts(self) -> Sequence[str]:
        return [m.text for m in self.double.messages] + [a.text for a in self.double.asked.values() if a.text]

    async def stop(self) -> None:
        assert self.double.violations == []
        await self.double.stop()


def _option(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


TALKERS: dict[str, type[Terminal] | type[Telegram] | type[Discord]] = {
    "terminal": Terminal,
    "telegram": Telegram,
    "discord": Discord,
}
