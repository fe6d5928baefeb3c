"""Pictures and files over Telegram: with their text under them or behind them, and a picture redrawn in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from telegram_rig import GROUP, VIEWER_ID, Rig, bot

from chatbot.channels.telegram_markup import CAPTION_UNITS_MAX
from chatbot.command import Context, command, registry
from chatbot.message import Button, File, Picture, Reply, Role

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

PNG = bytes.fromhex("89504e470d0a1a0a") + b"picture"
CSV = File("trades-2026.csv", b"time,profit\n1,2\n")
CHART = Reply("Chart", note="short", picture=Picture(PNG, "a line"), buttons=(Button("Refresh", "/show"),))
SHOWN = [CHART]  # what /show answers


@command(role=Role.VIEWER)
async def show(ctx: Context) -> Reply:
    """Show it."""
    return SHOWN[0]


COMMANDS = registry([show])


async def shows(rig: Rig, reply: Reply, messages: int, chat_id: int = VIEWER_ID) -> None:
    """Have it answered; until so many messages are there."""
    SHOWN[0] = reply
    rig.double.say(VIEWER_ID, "/show", chat_id)
    await rig.double.wait_for(lambda: len(rig.double.messages()) == messages)


def words(rig: Rig) -> list[str]:
    return [word for message in rig.double.messages() for word in message.text.split()]


@pytest.mark.parametrize(("note", "messages"), [("short", 1), ("😀" * 480, 1), ("😀" * 520, 2), ("long " * 400, 2)])
async def test_a_picture_comes_with_its_text(note: str, messages: int) -> None:
    async with bot(commands=COMMANDS) as rig:
        await shows(rig, replace(CHART, note=note), messages)
        assert rig.double.messages()[0].photo == PNG
        assert "".join(rig.double.titles()) == "Chart"
        assert words(rig) == ["Chart", *note.split()]
        assert [message.lines for message in rig.double.messages()] == [[]] * (messages - 1) + [["/show"]]


async def test_a_picture_that_telegram_does_not_take_gives_way_to_its_text() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.refuse("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS", times=1)
        await shows(rig, CHART, 1)
        [message] = rig.double.messages()
        assert (message.text, message.photo, message.lines) == ("Chart\nshort", b"", ["/show"])


async def test_a_picture_is_redrawn_in_its_place() -> None:
    async with bot(commands=COMMANDS) as rig:
        await shows(rig, CHART, 1)
        [message] = rig.double.messages()
        SHOWN[0] = replace(CHART, note="later", picture=Picture(PNG + b"2", "a line"))
        rig.double.press(VIEWER_ID, message)
        await rig.double.wait_for(lambda: message.edits and rig.double.chats.presses_answered)
        assert (message.photo, message.text, message.lines) == (PNG + b"2", "Chart\nlater", ["/show"])
        assert len(rig.double.messages()) == 1
        SHOWN[0] = replace(CHART, note="x" * CAPTION_UNITS_MAX)  # fits under no picture, so it is sent anew
        rig.double.press(VIEWER_ID, message)
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 3)
        assert message.edits == 1


@pytest.mark.parametrize(("note", "messages"), [("57 trades", 1), ("long " * 400, 2)])
async def test_a_file_comes_as_a_document_with_its_text(note: str, messages: int) -> None:
    async with bot(commands=COMMANDS) as rig:
        await shows(rig, Reply("Export", note=note, file=CSV), messages, GROUP)
        first, *rest = rig.double.messages()
        assert first.document == CSV.data
        assert first.document
        assert first.document.filename == CSV.name
        assert first.replies_to
        assert [message.replies_to for message in rest] == [None] * (messages - 1)
        assert words(rig) == ["Export", *note.split()]


async def test_a_picture_and_a_file_come_both() -> None:
    async with bot(commands=COMMANDS) as rig:
        await shows(rig, replace(CHART, file=CSV), 2)
        picture, document = rig.double.messages()
        assert (picture.photo, picture.text) == (PNG, "Chart\nshort")
        assert (document.document, document.text) == (CSV.data, "")


async def test_a_file_that_telegram_does_not_take_is_said() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.refuse("sendDocument", 400, "Bad Request: file must be non-empty", times=1)
        await shows(rig, Reply("Export", note="57 trades", file=CSV), 2)
        assert [m.text for m in rig.double.messages()] == [
            "Export\n57 trades",
            "Telegram does not take the file trades-2026.csv.",
        ]


async def test_a_file_is_sent_until_it_arrives() -> None:
    async with bot(commands=COMMANDS) as rig:
        rig.double.refuse("sendDocument", 502, times=1)
        rig.double.fail("sendDocument", "reset", times=1)
        await shows(rig, Reply("Export", file=CSV), 1)
        assert rig.double.messages()[0].document == CSV.data
