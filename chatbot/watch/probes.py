"""What is told on HEALTH_PORT: of a running bot, and of one in safe mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client import generate_latest

from chatbot.formats import span
from chatbot.life.life import App
from chatbot.life.watchdog import Watchdog
from chatbot.watch.metrics import Metrics, new_registry
from chatbot.watch.metrics_now import Halted, Now


class BotProbe:
    """Asks the bot's memory, and the watchdog who has fallen silent."""

    def __init__(self, app: App, dog: Watchdog) -> None:
        self._app, self._dog = app, dog
        self._metrics = Metrics(app.settings.environment)
        self._now = Now(app, dog)
        self._metrics.registry.register(self._now)
        app.book.watch(self._metrics.count)
        app.store.timed = self._metrics.commits.time

    def ill(self) -> Sequence[str]:
        """What the watchdog holds to be stalled."""
        silent, bounds = self._dog.silences(), self._dog.bounds
        return [f"{name} has stood still for {span(silent[name])}" for name in silent if silent[name] > bounds[name]]

    def unready(self) -> Sequence[str]:
        return tuple(self._missing())

    def _missing(self) -> Iterator[str]:
        app = self._app
        if app.ended.is_set():
            yield "the bot is stopping"
        if not app.recovered:
            yield "start-up still checks what was left open"
        if app.store.failure:
            yield f"the store is not open: {app.store.failure}"
        if app.places.kalshi and not app.places.kalshi.traffic.reached:
            yield "the exchange has not been reached yet"

    async def metrics(self) -> bytes:
        await self._now.look()
        return self._metrics.text()


class SafeModeProbe:
    """Lives, and does none of its work."""

    def __init__(self, environment: str, why: str) -> None:
        self._why = why
        self._registry = new_registry(environment)
        self._registry.register(Halted())

    def ill(self) -> Sequence[str]:
        return ()

    def unready(self) -> Sequence[str]:
        return (f"safe mode: {self._why}",)

    async def metrics(self) -> bytes:
        return generate_latest(self._registry)
