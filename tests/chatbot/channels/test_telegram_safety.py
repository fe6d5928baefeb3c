"""What a stranger can do over Telegram, which is nothing; and what stops /kill there, which is nothing either."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from doubles.telegram import TelegramDouble
from fakes_pages import MANUAL
from telegram_rig import GROUP, OPERATOR_ID, OWNER_ID, STRANGER_ID, bot, make, running

from chatbot.channels import telegram as module
from chatbot.message import Incoming, Reply
from trading.clock import monotonic

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


# --- strangers ------------------------------------------------------------------------------------------------------


async def test_a_stranger_changes_nothing_and_gets_nothing() -> None:
    async with bot() as rig:
        await rig.ready()
        question = await rig.asked(chat_id=GROUP)
        code = question.lines[0]
        await rig.double.wait_for(lambda: f"chat_member:{GROUP}:{OWNER_ID}" in rig.double.chats.menus)
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
        assert monotonic() - began < 0.5
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
    went_on, done = asyncio.Event(), []

    async def slow(incoming: Incoming) -> Reply | None:
        await went_on.wait()
        done.append(incoming.text)
        return Reply("too late to be sent")

    async with bot() as rig:
        rig.channel._handle = slow
        rig.double.say(OWNER_ID, "/dryrun on")
        await rig.double.wait_for(lambda: rig.channel._lines)
    went_on.set()
    await asyncio.sleep(0.05)
    assert done == ["/dryrun on"]
