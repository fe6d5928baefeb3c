"""The stream's WebSocket: the signed handshake, the bytes in and out, the pings, and the task that ticks.

On a clock that runs by itself a task ticks while somebody is connected; a virtual clock is told when to move, and
whoever moves it ticks. Pings and the patience with a slow client are on real time, as networks are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from aiohttp import ClientConnectionResetError, WSCloseCode, WSMsgType, web

from trading.clock import RealClock
from trading.domain.errors import StoreFailed
from trading.exchange.simulated.auth import check_signature
from trading.exchange.simulated.refusals import too_many_requests, unavailable
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.stream_outbox import Outbox
from trading.exchange.simulated.stream_session import Session
from trading.exchange.simulated.venue import Venue

STREAM_PATH = "/trade-api/ws/v2"
TICK_SECONDS = 0.05  # of real time between two looks at the venue
PING_SECONDS = 10.0  # of real time between two pings
PING_BODY = b"heartbeat"
CLOSE_SECONDS = 1.0  # of real time for a client to take its last frames
COMMAND_BYTES_MAX = 1 << 20
DRAIN_TURNS_MAX = 1000  # of the loop, for what a tick has queued


class StreamSockets:
    """Serves the sessions of `stream` to WebSocket clients. `ping_seconds` is how often they are pinged."""

    def __init__(self, venue: Venue, stream: Stream, ping_seconds: float = PING_SECONDS) -> None:
        self.stream = stream
        self._venue, self._ping_seconds = venue, ping_seconds
        self._ticking: asyncio.Task[None] | None = None
        self._open: dict[web.WebSocketResponse, Session] = {}

    def admit(self, headers: Mapping[str, str], now: datetime) -> None:
        """Check a handshake at that real time. Raises VenueError 401, 429 when too many are there, 503 by a fault."""
        check_signature(self._venue.keys, headers, "GET", STREAM_PATH, now)
        if self.stream.full:
            raise too_many_requests()
        if self.stream.faults.refuses():
            raise unavailable()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection that was admitted, from its handshake to its end."""
        socket = web.WebSocketResponse(max_msg_size=COMMAND_BYTES_MAX, timeout=CLOSE_SECONDS)
        await socket.prepare(request)
        session = self.stream.open()
        self._open[socket] = session
        self._start_ticking()
        tasks = [asyncio.create_task(act) for act in (self._write(request, socket, session), self._ping(socket))]
        try:
            await self._read(socket, session)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._forget(socket, session)
        return socket

    async def close(self) -> None:
        """Close every connection, as the server goes away."""
        closing = (s.close(code=WSCloseCode.GOING_AWAY, message=b"server shutdown") for s in list(self._open))
        await asyncio.gather(*closing)

    async def drained(self) -> None:
        """Return when what was queued has been handed to the network, or after DRAIN_TURNS_MAX turns of the loop."""
        for _ in range(DRAIN_TURNS_MAX):
            if not any(session.outbox.frames for session in self.stream.sessions):
                return
            await asyncio.sleep(0)

    def _forget(self, socket: web.WebSocketResponse, session: Session) -> None:
        self.stream.close(session)
        del self._open[socket]
        if self._ticking and not self._open:
            self._ticking.cancel()
            self._ticking = None

    def _start_ticking(self) -> None:
        if self._ticking is None and isinstance(self._venue.clock, RealClock):
            self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        """Tick for as long as anybody is connected; a venue that cannot write any more breaks every connection off."""
        with suppress(StoreFailed):
            while True:
                self.stream.tick()
                await asyncio.sleep(TICK_SECONDS)
        for session in self.stream.sessions:
            session.outbox.cut()

    async def _read(self, socket: web.WebSocketResponse, session: Session) -> None:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self.stream.receive(session, message.data)

    async def _write(self, request: web.Request, socket: web.WebSocketResponse, session: Session) -> None:
        """Send what is queued, in order, until the session ends."""
        outbox, queued = session.outbox, asyncio.Event()
        outbox.ready = lambda: self._wake(request, outbox, queued)
        queued.set()
        with suppress(ClientConnectionResetError, ConnectionError):
            while not outbox.ended or outbox.frames:
                await queued.wait()
                queued.clear()
                while outbox.frames:
                    await socket.send_str(outbox.frames.popleft())
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)

    def _wake(self, request: web.Request, outbox: Outbox, queued: asyncio.Event) -> None:
        """Let the writer go on; a connection that ends is cut at once or, if its client reads no more, soon."""
        queued.set()
        if outbox.ended and request.transport:
            patience = 0.0 if outbox.broken else CLOSE_SECONDS
            asyncio.get_running_loop().call_later(patience, request.transport.abort)

    async def _ping(self, socket: web.WebSocketResponse) -> None:
        with suppress(ClientConnectionResetError, ConnectionError):
            while True:
                await asyncio.sleep(self._ping_seconds)
                await socket.ping(PING_BODY)
