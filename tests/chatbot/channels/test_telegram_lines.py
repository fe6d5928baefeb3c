"""Lines and presses over Telegram: answers, one act each, the lane of /kill, and strangers, who get nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from fakes_chat import MANUAL
from telegram_rig import GROUP, OPERATOR_ID, OWNER_ID, VIEWER_ID, Rig, bot

from chatbot.command import Context, command, registry
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, Picture, Reply, Role, Table

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


PNG = bytes.fromhex("89504e470d0a1a0a") + b"picture"


@pytest.mark.parametrize(("note", "messages"), [("short", 1), ("long " * 400, 2)])
async def test_a_picture_comes_with_its_text(note: str, messages: int) -> None:
    async def chart(ctx: Context) -> Reply:
        """Draw."""
        return Reply("Chart", note=note, picture=Picture(PNG, "a line"), buttons=(Button("Refresh", "/chart"),))

    async with bot(commands=registry([command(role=Role.VIEWER)(chart)])) as rig:
        await rig.answer(VIEWER_ID, "/chart")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == messages)
        assert rig.double.messages()[0].photo == PNG
        assert "".join(rig.double.titles()) == "Chart"
        assert [message.lines for message in rig.double.messages()][-1] == ["/chart"]
        rig.double.refuse("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS", times=1)
        assert await rig.answer(VIEWER_ID, "/chart") == "Chart"


async def test_a_long_answer_has_its_buttons_under_the_last_part() -> None:
    async def table(ctx: Context) -> Reply:
        """List."""
        rows = tuple((f"row {n}", "x" * 20) for n in range(300))
        return Reply("Rows", table=Table(("A", "B"), rows), buttons=(Button("Refresh", "/table"),))

    async with bot(commands=registry([command(role=Role.VIEWER)(table)])) as rig:
        rig.double.say(VIEWER_ID, "/table")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 3)
        assert [message.lines for message in rig.double.messages()] == [[], [], ["/table"]]


# --- presses --------------------------------------------------------------------------------------------------------


async def test_a_refresh_is_put_in_its_place_and_its_press_answered() -> None:
    async with bot() as rig:
        await rig.answer(VIEWER_ID, "/status")
        [message] = rig.double.messages()
        rig.chat.desk.halts = (MANUAL,)
        rig.double.press(VIEWER_ID, message)
        await rig.double.wait_for(lambda: message.edits and rig.double.chats.presses_answered)
        assert "HALTED" in message.text
        rig.double.press(VIEWER_ID, message)  # nothing has changed, which is no error
        await rig.double.wait_for(lambda: len(rig.double.chats.presses_answered) == 2)
        assert (message.edits, len(rig.double.messages())) == (1, 1)


async def test_a_refresh_of_what_is_gone_is_a_new_message() -> None:
    async with bot() as rig:
        await rig.answer(VIEWER_ID, "/status")
        message = rig.double.chats.shown[VIEWER_ID].popitem()[1]
        rig.double.press(VIEWER_ID, message)
        await rig.double.wait_for(lambda: rig.double.messages())
        assert rig.double.titles() == ["Status"]


async def test_confirm_acts_answers_anew_and_its_buttons_go() -> None:
    async with bot() as rig:
        question = await rig.asked()
        assert [key["text"] for key in question.keys] == ["Confirm", "Cancel"]
        rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2 and not question.keys)
        assert rig.chat.desk.done == ["resume by User 1 (telegram:1)"]
        assert rig.double.titles()[1] == "Resumed: trading is ACTIVE"


async def test_a_double_tap_acts_once() -> None:
    async with bot() as rig:
        question = await rig.asked()
        for _ in range(3):
            rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 4)
        assert len(rig.chat.desk.done) == 1


@pytest.mark.parametrize("what", ["message", "press"])
async def test_an_update_that_comes_twice_acts_once(what: str) -> None:
    async with bot() as rig:
        question = await rig.asked()
        press = what == "press"
        update = rig.double.press(OWNER_ID, question) if press else rig.double.say(OWNER_ID, "/pause")
        await rig.double.wait_for(lambda: rig.chat.desk.done)
        rig.double.replay(update)
        rig.double.replay(update | {"update_id": 1} if press else update)
        assert await rig.answer(OWNER_ID, "/version")
        await rig.settle()
        assert len(rig.chat.desk.done) == 1
        assert len(rig.double.messages()) == 3


async def test_somebody_elses_press_leaves_the_question_as_it_is() -> None:
    async with bot() as rig:
        question = await rig.asked(chat_id=GROUP)
        rig.double.press(OPERATOR_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2)
        await rig.settle()
        assert rig.chat.desk.done == []
        assert question.keys
        rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: rig.chat.desk.done and not question.keys)


async def test_a_stale_press_raises_nothing_and_a_stale_kill_still_kills() -> None:
    async with bot() as rig:
        question = await rig.asked()
        rig.double.press(OWNER_ID, question, "Confirm", ago=90)
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2)
        assert rig.chat.desk.done == []
        assert "sent 90 s ago" in rig.double.messages()[-1].text
        rig.double.press(OWNER_ID, question, "/kill", ago=90_000)
        await rig.double.wait_for(lambda: rig.chat.desk.done)
        assert rig.chat.desk.done == ["kill by User 1 (telegram:1)"]


async def test_a_button_of_a_slow_command_does_not_stay_busy() -> None:
    async with bot() as rig:
        rig.chat.desk.hanging = True
        await rig.answer(VIEWER_ID, "/status")
        rig.double.press(VIEWER_ID, rig.double.messages()[0], "/balance")
        await rig.double.wait_for(lambda: rig.double.chats.presses_answered)
        assert len(rig.double.messages()) == 1
        rig.chat.desk.hang.set()
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2)


def test_every_command_fits_the_menu() -> None:
    assert all(name.isidentifier() and name.islower() and len(name) <= 32 for name in COMMANDS)
