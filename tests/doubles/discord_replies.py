"""What Discord's API says, as aiohttp responses; and the faults that tests ask for."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .discord_payloads import Json


@dataclass(slots=True)
class Fault:
    """What happens to requests of a route: `kind` is a status (429, 500, ...) or hang, slow, reset_before, reset_after.

    It ends after `count` requests or at `until` (time.monotonic). `seconds` is the 429's retry_after, or how late a
    slow answer is.
    """

    route: str
    kind: str
    count: int | None = None
    until: float | None = None
    seconds: float = 1.0
    hits: int = 0

    def strikes(self, route: str) -> bool:
        over = (self.count is not None and self.hits >= self.count) or (self.until and time.monotonic() >= self.until)
        if over or self.route not in ("*", route):
            return False
        self.hits += 1
        return True


@dataclass(slots=True)
class Call:
    """One request as it came in; the status is 0 while it is not answered."""

    method: str
    path: str
    route: str
    body: Any
    at: float = field(default_factory=time.monotonic)
    status: int = 0


async def body_of(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """The JSON of a request, and its files by their names."""
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        files = {f.filename: f.file.read() for f in form.values() if isinstance(f, web.FileField)}
        payload = form["payload_json"]
        assert isinstance(payload, str | bytes | bytearray)
        return json.loads(payload), files
    text = await request.text()
    return (json.loads(text) if text else None), {}


def said(payload: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Without a charset in the content type: the SDK reads JSON only where it says `application/json` and no more."""
    kind = {"Content-Type": "application/json"} | (headers or {})
    return web.Response(body=json.dumps(payload).encode(), status=status, headers=kind)


def error(status: int, code: int, message: str) -> web.Response:
    return said({"message": message, "code": code}, status=status)


def failed(status: int, seconds: float) -> web.Response:
    if status != 429:
        return web.Response(status=status, text=f"<html>{status}</html>", content_type="text/html")
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    headers = {"Retry-After": str(int(seconds) or 1), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
    return said(body, status=429, headers=headers | limits(0, seconds))


def limited(payload: Json) -> web.Response:
    return said(payload, headers=limits(4, 1.0))


def limits(remaining: int, reset_after: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        "X-RateLimit-Bucket": "80c17d2f203122d936070c88c8d10f33",
    }
