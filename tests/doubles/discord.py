"""Discord on loopback: its REST API, its gateway, the people who use it, and everything that can go wrong with it.

`async with DiscordDouble() as discord:` for tests in one process; `python -m tests.doubles.discord --port P` for a
bot in another: what the bot sends is printed as JSON lines, and lines of JSON on standard input drive the people
(`{"do": "slash", "user": "1", "name": "status"}`, see discord_console). Every request is held against Discord's own
description; `violations` has what did not fit (nothing is judged, and `judged` is False, where that file is absent).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .discord_gateway import Gateway
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
    interaction,
    snowflake,
    user,
)
from .discord_replies import Call, Fault, body_of, error, failed, limited, said, unfit
from .discord_spec import Spec

TOKEN = "MTIzNDU2Nzg5.double.s3cr3t-bot-token"
PATIENCE_SECONDS = 20.0  # for what must come, also on a machine that does much else
ANSWER_SECONDS = 3.0  # an interaction that is not reacted to for longer is gone
POLL_SECONDS = 0.002
PREFIX = "/api/v10"
BODY: web.RequestKey[Any] = web.RequestKey("body")
NEW_MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE = 4, 5, 6, 7

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DiscordDouble:
    """The whole of Discord for one bot in one server. `messages` has what stands in the channels."""

    def __init__(
        self,
        *,
        port: int = 0,
        token: str = TOKEN,
        on_event: Callable[[Json], None] | None = None,
        spec: Spec | None = None,
    ) -> None:
        self.token, self.port = token, port
        self.gateway, self.spec = Gateway(token), spec or Spec()
        self.messages: list[Message] = []
        self.asked: dict[str, Asked] = {}
        self.commands: list[Json] = []
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self.enforces_nonces = True
        self._nonces: dict[str, Message] = {}
        self._on_event = on_event or (lambda event: None)
        self._transports: set[Any] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def judged(self) -> bool:
        return self.spec.present

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    # --- life ---

    async def __aenter__(self) -> DiscordDouble:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(middlewares=[self._watched], client_max_size=2**26)
        for method, path, handler in self._routes():
            app.router.add_route(method, PREFIX + path, handler, name=None)
        app.router.add_get("/gateway", self.gateway.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self._site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway"

    async def stop(self) -> None:
        self._cut()
        if self._runner:
            await self._runner.cleanup()

    def _cut(self) -> None:
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    async def go_down(self) -> None:
        """Nobody listens any more; what was open is cut."""
        assert self._site
        await self._site.stop()
        self._cut()

    async def come_back(self) -> None:
        await self._listen()

    def fault(self, route: str, kind: str | int, **how: Any) -> Fault:
        """`route`: me, application, gateway, commands, callback, original, followup, message or *; see Fault."""
        seconds = how.pop("for_seconds", None)
        made = Fault(route, str(kind), until=time.monotonic() + seconds if seconds else None, **how)
        self.faults.append(made)
        return made

    # --- people ---

    async def slash(
        self, user_id: str, name: str, /, *, roles: tuple[str, ...] = (), ago: float = 0.0, **options: Any
    ) -> Asked:
        """A person sends a slash command; `ago` seconds ago by the clock of Discord."""
        types = {o["name"]: o["type"] for each in self.commands if each["name"] == name for o in each["options"]}
        given = [{"name": key, "type": types.get(key, 3), "value": value} for key, value in options.items()]
        data = {"id": "1", "name": name, "type": 1, "guild_id": GUILD, "options": given}
        return await self._ask(Asked(snowflake(ago), f"it-{snowflake()}", user_id), 2, data, roles, GUILD)

    async def press(
        self,
        user_id: str,
        message: Message,
        button: str | int | Json,
        *,
        roles: tuple[str, ...] = (),
        guild: str | None = GUILD,
    ) -> Asked:
        """A person presses a button: by its label, its place, or as it stood in the message before an edit."""
        custom_id = (button if isinstance(button, dict) else message.button(button))["custom_id"]
        asked = Asked(snowflake(), f"it-{snowflake()}", user_id, message)
        return await self._ask(asked, 3, {"custom_id": custom_id, "component_type": 2}, roles, guild)

    async def slash_elsewhere(self, user_id: str, name: str, guild: str | None, roles: tuple[str, ...] = ()) -> Asked:
        """The same from another server, or from a direct message."""
        data = {"id": "1", "name": name, "type": 1, "options": []}
        return await self._ask(Asked(snowflake(), f"it-{snowflake()}", user_id), 2, data, roles, guild)

    async def _ask(self, asked: Asked, kind: int, data: Json, roles: tuple[str, ...], guild: str | None) -> Asked:
        self.asked[asked.token] = asked
        await self.gateway.dispatch("INTERACTION_CREATE", interaction(asked, kind, data, roles, guild))
        return asked

    async def wait_for(self, what: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        """The first true value of `what`. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not (found := what()):
            if time.monotonic() > end:
                raise TimeoutError(f"nothing within {seconds} s")
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def answer(self, asked: Asked, seconds: float = PATIENCE_SECONDS) -> str:
        """The text that the person gets to see."""
        return str(await self.wait_for(lambda: asked.answered_at and asked.text, seconds))

    # --- the API ---

    def _routes(self) -> list[tuple[str, str, Handler]]:
        hook = "/webhooks/{application}/{token}"
        return [
            ("GET", "/users/@me", self._me),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/@me", self._application),
            ("GET", "/gateway/bot", self._gateway),
            ("GET", "/applications/{application}/guilds/{guild}/commands", self._commands),
            ("PUT", "/applications/{application}/guilds/{guild}/commands", self._commands),
            ("POST", "/interactions/{id}/{token}/callback", self._callback),
            ("PATCH", hook + "/messages/@original", self._original),
            ("POST", hook, self._followup),
            ("POST", "/channels/{channel}/messages", self._message),
        ]

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        if not request.path.startswith(PREFIX):
            return await handler(request)
        body = await body_of(request)
        route = handler.__name__.strip("_")
        call = Call(request.method, request.path.removeprefix(PREFIX), route, body)
        self.calls.append(call)
        self.violations += self.spec.violations(call.method, call.path, body)
        request[BODY] = body
        response = await self._with_faults(request, handler, route)
        call.status = response.status
        return response

    async def _with_faults(self, request: web.Request, handler: Handler, route: str) -> web.StreamResponse:
        fault = next((each for each in self.faults if each.strikes(route)), None)
        kind = fault.kind if fault else ""
        if kind == "hang":
            await asyncio.Event().wait()
        if fault and kind.isdigit():
            return failed(int(kind), fault.seconds)
        if kind == "reset_before" and request.transport:
            request.transport.abort()
            return web.Response()
        secret = request.path.startswith((f"{PREFIX}/interactions", f"{PREFIX}/webhooks"))
        if not secret and request.headers.get("Authorization") != f"Bot {self.token}":
            return error(401, 0, "401: Unauthorized")
        response = await handler(request)
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if kind == "reset_after" and request.transport:
            request.transport.abort()
        return response

    async def _me(self, request: web.Request) -> web.StreamResponse:
        return said(user(BOT, "bot", bot=True))

    async def _application(self, request: web.Request) -> web.StreamResponse:
        return said(application())

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return said({"url": self.gateway.url, "shards": 1, "session_start_limit": limit})

    async def _commands(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["guild"] != GUILD or request.match_info["application"] != APPLICATION:
            return error(403, 50001, "Missing Access")
        if request.method == "PUT":
            made = {"application_id": APPLICATION, "guild_id": GUILD, "version": "1"}
            self.commands = [each | made | {"id": snowflake()} for each in request[BODY]]
            self._on_event({"event": "commands", "commands": self.commands})
        return said(self.commands)

    async def _message(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["channel"] != CHANNEL:
            return error(404, 10003, "Unknown Channel")
        body = request[BODY]
        if problem := unfit(body):
            return problem
        nonce = str(body.get("nonce") or "")
        if body.get("enforce_nonce") and self.enforces_nonces and nonce in self._nonces:
            return limited(self._nonces[nonce].payload())
        message = Message(snowflake(), CHANNEL, body)
        self._nonces[nonce] = message
        self.messages.append(message)
        self._on_event({"event": "message", "id": message.id, "content": message.content, "body": body})
        return limited(message.payload())

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.id != request.match_info["id"] or time.monotonic() - asked.at > ANSWER_SECONDS:
            return error(404, 10062, "Unknown interaction")
        if asked.callback:
            return error(400, 40060, "Interaction has already been acknowledged.")
        body = request[BODY]
        data = body.get("data") or {}
        if body["type"] in (NEW_MESSAGE, UPDATE) and (problem := unfit(data)):
            return problem
        asked.callback = body
        self._apply(asked, body["type"], data)
        told: Json = {"interaction": {"id": asked.id, "type": 2}}
        if asked.original and body["type"] != DEFERRED_UPDATE:
            told["interaction"]["response_message_id"] = asked.original.id
            told["resource"] = {"type": body["type"], "message": asked.original.payload()}
        return said(told)

    def _apply(self, asked: Asked, kind: int, data: Json) -> None:
        if kind in (DEFERRED_UPDATE, UPDATE):
            asked.original = asked.message
        else:
            asked.original = Message(snowflake(), CHANNEL, data, bool(data.get("flags", 0) & EPHEMERAL))
            asked.replies.append(asked.original)
        if kind == UPDATE and asked.original:
            asked.original.edit(data)
        if kind in (NEW_MESSAGE, UPDATE):
            self._told(asked)

    async def _original(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.original is None:
            return error(404, 10015, "Unknown Webhook")
        if problem := unfit(request[BODY], content=False):
            return problem
        asked.original.edit(request[BODY])
        self._told(asked)
        return said(asked.original.payload())

    async def _followup(self, request: web.Request) -> web.StreamResponse:
        asked = self.asked.get(request.match_info["token"])
        if asked is None or asked.callback is None:
            return error(404, 10015, "Unknown Webhook")
        body = request[BODY]
        if problem := unfit(body):
            return problem
        message = Message(snowflake(), CHANNEL, body, bool(body.get("flags", 0) & EPHEMERAL))
        asked.replies.append(message)
        self._told(asked)
        return said(message.payload())

    def _told(self, asked: Asked) -> None:
        asked.answered_at = asked.answered_at or time.monotonic()
        self._on_event({"event": "reply", "interaction": asked.id, "user": asked.user_id, "text": asked.text})


if __name__ == "__main__":
    from .discord_console import main

    main()
