"""Notices over Telegram through whatever fails: all arrive in order, a repeat only after an unknown outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest
from doubles.telegram import TelegramDouble
from doubles.telegram_rules import Json, Refused
from fakes_outbox import MemoryStore, notice
from telegram.error import BadRequest
from telegram_rig import SHORT, bot, make, running

from chatbot.channels.telegram_sending import Pace
from chatbot.channels.telegram_wire import Bounds
from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.outbox.outbox import DELIVERY_SECONDS_MAX
from trading.clock import monotonic

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

MARKUP = '`<b>&"*_[]()~>#+-=|{}.!'
TWENTY = [f"notice {n}" for n in range(1, 21)]


def once(titles: Iterable[str]) -> list[str]:
    """Each title once, without marks, in the order of the first."""
    return list(dict.fromkeys(title.removesuffix(" (repeat)") for title in titles))


def unmarked_repeats(titles: list[str]) -> list[str]:
    return [title for n, title in enumerate(titles) if title in titles[:n]]


# --- the table: twenty notices each ---------------------------------------------------------------------------------

FAULTS: dict[str, Callable[[TelegramDouble], object]] = {
    "nothing": lambda double: None,
    "502 for a while": lambda double: double.refuse("sendMessage", 502, seconds=0.4),
    "429 with retry_after": lambda double: double.refuse("sendMessage", 429, retry_after=3, times=4),
    "500 three times": lambda double: double.refuse("sendMessage", 500, times=3),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_twenty_arrive_once_each_and_in_order(fault: str) -> None:
    async with bot() as rig:
        FAULTS[fault](rig.double)
        rig.owe(20)
        assert await rig.arrive() == TWENTY
        assert rig.broken == []


async def test_a_429_is_waited_out_to_the_second() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 429, retry_after=3, times=1)
        with pytest.raises(DeliveryFailed) as caught:
            await rig.channel.deliver(notice(1), How())
    assert (caught.value.retry_after, caught.value.unknown) == (3, False)


@pytest.mark.parametrize("kind", ["slow", "drop"])
async def test_what_was_taken_but_not_said_to_be_comes_again_and_is_marked(kind: str) -> None:
    async with bot() as rig:
        rig.double.fail("sendMessage", kind, times=3, after=1.0)
        rig.owe(20)
        titles = await rig.arrive()
        assert once(titles) == TWENTY
        assert titles[:4] == ["notice 1", *["notice 1 (repeat)"] * 3]
        assert titles[4:] == TWENTY[1:]
        assert unmarked_repeats(titles[3:]) == []


@pytest.mark.parametrize("kind", ["hang", "reset", "garble"])
async def test_twenty_arrive_when_the_api_misbehaves(kind: str) -> None:
    async with bot() as rig:
        rig.double.fail("sendMessage", kind, times=2)
        rig.owe(20)
        titles = await rig.arrive()
        assert once(titles) == TWENTY
        assert len([title for title in titles if title.endswith("(repeat)")]) <= 2


@pytest.mark.parametrize("text", ["`", MARKUP, "</pre></b>", "&lt;&nope;", "😀" * 3, "\x00\u202e\ud800 x"])
async def test_twenty_with_markup_in_them_arrive_as_they_are(text: str) -> None:
    async with bot() as rig:
        made = [notice(n, title=f"notice {n}", fields=(("Why", text),), note=text) for n in range(1, 21)]
        rig.store.owe(*made)
        rig.outbox.wake()
        assert await rig.arrive() == TWENTY
        shown = rig.double.messages(1)[0].text
        assert all(part in shown for part in text.split() if part.isprintable())


async def test_twenty_of_five_thousand_characters_arrive_whole() -> None:
    words = " ".join(f"word{n}" for n in range(600))
    assert len(words) > 4_096
    async with bot() as rig:
        rig.owe(20, note=words)
        titles = [title for title in await rig.arrive() if title.startswith("notice")]
        assert titles == TWENTY
        told = " ".join(" ".join(message.text.split()) for message in rig.double.messages(1)[:2])
        assert words in told


async def test_twenty_arrive_when_the_api_is_down_at_first() -> None:
    double = TelegramDouble()
    await double.start()
    await double.stop()
    async with running(make(double)) as rig:
        rig.owe(20)
        rising = asyncio.create_task(double.down(0.5))
        assert await rig.arrive() == TWENTY
        assert await rig.answer(1, "/status") == "Status"
        await rising
        await double.stop()


async def test_twenty_arrive_over_a_crash_with_a_full_queue() -> None:
    store, double = MemoryStore(), TelegramDouble()
    await double.start()
    async with running(make(double, store=store)) as rig:
        double.fail("sendMessage", "hang")
        rig.owe(20)
        await double.wait_for(lambda: double.asked("sendMessage"))
    double.faults.clear()
    async with running(make(double, store=store)) as rig:
        titles = await rig.arrive()
    await double.stop()
    assert titles == ["notice 1 (repeat)", *TWENTY[1:]]


async def test_half_delivered_then_killed_no_notice_comes_unmarked_twice() -> None:
    store, double = MemoryStore(), TelegramDouble()
    await double.start()
    async with running(make(double, store=store)) as rig:
        rig.owe(20)
        await double.wait_for(lambda: len(double.messages(1)) > 7)
    async with running(make(double, store=store)) as rig:
        titles = await rig.arrive()
    await double.stop()
    assert once(titles) == TWENTY
    assert unmarked_repeats(titles) == []


# --- long ones ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mark"), [("reset", "(repeat)\n"), ("refuse", "")])
async def test_a_part_that_arrived_is_not_sent_again(kind: str, mark: str) -> None:
    words = " ".join(f"word{n}" for n in range(1200))

    def breaks_second(method: str, given: Json, result: object) -> None:
        if method == "sendMessage" and len(rig.double.messages(1)) == 1:
            rig.double.fail("sendMessage", kind, times=1, refusal=Refused(502, "") if kind == "refuse" else None)

    async with bot() as rig:
        rig.double.on_call = breaks_second
        rig.owe(1, note=words)
        await rig.arrive()
        first, second, third = [message.text for message in rig.double.messages(1)]
    assert first.startswith("notice 1\n")
    assert second.startswith(f"{mark}word")
    assert " ".join(f"{first} {second} {third}".replace(mark, "").split()).endswith(words)


async def test_what_telegram_finds_too_long_is_halved() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 400, "Bad Request: message is too long", times=2)
        rig.owe(1, note="word " * 400)
        await rig.arrive()
        assert " ".join(m.text for m in rig.double.messages(1)).count("word") == 400


async def test_what_telegram_cannot_parse_is_sent_plain() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 400, "Bad Request: can't parse entities: strange", times=1)
        rig.owe(1, note=MARKUP)
        await rig.arrive()
        assert MARKUP in rig.double.messages(1)[0].text
        assert "parse_mode" not in rig.double.messages(1)[0].sent


async def test_a_notice_that_telegram_will_not_have_holds_up_no_other() -> None:
    async with bot() as rig:
        rig.double.refuse("sendMessage", 400, "Bad Request: strange", times=6)
        rig.owe(2)
        assert await rig.arrive() == ["Notice 1 (fill) cannot be shown here (repeat)", "notice 2"]
        assert [type(error) for _, error in rig.broken] == [BadRequest]


@pytest.mark.parametrize(
    ("fault", "unknown"),
    [("502", False), ("504", True), ("413", False), ("reset", True), ("slow", True), ("garble", True), ("down", False)],
)
async def test_only_what_may_have_arrived_is_of_unknown_outcome(fault: str, unknown: bool) -> None:
    async with bot() as rig:
        if fault.isdecimal():
            rig.double.refuse("sendMessage", int(fault), times=1)
        elif fault == "down":
            await rig.double.stop()
        else:
            rig.double.fail("sendMessage", fault, times=1, after=1.0)
        with pytest.raises(DeliveryFailed) as caught:
            await rig.channel.deliver(notice(1), How())
        assert caught.value.unknown is unknown


# --- pace -----------------------------------------------------------------------------------------------------------


async def test_notices_are_paced_after_a_burst_and_answers_never() -> None:
    async with bot(notices_at_once=3, notice_private_seconds=0.4) as rig:
        began = rig.double.chats.at()
        rig.owe(6)
        rig.double.say(1, "/kill")
        titles = await rig.arrive()
        assert titles.index("KILLED") < titles.index("notice 5")
        notices = [message for message in rig.double.messages(1) if message.title in TWENTY]
        assert notices[-1].at - began > 1.18  # three at once, then four tenths of a second for each


async def test_pace_lets_a_burst_through_and_then_one_by_one() -> None:
    pace, began = Pace(2, 0.05), monotonic()
    at = []
    for _ in range(4):
        await pace.turn()
        at.append(monotonic() - began)
    assert at[1] < at[2]
    assert at[2] > 0.045
    assert at[3] > 0.095


def test_the_longest_call_ends_before_the_outbox_gives_it_up() -> None:
    for bounds in (Bounds(), SHORT):
        call = bounds.pool_seconds + bounds.connect_seconds + bounds.write_seconds + bounds.read_seconds
        assert call + bounds.notice_group_seconds < DELIVERY_SECONDS_MAX
