"""The server of the double as people have set it up: whether the bot is in it, its channels, roles, members, messages.

discord.server.bot_is_in = False          # it waits to be invited
discord.server.write("11", CHANNEL)       # somebody writes into a channel
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from .discord_payloads import APPLICATION, BOT, CHANNEL, GUILD, Json, application, channel, guild, snowflake, user
from .discord_replies import error, said

EVERYTHING = str((1 << 31) - 1 - (1 << 3))  # but Administrator
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """`channels` by id as Discord sends them; `hidden` ones the bot may not look at; `members` are account ids."""

    bot_is_in: bool = True
    public: bool = False
    permissions: str = EVERYTHING  # of everybody
    channels: dict[str, Json] = field(default_factory=lambda: {CHANNEL: channel(CHANNEL) | {"guild_id": GUILD}})
    hidden: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=lambda: {"1", "11"})
    roles: list[Json] = field(default_factory=list)
    logins_left: int = 999
    written: dict[str, list[Json]] = field(default_factory=dict)

    def write(self, user_id: str, channel_id: str = CHANNEL) -> None:
        """Somebody writes; without the privileged intent a bot is told who, and not what."""
        message = {
            "id": snowflake(),
            "channel_id": channel_id,
            "author": user(user_id, f"user{user_id}"),
            "content": "",
        }
        self.written.setdefault(channel_id, []).append(message)
        self.channels[channel_id]["last_message_id"] = message["id"]

    def add_channel(self, channel_id: str, name: str, **how: object) -> None:
        self.channels[channel_id] = channel(channel_id) | {"name": name, "guild_id": GUILD} | how

    def routes(self) -> list[tuple[str, str, Handler]]:
        return [
            ("GET", "/users/@me/guilds", self._guilds),
            ("GET", "/applications/@me", self._own_application),
            ("GET", "/guilds/{guild}", self._guild),
            ("GET", "/guilds/{guild}/channels", self._channels),
            ("GET", "/guilds/{guild}/members/{user}", self._member),
            ("GET", "/channels/{channel}", self._channel),
            ("GET", "/channels/{channel}/messages", self._messages),
        ]

    def _in(self, request: web.Request) -> bool:
        return self.bot_is_in and request.match_info["guild"] == GUILD

    async def _own_application(self, request: web.Request) -> web.StreamResponse:
        return said(application() | {"bot_public": self.public})

    async def _guilds(self, request: web.Request) -> web.StreamResponse:
        return said([{"id": GUILD, "name": guild()["name"], "owner": False}] if self.bot_is_in else [])

    async def _guild(self, request: web.Request) -> web.StreamResponse:
        if not self._in(request):
            return error(404, 10004, "Unknown Guild")
        everyone = {"id": GUILD, "name": "@everyone", "permissions": self.permissions}
        return said(guild() | {"roles": [everyone, *self.roles]})

    async def _channels(self, request: web.Request) -> web.StreamResponse:
        return said(list(self.channels.values())) if self._in(request) else error(404, 10004, "Unknown Guild")

    async def _member(self, request: web.Request) -> web.StreamResponse:
        who = request.match_info["user"]
        if not self._in(request) or who not in {*self.members, BOT, APPLICATION}:
            return error(404, 10007, "Unknown Member")
        return said({"user": user(who, f"user{who}", bot=who == BOT), "roles": []})

    async def _channel(self, request: web.Request) -> web.StreamResponse:
        channel_id = request.match_info["channel"]
        if channel_id not in self.channels:
            return error(404, 10003, "Unknown Channel")
        if channel_id in self.hidden:
            return error(403, 50001, "Missing Access")
        return said(self.channels[channel_id])

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        after = int(request.query.get("after", 0))
        there = [each for each in self.written.get(request.match_info["channel"], []) if int(each["id"]) > after]
        return said(there[: int(request.query.get("limit", 50))])
