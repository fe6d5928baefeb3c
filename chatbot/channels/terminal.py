"""The chat on the machine itself: a prompt for people. Where standard input is no terminal, see `stdin`.

A channel like any other: its lines go through the router, its notices come from the outbox. Whoever sits here can stop
the process anyway, so the terminal's person is its owner. Ctrl-C, Ctrl-D or `exit` ends `run`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.utils import is_dumb_terminal

from chatbot.access import TERMINAL
from chatbot.channels.stdin import EXIT_WORDS, HOST, incoming
from chatbot.channels.terminal_text import WIDTH_MIN, Screen
from chatbot.command import Command, find
from chatbot.front import Complete, Handle
from chatbot.line import read_line
from chatbot.outbox.channel import How
from chatbot.render import of_notice, wrap
from trading.domain.errors import ChatopsError
from trading.domain.records import Notice

TOOLBAR_SECONDS = 1.0
ANSWERS_SECONDS_MAX = 10.0  # how long an end of the chat waits for commands that still run
WIDTH_MAX = 72  # columns of an answer on a wide terminal: longer lines of prose are hard to read


class Words(Completer):
    """Completes a command's name, then its arguments with what the router offers for them."""

    def __init__(self, commands: Mapping[str, Command], complete: Complete) -> None:
        self._commands, self._complete = commands, complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        *before, word = document.text_before_cursor.lstrip().split(" ")
        given = [each for each in before if each]
        yield from self._arguments(given, word) if given else self._names(word)

    def _names(self, word: str) -> Iterable[Completion]:
        sought = word.lstrip("/").casefold()
        for command in self._commands.values():
            names = [each for each in (command.name, *command.aliases) if each.startswith(sought)]
            for name in names[:1]:
                yield Completion(f"/{name}", -len(word), display_meta=command.short)

    def _arguments(self, before: Sequence[str], word: str) -> Iterable[Completion]:
        command, position = find(self._commands, read_line(before[0]).word), len(before) - 1
        if command is None or position >= len(command.parameters):
            return
        parameter = command.parameters[position]
        for each in self._complete(HOST, command.name, parameter.name, word):
            yield Completion(each, -len(word), display_meta=parameter.name)


class TerminalChannel:
    """A prompt with history, completion and a toolbar; answers and notices appear above it as they come. `folder` is
    where pictures and files are left."""

    name = TERMINAL

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        toolbar: Callable[[], str],
        *,
        complete: Complete = lambda *asked: [],
        folder: Path | None = None,
        input: Input | None = None,
        output: Output | None = None,
        write: Callable[[str], None] = print,
    ) -> None:
        self._handle, self._toolbar = handle, toolbar
        self._answering: set[asyncio.Task[None]] = set()
        self._session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            completer=Words(commands, complete),
            complete_while_typing=False,
            bottom_toolbar=self._bottom,
            refresh_interval=TOOLBAR_SECONDS,
            input=input,
            output=output,
        )
        self._progress = ""  # of the command that said something last, below the prompt
        self._screen = Screen(write, folder=folder, width=columns_now, colours=colours())

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
        reply = of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)
        await self._screen.notice(replace(reply, picture=how.picture), before="\n")
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
        reply = await self._handle(replace(incoming(self._screen.meant(line)), progress=self._working))
        await self._working("")
        if reply:
            await self._screen.answer(reply)

    async def _working(self, text: str) -> None:
        self._progress = text
        self._session.app.invalidate()

    def _bottom(self) -> str:
        """The state, on as many lines as it takes."""
        try:
            text = self._toolbar()
        except ChatopsError as error:
            text = str(error)
        text = "\n".join(part for part in (self._progress, text) if part)
        return "\n".join(wrap(text, max(columns_now(), WIDTH_MIN)))


def columns_now() -> int:
    """How wide answers are to be on this terminal."""
    return min(shutil.get_terminal_size().columns, WIDTH_MAX)


def colours() -> bool:
    """Whether this terminal has colours and its user wants them (https://no-color.org)."""
    return not is_dumb_terminal() and ColorDepth.from_env() is not ColorDepth.DEPTH_1_BIT
