"""Modelled chats: phones that get notices, in moods that pass; and the people and strangers who type.

A phone outlives the bot: what it was shown once, it was shown. Lines go through the bot's real router.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from chatbot.message import Incoming, Person, Reply
from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.router import Router
from chatbot.tools.simulation.disk import Power
from chatbot.tools.simulation.scenario import DISCORD, TELEGRAM, Event, Mood
from trading.domain.records import Notice

LATENCY_SECONDS = 0.05
HANG_SECONDS = 120.0  # longer than the outbox waits
PATIENCE_SECONDS = 7.0  # that a limiting platform asks for
READING_SECONDS = 2.0  # before somebody presses a button
PEOPLE = {
    "owner": Person(TELEGRAM, "1", "Ann"),
    "operator": Person(DISCORD, "2", "Bo"),
    "viewer": Person(TELEGRAM, "3", "Cy"),
    "stranger": Person(TELEGRAM, "666", "Ann"),
}
ROOM = "room"


@dataclass(slots=True)
class Phone:
    """What one channel has shown, and how it is now. `shown` has (notice, marked as a repeat), oldest first."""

    name: str
    mood: Mood = Mood.WELL
    shown: list[tuple[Notice, bool]] = field(default_factory=list)


class ModelledChannel:
    """Implements chatbot.outbox.channel.Channel for one process of the bot."""

    def __init__(self, phone: Phone, power: Power, secret: str) -> None:
        self.name, self._phone, self._power, self._secret = phone.name, phone, power, secret

    async def deliver(self, notice: Notice, how: How) -> str:
        self._power.step()
        await asyncio.sleep(LATENCY_SECONDS)
        await self._be(self._phone.mood)
        self._power.step()
        self._phone.shown.append((notice, how.repeat))
        await asyncio.sleep(LATENCY_SECONDS)
        if self._phone.mood is Mood.LOSSY:
            raise DeliveryFailed("connection reset", unknown=True)
        return str(len(self._phone.shown))

    async def _be(self, mood: Mood) -> None:
        if mood is Mood.DEAD:
            raise DeliveryFailed("no route to host")
        if mood is Mood.LIMITED:
            raise DeliveryFailed("429", retry_after=PATIENCE_SECONDS)
        if mood is Mood.BROKEN:
            raise RuntimeError(f"cannot read the answer of /bot{self._secret}/sendMessage")
        if mood is Mood.HANGS:
            await asyncio.sleep(HANG_SECONDS)

    async def run(self) -> None:
        """People come in through `Typing`."""

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Typing:
    """How people reach the bot that runs now. `now` is the platform's time (aware UTC)."""

    router: Router
    power: Power
    now: Callable[[], datetime]

    async def line(self, event: Event) -> Reply | None:
        """Type a line; the answer."""
        return await self._send(event.what, PEOPLE[event.who])

    @staticmethod
    def asks(reply: Reply | None) -> bool:
        """Whether an answer asks for a yes."""
        return bool(reply and reply.buttons and reply.buttons[0].line.startswith("/confirm"))

    async def press(self, event: Event, reply: Reply) -> Reply | None:
        """Press the button that says yes."""
        return await self._send(reply.buttons[0].line, PEOPLE[event.who])

    async def forge(self, event: Event, random: Random) -> Reply | None:
        """A line that must have no effect: a stranger's, one that is not the person's own word, or one too old."""
        whose = {"stranger": "stranger", "viewer": "viewer"}.get(event.who, "owner")
        age = timedelta(seconds=random.randint(70, 4000) if event.who == "old" else 0)
        return await self._send(event.what, PEOPLE[whose], age, event.who)

    async def _send(self, text: str, person: Person, age: timedelta = timedelta(0), way: str = "") -> Reply | None:
        self.power.step()
        incoming = Incoming(
            person,
            ROOM,
            text,
            self.now() - age,
            edited=way == "edited",
            forwarded=way == "forwarded",
            anonymous=way == "anonymous",
        )
        reply = await self.router.handle(incoming)
        self.power.step()
        return reply
