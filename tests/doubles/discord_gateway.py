"""Discord's gateway on loopback: hello, identify, ready, heartbeats, dispatches in order, resume, and what can fail."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from .discord_payloads import Json, guild, ready, snowflake

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
BAD_TOKEN, NOT_AUTHENTICATED = 4004, 4003


@dataclass(slots=True)
class Session:
    """What Discord keeps for a client that has gone, so that it can resume."""

    id: str
    events: list[Json] = field(default_factory=list)

    def add(self, name: str, data: Json) -> Json:
        self.events.append({"op": DISPATCH, "t": name, "s": len(self.events) + 1, "d": data})
        return self.events[-1]


class Connection:
    """One socket, with the stream compression that the client asked for."""

    def __init__(self, socket: web.WebSocketResponse, compressed: bool) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj() if compressed else None
        self.session: Session | None = None

    async def send(self, payload: Json) -> None:
        await self.send_text(json.dumps(payload))

    async def send_text(self, text: str) -> None:
        if self.socket.closed:
            return
        if self._zlib is None:
            await self.socket.send_str(text)
            return
        data = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(data)


class Gateway:
    """The server's side. `silent` stops every answer, `refuse` closes each newcomer with a code, and
    `handshake` answers its upgrade with an HTTP status. `home` says whether the bot is on the server."""

    def __init__(self, token: str, home: Callable[[], bool]) -> None:
        self.token, self.url, self.home = token, "", home
        self.heartbeat_ms = 41_250
        self.silent = False
        self.refuse: int | None = None
        self.handshake: int | None = None
        self.hellos = self.identifies = self.resumes = self.heartbeats = 0
        self.intents = 0
        self.sessions: dict[str, Session] = {}
        self.last: Session | None = None
        self.live: list[Connection] = []

    @property
    def connected(self) -> bool:
        return any(each.session for each in self.live)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.handshake:
            return web.json_response({"message": "no"}, status=self.handshake)
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        connection = Connection(socket, request.query.get("compress") == "zlib-stream")
        self.live.append(connection)
        try:
            await self._serve(connection)
        finally:
            self.live.remove(connection)
        return socket

    async def _serve(self, connection: Connection) -> None:
        self.hellos += 1
        if not self.silent:
            await connection.send({"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms}, "s": None, "t": None})
        if self.refuse:
            await connection.socket.close(code=self.refuse)
            return
        async for message in connection.socket:
            if message.type is WSMsgType.TEXT and not self.silent:
                await self._take(connection, json.loads(message.data))

    async def _take(self, connection: Connection, payload: Json) -> None:
        if payload["op"] == HEARTBEAT:
            self.heartbeats += 1
            await connection.send({"op": ACK, "d": None, "s": None, "t": None})
        elif payload["op"] in (IDENTIFY, RESUME) and payload["d"]["token"] != self.token:
            await connection.socket.close(code=BAD_TOKEN)
        elif payload["op"] == IDENTIFY:
            await self._identify(connection, payload["d"])
        elif payload["op"] == RESUME:
            await self._resume(connection, payload["d"])

    async def _identify(self, connection: Connection, data: Json) -> None:
        self.identifies += 1
        self.intents = data["intents"]
        session = self.last = Session(snowflake())
        self.sessions[session.id] = session
        await connection.send(session.add("READY", ready(session.id, self.url, home=self.home())))
        if self.home():
            await connection.send(session.add("GUILD_CREATE", guild()))
        connection.session = session

    async def _resume(self, connection: Connection, data: Json) -> None:
        self.resumes += 1
        session = self.sessions.get(data["session_id"])
        if session is None:
            await connection.send({"op": INVALID, "d": False, "s": None, "t": None})
            return
        for event in session.events[data["seq"] :]:
            await connection.send(event)
        await connection.send(session.add("RESUMED", {}))
        connection.session = session

    async def dispatch(self, name: str, data: Json) -> None:
        """Send an event to every program with this token, or keep it for one that is away and may resume."""
        assert self.last, "nobody has ever identified"
        for session in list(self.sessions.values()):
            event = session.add(name, data)
            for connection in list(self.live):
                if connection.session is session and not self.silent:
                    await connection.send(event)

    # --- what can fail ---

    async def malformed(self, text: str = "") -> None:
        """Send an event that no client can read; it counts in the sequence."""
        assert self.last
        event = self.last.add("INTERACTION_CREATE", {"id": "not a number"})
        for connection in list(self.live):
            await connection.send_text(text or json.dumps(event))

    async def close(self, code: int) -> None:
        for connection in list(self.live):
            await connection.socket.close(code=code)

    async def drop(self) -> None:
        """Cut the wire without a word."""
        for connection in list(self.live):
            transport: Any = connection.socket._req and connection.socket._req.transport
            if transport:
                transport.abort()
        await asyncio.sleep(0)

    async def reconnect(self) -> None:
        for connection in list(self.live):
            await connection.send({"op": RECONNECT, "d": None, "s": None, "t": None})

    async def invalidate(self, *, resumable: bool) -> None:
        if not resumable:
            self.sessions.clear()
        for connection in list(self.live):
            await connection.send({"op": INVALID, "d": resumable, "s": None, "t": None})
