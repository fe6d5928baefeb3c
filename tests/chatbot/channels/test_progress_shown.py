"""How far a command is, on each channel: a message that is edited in place and becomes the answer, or one line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from discord_rig import OWNER, talking
from prompt_toolkit.input import create_pipe_input
from telegram_rig import OWNER_ID, bot
from terminal_rig import until
from test_terminal import Desktop

from chatbot.channels import discord_answers, telegram_progress
from chatbot.command import Context, command, registry
from chatbot.message import Button, Picture, Reply, Role
from chatbot.router import Router

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
GO = [asyncio.Event()]
STEPS = ("read a third", "read two thirds", "read all")


@command(role=Role.VIEWER)
async def slow(ctx: Context, steps: int = 3, picture: str = "") -> Reply:
    """Take a while."""
    for text in STEPS[:steps]:
        await ctx.progress(text)
        await GO[0].wait()
        GO[0].clear()
    drawn = Picture(b"\x89PNG", "a curve") if picture else None
    return Reply("Done", note=f"{steps} steps", picture=drawn, buttons=(Button("Again", "/slow 1"),))


COMMANDS = registry([slow])


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(telegram_progress, "EDIT_SECONDS", 0.0)
    monkeypatch.setattr(discord_answers, "PROGRESS_SECONDS", 0.0)
    GO[0] = asyncio.Event()
    return


async def test_telegram_edits_one_message_which_becomes_the_answer() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.say(OWNER_ID, "/slow")
        for text in STEPS:
            await rig.double.wait_for(lambda text=text: [m.text for m in rig.double.messages()] == [text])
            GO[0].set()
        await rig.double.wait_for(lambda: rig.double.messages()[0].title == "Done")
        [message] = rig.double.messages()
        assert message.edits == 3
        assert [key["text"] for key in message.keys] == ["Again"]


async def test_telegram_sends_what_cannot_stand_in_the_progress_place() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.say(OWNER_ID, "/slow 1 picture")
        await rig.double.wait_for(rig.double.messages)
        GO[0].set()
        await rig.double.wait_for(lambda: rig.double.messages()[1:])
        assert [m.title for m in rig.double.messages()] == [STEPS[0], "Done"]


async def test_a_telegram_that_refuses_progress_gets_the_answer_all_the_same() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.refuse("sendMessage", 400, "Bad Request: chat is restless", times=2)
        rig.double.say(OWNER_ID, "/slow 1")
        await rig.double.wait_for(lambda: len(rig.double.asked("sendMessage")) == 2)
        GO[0].set()
        await rig.double.wait_for(rig.double.messages)
        assert [m.title for m in rig.double.messages()] == ["Done"]


async def test_a_command_that_says_nothing_sends_its_answer_alone() -> None:
    async with bot(commands=COMMANDS) as rig:
        assert await rig.answer(OWNER_ID, "/slow 0") == "Done"
        assert rig.double.asked("editMessageText") == []


async def test_discord_edits_the_answer_that_it_announced() -> None:
    async with talking(commands=COMMANDS) as rig:
        asked = await rig.double.slash(OWNER, "slow", steps=2)
        for text in STEPS[:2]:
            await rig.double.wait_for(lambda text=text: text in asked.text)
            GO[0].set()
        await rig.double.wait_for(lambda: "2 steps" in asked.text)
        assert asked.original is not None
        assert asked.original.embed["title"] == "Done"
        assert rig.double.violations == []


async def test_discord_shows_no_progress_of_what_is_answered_at_once() -> None:
    async with talking(commands=COMMANDS) as rig:
        GO[0].set()
        asked = await rig.double.slash(OWNER, "slow", steps=1)
        await rig.double.answer(asked)
        assert "Done" in asked.text
        assert STEPS[0] not in asked.text


async def test_the_prompt_shows_it_on_one_line_below() -> None:
    with create_pipe_input() as keys:
        desktop = Desktop(keys)
        made = desktop.chat.router
        router = Router(made._desk, made._beside, COMMANDS, made._confirming._confirmations, made._told)
        desktop.chat.router = router
        desktop.channel = desktop.made()
        async with desktop.running():
            keys.send_text("/slow 1\r")
            await until(lambda: desktop.channel._bottom() == f"{STEPS[0]}\nall well")
            GO[0].set()
            await until(lambda: "Done" in desktop.screen.text)
            assert desktop.channel._bottom() == "all well"
            keys.send_text("exit\r")
