"""Discord on loopback, as little of it as the bench needs: a bot logs in, is let in by the gateway, registers commands,
writes messages, and is asked one slash command by its owner as soon as it is in.

Source: https://docs.discord.com/developers (events/gateway, interactions/receiving-and-responding, resources/message).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from trading.clock import real_now

OWNER, GUILD, CHANNEL, BOT = "11", "900000000000000001", "900000000000000002", "900000000000000003"
TOKEN = "OTAwMDAwMDAwMDAwMDAwMDAz.bench.the-bot"
EPOCH_MS = 1_420_070_400_000  # of the ids, which tell the time
DISPATCH, HEARTBEAT, IDENTIFY, HELLO, ACK = 0, 1, 2, 10, 11  # what a payload of the gateway is
SLASH = 2  # the type of an interaction
HEARTBEAT_MS = 41_250
PREFIX, WAY_IN = "/api/v10", "/gateway"

Json = dict[str, Any]


class DiscordApi:
    """`written` is called with every message in the channel, `answered` with what comes back for the slash command
    `line` (a name without its slash)."""

    def __init__(self, written: Callable[[str], None], answered: Callable[[str], None], line: str) -> None:
        self._written, self._answered, self._line = written, answered, line
        self._ids = count(1)
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self.port}{WAY_IN}"

    async def start(self) -> None:
        """Listen at `base` and `gateway`."""
        hook = f"{PREFIX}/webhooks/{{application}}/{{token}}"
        app = web.Application()
        app.router.add_get(f"{PREFIX}/users/@me", self._me)
        app.router.add_get(f"{PREFIX}/oauth2/applications/@me", self._application)
        app.router.add_get(f"{PREFIX}/gateway/bot", self._gateway)
        app.router.add_put(f"{PREFIX}/applications/{{application}}/guilds/{{guild}}/commands", self._commands)
        app.router.add_post(f"{PREFIX}/channels/{{channel}}/messages", self._message)
        app.router.add_post(f"{PREFIX}/interactions/{{id}}/{{token}}/callback", self._callback)
        app.router.add_patch(f"{hook}/messages/@original", self._original)
        app.router.add_get(WAY_IN, self._connected)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    # --- what is asked and sent ---

    async def _me(self, request: web.Request) -> web.Response:
        return _said(_user(BOT, bot=True))

    async def _application(self, request: web.Request) -> web.Response:
        of_the_bot = {"name": "bench", "description": "", "summary": "", "icon": None, "team": None, "flags": 0}
        manners = {"bot_public": False, "bot_require_code_grant": False, "verify_key": "0" * 64}
        return _said({"id": BOT, "owner": _user(OWNER), **of_the_bot, **manners})

    async def _gateway(self, request: web.Request) -> web.Response:
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return _said({"url": self.gateway, "shards": 1, "session_start_limit": starts})

    async def _commands(self, request: web.Request) -> web.Response:
        made = {"application_id": BOT, "guild_id": GUILD, "version": "1"}
        return _said([each | made | {"id": self._id()} for each in await request.json()])

    async def _message(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._written(_text(body))
        return _said(self._standing(body))

    async def _callback(self, request: web.Request) -> web.Response:
        """An answer, or (without any text) the word that one will come."""
        body = (await request.json()).get("data") or {}
        if text := _text(body):
            self._answered(text)
        message = self._standing(body)
        told = {"id": request.match_info["id"], "type": SLASH, "response_message_id": message["id"]}
        return _said({"interaction": told, "resource": {"type": 4, "message": message}})

    async def _original(self, request: web.Request) -> web.Response:
        """The answer that had been announced."""
        body = await request.json()
        self._answered(_text(body))
        return _said(self._standing(body))

    def _standing(self, body: Json) -> Json:
        """A message as it stands in the channel."""
        empty: Json = {"attachments": [], "mentions": [], "mention_roles": [], "components": []}
        plain = {"type": 0, "pinned": False, "tts": False, "mention_everyone": False, "edited_timestamp": None}
        said = {"content": body.get("content") or "", "embeds": [{**e, "type": "rich"} for e in body.get("embeds", ())]}
        whose = {"channel_id": CHANNEL, "author": _user(BOT, bot=True), "timestamp": real_now().isoformat()}
        return {"id": self._id(), **whose, **said, **empty, **plain}

    # --- the gateway ---

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        """One connection; what goes out is one compressed stream where the client asks for that."""
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        stream = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

        async def send(op: int, data: Any, name: str | None = None, number: int | None = None) -> None:
            text = json.dumps({"op": op, "d": data, "t": name, "s": number})
            if stream is None:
                await socket.send_str(text)
            else:
                await socket.send_bytes(stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH))

        await send(HELLO, {"heartbeat_interval": HEARTBEAT_MS})
        async for message in socket:
            asked = json.loads(message.data) if message.type is WSMsgType.TEXT else {}
            if asked.get("op") == HEARTBEAT:
                await send(ACK, None)
            elif asked.get("op") == IDENTIFY:
                events = {"READY": self._ready(), "GUILD_CREATE": _guild(), "INTERACTION_CREATE": self._interaction()}
                for number, (name, data) in enumerate(events.items(), 1):
                    await send(DISPATCH, data, name, number)
        return socket

    def _ready(self) -> Json:
        ours = {"guilds": [{"id": GUILD, "unavailable": True}], "application": {"id": BOT, "flags": 0}}
        return {"v": 10, "user": _user(BOT, bot=True), "session_id": "1", "resume_gateway_url": self.gateway, **ours}

    def _interaction(self) -> Json:
        """The owner's slash command, sent at this moment."""
        where = {"guild_id": GUILD, "guild": {"id": GUILD}, "channel_id": CHANNEL, "channel": _channel()}
        member = {"user": _user(OWNER), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0}
        states = {"deaf": False, "mute": False, "permissions": "2147483647"}
        data = {"id": "1", "name": self._line, "type": 1, "guild_id": GUILD, "options": []}
        by_the_way = {"attachment_size_limit": 10_485_760, "entitlements": [], "authorizing_integration_owners": {}}
        what = {"id": self._id(), "application_id": BOT, "type": SLASH, "token": "bench", "version": 1, "data": data}
        asker = {"member": member | states, "locale": "en-US", "app_permissions": "2147483647", "context": 0}
        return {**what, **where, **asker, **by_the_way}

    def _id(self) -> str:
        return str(int(real_now().timestamp() * 1000 - EPOCH_MS) << 22 | next(self._ids) % 4096)


def _said(payload: Any) -> web.Response:
    """Without a charset in the content type: the SDK reads JSON only where it says `application/json` and no more."""
    return web.Response(body=json.dumps(payload).encode(), headers={"Content-Type": "application/json"})


def _text(body: Json) -> str:
    """All that a message says: its text, and the titles and texts of its embeds."""
    parts = [body.get("content"), *(e.get(name) for e in body.get("embeds") or () for name in ("title", "description"))]
    return "\n".join(part for part in parts if part)


def _user(user_id: str, *, bot: bool = False) -> Json:
    name = "bench" if bot else "owner"
    return {"id": user_id, "username": name, "discriminator": "0", "avatar": None, "global_name": name, "bot": bot}


def _channel() -> Json:
    place = {"id": CHANNEL, "type": 0, "name": "trading", "position": 0, "permission_overwrites": []}
    return {**place, "nsfw": False, "parent_id": None, "topic": None}


def _guild() -> Json:
    """Our server, as it is sent to a bot that has come in."""
    about = {"id": GUILD, "name": "attic", "owner_id": OWNER, "unavailable": False, "member_count": 2}
    return {**about, "roles": [], "channels": [_channel()], "members": [], "threads": [], "features": []}
