"""Buttons over Telegram: a refresh and a page turned in place, a choice, a yes, and each press but once."""

from __future__ import annotations

import pytest
from fakes_pages import MANUAL, TICKER
from telegram_rig import GROUP, OPERATOR_ID, OWNER_ID, VIEWER_ID, bot

from chatbot.command import Context, Risk, command, registry
from chatbot.message import Button, Reply, Role

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


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


@command(role=Role.VIEWER)
async def pages(ctx: Context, n: int = 0) -> Reply:
    """Turn over."""
    turns = [Button("Older", f"/pages {n + 1}"), *([Button("Newer", f"/pages {n - 1}")] if n else [])]
    return Reply("Pages", note=f"page {n}", buttons=(*turns, Button("Lower", "/lower 1")))


@command(role=Role.OPERATOR, risk=Risk.LOWERS)
async def lower(ctx: Context, n: int) -> Reply:
    """Act."""
    return Reply(f"Lowered {n}", buttons=(Button("More", "/lower 2"),))


async def test_a_page_is_turned_in_its_place_and_an_act_is_told_anew() -> None:
    async with bot(commands=registry([pages, lower])) as rig:
        await rig.answer(OPERATOR_ID, "/pages")
        [message] = rig.double.messages()
        for label, page in (("Older", 1), ("Older", 2), ("Newer", 1), ("Newer", 0)):
            rig.double.press(OPERATOR_ID, message, label)
            await rig.double.wait_for(lambda page=page: message.text == f"Pages\npage {page}")
        rig.double.press(OPERATOR_ID, message, "Lower")
        await rig.double.wait_for(lambda: rig.double.messages()[1:])
        assert message.text == "Pages\npage 0"
        rig.double.press(OPERATOR_ID, rig.double.messages()[1], "More")
        await rig.double.wait_for(lambda: rig.double.messages()[2:])
        assert rig.double.titles() == ["Pages", "Lowered 1", "Lowered 2"]


async def test_the_trades_are_turned_over_in_place() -> None:
    async with bot() as rig:
        await rig.answer(VIEWER_ID, "/trades 2")
        [message] = rig.double.messages()
        first = message.text
        rig.double.press(VIEWER_ID, message, "Older")
        await rig.double.wait_for(lambda: message.text != first)
        rig.double.press(VIEWER_ID, message, "Newer")
        await rig.double.wait_for(lambda: message.text == first)
        assert len(rig.double.messages()) == 1


async def test_each_choice_has_a_row_and_acts_at_once() -> None:
    async with bot() as rig:
        await rig.answer(OPERATOR_ID, "/orders")
        [message] = rig.double.messages()
        rows = message.sent["reply_markup"]["inline_keyboard"]
        assert [len(row) for row in rows][: len(rows) - 1] == [1] * (len(rows) - 1)
        cancel = next(line for line in message.lines if line.startswith("/cancel "))
        rig.double.press(OPERATOR_ID, message, cancel)
        await rig.double.wait_for(lambda: rig.double.messages()[1:])
        assert rig.chat.desk.done == [f"{cancel[1:]} by User {OPERATOR_ID} (telegram:{OPERATOR_ID})"]
        await rig.answer(OPERATOR_ID, "/positions")
        assert f"/flatten {TICKER}" in rig.double.messages()[-1].lines
        await rig.answer(VIEWER_ID, "/orders")
        assert rig.double.messages()[-1].lines == ["/orders"]


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
        assert rig.double.titles() == ["Status"]
        rig.chat.desk.hang.set()
        await rig.double.wait_for(lambda: "Balance" in rig.double.titles())
