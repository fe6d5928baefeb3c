"""How far a command is, on its way to whoever asked: never in the command's way, never more often than a chat bears.

A command says so in plain sentences (`Context.progress`) and waits for nothing; the channel shows the newest in one
place, and what comes too fast is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

LAST_SECONDS_MAX = 3.0  # that the answer waits for the progress being shown, so as not to be overtaken by it

Told = Callable[[str], Awaitable[None]]


async def unseen(text: str) -> None:
    """Shows it to nobody."""


class Paced:
    """Calls `show` (which raises nothing) with the newest text, `seconds` apart at least, from when it is `start`ed."""

    def __init__(self, show: Told, seconds: float) -> None:
        self._show, self._seconds = show, seconds
        self._text, self._started = "", False
        self._showing = asyncio.Lock()
        self._pump: asyncio.Task[None] | None = None

    def start(self) -> None:
        """From now on it may be shown."""
        self._started = True
        self._go_on()

    async def told(self, text: str) -> None:
        """Take the newest text; waits for nothing."""
        self._text = text
        self._go_on()

    async def ended(self) -> None:
        """Show no more; when it returns nothing is on its way."""
        self._started = False
        if self._pump is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_SECONDS_MAX), self._showing:
                pass
        self._pump.cancel()

    def _go_on(self) -> None:
        if self._started and self._text and (self._pump is None or self._pump.done()):
            self._pump = asyncio.create_task(self._pumped())

    async def _pumped(self) -> None:
        while self._started and self._text:
            async with self._showing:
                text, self._text = self._text, ""
                await self._show(text)
            await asyncio.sleep(self._seconds)
