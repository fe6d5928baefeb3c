"""Lines and presses over Telegram: answers, one act each, the lane of /kill, and strangers, who get nothing at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from doubles.telegram import TelegramDouble
from fakes_chat import MANUAL
from telegram_rig import GROUP, OPERATOR_ID, OWNER_ID, STRANGER_ID, VIEWER_ID, Rig, bot, make, running

from chatbot.channels import telegram as module
from chatbot.command import Context, command, registry
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, Picture, Reply, Role, Table
from trading.clock import monotonic

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


async def asked(rig: Rig, text: str = "/resume", user_id: int = OWNER_ID, **flags: Any) -> Any:
    """The question that a command which raises risk is answered with."""
    rig.chat.desk.halts = rig.chat.desk.halts or (MANUAL,)
    before = len(rig.double.messages())
    rig.double.say(user_id, text, **flags)
    await rig.double.wait_for(lambda: len(rig.double.messages()) > before)
    return rig.double.messages()[-1]


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
        question = await asked(rig)
        assert [key["text"] for key in question.keys] == ["Confirm", "Cancel"]
        rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2 and not question.keys)
        assert rig.chat.desk.done == ["resume by User 1 (telegram:1)"]
        assert rig.double.titles()[1] == "Resumed: trading is ACTIVE"


async def test_a_double_tap_acts_once() -> None:
    async with bot() as rig:
        question = await asked(rig)
        for _ in range(3):
            rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 4)
        assert len(rig.chat.desk.done) == 1


@pytest.mark.parametrize("what", ["message", "press"])
async def test_an_update_that_comes_twice_acts_once(what: str) -> None:
    async with bot() as rig:
        question = await asked(rig)
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
        question = await asked(rig, chat_id=GROUP)
        rig.double.press(OPERATOR_ID, question, "Confirm")
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2)
        assert rig.chat.desk.done == []
        assert question.keys
        rig.double.press(OWNER_ID, question, "Confirm")
        await rig.double.wait_for(lambda: rig.chat.desk.done and not question.keys)


async def test_a_stale_press_raises_nothing_and_a_stale_kill_still_kills() -> None:
    async with bot() as rig:
        question = await asked(rig)
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


# --- strangers ------------------------------------------------------------------------------------------------------


async def test_a_stranger_changes_nothing_and_gets_nothing() -> None:
    async with bot() as rig:
        await rig.ready()
        question = await asked(rig, chat_id=GROUP)
        code = question.lines[0]
        before = len(rig.double.calls)
        d = rig.double
        said = d.say(STRANGER_ID, "/kill")
        d.edit(said, "/status")
        d.forward(STRANGER_ID, "/kill")
        d.press(STRANGER_ID, question, "Confirm")
        d.press(STRANGER_ID, question, "/kill")
        for text in (code, "/resume", "/kill", "/start", "hello"):
            d.say(STRANGER_ID, text)
            d.say(STRANGER_ID, text, GROUP)
        await d.wait_for(lambda: not d._queue)
        await rig.settle()
        assert {name for name, _ in d.calls[before:]} <= {"getUpdates"}
        assert (rig.chat.desk.done, rig.chat.desk.audits) == ([], [])
        assert [person.id for person in rig.chat.strangers] == [str(STRANGER_ID)]
        d.press(OWNER_ID, question, "Confirm")  # the code is still the owner's
        await d.wait_for(lambda: rig.chat.desk.done)


async def test_what_is_not_the_owners_word_of_this_moment_is_not_heard() -> None:
    async with bot() as rig:
        d = rig.double
        said = d.say(OWNER_ID, "/version")
        await d.wait_for(lambda: d.messages())
        d.edit(said, "/kill")
        d.forward(OWNER_ID, "/kill")
        d.say(OWNER_ID, "/kill", GROUP, sender_chat={"id": GROUP, "type": "supergroup"})
        d.say(1087968824, "/kill", GROUP, sender_chat={"id": GROUP, "type": "supergroup"})
        d.say(OWNER_ID, "/kill", GROUP, kind="channel_post", sender_chat={"id": GROUP, "type": "channel"})
        await d.wait_for(lambda: not d._queue)
        await rig.settle()
        assert (rig.chat.desk.done, len(d.messages())) == ([], 1)


# --- the lane of /kill ----------------------------------------------------------------------------------------------


async def test_kill_waits_for_no_command_that_hangs_and_no_delivery_in_a_storm() -> None:
    async with bot() as rig:
        rig.chat.desk.hanging = True
        for _ in range(20):
            rig.double.say(OWNER_ID, "/balance")
        storm = rig.double.refuse("sendMessage", 429, retry_after=1, times=3)
        rig.owe(20)
        began = monotonic()
        rig.double.say(OPERATOR_ID, "/kill")
        await rig.double.wait_for(lambda: rig.chat.desk.done)
        assert monotonic() - began < 0.25
        await rig.double.wait_for(lambda: "KILLED" in rig.double.titles())
        assert storm.seen == 3
        rig.chat.desk.hang.set()


async def test_kill_goes_before_all_else_that_waited() -> None:
    async with bot() as rig:
        order: list[str] = []
        handle = rig.chat.router.handle

        async def noted(incoming: Any) -> Reply | None:
            order.append(incoming.text)
            return await handle(incoming)

        rig.channel._handle = noted
        await rig.channel._take(
            [
                rig.double.say(OWNER_ID, "/version") | {"update_id": 1},
                {"update_id": 2, "poll": {}},
                rig.double.say(OWNER_ID, "/kill") | {"update_id": 3},
            ]
        )
        assert order == ["/kill", "/version"]


async def test_too_many_lines_at_once_are_dropped_but_no_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_MAX", 4)
    async with bot() as rig:
        rig.chat.desk.hanging = True
        for _ in range(10):
            rig.double.say(OWNER_ID, "/balance")
        rig.double.say(OPERATOR_ID, "/kill")
        await rig.double.wait_for(lambda: "KILLED" in rig.double.titles())
        rig.chat.desk.hang.set()
        await rig.double.wait_for(lambda: rig.double.titles().count("Balance") >= 3)
        await rig.settle()
        assert rig.double.titles().count("Balance") <= 4


async def test_what_waited_while_the_bot_was_down_is_judged_by_what_it_does() -> None:
    double = TelegramDouble()
    await double.start()
    rig = make(double)
    rig.chat.desk.halts = (MANUAL,)
    double.say(OWNER_ID, "/resume", ago=3600)
    double.say(OPERATOR_ID, "/kill", ago=3600)
    async with running(rig):
        await double.wait_for(lambda: len(double.messages()) == 2)
        assert rig.chat.desk.done == ["kill by User 2 (telegram:2)"]
        [refused] = double.messages(OWNER_ID)
        assert "send it again if you still want it" in refused.text
        assert refused.keys == []
    await double.stop()


async def test_closing_cuts_no_command_off() -> None:
    double = TelegramDouble()
    await double.start()
    rig = make(double)
    async with running(rig):
        rig.chat.desk.hanging = True
        double.say(OWNER_ID, "/dryrun on")
        await double.wait_for(lambda: double.asked("getUpdates")[1:])
        await asyncio.sleep(0.05)
    assert rig.chat.desk.done == []
    rig.chat.desk.hang.set()
    await asyncio.sleep(0.05)
    assert rig.chat.desk.done == ["dry run True by User 1 (telegram:1)"]
    await double.stop()


def test_every_command_fits_the_menu() -> None:
    assert all(name.isidentifier() and name.islower() and len(name) <= 32 for name in COMMANDS)
