"""The stream's WebSocket: the signed handshake, frames in and out, pings, and the sign that the other side lives.

Everything has a bound, in real time; whatever ends a connection comes out as ConnectionLost, in words. Source: the
exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSMsgType

from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.refusals import advice, read_refusal
from trading.exchange.kalshi.stream_commands import ConnectionLost
from trading.exchange.kalshi.stream_patience import Patience, Pulse

FRAME_BYTES_MAX = 64 * 1024 * 1024  # the exchange's own limit
REFUSAL_BYTES_MAX = 64 * 1024  # of the page that says why a handshake is refused
CLOSE_SECONDS = 1.0  # for saying good-bye
BY_KEY = (401, 403)


class Socket:
    """One connection. `pulse` is told of every sign of life."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, pulse: Pulse, patience: Patience) -> None:
        self._ws, self._pulse, self._patience = ws, pulse, patience
        pulse.beat()

    async def send(self, text: str) -> None:
        """Raises ConnectionLost, also when the network does not take it in time."""
        with _lost("cannot be written to"):
            async with asyncio.timeout(self._patience.reply_seconds):
                await self._ws.send_str(text)

    async def read(self, take: Callable[[str | bytes], None]) -> None:
        """Hand every frame on until the connection ends: raises ConnectionLost."""
        with _lost("broke"):
            async for message in self._ws:
                self._pulse.beat()
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    take(message.data)
                elif message.type is WSMsgType.PING:
                    await self._ws.pong(message.data)
                elif message.type is WSMsgType.ERROR:
                    raise ConnectionLost(f"the connection broke: {self._ws.exception() or message.data}")
        raise ConnectionLost(f"the exchange closed the connection (code {self._ws.close_code})")

    async def ping(self) -> None:
        """Ping for as long as there is an echo: raises ConnectionLost after too long a silence."""
        while True:
            await asyncio.sleep(self._patience.ping_seconds)
            if self._pulse.silent_seconds > self._patience.silent_seconds:
                raise ConnectionLost(f"nothing was heard for {self._patience.silent_seconds:g} s")
            with _lost("cannot be written to"):
                async with asyncio.timeout(self._patience.reply_seconds):
                    await self._ws.ping()

    async def close(self) -> None:
        """Never raises, never takes long."""
        with suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._ws.close()


class Connector:
    """Opens connections to one address with one key."""

    def __init__(self, ws_url: str, signer: Signer, pulse: Pulse, patience: Patience) -> None:
        self._url, self._signer, self._pulse, self._patience = ws_url, signer, pulse, patience

    async def connect(self, http: aiohttp.ClientSession) -> Socket:
        """A new connection, signed just now. Raises ConnectionLost."""
        with _lost("cannot be made"):
            async with asyncio.timeout(self._patience.connect_seconds):
                try:
                    ws = await http.ws_connect(
                        self._url, headers=self._headers(), autoping=False, max_msg_size=FRAME_BYTES_MAX
                    )
                except aiohttp.WSServerHandshakeError as error:
                    raise await self._refused(http, error.status) from error
        return Socket(ws, self._pulse, self._patience)

    def _headers(self) -> dict[str, str]:
        return self._signer.headers("GET", urlsplit(self._url).path)

    async def _refused(self, http: aiohttp.ClientSession, status: int) -> ConnectionLost:
        """Why: the library drops the page that says it, so that the address is asked once more without an upgrade."""
        if status not in BY_KEY:
            return ConnectionLost(f"the exchange refused the connection (HTTP {status})")
        page = f"http{self._url.removeprefix('ws')}"
        async with http.get(page, headers=self._headers(), allow_redirects=False) as answer:
            body = await answer.content.read(REFUSAL_BYTES_MAX) if answer.status == status else b""
        return ConnectionLost(advice(read_refusal(status, body)), by_key=True)


@contextmanager
def _lost(how: str) -> Iterator[None]:
    """The library's and the network's errors as ConnectionLost."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionLost(f"the connection {how}: {error or type(error).__name__}") from error
