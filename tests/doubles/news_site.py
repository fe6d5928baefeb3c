"""A double of a site that publishes a feed: conditional GET as HTTP has it, and what a broken or hostile one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from trading.clock import real_now

CHUNK = b"<!-- filling -->" * 4096


def rss(*titles: str, age: float = 0.0) -> bytes:
    """A feed of these titles, all so many seconds old."""
    when = real_now().timestamp() - age
    stamp = real_now().fromtimestamp(when, tz=real_now().tzinfo).strftime("%a, %d %b %Y %H:%M:%S GMT")
    items = "".join(f"<item><title>{t}</title><guid>{t}</guid><pubDate>{stamp}</pubDate></item>" for t in titles)
    return f"<rss version='2.0'><channel>{items}</channel></rss>".encode()


class NewsSite:
    """`body` is served with `etag` at /feed, 304 where the asker has it; `mode` is ok, hang, drip, endless, packed,
    moved, cut or a bare HTTP status."""

    def __init__(self) -> None:
        self.body, self.etag, self.mode = rss(), '"1"', "ok"
        self.base = ""
        self.asked: list[dict[str, str]] = []
        self.elsewhere = 0  # how often the address that it points to was asked
        self.sent = 0  # bytes of an endless answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append({name.lower(): value for name, value in request.headers.items()})
        match self.mode:
            case "ok":
                return self._plain(request)
            case "hang":
                await asyncio.sleep(30)
            case "drip" | "endless" | "cut":
                return await self._stream(request)
            case "packed":
                return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "br"})
            case "moved":
                raise web.HTTPFound(f"{self.base}/elsewhere")
        return web.Response(status=int(self.mode) if self.mode.isdigit() else 500)

    def _plain(self, request: web.Request) -> web.Response:
        told = {"ETag": self.etag, "Last-Modified": "Sat, 21 Nov 2026 12:00:00 GMT"}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=told)
        return web.Response(body=self.body, headers=told, content_type="application/rss+xml")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100 * 1024 * 1024
        await response.prepare(request)
        if self.mode == "cut":
            await response.write(b"<rss>")
            assert request.transport is not None
            request.transport.close()
            return response
        try:
            while True:
                await response.write(b" " if self.mode == "drip" else CHUNK)
                self.sent += 1 if self.mode == "drip" else len(CHUNK)
                await asyncio.sleep(0.05 if self.mode == "drip" else 0)
        except ConnectionError:
            return response

    async def other(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response(body=self.body)


@asynccontextmanager
async def news_site() -> AsyncIterator[NewsSite]:
    """It, listening."""
    site = NewsSite()
    app = web.Application()
    app.router.add_get("/feed", site.answer)
    app.router.add_get("/elsewhere", site.other)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()
