"""The terminal and standard input as channels: typed lines in, answers and notices out, clean ends."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes_chat import MANUAL, Chat, chat, notice
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from chatbot.channels import terminal
from chatbot.channels.terminal import StdinChannel, TerminalChannel, Words, styled
from chatbot.commands.registry import COMMANDS
from chatbot.message import Reply
from chatbot.outbox import DeliveryFailed, How
from trading.clock import real_now
from trading.domain.errors import Unavailable


async def until(what: Callable[[], object]) -> None:
    for _ in range(600):
        if what():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


class Screen:
    """What was written, without styles."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(re.sub(r"\x1b\[\d+m", "", text))

    @property
    def text(self) -> str:
        return "\n".join(self.parts)

    @property
    def titles(self) -> list[str]:
        return [part.strip().split("\n")[0] for part in self.parts]


# --- the prompt -----------------------------------------------------------------------------------------------------


class Desktop:
    """A terminal channel whose keyboard is a pipe."""

    def __init__(self, keys: PipeInput, toolbar: Callable[[], str] = lambda: "all well") -> None:
        self.keys, self.screen, self.chat = keys, Screen(), chat()
        self.channel = TerminalChannel(
            self.chat.router.handle, COMMANDS, toolbar, input=keys, output=DummyOutput(), write=self.screen.write
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.channel.run())
        await until(lambda: self.channel._session.app.is_running)
        yield task
        async with asyncio.timeout(3):
            await task


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    with create_pipe_input() as keys:
        yield Desktop(keys)


async def test_a_typed_command_is_answered_and_exit_ends(desktop: Desktop) -> None:
    async with desktop.running():
        desktop.keys.send_text("status\n")
        await until(lambda: desktop.screen.parts)
        desktop.keys.send_text("\n  \nexit\n")
    assert desktop.screen.titles == ["Status"]


@pytest.mark.parametrize("key", ["\x03", "\x04", "quit\n", "/exit\n"])
async def test_ctrl_c_and_ctrl_d_end_it_cleanly(desktop: Desktop, key: str) -> None:
    async with desktop.running():
        desktop.keys.send_text(key)


async def test_close_ends_it_as_well(desktop: Desktop) -> None:
    async with desktop.running():
        await desktop.channel.close()
    await desktop.channel.close()  # twice is harmless


async def test_a_question_is_answered_with_a_typed_yes(desktop: Desktop) -> None:
    desktop.chat.desk.halts = (MANUAL,)
    async with desktop.running():
        desktop.keys.send_text("resume\n")
        await until(lambda: desktop.screen.parts)
        assert desktop.screen.parts[0].endswith("Type yes to confirm, no to cancel.")
        desktop.keys.send_text("yes\n")
        await until(lambda: len(desktop.screen.parts) == 2)
        desktop.keys.send_text("\x04")
    assert desktop.chat.desk.done == ["resume by terminal:host"]


async def test_kill_does_not_wait_for_a_command_that_hangs(desktop: Desktop) -> None:
    desktop.chat.desk.hanging = True
    async with desktop.running():
        desktop.keys.send_text("balance\nkill\n")
        await until(lambda: desktop.screen.parts)
        assert desktop.screen.titles == ["KILLED"]
        desktop.chat.desk.hang.set()
        desktop.keys.send_text("exit\n")
    assert desktop.screen.titles == ["KILLED", "Balance"]  # what still ran was waited for


async def test_notices_appear_while_the_prompt_waits(desktop: Desktop) -> None:
    async with desktop.running():
        await desktop.channel.deliver(notice(1), How(repeat=True))
        desktop.keys.send_text("\x04")
    assert desktop.screen.titles == ["notice 1 (repeat)"]


async def test_the_toolbar_shows_the_state_or_why_not(desktop: Desktop) -> None:
    assert desktop.channel._bottom() == "all well"

    def fails() -> str:
        raise Unavailable("no state yet")

    with create_pipe_input() as keys:
        assert Desktop(keys, fails).channel._bottom() == "no state yet"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("st", ["/status", "/start"]),
        ("/pn", ["/pnl"]),
        ("pnl ", ["day", "week", "month", "all"]),
        ("/pnl w", ["week"]),
        ("/dryrun o", ["on", "off"]),
        ("/pnl week ", []),
        ("/nothing ", []),
        ("/trades ", []),
    ],
)
def test_commands_and_their_choices_are_completed(typed: str, offered: list[str]) -> None:
    completions = Words(COMMANDS).get_completions(Document(typed), CompleteEvent())
    assert [each.text for each in completions] == offered


def test_titles_stand_out() -> None:
    assert styled(Reply("T", label="l", note="n")) == "\x1b[1mT\x1b[0m\n\x1b[2ml\x1b[0m\nn"


# --- standard input -------------------------------------------------------------------------------------------------


class Script:
    """A stdin channel that reads a pipe."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.screen, self.chat = Screen(), chat()
        self.channel = StdinChannel(self.chat.router.handle, COMMANDS, descriptor=self.reader, write=self.screen.write)

    def type(self, text: str) -> None:
        os.write(self.writer, text.encode())

    def end(self) -> None:
        os.close(self.writer)

    async def run(self, text: str) -> list[str]:
        self.type(text)
        self.end()
        async with asyncio.timeout(3):
            await self.channel.run()
        return self.screen.titles


@pytest.fixture
def script() -> Iterator[Script]:
    made = Script()
    yield made
    os.close(made.reader)


async def test_lines_are_answered_in_order_and_the_end_of_input_ends_it(script: Script) -> None:
    assert await script.run("status\n\nkill\nwhoami\nstatus") == ["Status", "KILLED", "You", "Status"]
    assert "Trading    HALTED" in script.screen.parts[3]
    assert "\x1b" not in script.screen.text


async def test_a_script_can_say_yes(script: Script) -> None:
    script.chat.desk.halts = (MANUAL,)
    titles = await script.run("resume\nyes\nkill\nresume\nno\n")
    assert titles == ["Resume trading?", "Resumed: trading is ACTIVE", "KILLED", "Resume trading?", "/resume: not done"]


async def test_exit_ends_a_script(script: Script) -> None:
    assert await script.run("version\nexit\nkill\n") == ["kalshi-chatops 0.1.0"]
    assert script.chat.desk.done == []


async def test_bytes_that_are_no_text_and_split_lines_do_no_harm(script: Script) -> None:
    task = asyncio.create_task(script.channel.run())
    os.write(script.writer, b"\xff\xfe\n" + b"ver")
    await until(lambda: script.screen.parts)
    os.write(script.writer, b"sion\n")
    script.end()
    await asyncio.wait_for(task, 3)
    assert script.screen.titles[1] == "kalshi-chatops 0.1.0"


async def test_close_ends_it_while_the_input_stays_open(script: Script) -> None:
    task = asyncio.create_task(script.channel.run())
    await asyncio.sleep(0.01)
    await script.channel.close()
    await asyncio.wait_for(task, 3)
    script.end()


async def test_a_file_can_be_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("version\nwhoami\n")
    screen, descriptor = Screen(), os.open(path, os.O_RDONLY)
    await asyncio.wait_for(
        StdinChannel(chat().router.handle, COMMANDS, descriptor=descriptor, write=screen.write).run(), 3
    )
    os.close(descriptor)
    assert screen.titles == ["kalshi-chatops 0.1.0", "You"]


async def test_kill_overtakes_a_line_that_hangs_and_what_came_before_it_cannot_undo_it(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "URGENT_SECONDS_MAX", 0.02)
    desk = script.chat.desk
    desk.hanging, desk.halts = True, (MANUAL,)
    script.chat.router._now = real_now
    task = asyncio.create_task(script.channel.run())
    script.type("balance\nresume\nyes\nkill\n")
    await until(lambda: desk.done)
    assert script.screen.titles == ["KILLED"]
    desk.hang.set()
    script.end()
    await asyncio.wait_for(task, 3)
    assert script.screen.titles == ["KILLED", "Balance", "/resume: not done", "/yes: not done"]
    assert desk.done == ["kill by terminal:host"]


async def test_notices_are_plain_lines(script: Script) -> None:
    await script.channel.deliver(notice(7), How(late_seconds=185))
    assert script.screen.text.startswith("notice 7 (3 min late)\nMarket")
    script.end()


async def test_an_output_that_nobody_reads_ends_it_and_fails_deliveries(script: Script) -> None:
    def closed(text: str) -> None:
        raise BrokenPipeError("closed")

    script.channel._write = closed
    with pytest.raises(DeliveryFailed):
        await script.channel.deliver(notice(1), How())
    script.type("version\n")
    await asyncio.wait_for(script.channel.run(), 3)  # although the input stays open
    script.end()


def test_fakes_are_one_chat(script: Script) -> None:
    assert isinstance(script.chat, Chat)
    script.end()
