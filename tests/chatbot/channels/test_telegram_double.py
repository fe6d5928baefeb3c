"""The double itself: it refuses what Telegram refuses, and sees what the specification would not have."""

from __future__ import annotations

from typing import Any

import pytest
from doubles.telegram import TOKEN, TelegramDouble
from doubles.telegram_rules import Refused, Spec, keys_of, parsed, text_of
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken


@pytest.mark.parametrize(
    "text", ["<b>", "</b>", "<b><i></b></i>", "a < b", "<blink>x</blink>", "<b", '<b class="x">y</b>', "", " <b> </b>"]
)
def test_what_cannot_be_parsed_or_is_empty_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        text_of(text, "HTML")


def test_what_can_be_parsed_is_shown_without_its_markup() -> None:
    assert parsed("<b>1 &lt; 2</b> &amp; <pre>`x`</pre> &nope;", "HTML") == "1 < 2 & `x` &nope;"
    assert text_of("x" * 4096, None)
    with pytest.raises(Refused, match="too long"):
        text_of("😀" * 2049, None)
    with pytest.raises(Refused, match="BUTTON_DATA_INVALID"):
        keys_of({"inline_keyboard": [[{"text": "x", "callback_data": "y" * 65}]]})


@pytest.mark.skipif(not Spec().known, reason="the Bot API's specification is not there: set REFERENCE_DIR")
@pytest.mark.parametrize(
    ("method", "given", "wrong"),
    [
        ("sendMessage", {"chat_id": 1, "text": "x"}, None),
        ("sendMessage", {"chat_id": 1}, "text is missing"),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, "unknown parameter colour"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_parameters": {"id": 1}}, "unknown parameter id"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"url": "x"}]]}}, "text is"),
        ("setMyCommands", {"commands": [{"command": "x"}]}, "description is missing"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat", "room": 1}}, "room"),
        ("sendMassage", {}, "no such method"),
    ],
)
def test_calls_are_held_against_the_specification(method: str, given: dict[str, Any], wrong: str | None) -> None:
    found = Spec().wrongs(method, given)
    assert (wrong in found[0]) if wrong else not found


async def test_it_speaks_the_bot_api_to_a_bare_bot() -> None:
    double = TelegramDouble()
    await double.start()
    async with Bot(TOKEN, f"{double.base}/bot", f"{double.base}/file/bot") as bot:
        said = double.say(1, "hello", name="Ann")
        [update] = await bot.get_updates(timeout=1)
        assert (update.update_id, update.message.text) == (said["update_id"], "hello")
        assert await bot.get_updates(offset=update.update_id + 1, timeout=0) == ()
        message = await bot.send_message(
            1, "<b>x</b>", "HTML", reply_markup={"inline_keyboard": [[{"text": "B", "callback_data": "/b"}]]}
        )
        assert message.text == "x"
        double.press(1, double.messages(1)[0])
        [press] = await bot.get_updates(timeout=1, allowed_updates=[Update.CALLBACK_QUERY])
        assert await press.callback_query.answer()
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_reply_markup(
                1, message.message_id, reply_markup={"inline_keyboard": [[{"text": "B", "callback_data": "/b"}]]}
            )
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query("1")
        double.refuse("sendMessage", 409, times=1)
        with pytest.raises(Conflict):
            await bot.send_message(1, "x")
    with pytest.raises(InvalidToken):
        await Bot("7:wrong", f"{double.base}/bot").get_me()
    await double.stop()
    assert double.violations == []
