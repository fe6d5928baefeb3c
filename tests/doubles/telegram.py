"""The Bot API on loopback: what a bot sends is checked and kept, people are played, and everything can be made to fail.

    double = TelegramDouble()
    await double.start()
    double.say(1, "/status")
    shown = await double.wait_for(lambda: double.messages(1))

As a process (`python -m tests.doubles.telegram --port P`) it prints what is sent as JSON lines and reads lines such as
{"do": "say", "user_id": 1, "text": "/status"} from standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from aiohttp import web

from .telegram_chats import Chats, Message, chat_json, user_json
from .telegram_faults import Fault
from .telegram_rules import Json, Refused, Spec, attached, fill_media, uploaded

TOKEN = "7000000001:AAE-double_of_the_telegram_bot_api"
HANG_SECONDS_MAX = 3600.0
T = TypeVar("T")


@dataclass
class TelegramDouble:
    """The server and the people. `violations` is what the specification would not have; `calls` is all it was asked.
    Where the specification is absent, `spec.known` is False and nothing is checked against it."""

    token: str = TOKEN
    port: int = 0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_call: Callable[[str, Json, object], None] = lambda method, given, result: None
    calls: list[tuple[str, Json]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    spec: Spec = field(default_factory=Spec)

    def __post_init__(self) -> None:
        self.chats = Chats(lambda: self.now(), lambda: asyncio.get_running_loop().time())
        self._queue: list[Json] = []
        self._replays: list[Json] = []
        self._update_ids = count(500_000_001)
        self._waiting: list[asyncio.Future[None]] = []
        self._poll: asyncio.Future[str] | None = None
        self._runner: web.AppRunner | None = None

    # --- life ---

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; a port of 0 becomes a free one, which stays the same afterwards."""
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._asked)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        runner, self._runner = self._runner, None
        if runner:
            for connection in list(runner.server.connections if runner.server else ()):
                if connection.transport:
                    connection.transport.abort()
            await runner.cleanup()

    async def down(self, seconds: float) -> None:
        """Not be there for a while."""
        await self.stop()
        await asyncio.sleep(seconds)
        await self.start()

    # --- what went out ---

    def messages(self, chat_id: int | None = None) -> list[Message]:
        """What the bot has written into a chat, or into all, oldest first."""
        chats = list(self.chats.shown.values()) if chat_id is None else [self.chats.shown[chat_id]]
        return sorted((each for chat in chats for each in chat.values()), key=lambda each: each.message_id)

    def titles(self, chat_id: int | None = None) -> list[str]:
        return [message.title for message in self.messages(chat_id)]

    def asked(self, method: str) -> list[Json]:
        return [given for name, given in self.calls if name == method]

    async def wait_for(self, what: Callable[[], T], seconds: float = 20.0) -> T:
        """What `what` gives, as soon as that is something. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (given := what()):
                changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(changed)
                await changed
        return given

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    # --- what people do ---

    def say(self, user_id: int, text: str, chat_id: int | None = None, **flags: Any) -> Json:
        """Somebody writes. Flags: `kind` of the update, `ago` seconds, `topic`, `name`; any other becomes a member of
        the message (forward_origin, sender_chat, via_bot)."""
        kind, ago, topic = flags.pop("kind", "message"), flags.pop("ago", 0), flags.pop("topic", None)
        chat, sender = chat_json(user_id if chat_id is None else chat_id), user_json(user_id, flags.pop("name", ""))
        message: Json = {"message_id": next(self.chats.ids), "date": int(self.now().timestamp() - ago), "chat": chat}
        message |= {"text": text, **({} if "channel" in kind else {"from": sender}), **flags}
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        if topic is not None:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        self.chats.askers[chat["id"], message["message_id"]] = sender
        return self.push({kind: message})

    def edit(self, said: Json, text: str) -> Json:
        """Somebody changes what they wrote."""
        changed = {"text": text, "edit_date": int(self.now().timestamp())}
        return self.push({"edited_message": said["message"] | changed})

    def forward(self, user_id: int, text: str, chat_id: int | None = None) -> Json:
        """Somebody forwards another person's words."""
        origin = {"type": "user", "date": int(self.now().timestamp()) - 60, "sender_user": user_json(1, "Ann")}
        return self.say(user_id, text, chat_id, forward_origin=origin)

    def press(self, user_id: int, message: Message, button: int | str = 0, *, ago: float | None = None) -> Json:
        """Somebody presses a button: by its place, its label or its line. `ago`: how old the message is by then."""
        labels = {key["text"]: key["callback_data"] for key in message.keys}
        line = message.lines[button] if isinstance(button, int) else labels.get(button, button)
        shown = self.chats.wire(message)
        if ago is not None:
            shown |= {"date": int(self.now().timestamp() - ago)}
            shown.pop("edit_date", None)
        press_id = str(next(self._update_ids) * 4096)
        self.chats.presses_open.add(press_id)
        press = {"id": press_id, "from": user_json(user_id), "message": shown, "chat_instance": "1", "data": line}
        return self.push({"callback_query": press})

    def push(self, update: Json) -> Json:
        """Put an update into the queue."""
        update = {"update_id": next(self._update_ids), **update}
        self._queue.append(update)
        self._wake("news")
        return update

    def replay(self, update: Json) -> None:
        """Give an update once more, whatever was confirmed."""
        self._replays.append(update)
        self._wake("news")

    # --- faults ---

    def fail(
        self, method: str, kind: str, *, times: int | None = None, seconds: float | None = None, **more: Any
    ) -> Fault:
        """Make calls fail, so often or for so long."""
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        self.faults.append(Fault(method, kind, times, until, **more))
        return self.faults[-1]

    def refuse(self, method: str, code: int, description: str = "", *, retry_after: int = 0, **how: Any) -> Fault:
        """Have calls answered with a code."""
        parameters = {"retry_after": retry_after} if retry_after else {}
        refusal = Refused(code, description or f"refused with {code}", **parameters)
        return self.fail(method, "refuse", refusal=refusal, **how)

    # --- the server ---

    async def _asked(self, request: web.Request) -> web.StreamResponse:
        method = self.spec.method(request.match_info["method"])
        if request.match_info["token"] != self.token:
            return _refused(Refused(401, "Unauthorized"))
        form = await request.json() if request.content_type == "application/json" else await request.post()
        sent = {name: uploaded(value) if isinstance(value, web.FileField) else value for name, value in form.items()}
        given = self.spec.decoded(method, {**request.query, **attached(sent)})
        self.calls.append((method, given))
        self.violations += self.spec.wrongs(method, given)
        fill_media(given, sent)
        now = asyncio.get_running_loop().time()
        fault = next((fault for fault in self.faults if fault.takes(method, now)), None)
        try:
            return await self._answered(request, method, given, fault)
        finally:
            self._changed()

    async def _answered(
        self, request: web.Request, method: str, given: Json, fault: Fault | None
    ) -> web.StreamResponse:
        kind = fault.kind if fault else ""
        if fault and fault.refusal:
            return _refused(fault.refusal)
        if kind == "hang":
            await asyncio.sleep(HANG_SECONDS_MAX)
        if kind == "reset":
            return _cut(request)
        try:
            result = await self._updates(given) if method == "getUpdates" else self.chats.do(method, given)
        except Refused as refusal:
            return _refused(refusal)
        self.on_call(method, given, result)
        self._changed()
        if kind == "drop":
            return _cut(request)
        if fault and kind == "slow":
            await asyncio.sleep(fault.after)
        return web.Response(text="<html>") if kind == "garble" else web.json_response({"ok": True, "result": result})

    async def _updates(self, given: Json) -> list[Json]:
        """Long polling as Telegram does it: a second poll ends the first with a 409."""
        if given.get("offset"):
            confirmed = given["offset"]
            self._queue = [update for update in self._queue if update["update_id"] >= confirmed]
        self._changed()
        self._wake("another")
        self._poll = poll = asyncio.get_running_loop().create_future()
        if not self._queue and not self._replays:
            with suppress(TimeoutError):
                async with asyncio.timeout(float(given.get("timeout") or 0)):
                    if await poll == "another":
                        raise Refused(409, "Conflict: terminated by other getUpdates request")
        wanted = given.get("allowed_updates") or []
        batch, self._replays = [*self._replays, *self._queue][: given.get("limit") or 100], []
        return [update for update in batch if not wanted or any(kind in update for kind in wanted)]

    def _wake(self, why: str) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_result(why)


def _refused(refusal: Refused) -> web.Response:
    body: Json = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    if refusal.code >= 500:
        return web.Response(status=refusal.code, text="<html>Bad Gateway</html>", content_type="text/html")
    return web.json_response(body, status=refusal.code)


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


# --- as a process ---------------------------------------------------------------------------------------------------


def _order(double: TelegramDouble, line: str) -> None:
    """One line of standard input: say, press (by chat_id and message_id), refuse, or fail."""
    order = json.loads(line)
    do = order.pop("do")
    if do == "press":
        message = double.chats.shown[order.pop("chat_id")][order.pop("message_id")]
        double.press(order.pop("user_id"), message, **order)
    else:
        {"say": double.say, "forward": double.forward, "refuse": double.refuse, "fail": double.fail}[do](**order)


async def main(port: int, token: str) -> None:
    def tell(method: str, given: Json, result: object) -> None:
        if method != "getUpdates":
            shown = {name: value for name, value in given.items() if not isinstance(value, bytes)}
            print(json.dumps({"method": method, "given": shown, "result": result}, ensure_ascii=False), flush=True)

    double = TelegramDouble(token, port, on_call=tell)
    await double.start()
    print(json.dumps({"base_url": double.base, "token": token, "checked": double.spec.known}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            _order(double, line)
        except (ValueError, KeyError, TypeError) as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
    await double.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    given = parser.parse_args()
    asyncio.run(main(given.port, given.token))
