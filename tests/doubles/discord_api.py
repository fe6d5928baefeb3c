"""Discord's REST API on loopback: what a bot asks for, sends and answers, with what it is refused."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .discord_gateway import Gateway
from .discord_limits import unfit
from .discord_payloads import (
    APPLICATION,
    BOT,
    CHANNEL,
    EPHEMERAL,
    GUILD,
    Asked,
    Json,
    Message,
    application,
    snowflake,
    user,
)
from .discord_replies import error, limited, said
from .discord_server import Server

ANSWER_SECONDS = 3.0  # an interaction that is not reacted to for longer is gone
BODY: web.RequestKey[Any] = web.RequestKey("body")
FILES: web.RequestKey[dict[str, bytes]] = web.RequestKey("files")
NEW_MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, OFFERED = 4, 5, 6, 7, 8

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """The state behind the calls. `lacks` are permissions that the bot does not have: send, embed, attach."""

    def __init__(self, gateway: Gateway, server: Server, on_event: Callable[[Json], None]) -> None:
        self.gateway, self.server, self._on_event = gateway, server, on_event
        self.messages: list[Message] = []
        self.asked: dict[str, Asked] = {}
        self.commands: list[Json] = []
        self.lacks: set[str] = set()
        self.enforces_nonces = True
        self._nonces: dict[str, Message] = {}

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path below the prefix, handler; a handler's name without underscores names the route."""
        hook = "/webhooks/{application}/{token}"
        return [
            ("GET", "/users/@me", self._me),
            ("GET", "/oauth2/applications/@me", self._application),
            *self.server.routes(),
            ("GET", "/gateway/bot", self._gateway),
            ("GET", "/applications/{application}/guilds/{guild}/commands", self._commands),
            ("PUT", "/applications/{application}/guilds/{guild}/commands", self._commands),
            ("POST", "/interactions/{id}/{token}/callback", self._callback),
            ("PATCH", hook + "/messages/@original", self._original),
            ("POST", hook, self._followup),
            ("POST", "/channels/{channel}/messages", self._message),
        ]

    async def _me(self, request: web.Request) -> web.StreamResponse:
        return said(user(BOT, "bot", bot=True))

    async def _application(self, request: web.Request) -> web.StreamResponse:
        return said(application())

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        limit = {"total": 1000, "remaining": self.server.logins_left, "reset_after": 14_400_000, "max_concurrency": 1}
        return said({"url": self.gateway.url, "shards": 1, "session_start_limit": limit})

    async def _commands(self, request: web.Request) -> web.StreamResponse:
        ours = request.match_info["guild"] == GUILD and request.match_info["application"] == APPLICATION
        if not ours or not self.server.bot_is_in:
            return error(403, 50001, "Missing Access")
        if request.method == "PUT":
            made = {"application_id": APPLICATION, "guild_id": GUILD, "version": "1"}
            self.commands = [each | made | {"id": snowflake()} for each in request[BODY]]
            self._on_event({"event": "commands", "commands": self.commands})
        return said(self.commands)

    async def _message(self, request: web.Request) -> web.StreamResponse:
        channel_id, body, files = request.match_info["channel"], request[BODY], request[FILES]
        if problem := self._closed(channel_id, body, files) or unfit(body, files):
            return problem
        nonce = str(body.get("nonce") or "")
        if body.get("enforce_nonce") and self.enforces_nonces and nonce in self._nonces:
            return limited(self._nonces[nonce].payload())
        message = Message(snowflake(), channel_id, body, files=files)
        self._nonces[nonce] = message
        self.messages.append(message)
        self._on_event({"event": "message", "id": message.id, "content": message.text, "body": body})
        return limited(message.payload())

    def _closed(self, channel_id: str, body: Json, files: dict[str, bytes]) -> web.Response | None:
        """Why nothing of this kind can be written there."""
        if channel_id not in self.server.channels:
            return error(404, 10003, "Unknown Channel")
        if channel_id in self.server.hidden or not self.server.bot_is_in:
            return error(403, 50001, "Missing Access")
        needs = {"send"} | ({"embed"} if body.get("embeds") else set()) | ({"attach"} if files else set())
        return error(403, 50013, "Missing Permissions") if needs & self.lacks else None

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.id != request.match_info["id"] or time.monotonic() - asked.at > ANSWER_SECONDS:
            return error(404, 10062, "Unknown interaction")
        if asked.callback:
            return error(400, 40060, "Interaction has already been acknowledged.")
        body, files = request[BODY], request[FILES]
        data = body.get("data") or {}
        if body["type"] in (NEW_MESSAGE, UPDATE) and (problem := unfit(data, files)):
            return problem
        asked.callback = body
        if body["type"] == OFFERED:
            return web.Response(status=204)
        self._apply(asked, body["type"], data, files)
        told: Json = {"interaction": {"id": asked.id, "type": 2}}
        if asked.original and body["type"] != DEFERRED_UPDATE:
            told["interaction"]["response_message_id"] = asked.original.id
            told["resource"] = {"type": body["type"], "message": asked.original.payload()}
        return said(told)

    def _apply(self, asked: Asked, kind: int, data: Json, files: dict[str, bytes]) -> None:
        if kind in (DEFERRED_UPDATE, UPDATE):
            asked.original = asked.message
        else:
            asked.original = Message(snowflake(), CHANNEL, data, bool(data.get("flags", 0) & EPHEMERAL), files)
            asked.replies.append(asked.original)
        if kind == UPDATE and asked.original:
            asked.original.edit(data, files)
        if kind in (NEW_MESSAGE, UPDATE):
            self._told(asked)

    async def _original(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.original is None:
            return error(404, 10015, "Unknown Webhook")
        if problem := unfit(request[BODY], request[FILES], empty=True):
            return problem
        asked.original.edit(request[BODY], request[FILES])
        self._told(asked)
        return said(asked.original.payload())

    async def _followup(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.callback is None:
            return error(404, 10015, "Unknown Webhook")
        body, files = request[BODY], request[FILES]
        if problem := unfit(body, files):
            return problem
        message = Message(snowflake(), CHANNEL, body, bool(body.get("flags", 0) & EPHEMERAL), files)
        asked.replies.append(message)
        self._told(asked)
        return said(message.payload())

    def _told(self, asked: Asked) -> None:
        asked.answered_at = asked.answered_at or time.monotonic()
        self._on_event({"event": "reply", "interaction": asked.id, "user": asked.user_id, "text": asked.text})
