"""The exchange's stream: `trading.ports.Stream` over Kalshi's WebSocket.

One task keeps a connection and makes a new one when it is lost, for ever; nothing that the network or the exchange
does comes out of it as an error. The parts: `stream_socket` (the connection), `stream_session` (what is known on it),
`stream_upkeep` (what is subscribed), `stream_news` (what is told). Nothing here needs the network to answer: books and
index values are what was applied last, and are shown only while the other side is heard.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Coroutine, Sequence

import aiohttp

from trading.clock import monotonic
from trading.domain.market import Quote, Tick
from trading.domain.news import News, StreamHealth
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.stream_books import SubscribedBooks
from trading.exchange.kalshi.stream_channels import BOOKS, ENGINE_CHANNELS, INDICES, Subscription
from trading.exchange.kalshi.stream_commands import Commands, ConnectionLost
from trading.exchange.kalshi.stream_news import NewsReader
from trading.exchange.kalshi.stream_patience import Patience, Pauses, Pulse
from trading.exchange.kalshi.stream_queue import NewsQueue
from trading.exchange.kalshi.stream_session import Session
from trading.exchange.kalshi.stream_socket import Connector, Socket
from trading.exchange.kalshi.stream_upkeep import Upkeep
from trading.exchange.kalshi.stream_wish import Wish
from trading.ports import Clock

log = logging.getLogger(__name__)


class KalshiStream:
    """One account's stream at one address (`ws_url` ends in `/trade-api/ws/v2`); `seed` is for the jitter of retries.

    News waits in a bounded queue; when that is full everything in it is dropped for one `Missed`, because asking over
    REST is the truth anyway. `Missed` also comes after every connection, once it is subscribed.
    """

    def __init__(
        self,
        ws_url: str,
        signer: Signer,
        clock: Clock,
        *,
        channels: Sequence[str] = ENGINE_CHANNELS,
        index_ids: Sequence[str] = (),
        subaccount: int = 0,
        seed: int = 1,
        patience: Patience | None = None,
    ) -> None:
        self.ws_url = ws_url
        self._patience = patience or Patience()
        self._pulse = Pulse(clock)
        self._connector = Connector(ws_url, signer, self._pulse, self._patience)
        self._channels = [name for name in channels if name != INDICES or index_ids]
        self._index_ids = tuple(index_ids)
        self._jitter = random.Random(seed)  # noqa: S311 - no secret
        self._pauses = Pauses(self._patience, self._jitter)
        self._wish, self._queue = Wish(), NewsQueue()
        self._reader = NewsReader(self._wish, subaccount)
        self._task: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._connections, self._gaps_before, self._problem = 0, 0, "not started"

    def __repr__(self) -> str:
        return f"KalshiStream({self.ws_url!r})"

    def start(self) -> None:
        """Begin to connect, on the running loop. A second time changes nothing."""
        if self._task is None:
            self._problem = "connecting"
            self._task = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """End the connection for good. Never raises."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._problem = "closed"

    def follow(self, tickers: Collection[str]) -> None:
        """Keep the order books of exactly these markets; what the connection needs for it is asked in its turn."""
        self._wish.follow(tickers)

    def quote(self, ticker: str) -> Quote | None:
        """The touch of the local order book, seen when the exchange was heard last; None where it is not to be
        trusted now."""
        session, heard_at = self._living(), self._pulse.heard_at
        if session is None or heard_at is None or ticker not in self._wish.tickers:
            return None
        touch = session.books.touch(ticker)
        return None if touch is None else Quote(ticker, heard_at, *touch)

    def tick(self, index_id: str) -> Tick | None:
        """The newest value of an index, with the index's own time; None where none was told on this connection."""
        session = self._living()
        return session.ticks.get(index_id) if session else None

    async def news(self) -> News:
        """The next piece of news; waits for it. For one listener."""
        return await self._queue.get()

    @property
    def health(self) -> StreamHealth:
        return StreamHealth(
            connected=self._living() is not None,
            heard_at=self._pulse.heard_at,
            connections=self._connections,
            gaps=self._gaps_before + (self._session.gaps if self._session else 0),
            overflows=self._queue.overflows,
            problem=self._problem_now(),
        )

    def _problem_now(self) -> str:
        if self._session is None:
            return self._problem
        if self._living() is None:
            return f"nothing was heard for {self._pulse.silent_seconds:.0f} s"
        return self._session.problem

    def _living(self) -> Session | None:
        """The connection's session while the other side is heard."""
        return self._session if self._pulse.silent_seconds <= self._patience.trust_seconds else None

    async def _keep_connected(self) -> None:
        """Connect for ever. An error that is nobody's fault but ours is logged and shown, and tried again too."""
        cookies = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(trust_env=False, cookie_jar=cookies) as http:
            while True:
                began = monotonic()
                error = await _ending(self._connection(http))
                pause = self._pauses.after(monotonic() - began)
                if isinstance(error, ConnectionLost):
                    self._problem = str(error)
                    pause = max(pause, self._patience.unauthorized_seconds if error.by_key else 0.0)
                    log.info("the stream is away: %s", error)
                else:
                    self._problem = f"an error in the stream's client: {error!r}"
                    log.error("an error in the stream's client", exc_info=error)
                await asyncio.sleep(pause)

    async def _connection(self, http: aiohttp.ClientSession) -> None:
        """One connection from its handshake to its end: raises ConnectionLost."""
        socket = await self._connector.connect(http)
        try:
            session = self._opened(socket)
            await _first_to_end(
                socket.read(session.receive), socket.ping(), Upkeep(session, self._wish, self._patience).run()
            )
        finally:
            self._closed()
            await socket.close()

    def _opened(self, socket: Socket) -> Session:
        self._connections += 1
        books = SubscribedBooks(monotonic, self._patience.books)
        subscriptions = [
            Subscription(name, Pauses(self._patience, self._jitter), self._index_ids, books if name == BOOKS else None)
            for name in self._channels
        ]
        commands = Commands(socket.send, self._patience.reply_seconds)
        self._session = Session(subscriptions, books, self._reader, self._queue, commands)
        self._wish.changed = self._session.wake.set
        return self._session

    def _closed(self) -> None:
        if self._session is not None:
            self._gaps_before += self._session.gaps
            self._session = None


async def _ending(connection: Coroutine[None, None, None]) -> BaseException | None:
    """Let a connection run to its end; the error that ended it."""
    task = asyncio.ensure_future(connection)
    try:
        await asyncio.wait({task})
        return ConnectionLost("the connection was called off") if task.cancelled() else task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _first_to_end(*works: Coroutine[None, None, None]) -> None:
    """Run them together until one ends; the others are cancelled, and its error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
