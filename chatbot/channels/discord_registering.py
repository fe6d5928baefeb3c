"""The slash commands on our server: registered once a start, and again where the bot was away from it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any

import aiohttp
import discord

from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits

SERVER = "server"  # what may be wrong
SERVER_FIX = (
    "the bot is not on the Discord server {guild}, or may register no commands there: check DISCORD_GUILD_ID, "
    "and invite the bot again with the scopes bot and applications.commands"
)

log = logging.getLogger(__name__)


class Registering:
    """Registers `definitions` on the server `guild_id`, beside everything else."""

    def __init__(self, definitions: Sequence[Any], guild_id: str, troubles: Troubles, waits: Waits) -> None:
        self._definitions, self._guild_id = list(definitions), guild_id
        self._troubles, self._waits = troubles, waits
        self._task: asyncio.Task[None] | None = None
        self._client: discord.Client | None = None
        self._invited = asyncio.Event()
        self._done = False

    def logged_in(self, client: discord.Client) -> None:
        """From now on by this client."""
        self.stop()
        self._client = client
        if not self._done:
            self._begin()

    def at_home(self, here: bool) -> None:
        """Whether the bot is on the server. One that was removed has no commands there any more."""
        if not here:
            self._done = False
            self._troubles.tell(SERVER, SERVER_FIX.format(guild=self._guild_id))
        elif self._done:
            self._troubles.over(SERVER)
        elif self._task is None or self._task.done():
            self._begin()
        else:
            self._invited.set()

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    def _begin(self) -> None:
        if self._client:
            self._task = asyncio.create_task(self._register(self._client))

    async def _register(self, client: discord.Client) -> None:
        """Try until it is done, at once when the bot comes to the server."""
        wait = self._waits.again
        while not await self._registered(client):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._invited.wait()
            self._invited.clear()
            wait = min(wait * 2, self._waits.mend)

    async def _registered(self, client: discord.Client) -> bool:
        """Whether it is done. One overwrite is idempotent, and cheaper than asking first what there is."""
        assert client.application_id
        try:
            async with asyncio.timeout(self._waits.login):
                await client.http.bulk_upsert_guild_commands(client.application_id, self._guild_id, self._definitions)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            log.warning("the slash commands are not registered yet: %s", type(error).__name__)
            if isinstance(error, discord.Forbidden | discord.NotFound):
                self._troubles.tell(SERVER, SERVER_FIX.format(guild=self._guild_id))
            return False
        self._done = True
        self._troubles.over(SERVER)
        return True
