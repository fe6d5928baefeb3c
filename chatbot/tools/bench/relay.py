"""The wire between the bot and the exchange: it passes bytes on, sees when a cancel has come, and can hang.

It also answers one listing itself: 15,000 open markets, of which the simulated exchange would make more work than the
bot that reads them.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from trading.clock import monotonic

CHUNK_BYTES = 256 * 1024
PAGES, PAGE_ROWS = 15, 1_000
REQUESTS = (b"GET ", b"POST ", b"DELETE ")
LISTING = b"GET /trade-api/v2/markets?"
NARROWED = (b"series_ticker=", b"tickers=", b"event_ticker=")
_CURSOR = re.compile(rb"[?&]cursor=(\d+)")


class Relay:
    """Between loopback and the exchange at `port`. `news` is called when a cancel has come or a request is held."""

    def __init__(self, port: int, news: Callable[[], None]) -> None:
        self._port, self._news = port, news
        self.cancel_at: float | None = None  # when the first cancel came since this was None
        self.held = 0  # requests taken and not passed on
        self.pages: list[bytes] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=CHUNK_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        if self._server:
            self._server.close()

    def flow(self, flowing: bool) -> None:
        """Pass everything on, or take it and pass nothing on until told otherwise."""
        self._flowing.set() if flowing else self._flowing.clear()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._port, limit=CHUNK_BYTES)
            up = asyncio.create_task(self._up(reader, back, writer))
            down = asyncio.create_task(self._down(there, writer))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            back.close()
        writer.close()

    async def _up(self, reader: StreamReader, back: StreamWriter, writer: StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            self._look(data)
            if page := self._page(data):
                writer.write(page)
                await writer.drain()
                continue
            await self._passing(data)
            back.write(data)
            await back.drain()

    async def _down(self, there: StreamReader, writer: StreamWriter) -> None:
        while data := await there.read(CHUNK_BYTES):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()

    def _look(self, data: bytes) -> None:
        """A request of ours comes in one piece: what begins with its method is one."""
        if self.cancel_at is None and data.startswith(b"DELETE "):
            self.cancel_at = monotonic()
            self._news()

    async def _passing(self, data: bytes) -> None:
        if self._flowing.is_set():
            return
        asked = data.startswith(REQUESTS)
        self.held += asked
        self._news()
        await self._flowing.wait()
        self.held -= asked

    def _page(self, data: bytes) -> bytes | None:
        line = data[: data.find(b"\r\n")] if self.pages and data.startswith(LISTING) else b""
        if not line or any(name in line for name in NARROWED):
            return None
        cursor = _CURSOR.search(line)
        return self.pages[int(cursor[1]) if cursor else 0]


def pages_of(market: dict[str, Any]) -> list[bytes]:
    """Whole answers for a listing of many markets that are all like this one, compressed as the exchange's are."""
    return [_answer(market, number) for number in range(PAGES)]


def _answer(market: dict[str, Any], number: int) -> bytes:
    rows = [market | {"ticker": f"{market['ticker']}-{number * PAGE_ROWS + n}"} for n in range(PAGE_ROWS)]
    cursor = str(number + 1) if number + 1 < PAGES else ""
    body = gzip.compress(json.dumps({"markets": rows, "cursor": cursor}).encode(), compresslevel=1)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body
