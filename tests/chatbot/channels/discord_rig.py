"""A bot on Discord's double: the real SDK over real sockets, the real router on a fake desk, the real outbox."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from fakes_chat import FakeDesk, Times, chat
from fakes_outbox import MemoryStore

from chatbot.access import Access
from chatbot.beside import Words
from chatbot.channels.discord import DiscordChannel
from chatbot.channels.discord_waits import Waits
from chatbot.command import Command
from chatbot.commands.registry import COMMANDS
from chatbot.message import Person, Role
from chatbot.outbox.outbox import Outbox
from tests.doubles.discord import CHANNEL, GUILD, DiscordDouble
from tests.doubles.discord_payloads import LOG_CHANNEL
from trading.clock import real_now

OWNER, OPERATOR, VIEWER, STRANGER = "1", "2", "3", "666"
GUILD_ROLE = "900000000000000077"
ROLES = {"discord": {OWNER: Role.OWNER, OPERATOR: Role.OPERATOR, VIEWER: Role.VIEWER, f"&{GUILD_ROLE}": Role.OPERATOR}}
SECRET = "s3cr3t-of-the-settings"
HEARTBEAT_MS = 200
# Short where a test waits for it, long where just a busy machine would make it strike.
QUICK = Waits(
    defer=0.15,
    post=3.0,
    login=2.0,
    hello=2.0,
    silent=3.0,
    hang_up=0.1,
    identify=0.01,
    again=0.02,
    again_max=0.1,
    mend=0.2,
    log=0.05,
)
HASTY = replace(QUICK, post=1.2, login=0.4, hello=0.4, silent=0.5)  # for tests in which something hangs
PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Rig:
    """One bot: `told` is what the channel wanted people to know, `strangers` whom the router turned away; `words` can
    be given words to offer."""

    double: DiscordDouble
    channel: DiscordChannel
    desk: FakeDesk
    told: list[str]
    strangers: list[Person]
    access: Access
    words: dict[str, Words]
    running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.running = asyncio.create_task(self.channel.run())

    async def listening(self, seconds: float = 20.0) -> None:
        await self.double.wait_for(lambda: self.channel.listening, seconds)


def rig_on(
    double: DiscordDouble,
    *,
    token: str = "",
    waits: Waits = QUICK,
    logging: bool = False,
    commands: Mapping[str, Command] = COMMANDS,
    secret: str = "",
) -> Rig:
    """Another bot for the same Discord; `logging`: with a channel for log lines; `secret`: with a second factor."""
    made, told = chat(commands, ROLES, now=real_now, secret=secret), list[str]()
    double.server.add_channel(LOG_CHANNEL, "log")
    channel = DiscordChannel(
        made.router.handle,
        commands,
        complete=made.router.complete,
        token=token or double.token,
        guild_id=GUILD,
        channel_id=CHANNEL,
        log_channel_id=LOG_CHANNEL if logging else "",
        clean=lambda text: text.replace(SECRET, "***"),
        api_base=double.api_base,
        told=told.append,
        waits=waits,
    )
    return Rig(double, channel, made.desk, told, made.strangers, made.access, made.router._beside.words)  # type: ignore[arg-type]


@asynccontextmanager
async def talking(*, start: bool = True, **how: Any) -> AsyncIterator[Rig]:
    """A bot that listens; at the end it is closed, and every request that it made must have been a proper one."""
    async with DiscordDouble() as double:
        double.gateway.heartbeat_ms = HEARTBEAT_MS
        rig = rig_on(double, **how)
        if start:
            rig.start()
            await rig.listening()
        try:
            yield rig
        finally:
            await rig.channel.close()
            if rig.running:
                async with asyncio.timeout(2):
                    await rig.running
        assert double.violations == []


@dataclass(slots=True)
class Post:
    """An outbox for a rig's channel; its waits are recorded, and twenty times as short as it asks for."""

    rig: Rig
    store: MemoryStore = field(default_factory=MemoryStore)
    slept: list[float] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(
            self.store,
            [self.rig.channel],
            lambda name, error: self.errors.append((name, error)),
            zone=UTC,
            now=self.times.now,
            real_now=self.times.now,
            sleep=self.sleep,
            jitter=random.Random(1),
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds / 20)

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[Post]:
        task = asyncio.create_task(self.outbox.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def all_delivered(self, seconds: float = PATIENCE_SECONDS) -> None:
        self.outbox.wake()
        await self.rig.double.wait_for(lambda: self.outbox.queued() == {"discord": 0}, seconds)
