"""The Telegram channel when the API fails it: it comes back by itself, says what only a person can mend, and is quiet
about its token."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from doubles.telegram import TOKEN, TelegramDouble
from fakes_outbox import notice
from telegram_rig import SHORT, bot, make, running

from chatbot.channels.telegram_polling import REFUSED, TWO_READERS, TWO_READERS_WEBHOOK, Trouble
from chatbot.outbox.channel import DeliveryFailed, How
from trading.clock import monotonic

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.mark.parametrize("fault", ["502", "500", "429", "hang", "reset", "garble", "drop"])
async def test_reading_goes_on_whatever_fails(fault: str) -> None:
    async with bot(poll_margin_seconds=-0.9) as rig:
        await rig.answer(1, "/version")
        if fault.isdecimal():
            rig.double.refuse("getUpdates", int(fault), retry_after=1 if fault == "429" else 0, times=1)
        else:
            rig.double.fail("getUpdates", fault, times=2)
        await rig.double.wait_for(lambda: rig.double.faults[0].seen)
        assert await rig.answer(1, "/status") == "Status"
        assert rig.told == []
        assert rig.channel.heard_at


async def test_the_network_goes_and_comes_back() -> None:
    async with bot() as rig:
        assert await rig.answer(1, "/version")
        await rig.double.down(0.3)
        assert await rig.answer(1, "/status") == "Status"


@pytest.mark.parametrize("method", ["getMe", "deleteWebhook", "getUpdates"])
async def test_a_start_that_fails_is_tried_again(method: str) -> None:
    double = TelegramDouble()
    await double.start()
    double.refuse(method, 502, times=3)
    async with running(make(double)) as rig:
        assert await rig.answer(1, "/status") == "Status"
    await double.stop()


async def test_a_second_reader_is_told_once_and_survived() -> None:
    async with bot() as rig:
        await rig.answer(1, "/version")
        fault = rig.double.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=5)
        rig.double.say(1, "/version")  # ends the poll that is under way
        await rig.double.wait_for(lambda: fault.seen == 5)
        assert await rig.answer(1, "/status") == "Status"
        assert rig.told == [TWO_READERS]


async def test_of_two_bots_on_one_token_each_says_so_and_one_reads_on_when_the_other_stops(
    caplog: pytest.LogCaptureFixture,
) -> None:
    double = TelegramDouble()
    await double.start()
    one, other = make(double), make(double)
    async with running(one):
        async with running(other):
            await double.wait_for(lambda: one.told and other.told)
        assert (one.told, other.told) == ([TWO_READERS], [TWO_READERS])
        assert TWO_READERS in caplog.text
        assert await one.answer(1, "/status") == "Status"
        assert await one.answer(1, "/version")
        assert one.told == [TWO_READERS]
    await double.stop()


async def test_one_conflict_alone_is_our_own_last_poll() -> None:
    async with bot() as rig:
        rig.double.refuse("getUpdates", 409, times=1)
        assert await rig.answer(1, "/status") == "Status"
        assert rig.told == []


async def test_a_webhook_that_somebody_set_is_removed_again() -> None:
    async with bot() as rig:
        await rig.double.wait_for(lambda: rig.double.asked("deleteWebhook"))
        text = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
        rig.double.refuse("getUpdates", 409, text, times=1)
        await rig.double.wait_for(lambda: rig.double.asked("deleteWebhook")[1:])
        assert await rig.answer(1, "/status") == "Status"
        assert rig.told == [TWO_READERS_WEBHOOK]
        assert all(given == {"drop_pending_updates": False} for given in rig.double.asked("deleteWebhook"))


async def test_a_refused_token_is_told_once_and_tried_on() -> None:
    async with bot(token="7:wrong") as rig:
        await asyncio.sleep(0.2)
        assert rig.told == [REFUSED]
        rig.double.token = "7:wrong"  # BotFather gave it back
        assert await rig.answer(1, "/status") == "Status"


def test_waits_are_bounded_and_what_still_holds_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from telegram.error import InvalidToken, NetworkError, RetryAfter

    told: list[str] = []
    trouble = Trouble(SHORT, "", told.append)
    waits = [trouble.wait_seconds(NetworkError("x")) for _ in range(40)]
    assert waits[0] == SHORT.backoff_first_seconds
    assert max(waits) == SHORT.backoff_max_seconds
    assert trouble.wait_seconds(RetryAfter(100_000)) == SHORT.retry_after_seconds_max
    for _ in range(3):
        trouble.wait_seconds(InvalidToken())
    later = monotonic() + 3601
    monkeypatch.setattr("chatbot.channels.telegram_polling.monotonic", lambda: later)
    trouble.wait_seconds(InvalidToken())
    assert told == [REFUSED, REFUSED]


async def test_a_poison_update_hides_no_other() -> None:
    async with bot() as rig:
        for strange in ({"message": {"text": 1, "chat": []}}, {"message": None}, {"new_kind": {"a": [1]}}):
            rig.double.push(strange)
        assert await rig.answer(1, "/status") == "Status"


async def test_numbers_that_begin_anew_are_followed() -> None:
    async with bot() as rig:
        await rig.answer(1, "/version")
        low = rig.double.say(1, "/status") | {"update_id": 117}
        rig.double._queue.clear()
        rig.double.replay(low)
        await rig.double.wait_for(lambda: len(rig.double.messages()) == 2)
        await rig.double.wait_for(lambda: rig.double.asked("getUpdates")[-1].get("offset") == 118)


async def test_a_bug_in_the_reading_is_not_the_end_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async with bot() as rig:
        await rig.answer(1, "/version")
        take, broke = rig.channel._take, []

        async def breaks(batch: Any) -> None:
            if batch and not broke:
                broke.append(batch)
                raise RuntimeError("bug")
            await take(batch)

        rig.channel._poller._take = breaks
        assert await rig.answer(1, "/status") == "Status"
    assert "begins again" in caplog.text


@pytest.mark.parametrize("method", ["getUpdates", "*"])
async def test_closing_is_quick_while_the_api_hangs(method: str) -> None:
    double = TelegramDouble()
    await double.start()
    async with running(make(double)) as rig:
        await rig.answer(1, "/version")
        double.fail(method, "hang")
        double.say(1, "/status")
        await asyncio.sleep(0.1)
        began = monotonic()
        await rig.channel.close()
        assert monotonic() - began < 2 * SHORT.close_seconds + 0.3
        with pytest.raises(DeliveryFailed, match="closed"):
            await rig.channel.deliver(notice(1), How())
        await rig.channel.close()  # twice is harmless
    await double.stop()


# --- the token ------------------------------------------------------------------------------------------------------


async def test_the_token_is_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = TOKEN.partition(":")[2]
    texts = []
    async with bot() as rig:
        await rig.ready()
        leaky = f"Bad Request: token {TOKEN} is bad"
        for fault in ((400, leaky), (403, leaky), (502, ""), (401, leaky)):
            rig.double.refuse("*", *fault, times=2)
            rig.double.refuse("getUpdates", *fault, times=1)
            with pytest.raises(Exception) as caught:
                await rig.channel.deliver(notice(1), How())
            texts.append(f"{caught.value!r} {caught.value}")
        rig.double.fail("*", "garble", times=2)
        rig.double.say(1, "/status")
        await rig.settle(0.3)
        texts += [*rig.told, repr(rig.channel), str(vars(rig.channel).keys())]
    await rig.double.stop()
    with pytest.raises(DeliveryFailed) as down:
        await make(rig.double).channel.deliver(notice(1), How())
    assert caplog.text
    assert secret.casefold() not in f"{caplog.text} {texts} {down.value}".casefold()
