"""Standard input as a channel: lines in, plain answers and notices out, a clean end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_chat import chat
from fakes_outbox import notice
from fakes_pages import MANUAL
from terminal_rig import Screen, until

from chatbot.channels import stdin
from chatbot.channels.stdin import StdinChannel
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, File, Incoming, Picture, Reply
from chatbot.outbox.channel import DeliveryFailed, How
from trading.clock import real_now

TWO = Reply("Orders", choices=(Button("Cancel a", "/cancel a"), Button("Cancel b", "/cancel b")))


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
    monkeypatch.setattr(stdin, "URGENT_SECONDS_MAX", 0.02)
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

    script.channel._screen._write = closed
    with pytest.raises(DeliveryFailed):
        await script.channel.deliver(notice(1), How())
    script.type("version\n")
    await asyncio.wait_for(script.channel.run(), 3)  # although the input stays open
    script.end()


# --- choices, pictures, files ---------------------------------------------------------------------------------------


async def test_a_typed_number_is_the_choice_that_was_shown_last(script: Script) -> None:
    answers = iter([TWO, Reply("Cancelled"), Reply("Unknown")])
    asked: list[str] = []

    async def handle(line: Incoming) -> Reply | None:
        asked.append(line.text)
        return next(answers)

    script.channel._handle = handle
    assert await script.run("orders\n2.\n2\n") == ["Orders", "Cancelled", "Unknown"]
    assert asked == ["orders", "/cancel b", "2"]  # the answer to a choice has none itself


async def test_what_cannot_be_shown_is_kept_and_its_path_told(script: Script, tmp_path: Path) -> None:
    reply = Reply("Export", picture=Picture(b"png", "a line"), file=File("../trades.csv", b"a,b"))
    script.channel._screen._folder = tmp_path

    async def handle(line: Incoming) -> Reply | None:
        return reply

    script.channel._handle = handle
    await script.run("export\n")
    [picture], [file] = (list((tmp_path / each).iterdir()) for each in ("pictures", "exports"))
    assert (picture.read_bytes(), file.read_bytes()) == (b"png", b"a,b")
    assert script.screen.text.split("\n")[1:] == ["[a line]", str(picture), str(file)]
