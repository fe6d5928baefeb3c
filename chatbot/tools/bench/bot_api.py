"""The Bot API on loopback, as little of it as the bench needs: bots poll, people write, and answers can be withheld.

Source: https://core.telegram.org/bots/api (getUpdates, sendMessage, the form of a refusal with `retry_after`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from trading.clock import monotonic, real_now

OWNER, GROUP = 11, -1001234567890  # a private chat has its person's number; notices go to the group
BOT = {"id": 7000000001, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
RETRY_AFTER_SECONDS = 1

Json = dict[str, Any]


@dataclass(slots=True)
class Mailbox:
    """One bot's updates. `read_at` is the moment before its newest batch was written to it."""

    queue: list[Json] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    read_at: float | None = None


class BotApi:
    """`heard` is called with the bot's token, the chat and the text of every message that has come in whole; `read`
    when updates are being written to a bot."""

    def __init__(self, heard: Callable[[str, int, str], None], read: Callable[[], None]) -> None:
        self._heard, self._read = heard, read
        self.boxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)
        self.refusing = False  # the group's messages, with a 429
        self.held = 0  # messages taken and not answered
        self._answering = asyncio.Event()
        self._answering.set()
        self._ids = count(1)
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; the port."""
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._asked)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def close(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    def say(self, token: str, chat: int, text: str) -> None:
        """The owner writes to a bot."""
        entity = {"type": "bot_command", "offset": 0, "length": len(text)}
        person = {"id": OWNER, "is_bot": False, "first_name": "Owner"}
        message = self._message(chat, text) | {"from": person, "entities": [entity]}
        self.boxes[token].queue.append({"update_id": next(self._ids), "message": message})
        self.boxes[token].news.set()

    def answer(self, answering: bool) -> None:
        """Answer messages, or take them and answer none until told otherwise."""
        self._answering.set() if answering else self._answering.clear()

    def _message(self, chat: int, text: str) -> Json:
        kind = {"id": chat, "type": "private"} if chat > 0 else {"id": chat, "type": "supergroup", "title": "Traders"}
        return {"message_id": next(self._ids), "date": int(real_now().timestamp()), "chat": kind, "text": text}

    async def _asked(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        match request.match_info["method"]:
            case "getUpdates":
                result: object = await self._updates(self.boxes[request.match_info["token"]], form)
            case "sendMessage":
                return await self._sent(request.match_info["token"], form)
            case "getMe":
                result = BOT
            case _:
                result = True
        return web.json_response({"ok": True, "result": result})

    async def _updates(self, box: Mailbox, form: Mapping[str, str]) -> list[Json]:
        confirmed = int(form.get("offset") or 0)
        box.queue = [update for update in box.queue if update["update_id"] >= confirmed]
        if not box.queue:
            box.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(box.news.wait(), float(form.get("timeout") or 0))
        if box.queue:
            box.read_at = monotonic()
            self._read()
        return box.queue

    async def _sent(self, token: str, form: Mapping[str, str]) -> web.Response:
        chat, text = int(form["chat_id"]), form["text"]
        self._heard(token, chat, text)
        if self.refusing and chat == GROUP:
            parameters = {"retry_after": RETRY_AFTER_SECONDS}
            refusal = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": parameters}
            return web.json_response(refusal, status=429)
        self.held += 1
        await self._answering.wait()
        self.held -= 1
        return web.json_response({"ok": True, "result": self._message(chat, text) | {"from": BOT}})
