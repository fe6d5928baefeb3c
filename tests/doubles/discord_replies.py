"""What Discord's API says and refuses, as aiohttp responses; and the faults that tests ask for."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .discord_payloads import Json

CONTENT_MAX = 2000


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


async def body_of(request: web.Request) -> Any:
    """The JSON of a request; of one with files, its JSON part."""
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        return json.loads(str(form["payload_json"])) | {"files": [key for key in form if key != "payload_json"]}
    text = await request.text()
    return json.loads(text) if text else None


def unfit(body: Json, *, content: bool = True) -> web.Response | None:
    """Discord's refusal of a message that is too long or empty."""
    if len(body.get("content") or "") > CONTENT_MAX:
        errors = {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer."}]}}
        return said({"message": "Invalid Form Body", "code": 50035, "errors": errors}, status=400)
    if content and not (body.get("content") or body.get("files")):
        return error(400, 50006, "Cannot send an empty message")
    return None


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
