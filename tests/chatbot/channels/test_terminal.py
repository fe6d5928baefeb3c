"""The prompt as a channel: typed lines in, answers and notices above it, completion, a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import pytest
from fakes_chat import chat
from fakes_outbox import notice
from fakes_pages import MANUAL
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from terminal_rig import Screen, until

from chatbot.channels import terminal
from chatbot.channels.terminal import TerminalChannel, Words, colours, columns_now
from chatbot.command import Context, From, command, registry
from chatbot.commands.registry import COMMANDS
from chatbot.message import Picture, Reply, Role
from chatbot.outbox.channel import How
from trading.domain.errors import Unavailable

# --- the prompt -----------------------------------------------------------------------------------------------------


class Desktop:
    """A terminal channel whose keyboard is a pipe."""

    def __init__(self, keys: PipeInput, toolbar: Callable[[], str] = lambda: "all well") -> None:
        self.keys, self.screen, self.chat, self.toolbar = keys, Screen(), chat(), toolbar
        self.channel = self.made()

    def made(self, folder: Path | None = None) -> TerminalChannel:
        return TerminalChannel(
            self.chat.router.handle,
            COMMANDS,
            self.toolbar,
            complete=self.chat.router.complete,
            folder=folder,
            input=self.keys,
            output=DummyOutput(),
            write=self.screen.write,
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


# --- completion -----------------------------------------------------------------------------------------------------


@command(role=Role.VIEWER, aliases=("halt",))
async def stop(ctx: Context) -> Reply:
    """End it."""
    return Reply("")


@command(role=Role.VIEWER)
async def market(ctx: Context, ticker: Annotated[str, From("ticker")], n: int = 1) -> Reply:
    """Show one."""
    return Reply("")


TWO = registry([stop, market])
TICKERS = ("KXBTC-1", "KXETH-2")


def offers(person: object, command: str, parameter: str, typed: str) -> list[str]:
    assert person == terminal.HOST
    return [each for each in TICKERS if parameter == "ticker" and each.casefold().startswith(typed.casefold())]


def offered(typed: str, words: Words) -> list[str]:
    return [each.text for each in words.get_completions(Document(typed), CompleteEvent())]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", ["/stop", "/market"]),
        ("st", ["/stop"]),
        ("/ST", ["/stop"]),
        ("ha", ["/halt"]),
        ("market ", list(TICKERS)),
        ("  /market  kxe", ["KXETH-2"]),
        ("/market KXBTC-1 ", []),
        ("/market KXBTC-1 1 ", []),
        ("/nothing ", []),
        ("/stop ", []),
    ],
)
def test_names_and_arguments_are_completed(typed: str, words: list[str]) -> None:
    assert offered(typed, Words(TWO, offers)) == words


def test_arguments_are_what_the_router_offers() -> None:
    words = Words(COMMANDS, chat().router.complete)
    assert offered("pnl ", words) == ["day", "week", "month", "all"]
    assert offered("/pnl W", words) == ["week"]
    assert offered("/dryrun o", words) == ["on", "off"]


def test_every_completion_says_what_it_is() -> None:
    words = Words(TWO, offers)
    [found] = words.get_completions(Document("halt"), CompleteEvent())
    assert found.display_meta_text == "End it"
    first, *_ = words.get_completions(Document("market "), CompleteEvent())
    assert first.display_meta_text == "ticker"


# --- what it is shown on --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_who_wants_them(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TERM": "xterm-256color", "NO_COLOR": "", **environment}.items():
        monkeypatch.setenv(name, value)
    assert colours() is coloured


@pytest.mark.parametrize(("columns", "width"), [(30, 30), (40, 40), (60, 60), (200, terminal.WIDTH_MAX)])
def test_answers_are_as_wide_as_the_terminal(columns: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert columns_now() == width


async def test_the_picture_of_a_notice_is_a_file(desktop: Desktop, tmp_path: Path) -> None:
    channel = desktop.made(folder=tmp_path)
    await channel.deliver(notice(1), How(picture=Picture(b"png", "a line", "▁▂▃")))
    [path] = (tmp_path / "pictures").iterdir()
    assert path.read_bytes() == b"png"
    assert desktop.screen.text.split("\n")[-3:] == ["▁▂▃", "[a line]", str(path)]
