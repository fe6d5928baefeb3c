"""The double of Discord as a process: what the bot sends is printed, what people do is read, one JSON value a line.

{"do": "slash", "user": "1", "name": "trades", "roles": [], "options": {"n": 5}} ·
{"do": "press", "user": "1", "interaction": ID or "message": ID, "button": "Refresh"} ·
{"do": "choose", "user": "1", "interaction": ID, "option": "Cancel NO 9"} ·
{"do": "type", "user": "1", "name": "market", "option": "ticker", "text": "KX"} ·
{"do": "kick"} · {"do": "invite"} ·
{"do": "fault", "route": "message", "kind": 429, "count": 3, "seconds": 2} · {"do": "clear"} ·
{"do": "down", "seconds": 5} · {"do": "gateway", "what": "drop|malformed|reconnect|close", "code": 4000} ·
{"do": "silent", "on": true} · {"do": "messages"} · {"do": "violations"}
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from .discord import CHANNEL, GUILD, TOKEN, DiscordDouble
from .discord_payloads import Json, Message


class Console:
    """Drives a double."""

    def __init__(self, double: DiscordDouble) -> None:
        self._double = double

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            try:
                say(await self._do(json.loads(line)))
            except (ValueError, KeyError, LookupError, AssertionError, StopIteration) as error:
                say({"event": "error", "text": f"{type(error).__name__}: {error}"})

    async def _do(self, asked: Json) -> Json:
        done: Json = await getattr(self, f"_do_{asked.pop('do')}")(**asked)
        return done

    async def _do_slash(self, user: str, name: str, roles: Any = (), options: Any = None, ago: float = 0.0) -> Json:
        made = await self._double.slash(user, name, roles=tuple(roles), ago=ago, **(options or {}))
        return {"event": "asked", "interaction": made.id}

    async def _do_press(
        self, user: str, button: Any, interaction: str = "", message: str = "", roles: Any = ()
    ) -> Json:
        made = await self._double.press(user, self._shown(interaction, message), button, roles=tuple(roles))
        return {"event": "asked", "interaction": made.id}

    def _shown(self, interaction: str, message: str = "") -> Message:
        shown = [m for a in self._double.asked.values() if a.id == interaction for m in (*a.replies, a.original) if m]
        return shown[-1] if shown else next(m for m in self._double.messages if m.id == message)

    async def _do_choose(self, user: str, option: str, interaction: str = "", message: str = "") -> Json:
        made = await self._double.choose(user, self._shown(interaction, message), option)
        return {"event": "asked", "interaction": made.id}

    async def _do_type(self, user: str, name: str, option: str, text: str = "") -> Json:
        made = await self._double.type(user, name, option, text)
        await self._double.wait_for(lambda: made.callback)
        return {"event": "offered", "words": made.offered}

    async def _do_kick(self) -> Json:
        await self._double.kick()
        return {"event": "ok"}

    async def _do_invite(self) -> Json:
        await self._double.invite()
        return {"event": "ok"}

    async def _do_fault(self, route: str, kind: str | int, **how: Any) -> Json:
        self._double.fault(route, kind, **how)
        return {"event": "ok"}

    async def _do_clear(self) -> Json:
        self._double.faults.clear()
        return {"event": "ok"}

    async def _do_down(self, seconds: float) -> Json:
        await self._double.go_down()
        await asyncio.sleep(seconds)
        await self._double.come_back()
        return {"event": "ok"}

    async def _do_gateway(self, what: str, code: int = 4000) -> Json:
        gateway = self._double.gateway
        await (gateway.close(code) if what == "close" else getattr(gateway, what)())
        return {"event": "ok"}

    async def _do_silent(self, on: bool) -> Json:
        self._double.gateway.silent = on
        return {"event": "ok"}

    async def _do_messages(self) -> Json:
        return {"event": "messages", "messages": [m.payload() for m in self._double.messages]}

    async def _do_violations(self) -> Json:
        return {"event": "violations", "judged": self._double.judged, "violations": self._double.violations}


def say(event: Json) -> None:
    print(json.dumps(event), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Discord on loopback, driven by JSON lines")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.token))


async def serve(port: int, token: str) -> None:
    async with DiscordDouble(port=port, token=token, on_event=say) as double:
        say({"api_base": double.api_base, "token": token, "guild_id": GUILD, "channel_id": CHANNEL})
        await Console(double).run()
