"""Those around the bot in a simulated year: two chats that take every notice, and an owner who asks and resumes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from chatbot.life.life import App
from chatbot.message import Incoming, Person, Reply
from chatbot.outbox.channel import How
from trading.domain.errors import Misconfigured
from trading.domain.records import Notice
from trading.domain.state import OWNER_CLEARS

TELEGRAM, DISCORD = "telegram", "discord"
OWNER = Person(TELEGRAM, "1", "Ann")
QUESTIONS = ("/status", "/pnl all", "/trades 20", "/performance all", "/pnl week", "/positions", "/audit 20", "/health")


class Chat:
    """Implements the outbox's Channel; `delivered` counts, and `errors` those that were told, by their titles."""

    def __init__(self, name: str) -> None:
        self.name, self.delivered = name, 0
        self.errors: Counter[str] = Counter()

    async def deliver(self, notice: Notice, how: How) -> str:
        await asyncio.sleep(0)  # as on any network, others have their turn meanwhile
        self.delivered += 1
        if notice.kind == "error":
            self.errors[notice.title] += 1
        return str(self.delivered)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is held."""


class Owner:
    """Asks by the router, as every line of a chat does. `halts` counts what had to be resumed, by its reason."""

    def __init__(self, app: App, now: Callable[[], datetime]) -> None:
        self._app, self._now = app, now
        self._asked = 0
        self.halts: Counter[str] = Counter()

    async def ask(self) -> None:
        """The next question. Raises Misconfigured where it is not answered."""
        line = QUESTIONS[self._asked % len(QUESTIONS)]
        self._asked += 1
        reply = await self._say(line)
        if reply.failed:
            raise Misconfigured(f"the bot has no answer to {line}: {reply.title}")

    async def look(self) -> None:
        """Let trading go on where it stands until somebody says so."""
        waiting = [reason for reason in self._app.book.state.halts if reason in OWNER_CLEARS]
        if not waiting:
            return
        self.halts.update(reason.value for reason in waiting)
        preview = await self._say("/resume")
        await self._say(preview.buttons[0].line)

    async def _say(self, line: str) -> Reply:
        reply = await self._app.router.handle(Incoming(OWNER, OWNER.id, line, self._now()))
        assert reply, "an owner is answered"
        return reply
