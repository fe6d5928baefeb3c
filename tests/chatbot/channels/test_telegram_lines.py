"""Lines and presses over Telegram: answers, one act each, the lane of /kill, and strangers, who get nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from telegram_rig import GROUP, OPERATOR_ID, OWNER_ID, VIEWER_ID, Rig, bot

from chatbot.command import Context, command, registry
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, Reply, Role, Table

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/status", "status", "/STATUS@kalshi_double_bot", "  /status "])
async def test_a_line_in_the_own_chat_is_answered_there(text: str) -> None:
    async with bot() as rig:
        assert await rig.answer(VIEWER_ID, text) == "Status"
        [message] = rig.double.messages(VIEWER_ID)
        assert (message.lines, message.replies_to, message.topic) == (["/status"], None, None)


async def test_in_a_group_the_answer_replies_to_the_line_in_its_topic() -> None:
    async with bot() as rig:
        line = rig.double.say(VIEWER_ID, "/status@kalshi_double_bot", GROUP, topic=5)
        [message] = await rig.double.wait_for(lambda: rig.double.messages(GROUP))
        assert (message.replies_to, message.topic) == (line["message"]["message_id"], 5)
        for text in ("hello", "/status@other_bot", "kill"):
            rig.double.say(OWNER_ID, text, GROUP)
        await rig.settle()
        assert len(rig.double.messages()) == 1
        assert rig.chat.desk.done == []


async def test_an_unknown_command_is_answered_with_a_button() -> None:
    async with bot() as rig:
        assert await rig.answer(OPERATOR_ID, "/kil") == "Unknown command: kil"
        rig.double.press(OPERATOR_ID, rig.double.messages()[-1], "/kill")
        await rig.double.wait_for(lambda: rig.double.titles()[1:])
        assert rig.double.titles()[1:] == ["KILLED"]


async def test_an_answer_that_cannot_be_parsed_or_is_refused_comes_plain() -> None:
    async with bot() as rig:
        for why in ("can't parse entities: odd", "BUTTON_STYLE_INVALID"):
            rig.double.refuse("sendMessage", 400, f"Bad Request: {why}", times=1)
            assert await rig.answer(VIEWER_ID, "/status") == "Status"
            assert "parse_mode" not in rig.double.messages()[-1].sent


async def test_an_answer_is_sent_until_it_arrives() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 502, times=2)
        rig.double.fail("sendMessage", "reset", times=1)
        rig.double.fail("sendMessage", "hang", times=1)
        assert await rig.answer(VIEWER_ID, "/status") == "Status"


async def test_in_a_chat_that_refuses_one_answer_knocks_for_all_but_a_kill_for_itself() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1, seconds=3.5)
        for _ in range(20):
            rig.double.say(VIEWER_ID, "/status")
        await rig.double.wait_for(lambda: _to(rig, VIEWER_ID))
        rig.double.say(OWNER_ID, "/kill")
        await rig.double.wait_for(lambda: _to(rig, OWNER_ID), 0.5)
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 21)
        assert len(_to(rig, OWNER_ID)) <= 1 + 4
        assert len(_to(rig, VIEWER_ID)) <= 20 + 20 + 4  # then one a second


def _to(rig: Rig, chat_id: int) -> list[dict[str, Any]]:
    return [sent for sent in rig.double.asked("sendMessage") if int(sent["chat_id"]) == chat_id]


async def test_an_answer_nobody_can_get_is_given_up() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 403, "Forbidden: bot was kicked", times=1)
        rig.double.say(VIEWER_ID, "/status")
        await rig.double.wait_for(lambda: rig.double.asked("sendMessage"))
        await rig.settle()
        assert len(rig.double.asked("sendMessage")) == 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: bot is not a member of the supergroup chat"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    ],
)
async def test_who_shuts_the_bot_out_is_asked_once_and_everybody_else_is_answered(code: int, text: str) -> None:
    async with bot() as rig:
        refused = rig.double.refuse("sendMessage", code, text, times=100)
        rig.double.say(VIEWER_ID, "/status")
        await rig.double.wait_for(lambda: refused.seen)
        await rig.settle()
        assert refused.seen <= 3  # as it should look, plain, and without its buttons at most
        rig.double.faults.clear()
        assert await rig.answer(OWNER_ID, "/status") == "Status"


async def test_the_answer_follows_a_group_that_moved() -> None:
    async with bot() as rig:
        rig.double.chats.moved[-42] = GROUP
        rig.double.say(VIEWER_ID, "/status", -42)
        [message] = await rig.double.wait_for(lambda: rig.double.messages(GROUP))
        assert message.title == "Status"


async def test_an_answer_in_a_topic_that_is_gone_comes_in_the_group() -> None:
    async with bot() as rig:
        rig.double.chats.topics_gone.add(5)
        rig.double.say(VIEWER_ID, "/status", GROUP, topic=5)
        [message] = await rig.double.wait_for(lambda: rig.double.messages(GROUP))
        assert (message.title, message.topic) == ("Status", None)


async def test_a_long_answer_has_its_buttons_under_the_last_part() -> None:
    async def table(ctx: Context) -> Reply:
        """List."""
        rows = tuple((f"row {n}", "x" * 20) for n in range(300))
        return Reply("Rows", table=Table(("A", "B"), rows), buttons=(Button("Refresh", "/table"),))

    async with bot(commands=registry([command(role=Role.VIEWER)(table)])) as rig:
        rig.double.say(VIEWER_ID, "/table")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 3)
        assert [message.lines for message in rig.double.messages()] == [[], [], ["/table"]]


def test_every_command_fits_the_menu() -> None:
    assert all(name.isidentifier() and name.islower() and len(name) <= 32 for name in COMMANDS)
