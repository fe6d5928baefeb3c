"""A whole bot that is talked to through one channel, its market time moved only by whoever tells the story."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from chatbot.app import build
from chatbot.config import Settings, load
from chatbot.front import Front
from chatbot.life.life import App
from chatbot.outbox.channel import Channel
from chatbot.tools.demo import EPOCH
from tests.flows.talkers import Talker
from trading.clock import VirtualClock
from trading.engine.desk import Desk

BEAT = timedelta(seconds=5)


class Story:
    """A bot in a folder; `settings` stand beside the channel's own, `through` may stand between channel and router."""

    def __init__(
        self,
        folder: Path,
        talker: Talker,
        settings: dict[str, str] | None = None,
        through: Callable[[Front], Front] = lambda front: front,
    ) -> None:
        self.folder, self.talker, self.clock = folder, talker, VirtualClock(EPOCH)
        self.settings, self._through = settings or {}, through
        self.app: App

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[App]:
        """The bot from its start to its clean end."""
        given = {"DATA_DIR": str(self.folder), "SIM_SEED": "7", "KALSHI_ENV": "simulated"}
        given |= self.talker.settings | self.settings
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        with contextlib.chdir(self.folder):  # where /reload reads them again
            self.app = app = await build(load(environ={}), clock=self.clock, channels=self._channels)
            tasks = [asyncio.create_task(work) for work in (app.outbox.run(), *(c.run() for c in app.channels))]
            try:
                await app.start()
                yield app
            finally:
                await app.stop("the end of the story")
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _channels(self, settings: Settings, front: Front, desk: Desk, told: Callable[[str], None]) -> Sequence[Channel]:
        return (self.talker.channel(settings, self._through(front)),)

    async def live(self, minutes: float) -> None:
        """Let market time pass, beat by beat."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end:
            self.clock.advance_to(self.clock.now() + BEAT)
            await self.app.beat()
