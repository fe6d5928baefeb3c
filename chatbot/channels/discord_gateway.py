"""The connection that brings interactions: logged in, resumed, and opened again for as long as the bot runs.

The SDK's own loop is not used, for three reasons that were measured: it ends for good on one malformed payload; its
waits between two tries grow to 17 minutes; and what follows a lost connection forgets the session in both cases, with
all that Discord has kept for us since. Here every end of a connection, whatever it was, leads to the next one, which
resumes: a /kill that was sent meanwhile still comes through.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, KeepAliveHandler, ReconnectWebSocket
from discord.http import Route

from chatbot.channels.discord_client import Client, Hears
from chatbot.channels.discord_post import LOGIN_FIX
from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits
from trading.clock import monotonic

JITTER = 0.2  # of the wait, either way
FRESH_AFTER = 3  # times in a row that we may be turned away before the last session is given up
CODE_LEFT, CODE_BACK_SOON = 1000, 4000  # the first ends the session, the second keeps it
COMMANDS = "commands"  # what may be wrong
INTENTS_FIX = (
    "Discord refuses the bot's intents, though it asks for none that are privileged: "
    "look at Bot, Privileged Gateway Intents in the developer portal"
)
FIXES = {
    4004: LOGIN_FIX,
    4010: "Discord finds this bot in too many servers: use one of your own, in your server only",
    4011: "Discord finds this bot in too many servers: use one of your own, in your server only",
    4012: "Discord no longer speaks this version of its gateway: update kalshi-chatops",
    4013: INTENTS_FIX,
    4014: INTENTS_FIX,
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """What it takes to go on where a connection ended."""

    id: str
    sequence: int | None
    gateway: yarl.URL


class Listener:
    """Keeps a connection to the gateway. `answer` gets each interaction, in a task of its own; `logged_in` each client
    that can be asked things; `at_home` whether the bot is on the server `guild_id`."""

    def __init__(
        self,
        answer: Callable[[discord.Interaction[Any]], Awaitable[None]],
        logged_in: Callable[[discord.Client], None],
        at_home: Callable[[bool], None],
        troubles: Troubles,
        *,
        token: str,
        guild_id: str,
        api_base: str,
        waits: Waits,
    ) -> None:
        self._hears, self._logged_in, self._troubles = Hears(answer, self._let_in, at_home), logged_in, troubles
        self._token, self._guild_id, self._base, self._waits = token, guild_id, api_base, waits
        self._client: Client | None = None
        self._address: yarl.URL | None = None
        self._session: Session | None = None
        self._closing, self._ended = asyncio.Event(), asyncio.Event()
        self._running = False
        self._failures = self._turned_away = 0  # in a row; the latter by a gateway that could be reached
        self._identified_at = monotonic() - waits.identify
        self._in_since: float | None = None  # of this connection
        self._lost_since: float | None = None

    @property
    def listening(self) -> bool:
        """Whether interactions come through."""
        return self._in_since is not None

    async def run(self) -> None:
        """Listen until closed."""
        self._running = True
        try:
            with addressed(self._base):
                while not self._closing.is_set():
                    error = await self._end_of(self._connection())
                    self._count(error)
                    await self._drop()
                    await self._rest(error)
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Let `run` end, within the time that it takes to hang up."""
        self._closing.set()
        if self._running:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(4 * self._waits.hang_up):
                    await self._ended.wait()

    async def _end_of(self, work: Coroutine[Any, Any, None]) -> BaseException | None:
        """What ended it, whatever the SDK raised; None when we ended it."""
        task, closing = asyncio.create_task(work), asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({task, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            task.cancel()
            await asyncio.wait({task}, timeout=2 * self._waits.hang_up)
        return task.exception() if task.done() and not task.cancelled() else None

    # --- one connection ---

    async def _connection(self) -> None:
        """Open a connection and listen until it ends, by raising."""
        self._in_since = None
        client = self._client or await self._login()
        async with asyncio.timeout(self._waits.hello + self._waits.identify):
            socket = client.ws = await self._opened(client)
        self._turned_away += 1  # until we are let in
        heart = socket._keep_alive
        try:
            while True:
                async with asyncio.timeout(self._waits.silent + self._waits.hang_up):
                    await socket.poll_event()
        finally:
            self._session = _session(socket) if self._turned_away < FRESH_AFTER else None
            await self._hang_up(socket, heart)

    async def _login(self) -> Client:
        client = self._client = Client(self._hears, self._guild_id, self._waits)
        async with asyncio.timeout(self._waits.login):
            await client.login(self._token)
            if self._base:  # the SDK itself never asks where the gateway is
                self._address = yarl.URL((await client.http.request(Route("GET", "/gateway/bot")))["url"])
        self._logged_in(client)
        return client

    async def _opened(self, client: Client) -> DiscordWebSocket:
        last = self._session
        if last is None:
            left = self._identified_at + self._waits.identify - monotonic()
            await asyncio.sleep(max(left, 0.0))
            self._identified_at = monotonic()
            return await DiscordWebSocket.from_client(client, initial=True, gateway=self._address)
        return await DiscordWebSocket.from_client(
            client, gateway=self._address or last.gateway, session=last.id, sequence=last.sequence, resume=True
        )

    def _let_in(self) -> None:
        self._in_since = monotonic()
        self._turned_away = 0
        self._lost_since = None
        self._troubles.over(COMMANDS)

    async def _hang_up(self, socket: DiscordWebSocket, heart: KeepAliveHandler | None) -> None:
        """The thread that beats the heart must be gone before the loop is."""
        with contextlib.suppress(TimeoutError, OSError, aiohttp.ClientError):
            async with asyncio.timeout(self._waits.hang_up):
                await socket.close(CODE_LEFT if self._closing.is_set() else CODE_BACK_SOON)
        if heart:
            heart.stop()
            await asyncio.to_thread(heart.join, self._waits.hang_up)

    # --- between two connections ---

    def _count(self, error: BaseException | None) -> None:
        lasted = monotonic() - self._in_since if self._in_since is not None else 0.0
        self._failures = 1 if lasted >= self._waits.steady else self._failures + 1
        if isinstance(error, discord.ConnectionClosed):
            self._session = None  # by a code after which there is nothing to resume

    async def _drop(self) -> None:
        """A connection that had been let in leaves its client to the next one; all others start from the login."""
        client, kept = self._client, self._in_since is not None and not self._closing.is_set()
        self._in_since = None
        if client is None or kept:
            return
        self._client = None
        with contextlib.suppress(TimeoutError, OSError, aiohttp.ClientError):
            async with asyncio.timeout(self._waits.hang_up):
                await client.close()
        await client.http.close()

    async def _rest(self, error: BaseException | None) -> None:
        """Tell what people should know, and wait before the next try."""
        fix = _fix(error)
        self._tell(fix, error)
        wait = self._waits.mend if fix else self._wait_seconds()
        if self._closing.is_set():
            return
        log.warning("Discord: %s; trying again in %.1f s", self._said(error), wait)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._closing.wait()

    def _wait_seconds(self) -> float:
        """At once after a good connection, then doubling."""
        if self._failures < 2:
            return 0.0
        doubled = self._waits.again * 2.0 ** min(self._failures - 2, 30)
        return min(doubled, self._waits.again_max) * (1 + JITTER * random.uniform(-1, 1))  # noqa: S311 - no secret

    def _tell(self, fix: str, error: BaseException | None) -> None:
        now = monotonic()
        self._lost_since = now if self._lost_since is None else self._lost_since
        if fix:
            self._troubles.tell(COMMANDS, fix)
        elif now - self._lost_since >= self._waits.lost and not self._troubles.stands(COMMANDS):
            self._troubles.tell(COMMANDS, f"Discord brings no commands, and is tried again: {self._said(error)}")

    def _said(self, error: BaseException | None) -> str:
        """An error in words, without the token, should a library ever put it there."""
        if isinstance(error, ReconnectWebSocket):
            return "the gateway ended the connection"
        return f"{type(error).__name__}: {error}".replace(self._token, "***")


def _session(socket: DiscordWebSocket) -> Session | None:
    return Session(socket.session_id, socket.sequence, socket.gateway) if socket.session_id else None


def _fix(error: BaseException | None) -> str:
    """What only a person can mend, as a sentence; empty where trying again may do."""
    if isinstance(error, discord.LoginFailure):
        return LOGIN_FIX
    return FIXES.get(error.code, "") if isinstance(error, discord.ConnectionClosed) else ""


@contextlib.contextmanager
def addressed(base: str) -> Iterator[None]:
    """Let the SDK talk to the API at `base`, where one is given. It keeps the address in a class, so for the whole
    process: it is put back at the end."""
    before = Route.BASE
    Route.BASE = base or before
    try:
        yield
    finally:
        Route.BASE = before
