"""Discord on loopback: its REST API, its gateway, the people who use it, and everything that can go wrong with it.

`async with DiscordDouble() as discord:` for tests in one process; `python -m tests.doubles.discord --port P` for a
bot in another: what the bot sends is printed as JSON lines, and lines of JSON on standard input drive the people
(`{"do": "slash", "user": "1", "name": "status"}`, see discord_console). Every request is held against Discord's own
description; `violations` has what did not fit (nothing is judged, and `judged` is False, where that file is absent).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .discord_api import BODY, FILES, Api, Handler
from .discord_gateway import Gateway
from .discord_payloads import CHANNEL, GUILD, MENU, Asked, Json, Message, guild, interaction, snowflake
from .discord_replies import Call, Fault, body_of, error, failed
from .discord_server import Server
from .discord_spec import Spec, published

__all__ = ["CHANNEL", "GUILD", "TOKEN", "DiscordDouble"]

TOKEN = "MTIzNDU2Nzg5.double.s3cr3t-bot-token"
PATIENCE_SECONDS = 20.0  # for what must come, also on a machine that does much else
POLL_SECONDS = 0.002
PREFIX = "/api/v10"


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
        self.spec, self.server = spec or published(), Server()
        self.gateway = Gateway(token, lambda: self.server.bot_is_in)
        self.api = Api(self.gateway, self.server, on_event or (lambda event: None))
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self._transports: set[Any] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def messages(self) -> list[Message]:
        """In all channels, in order."""
        return self.api.messages

    @property
    def asked(self) -> dict[str, Asked]:
        return self.api.asked

    @property
    def commands(self) -> list[Json]:
        return self.api.commands

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
        for method, path, handler in self.api.routes():
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

    async def kick(self) -> None:
        """The bot is removed from the server, and its commands with it."""
        self.server.bot_is_in = False
        self.commands.clear()
        await self.gateway.dispatch("GUILD_DELETE", {"id": GUILD})

    async def invite(self) -> None:
        """And it comes back."""
        self.server.bot_is_in = True
        await self.gateway.dispatch("GUILD_CREATE", guild())

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

    async def choose(self, user_id: str, message: Message, label: str, *, roles: tuple[str, ...] = ()) -> Asked:
        """A person takes the option with this label from a menu."""
        menu, option = message.option(label)
        data = {"custom_id": menu["custom_id"], "component_type": MENU, "values": [option["value"]]}
        return await self._ask(Asked(snowflake(), f"it-{snowflake()}", user_id, message), 3, data, roles, GUILD)

    async def type(
        self,
        user_id: str,
        name: str,
        option: str,
        text: str = "",
        *,
        roles: tuple[str, ...] = (),
        guild: str | None = GUILD,
    ) -> Asked:
        """A person is typing an option of a slash command; what is offered comes as `Asked.offered`."""
        focused = {"name": option, "type": 3, "value": text, "focused": True}
        data = {"id": "1", "name": name, "type": 1, "guild_id": guild, "options": [focused]}
        return await self._ask(Asked(snowflake(), f"it-{snowflake()}", user_id), 4, data, roles, guild)

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

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        if not request.path.startswith(PREFIX):
            return await handler(request)
        body, files = await body_of(request)
        route = handler.__name__.strip("_")
        call = Call(request.method, request.path.removeprefix(PREFIX), route, body)
        self.calls.append(call)
        self.violations += self.spec.violations(call.method, call.path, body)
        request[BODY], request[FILES] = body, files
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


if __name__ == "__main__":
    from .discord_console import main

    main()
