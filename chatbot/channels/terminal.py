"""The chat on the machine itself: a prompt for people, or standard input for scripts.

Both are channels like any other: their lines go through the router, their notices come from the outbox. Whoever sits
here can stop the process anyway, so the terminal's person is its owner. Ctrl-C, Ctrl-D, `exit` or the end of the
input ends `run`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout

from chatbot.access import TERMINAL
from chatbot.command import Command, Risk, find, read_line
from chatbot.front import Handle
from chatbot.message import Incoming, Person, Reply
from chatbot.outbox import DeliveryFailed, How
from chatbot.render import Kind, of_notice, plain, typed_layout
from trading.clock import real_now
from trading.domain.errors import ChatopsError
from trading.domain.records import Notice

EXIT_WORDS = frozenset({"exit", "quit", "q"})
TOOLBAR_SECONDS = 1.0
ANSWERS_SECONDS_MAX = 10.0  # how long an end of the chat waits for commands that still run
URGENT_SECONDS_MAX = 0.25  # how long a line that lowers risk waits for the lines before it, to keep a script's order
LINES_WAITING_MAX = 1_000
READ_BYTES = 4_096

_STYLES: Mapping[Kind, str] = {"title": "\x1b[1m", "label": "\x1b[2m", "buttons": "\x1b[1m"}


def _incoming(text: str) -> Incoming:
    return Incoming(Person(TERMINAL, "host"), TERMINAL, text, real_now(), can_press=False)


def styled(reply: Reply) -> str:
    """The reply for a terminal: its title bold, its label dim."""
    return "\n".join(_marked(line, block.kind) for block in typed_layout(reply) for line in block.lines)


def _marked(line: str, kind: Kind) -> str:
    return f"{_STYLES[kind]}{line}\x1b[0m" if kind in _STYLES else line


class Words(Completer):
    """Completes a command's name, then the choices of its arguments."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        *before, word = document.text_before_cursor.split(" ")
        if before:
            yield from (Completion(each, -len(word)) for each in self._choices(before) if each.startswith(word))
            return
        for command in self._commands.values():
            if command.name.startswith(word.lstrip("/")):
                yield Completion(f"/{command.name}", -len(word), display_meta=command.short)

    def _choices(self, before: list[str]) -> tuple[str, ...]:
        command = find(self._commands, before[0].lstrip("/"))
        position = len(before) - 1
        in_reach = command is not None and position < len(command.parameters)
        return command.parameters[position].choices if command and in_reach else ()


class TerminalChannel:
    """A prompt with history, completion and a toolbar; answers and notices appear above it as they come."""

    name = TERMINAL

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        toolbar: Callable[[], str],
        *,
        input: Input | None = None,
        output: Output | None = None,
        write: Callable[[str], None] = print,
    ) -> None:
        self._handle, self._toolbar, self._write = handle, toolbar, write
        self._answering: set[asyncio.Task[None]] = set()
        self._session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            completer=Words(commands),
            complete_while_typing=False,
            bottom_toolbar=self._bottom,
            refresh_interval=TOOLBAR_SECONDS,
            input=input,
            output=output,
        )

    async def run(self) -> None:
        """Prompt until the person leaves; commands that still run get ANSWERS_SECONDS_MAX to end."""
        with patch_stdout(raw=True):
            while (line := await self._line()) is not None:
                if line.strip():
                    task = asyncio.create_task(self._answer(line))
                    self._answering.add(task)
                    task.add_done_callback(self._answering.discard)
            if self._answering:
                await asyncio.wait(self._answering, timeout=ANSWERS_SECONDS_MAX)

    async def deliver(self, notice: Notice, how: How) -> str:
        """Show a notice above the prompt."""
        self._write("\n" + styled(of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)))
        return ""

    async def close(self) -> None:
        """Leave the prompt as if the person had."""
        if self._session.app.is_running:
            self._session.app.exit(exception=EOFError)

    async def _line(self) -> str | None:
        """The next line, None when the person leaves."""
        try:
            line = await self._session.prompt_async("> ")
        except (EOFError, KeyboardInterrupt):
            return None
        return None if read_line(line).word in EXIT_WORDS else line

    async def _answer(self, line: str) -> None:
        if reply := await self._handle(_incoming(line)):
            self._write(styled(reply))

    def _bottom(self) -> str:
        try:
            return self._toolbar()
        except ChatopsError as error:
            return str(error)


class StdinChannel:
    """One command per line from a pipe or a file, plain answers and notices on standard output.

    Lines run one after the other, as a script expects. One that lowers risk (/kill) waits for those before it no longer
    than URGENT_SECONDS_MAX and then overtakes them.
    """

    name = TERMINAL

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        *,
        descriptor: int | None = None,
        write: Callable[[str], None] | None = None,
    ) -> None:
        self._handle, self._commands, self._write = handle, commands, write or _print
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
        try:
            self._write(plain(of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)))
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
                await self._take(_incoming(line))

    async def _take(self, incoming: Incoming) -> None:
        if self._urgent(incoming.text) and not await self._caught_up():
            self._overtaking.add(asyncio.create_task(self._answer(incoming)))
        else:
            await self._waiting.put(incoming)

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

    async def _answer(self, incoming: Incoming) -> None:
        reply = await asyncio.shield(self._handle(incoming))  # the end of the chat cuts no command off half-way
        try:
            if reply:
                self._write(plain(reply))
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
