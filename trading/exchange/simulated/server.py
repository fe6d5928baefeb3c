"""The simulated exchange on loopback: the venue behind HTTP and WebSocket, as any Kalshi client expects to find it.

The table of `routes` says which path is whose, who may ask and how it is billed; the shell only carries bytes. Requests
are served one after the other on the event loop that the bot may share: each takes well under a millisecond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import format_datetime

import msgspec
from aiohttp import web

from trading.clock import real_now
from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.auth import KEY_HEADER, check_signature
from trading.exchange.simulated.cache import Cache
from trading.exchange.simulated.faults import (
    HANG_SECONDS,
    LATE_SECONDS,
    SLOW_PIECES,
    SLOW_SECONDS,
    Fault,
    Faults,
    profile_of,
)
from trading.exchange.simulated.keys import Credentials, member_keys
from trading.exchange.simulated.refusals import VenueError, not_found, too_many_requests, unavailable
from trading.exchange.simulated.routes import ROUTES, Route
from trading.exchange.simulated.scopes import FULL, Rights, check_rights
from trading.exchange.simulated.spells import Spells
from trading.exchange.simulated.stale import StaleReads
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.stream_faults import StreamFaults
from trading.exchange.simulated.stream_socket import STREAM_PATH, StreamSockets
from trading.exchange.simulated.venue import Venue

HOST = "127.0.0.1"
ROOT = "/trade-api/v2"
BODY_BYTES_MAX = 1 << 20
SHUTDOWN_SECONDS = 0.5  # for requests that are being answered when the server stops


class SimulatedServer:
    """A venue on a loopback port; `keys` may sign besides those that the venue knows. Faults may be ordered anytime.

    `profile` names what goes wrong (`faults.PROFILES`), drawn from the venue's seed; `faults` and `stream_faults` take
    the place of its draws for REST and for the WebSocket. Raises Misconfigured for an unknown profile.
    """

    def __init__(
        self,
        venue: Venue,
        faults: Faults | None = None,
        keys: Iterable[Credentials] = (),
        stream_faults: StreamFaults | None = None,
        profile: str = "none",
        cached: bool = False,
    ) -> None:
        self.venue = venue
        for credentials in keys:
            venue.keys.update(member_keys(credentials))
            venue.rights[credentials.key_id] = credentials.rights
        named, seed = profile_of(profile), venue.seed
        self.faults = faults or Faults(named.requests, seed)
        self.stream_faults = stream_faults or StreamFaults(named.frames, seed)
        self._floods, self._skew = Spells(named.flooded, seed, "floods"), timedelta(seconds=named.skew_seconds)
        self._cache = Cache(on=cached)
        self._reads = StaleReads(venue, named.stale, seed)
        self.stream = Stream(venue, self.stream_faults)
        self._sockets = StreamSockets(venue, self.stream)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._port}{ROOT}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self._port}{STREAM_PATH}"

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        for route in ROUTES:
            app.router.add_route(route.method, ROOT + route.path, self._serving(route))
        app.router.add_get(STREAM_PATH, self._streaming)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        app.on_shutdown.append(self._closing)
        app.on_response_prepare.append(self._dated)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection; the venue stays as it is."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def tick(self) -> None:
        """Let the stream tell what has happened up to the clock's time; for clocks that are moved by hand."""
        self.stream.tick()
        await self._sockets.drained()

    def _serving(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            path = request.path[len(ROOT) :]
            restricted = self._rights(request).subaccount is not None
            ask = Ask(request.match_info, tuple(request.query.items()), await request.read(), restricted)
            fault = self.faults.choose(route.method, path, route.path) or self._flood(route)
            if fault is None:
                return _sent(self._answer(route, request, ask))
            return await self._spoilt(fault, route, request, ask)

        return serve

    def _flood(self, route: Route) -> Fault | None:
        return Fault.LIMITED if route.cost and self._floods.on(self.venue.clock.now()) else None

    def _now(self) -> datetime:
        """The real time, as this server's clock has it."""
        return real_now() + self._skew

    async def _dated(self, request: web.Request, response: web.StreamResponse) -> None:
        """The Date header is this server's clock too."""
        response.headers["Date"] = format_datetime(self._now(), usegmt=True)

    def _answer(self, route: Route, request: web.Request, ask: Ask) -> Answer:
        """The treatment of a request; the stream is told of the time before it and of what it has changed."""
        self.stream.tick()
        answer = self._treated(route, request, ask)
        self.stream.tick()
        return answer

    def _treated(self, route: Route, request: web.Request, ask: Ask) -> Answer:
        """By the exchange, refusals and all."""
        try:
            self._admit(route, request, ask)
        except VenueError as refusal:
            return _refused(refusal)
        return self._handle(route, ask)

    def _handle(self, route: Route, ask: Ask) -> Answer:
        try:
            seen = self._reads.seen(route.method, route.path)
            asked = (route.path, *ask.path.items(), *ask.query)
            return self._cache.answer(asked, route.max_age, self.venue.sync(), lambda: route.handler(seen, ask))
        except VenueError as refusal:
            return _refused(refusal)

    def _admit(self, route: Route, request: web.Request, ask: Ask) -> None:
        """Check the signature and the key's rights, and bill the tokens. Raises VenueError 401, 403 and 429."""
        if not route.public:
            check_signature(self.venue.keys, request.headers, request.method, request.path, self._now())
            check_rights(self._rights(request), route.method, route.path, ask)
        if route.bill:
            route.bill(self.venue, ask)
        elif route.cost and route.public and request.headers.get(KEY_HEADER) not in self.venue.keys:
            self.venue.meter.public(route.cost, self.venue.sync())
        elif route.cost:
            self.venue.meter.read(route.cost, self.venue.sync())

    def _rights(self, request: web.Request) -> Rights:
        return self.venue.rights.get(request.headers.get(KEY_HEADER, ""), FULL)

    async def _spoilt(self, fault: Fault, route: Route, request: web.Request, ask: Ask) -> web.StreamResponse:
        if fault is Fault.REFUSED:
            return _sent(_refused(unavailable()))
        if fault is Fault.LIMITED:
            return _sent(_refused(too_many_requests()))
        if fault is Fault.LOST_BEFORE:
            return _dropped(request)
        if fault is Fault.LOST_LATE:
            return self._postponed(route, request, ask)
        if fault is Fault.DELAYED:
            return await self._delayed(route, request, ask)
        answer = self._answer(route, request, ask)
        if fault is Fault.FAILED:
            return _sent(_refused(unavailable()))
        if fault is Fault.TWICE:
            return _sent(self._answer(route, request, ask))
        if fault is Fault.SLOW:
            return await _trickled(request, answer)
        if fault is Fault.HANGING:
            await asyncio.sleep(HANG_SECONDS)
        return _dropped(request)

    async def _delayed(self, route: Route, request: web.Request, ask: Ask) -> web.StreamResponse:
        half = self.faults.delay(route.method, route.path) / 2
        await asyncio.sleep(half)
        answer = self._answer(route, request, ask)
        await asyncio.sleep(half)
        return _sent(answer)

    def _postponed(self, route: Route, request: web.Request, ask: Ask) -> web.StreamResponse:
        """Signed and billed now, done later, answered never."""
        try:
            self._admit(route, request, ask)
        except VenueError as refusal:
            return _sent(_refused(refusal))
        self.venue.later(LATE_SECONDS, lambda: self._handle(route, ask))
        return _dropped(request)

    async def _streaming(self, request: web.Request) -> web.StreamResponse:
        try:
            self._sockets.admit(request.headers, self._now())
            check_rights(self._rights(request), "GET", STREAM_PATH, Ask())
        except VenueError as refusal:
            return _sent(_refused(refusal))
        return await self._sockets.serve(request)

    async def _closing(self, app: web.Application) -> None:
        await self._sockets.close()

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        return _sent(_refused(not_found("page")))


def _sent(answer: Answer) -> web.Response:
    body = None if answer.payload is None else msgspec.json.encode(answer.payload)
    headers = {"Cache-Control": f"public, max-age={answer.max_age}"} if answer.max_age else None
    return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")


async def _trickled(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The answer's body in SLOW_PIECES pieces over SLOW_SECONDS; a client that goes away meanwhile is let go."""
    whole = _sent(answer)
    body = whole.body if isinstance(whole.body, bytes) else b""
    slow = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    slow.content_length = len(body)
    step = len(body) // SLOW_PIECES + 1
    with suppress(ConnectionError):
        await slow.prepare(request)
        for start in range(0, len(body), step):
            await asyncio.sleep(SLOW_SECONDS / SLOW_PIECES)
            await slow.write(body[start : start + step])
        await slow.write_eof()
    return slow


def _dropped(request: web.Request) -> web.Response:
    """Break the connection off; what is returned goes nowhere."""
    if request.transport:
        request.transport.abort()
    return web.Response()


def _refused(refusal: VenueError) -> Answer:
    """The nested error body that the live exchange sends."""
    error = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    return Answer({"error": error}, refusal.http_status)
