"""The bot's health over HTTP, on this machine alone: /healthz, /readyz and /metrics, for whatever watches programs.

It is served on the bot's own loop, so that an answer is itself the proof that the loop turns, and asks nothing of the
engine but what stands in memory: a scrape neither waits for the exchange nor holds anybody up. Other programs of this
machine may ask too; they get figures of the account, but nothing that could be done with it. A page in a browser may
not: it comes under a host's name of its own.
"""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from trading.domain.errors import Misconfigured

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
CLOSE_SECONDS = 0.2  # for answers that are being sent
OK, FORBIDDEN, UNAVAILABLE = 200, 403, 503
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of Prometheus' text format

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Probe(Protocol):
    """What is asked. Nothing here waits for a network or a disk."""

    def ill(self) -> Sequence[str]:
        """Why the program should be started anew, in sentences; empty while it lives."""

    def unready(self) -> Sequence[str]:
        """Why it does not do its work (yet, or any more), in sentences; empty while it does."""

    async def metrics(self) -> bytes:
        """Its figures, in Prometheus' text format."""


class Beginning:
    """A program that has just begun."""

    def ill(self) -> Sequence[str]:
        return ()

    def unready(self) -> Sequence[str]:
        return ("the bot is starting",)

    async def metrics(self) -> bytes:
        return b""


class HealthServer:
    """`probe` is asked; it may be changed while this runs."""

    def __init__(self, port: int) -> None:
        self.probe: Probe = Beginning()
        self._port = port
        app = web.Application(middlewares=[_from_this_machine])
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)

    async def open(self) -> None:
        """Listen. Raises Misconfigured where the port cannot be had: whoever set it counts on being answered there, and
        a bot that only seems to be dead would be started again and again."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            taken = error.errno == errno.EADDRINUSE
            why = "is taken by another program, perhaps another bot" if taken else f"cannot be had ({error.strerror})"
            raise Misconfigured(f"HEALTH_PORT={self._port} {why}: set another port, or off") from None

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _healthz(self, request: web.Request) -> web.Response:
        return _told("alive", self.probe.ill())

    async def _readyz(self, request: web.Request) -> web.Response:
        return _told("ready", self.probe.unready())

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=await self.probe.metrics(), headers={"Content-Type": METRICS_TYPE})


@web.middleware
async def _from_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.url.host not in NAMES:
        raise web.HTTPForbidden(text=f"ask this by the name {HOST}\n")
    return await handler(request)


def _told(word: str, reasons: Sequence[str]) -> web.Response:
    status = UNAVAILABLE if reasons else OK
    return web.json_response({"status": f"not {word}" if reasons else word, "reasons": list(reasons)}, status=status)
