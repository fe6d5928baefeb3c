"""The SDK's client, cut down to what a bot of slash commands needs to hear: no caches, no voice, no wait at start."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
from discord.voice_client import VoiceClient

from chatbot.channels.discord_waits import Waits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hears:
    """Whom a client tells: of each interaction, that the gateway has let us in, and whether our server is among the
    bot's, whenever that may have changed."""

    interaction: Callable[[discord.Interaction[Any]], Awaitable[None]]
    let_in: Callable[[], None]
    at_home: Callable[[bool], None]


class Client(discord.Client):
    """The SDK's client, without its caches and its voice. `guild_id` is our server."""

    def __init__(self, hears: Hears, guild_id: str, waits: Waits) -> None:
        VoiceClient.warn_nacl = VoiceClient.warn_dave = False  # voice is not wanted, so nothing to warn of
        super().__init__(
            intents=discord.Intents(guilds=True),
            guild_ready_timeout=0.0,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            heartbeat_timeout=waits.silent,
        )
        self._hears, self._guild_id = hears, int(guild_id)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        await self._hears.interaction(interaction)

    async def on_connect(self) -> None:
        self._hears.let_in()
        self._hears.at_home(self.get_guild(self._guild_id) is not None)

    async def on_resumed(self) -> None:
        self._hears.let_in()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.on_guild_available(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        if guild.id == self._guild_id:
            self._hears.at_home(True)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Not for a server that is just out of order: the SDK has another event for that."""
        if guild.id == self._guild_id:
            self._hears.at_home(False)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("%s failed", event_method)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The Listener keeps the distance, over all connections."""
