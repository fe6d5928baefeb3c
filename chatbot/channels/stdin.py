"""The chat through a pipe or a file: one command per line, plain answers and notices on standard output.

A channel like any other: its lines go through the router, its notices come from the outbox. Whoever can write there can
stop the process anyway, so its person is the bot's owner. `exit` or the end of the input ends `run`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from chatbot.access import TERMINAL
from chatbot.channels.terminal_text import Screen
from chatbot.command import Command, Risk, find
from chatbot.front import Handle
from chatbot.line import read_line
from chatbot.message import Incoming, Person
from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.render import of_notice
from trading.clock import real_now
from trading.domain.records import Notice

EXIT_WORDS = frozenset({"exit", "quit", "q"})
URGENT_SECONDS_MAX = 0.25  # how long a line that lowers risk waits for the lines before it, to keep a script's order
LINES_WAITING_MAX = 1_000
READ_BYTES = 4_096
HOST = Person(TERMINAL, "host")


def incoming(text: str) -> Incoming:
    """A line of whoever sits here, as of now."""
    return Incoming(HOST, TERMINAL, text, real_now(), can_press=False)


class StdinChannel:
    """One command per line from a pipe or a file, plain answers and notices on standard output.

    Lines run one after the other, as a script expects. One that lowers risk (/kill) waits for those before it no longer
    than URGENT_SECONDS_MAX and then overtakes them. `folder` is where pictures and files are left.
    """

    name = TERMINAL

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        *,
        descriptor: int | None = None,
        folder: Path | None = None,
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._handle, self._commands = handle, commands
        self._screen = Screen(write or _print, folder=folder)
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self._waiting: asyncio.Queue[Incoming] = asyncio.Queue(LINES_WAITING_MAX)
        self._overtaking: set[asyncio.Task[None]] = set()
        self._closed = asyncio.Event()

    async def run(self) -> None:
        """Answer lines until the input ends, `exit`, or close; every line taken is answered first."""
        worker = asyncio.create_task(self._work())
        try:
            await self._read()
            await self._waiting.join()
            await asyncio.gather(*self._overtaking)
        finally:
            worker.cancel()

    async def deliver(self, notice: Notice, how: How) -> str:
        """Write a notice. Raises DeliveryFailed when nobody reads any more."""
        reply = of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)
        try:
            await self._screen.notice(replace(reply, picture=how.picture))
        except OSError as error:
            raise DeliveryFailed(str(error)) from error
        return ""

    async def close(self) -> None:
        self._closed.set()

    async def _read(self) -> None:
        async for line in lines_of(self._descriptor, self._closed):
            if read_line(line).word in EXIT_WORDS:
                return
            if line.strip():
                await self._take(incoming(line))

    async def _take(self, line: Incoming) -> None:
        if self._urgent(line.text) and not await self._caught_up():
            self._overtaking.add(asyncio.create_task(self._answer(line)))
        else:
            await self._waiting.put(line)

    def _urgent(self, text: str) -> bool:
        command = find(self._commands, read_line(text).word)
        return command is not None and command.risk is Risk.LOWERS

    async def _caught_up(self) -> bool:
        try:
            async with asyncio.timeout(URGENT_SECONDS_MAX):
                await self._waiting.join()
        except TimeoutError:
            return False
        return True

    async def _work(self) -> None:
        while True:
            await self._answer(await self._waiting.get())
            self._waiting.task_done()

    async def _answer(self, line: Incoming) -> None:
        line = replace(line, text=self._screen.meant(line.text))
        reply = await asyncio.shield(self._handle(line))  # the end of the chat cuts no command off half-way
        try:
            if reply:
                await self._screen.answer(reply)
        except OSError:  # nobody reads the answers any more
            self._closed.set()


def _print(text: str) -> None:
    """An empty line after each, so that whoever reads them can tell one from the next."""
    print(text, end="\n\n", flush=True)


async def lines_of(descriptor: int, closed: asyncio.Event) -> AsyncIterator[str]:
    """The lines that come from a file descriptor, until its end or until `closed`; nothing is left blocked on it."""
    rest = b""
    while chunk := await _chunk(descriptor, closed):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest and not closed.is_set():
        yield rest.decode(errors="replace")


async def _chunk(descriptor: int, closed: asyncio.Event) -> bytes:
    """The next bytes; empty at the end. Regular files are always ready, and the loop refuses to watch them."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except OSError:
        return b"" if closed.is_set() else os.read(descriptor, READ_BYTES)
    waits = [asyncio.ensure_future(ready.wait()), asyncio.ensure_future(closed.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(descriptor)
        for wait in waits:
            wait.cancel()
    return b"" if closed.is_set() else os.read(descriptor, READ_BYTES)
