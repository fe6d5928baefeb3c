"""Who asks on HEALTH_PORT is answered; where it is off, nothing of it is even imported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.config import Settings
from chatbot.life.life import App
from chatbot.life.watchdog import Watchdog

if TYPE_CHECKING:
    from chatbot.watch.health import HealthServer


@dataclass(frozen=True, slots=True)
class Answering:
    """The server where there is one, and what it is to tell of."""

    settings: Settings
    server: HealthServer | None = None

    def of(self, app: App, dog: Watchdog) -> None:
        """From now on tell of this bot."""
        if self.server:
            from chatbot.watch.probes import BotProbe

            self.server.probe = BotProbe(app, dog)

    def in_safe_mode(self, why: str) -> None:
        """From now on tell that the store refuses to open."""
        if self.server:
            from chatbot.watch.probes import SafeModeProbe

            self.server.probe = SafeModeProbe(self.settings.environment, why)


@asynccontextmanager
async def answering(settings: Settings) -> AsyncIterator[Answering]:
    """Answer while the block runs. Raises Misconfigured where the port cannot be had."""
    if settings.health_port is None:
        yield Answering(settings)
        return
    from chatbot.watch.health import HealthServer

    server = HealthServer(settings.health_port)
    await server.open()
    try:
        yield Answering(settings, server)
    finally:
        await server.close()
