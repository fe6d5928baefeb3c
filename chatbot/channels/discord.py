"""Discord as a channel: slash commands and buttons in, answers that only the asking person sees, notices out.

It stands on three parts that do not wait for one another: the listener (a gateway connection that always comes back),
the answers (each interaction in a task of its own), and the notices (one plain request each, retried by the outbox).
`import discord` below is the SDK: this module's own name is longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

import aiohttp
import discord
from discord.http import Route

from chatbot.channels.discord_answers import NAME, Answers
from chatbot.channels.discord_gateway import Listener
from chatbot.channels.discord_notices import Notices
from chatbot.channels.discord_text import definitions
from chatbot.channels.discord_waits import Waits
from chatbot.command import Command
from chatbot.front import Handle
from chatbot.outbox import How
from trading.clock import real_now
from trading.domain.records import Notice

COMMANDS_FIX = (
    "Discord lets the bot register no commands in server {guild}: check DISCORD_GUILD_ID, "
    "and invite the bot again with the scopes bot and applications.commands"
)

log = logging.getLogger(__name__)


class DiscordChannel:
    """outbox.Channel for one Discord server (`guild_id`) and one channel of it for notices (`channel_id`).

    `handle` is the router's. `api_base` is another API address (`http://h:p/api/v10`), the gateway then being what its
    `GET /gateway/bot` names. `told` gets a sentence when something is wrong that people should know, once each time.
    """

    name = NAME

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        *,
        token: str,
        guild_id: str,
        channel_id: str,
        api_base: str = "",
        told: Callable[[str], None],
        waits: Waits | None = None,
    ) -> None:
        waits, base = waits or Waits(), api_base.rstrip("/")
        self._commands, self._guild_id, self._told, self._waits = commands, guild_id, told, waits
        answers = Answers(handle, commands, guild_id, waits)
        self._notices = Notices(token, channel_id, base or Route.BASE, waits)
        self._listener = Listener(answers.answer, self._logged_in, told, token=token, api_base=base, waits=waits)
        self._registering: asyncio.Task[None] | None = None
        self._registered = self._told_registering = False

    @property
    def listening(self) -> bool:
        """Whether commands come through at this moment."""
        return self._listener.listening

    @property
    def heard_at(self) -> datetime | None:
        """When commands could last come through (real time): now, while they can."""
        return real_now() if self.listening else None

    async def run(self) -> None:
        """Listen until closed, whatever Discord does meanwhile."""
        await self._listener.run()

    async def deliver(self, notice: Notice, how: How) -> str:
        """Send one notice as a new message, once. Raises DeliveryFailed; discord_notices.Refused for one that
        Discord takes in no form."""
        return await self._notices.deliver(notice, how)

    async def close(self) -> None:
        """Hang up and let `run` end, in a few seconds at most."""
        if self._registering:
            self._registering.cancel()
        await self._listener.close()
        await self._notices.close()

    # --- slash commands ---

    def _logged_in(self, client: discord.Client) -> None:
        """Register the commands, once a start and beside everything else."""
        if self._registering:
            self._registering.cancel()
        self._registering = None if self._registered else asyncio.create_task(self._register(client))

    async def _register(self, client: discord.Client) -> None:
        """Try until it is done; a new login starts anew with its own client."""
        wait = self._waits.again
        while not await self._register_once(client):
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._waits.mend)

    async def _register_once(self, client: discord.Client) -> bool:
        """Whether it is done. One overwrite is idempotent, and cheaper than asking first what there is."""
        assert client.application_id
        payload = definitions(self._commands.values())
        try:
            async with asyncio.timeout(self._waits.login):
                await client.http.bulk_upsert_guild_commands(client.application_id, self._guild_id, payload)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
            log.warning("the slash commands are not registered yet: %s", type(error).__name__)
            if isinstance(error, discord.Forbidden | discord.NotFound) and not self._told_registering:
                self._told_registering = True
                self._told(COMMANDS_FIX.format(guild=self._guild_id))
            return False
        self._registered = True
        return True
