"""A door on this machine for headlines that something else has read: `POST /headline`, signed, small and fresh.

It listens on 127.0.0.1 alone. The sender shows that it knows the shared secret: `X-Signature` is the HMAC-SHA256, in
hexadecimal, of `<X-Timestamp>.<body>`, so that neither can be changed nor sent again later; within the time that a
message counts as fresh, the same one is taken once. Every connection ends after a few seconds, whatever it is doing,
and only so many may be open: who sends in drops holds nothing up. Refusals name neither the secret nor the right
signature, and nothing of a message is logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from trading.clock import real_now
from trading.domain.errors import Misconfigured
from trading.feeds.news_item import Item, item_of

HOST = "127.0.0.1"
BODY_BYTES_MAX = 16 * 1024
FRESH_SECONDS = 30.0  # of real time, either way
CONNECTION_SECONDS = 5.0  # of real time, from its first byte to its last
CONNECTIONS_MAX = 16
SECRET_CHARS_MIN = 16
OWN_ID_CHARS_MAX = 200


class Refused(Exception):
    """One sentence for the sender, and its HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Webhook:
    """`take` is given each item that was let in; `refused` counts the others by HTTP status. Raises Misconfigured for
    a secret that can be guessed."""

    def __init__(
        self,
        port: int,
        secret: str,
        take: Callable[[Item], object],
        *,
        now: Callable[[], datetime] = real_now,
        connection_seconds: float = CONNECTION_SECONDS,
    ) -> None:
        if len(secret) < SECRET_CHARS_MIN:
            raise Misconfigured(
                f"the secret of the news webhook is too short ({len(secret)}): "
                f"make it {SECRET_CHARS_MIN} random characters or more"
            )
        self._port, self._secret, self._take, self._now = port, secret.encode(), take, now
        self._connection_seconds = connection_seconds
        self._used: dict[str, datetime] = {}  # signatures that were let in, while they count as fresh
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self.refused: Counter[int] = Counter()

    async def open(self) -> int:
        """Listen; the port. Raises OSError where it is taken."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_post("/headline", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(self._connection, HOST, self._port)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _connection(self) -> asyncio.Protocol:
        assert self._runner is not None
        assert self._runner.server is not None
        handler = self._runner.server()
        full = len(self._runner.server.connections) >= CONNECTIONS_MAX
        asyncio.get_running_loop().call_later(0.0 if full else self._connection_seconds, handler.force_close)
        return handler

    async def close(self) -> None:
        if self._server:
            self._server.close()
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            item = self._read(request.headers, await self._body(request))
        except Refused as refusal:
            self.refused[refusal.status] += 1
            return web.json_response({"error": str(refusal)}, status=refusal.status)
        self._take(item)
        return web.json_response({"id": item.item_id}, status=202)

    async def _body(self, request: web.Request) -> bytes:
        if request.content_length is None or request.content_length > BODY_BYTES_MAX:
            raise Refused(413, f"The body must tell its length, of {BODY_BYTES_MAX} bytes at most.")
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Refused(413, f"The body is longer than {BODY_BYTES_MAX} bytes.") from None

    def _read(self, headers: Any, body: bytes) -> Item:
        """The item, if it was sent by somebody who knows the secret, now, and for the first time. Raises Refused."""
        told, signature = headers.get("X-Timestamp", ""), headers.get("X-Signature", "").lower()
        right = signature_of(self._secret, told, body)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode()):
            raise Refused(401, "X-Signature is not the HMAC-SHA256 of X-Timestamp, a dot and the body.")
        at = self._fresh(told)
        if right in self._used:
            raise Refused(409, "This message was taken before.")
        item = _item(body, at)
        self._used[right] = at
        return item

    def _fresh(self, told: str) -> datetime:
        now = self._now()
        if not (told.isascii() and told.isdigit() and len(told) <= 12):
            raise Refused(400, "X-Timestamp is no number: send seconds since 1970.")
        at = datetime.fromtimestamp(min(int(told), 2**33), UTC)
        if abs((now - at).total_seconds()) > FRESH_SECONDS:
            raise Refused(401, f"X-Timestamp is more than {FRESH_SECONDS:g} s from this machine's clock.")
        self._used = {key: at for key, at in self._used.items() if abs((now - at).total_seconds()) <= FRESH_SECONDS}
        return at


def signature_of(secret: bytes, timestamp: str, body: bytes) -> str:
    """What X-Signature must be."""
    signed = timestamp.encode("utf-8", "replace") + b"." + body
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()


def _item(body: bytes, sent_at: datetime) -> Item:
    """`{"id", "title", "source"}` and, where the news is older than the message, `"at"` (ISO). Raises Refused."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is no JSON.") from None
    if not isinstance(told, dict) or not all(isinstance(told.get(k), str) for k in ("id", "title", "source")):
        raise Refused(400, "The body must be an object with the texts id, title and source.")
    if not 0 < len(told["id"]) <= OWN_ID_CHARS_MAX or not _plain(told["source"]):
        raise Refused(400, "The id has 1 to 200 characters; source has 1 to 24 of a-z, 0-9, - and _.")
    item = item_of(told["source"], told["id"], _time(told.get("at"), sent_at), told["title"])
    if item is None:
        raise Refused(400, "The title is empty.")
    return item


def _plain(source: str) -> bool:
    return 0 < len(source) <= 24 and all(c in "abcdefghijklmnopqrstuvwxyz0123456789-_" for c in source)


def _time(told: Any, otherwise: datetime) -> datetime:
    if told is None:
        return otherwise
    try:
        at = datetime.fromisoformat(told)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Refused(400, "at is no time: send it as 2026-11-21T12:00:00Z, or leave it out.") from None
    raise Refused(400, "at has no time zone: send it as 2026-11-21T12:00:00Z, or leave it out.")
