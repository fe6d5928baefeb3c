"""Both chats on loopback, in the bench's own process, and what has come there from a bot since it was last forgotten.

Each asks a bot for its /status as soon as that can be heard: on Telegram the line waits before the bot is there, on
Discord it comes when the gateway has let the bot in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatbot.tools.bench.bot_api import GROUP, OWNER, BotApi
from chatbot.tools.bench.discord_api import DiscordApi
from trading.domain.errors import Unavailable

TELEGRAM, DISCORD, STDIN = "Telegram", "Discord", "standard input"
TOKEN = "7000000003:bench-the-starting-bot"
LINE, ANSWERED, STARTED = "/status", "Status", "Started"
ANSWER, NOTICE = "answer", "notice"

Sign = tuple[str, str]  # of which chat, and what has come there


class Chats:
    """The doubles, and the signs of the bot that runs."""

    def __init__(self) -> None:
        self._seen: set[Sign] = set()
        self._news = asyncio.Event()
        self._bot_api = BotApi(self._written_on_telegram, lambda: None)
        self.discord = DiscordApi(
            lambda text: self.see(DISCORD, NOTICE, STARTED in text),
            lambda text: self.see(DISCORD, ANSWER, ANSWERED in text),
            LINE.removeprefix("/"),
        )
        self.telegram = ""  # its address

    async def start(self) -> None:
        self.telegram = f"http://127.0.0.1:{await self._bot_api.start()}"
        await self.discord.start()

    async def close(self) -> None:
        await self._bot_api.close()
        await self.discord.close()

    def forget(self) -> None:
        """A bot is about to start: nothing has been seen of it, and the owner's line waits for it."""
        self._seen.clear()
        self._bot_api.boxes.pop(TOKEN, None)
        self._bot_api.say(TOKEN, OWNER, LINE)

    def see(self, chat: str, what: str, right: bool) -> None:
        """Something has come; it counts where it is what was waited for."""
        if right:
            self._seen.add((chat, what))
            self._news.set()

    async def until(self, signs: set[Sign], seconds: float) -> None:
        """Wait for all of these. Raises Unavailable with those that do not come."""
        try:
            async with asyncio.timeout(seconds):
                while not signs <= self._seen:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            missing = ", ".join(f"{what} on {chat}" for chat, what in sorted(signs - self._seen))
            raise Unavailable(f"a bot of the bench is not ready within {seconds:g} s: no {missing}") from None

    def _written_on_telegram(self, token: str, chat: int, text: str) -> None:
        self.see(TELEGRAM, ANSWER, chat == OWNER and ANSWERED in text)
        self.see(TELEGRAM, NOTICE, chat == GROUP and STARTED in text)


@asynccontextmanager
async def chats() -> AsyncIterator[Chats]:
    """Both, until the end of the block."""
    made = Chats()
    await made.start()
    try:
        yield made
    finally:
        await made.close()
