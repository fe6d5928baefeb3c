"""Where notices go on Telegram: threads by trade, groups that move, topics that close, chats that are shut."""

from __future__ import annotations

import pytest
from doubles.telegram import TelegramDouble
from fakes_outbox import MemoryStore, notice
from telegram_rig import GROUP, bot, make, running

from chatbot.message import Picture
from chatbot.outbox.channel import DeliveryFailed, How

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

TWENTY = [f"notice {n}" for n in range(1, 21)]


# --- where they go --------------------------------------------------------------------------------------------------


async def test_the_notices_of_a_trade_reply_to_its_first() -> None:
    async with bot(chat_id=str(GROUP), topic_id="5") as rig:
        rig.store.owe(*(notice(n, trade_id=trade) for n, trade in enumerate(("a", "b", "a", "", "a"), 1)))
        rig.outbox.wake()
        await rig.arrive()
        first, second, *rest = rig.double.messages(GROUP)
        assert [message.replies_to for message in rest] == [first.message_id, None, first.message_id]
        assert second.replies_to is None
        assert {message.topic for message in rig.double.messages(GROUP)} == {5}
        assert all(message.sent["reply_parameters"]["allow_sending_without_reply"] for message in (rest[0], rest[2]))


async def test_they_still_do_after_a_restart_and_until_the_trade_is_over() -> None:
    store, double = MemoryStore(), TelegramDouble()
    await double.start()
    for seqs in ((1, 2), (3, 4)):
        store.owe(*(notice(n, trade_id="a", over=n == 4) for n in seqs))
        async with running(make(double, store=store)) as rig:
            await rig.arrive()
    store.owe(notice(5, trade_id="a"))
    async with running(make(double, store=store)) as rig:
        await rig.arrive()
    await double.stop()
    first, *rest = double.messages(1)
    assert [message.replies_to for message in rest] == [first.message_id] * 3 + [None]
    assert double.violations == []


async def test_a_first_message_that_was_deleted_fails_no_notice() -> None:
    async with bot() as rig:
        rig.store.owe(notice(1, trade_id="a"))
        rig.outbox.wake()
        await rig.arrive()
        rig.double.chats.shown[1].clear()
        rig.store.owe(notice(2, trade_id="a"))
        rig.outbox.wake()
        assert await rig.arrive() == ["notice 2"]
        assert rig.broken == []
        assert rig.double.messages(1)[0].sent["parse_mode"] == "HTML"  # at the first attempt


@pytest.mark.parametrize("elsewhere", ["-42/101", f"{GROUP}/101", f"{GROUP}:6/101", "101", "", "/", "x/y"])
async def test_a_message_of_another_chat_or_topic_is_not_replied_to(elsewhere: str) -> None:
    async with bot(chat_id=str(GROUP), topic_id="5") as rig:
        name = await rig.channel.deliver(notice(1), How(reply_to=elsewhere))
        await rig.channel.deliver(notice(2), How(reply_to=name))
        first, second = rig.double.messages(GROUP)
        assert (first.replies_to, second.replies_to) == (None, first.message_id)


async def test_a_silent_notice_makes_no_sound_in_any_part() -> None:
    async with bot() as rig:
        await rig.channel.deliver(notice(1, note="word " * 1200), How(silent=True))
        assert len(rig.double.messages(1)) > 1
        assert all(message.silent for message in rig.double.messages(1))
        await rig.channel.deliver(notice(2), How())
        assert not rig.double.messages(1)[-1].silent


@pytest.mark.parametrize("silent", [False, True])
async def test_a_picture_has_the_words_under_it_and_long_ones_after_it(silent: bool) -> None:
    picture = Picture(b"PNG", "a curve")
    async with bot() as rig:
        await rig.channel.deliver(notice(1), How(picture=picture, silent=silent))
        [shown] = rig.double.messages(1)
        assert (shown.photo, shown.title, shown.silent) == (b"PNG", "notice 1", silent)
        name = await rig.channel.deliver(notice(2, note="word " * 300), How(picture=picture, silent=silent))
        _, photo, words = rig.double.messages(1)
        assert (photo.photo, photo.text, words.title, words.silent) == (b"PNG", "", "notice 2", silent)
        assert name == f"1/{photo.message_id}"


async def test_a_picture_that_is_not_taken_gives_way_to_the_words() -> None:
    async with bot() as rig:
        rig.double.refuse("sendPhoto", 400, "Bad Request: IMAGE_PROCESS_FAILED", times=1)
        await rig.channel.deliver(notice(1), How(picture=Picture(b"no PNG", "a curve")))
        assert rig.double.titles(1) == ["notice 1"]


async def test_words_that_fail_after_their_picture_bring_no_second_picture() -> None:
    async with bot() as rig:
        how = How(picture=Picture(b"PNG", "a curve"))
        rig.double.refuse("sendMessage", 502, times=1)
        with pytest.raises(DeliveryFailed):
            await rig.channel.deliver(notice(1, note="word " * 300), how)
        await rig.channel.deliver(notice(1, note="word " * 300), how)
        assert [bool(message.photo) for message in rig.double.messages(1)] == [True, False]


async def test_a_group_that_moved_is_followed_and_the_operator_told() -> None:
    async with bot(chat_id="-42") as rig:
        rig.double.chats.moved[-42] = GROUP
        rig.owe(3)
        assert await rig.arrive(chat_id=GROUP) == TWENTY[:3]
        assert rig.told == [f"The Telegram group has a new id: set TELEGRAM_CHAT_ID={GROUP}. Notices go there already."]
        await rig.double.wait_for(lambda: f"chat_member:{GROUP}:1" in rig.double.chats.menus)


async def test_a_group_that_says_it_moved_is_followed() -> None:
    async with bot(chat_id="-42") as rig:
        rig.double.push({"message": {"message_id": 1, "chat": {"id": -42}, "migrate_to_chat_id": GROUP}})
        await rig.double.wait_for(lambda: rig.double.asked("getUpdates")[1:])
        rig.owe(1)
        assert await rig.arrive(chat_id=GROUP) == TWENTY[:1]
        assert len(rig.told) == 1


async def test_a_topic_that_is_gone_gives_way_to_the_group() -> None:
    async with bot(chat_id=str(GROUP), topic_id="5") as rig:
        rig.double.chats.topics_gone.add(5)
        rig.owe(2)
        assert await rig.arrive(chat_id=GROUP) == TWENTY[:2]
        assert len(rig.told) == 1
        assert "TELEGRAM_TOPIC_ID" in rig.told[0]


async def test_a_trade_that_began_before_the_group_moved_goes_on_there() -> None:
    async with bot(chat_id="-42") as rig:
        rig.store.owe(notice(1, trade_id="a"))
        rig.outbox.wake()
        await rig.arrive(chat_id=-42)
        rig.double.chats.moved[-42] = GROUP
        rig.store.owe(notice(2, trade_id="a"))
        rig.outbox.wake()
        assert await rig.arrive(chat_id=GROUP) == ["notice 2"]
        assert rig.double.messages(GROUP)[0].replies_to is None


@pytest.mark.parametrize("text", ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"])
async def test_a_topic_that_closes_in_the_middle_of_a_trade_loses_no_notice(text: str) -> None:
    async with bot(chat_id=str(GROUP), topic_id="5") as rig:
        rig.store.owe(notice(1, trade_id="a"))
        rig.outbox.wake()
        await rig.arrive(chat_id=GROUP)
        rig.double.refuse("sendMessage", 400, f"Bad Request: {text}", times=1)
        rig.store.owe(notice(2, trade_id="a"))
        rig.outbox.wake()
        assert await rig.arrive(chat_id=GROUP) == ["notice 1", "notice 2"]
        second = rig.double.messages(GROUP)[1]
        assert (second.topic, second.replies_to) == (None, None)
        assert second.sent["parse_mode"] == "HTML"
        assert rig.broken == []


async def test_a_bot_that_is_let_in_again_brings_all_that_it_owes() -> None:
    async with bot(chat_id=str(GROUP)) as rig:
        shut = rig.double.refuse("sendMessage", 403, "Forbidden: bot was kicked from the supergroup chat")
        rig.owe(20)
        await rig.double.wait_for(lambda: shut.seen >= 2)
        assert rig.outbox.queued() == {"telegram": 20}
        rig.double.faults.clear()
        assert await rig.arrive(chat_id=GROUP) == TWENTY
        assert [text.partition(":")[0] for text in rig.told] == [
            f"Telegram does not let the bot write to TELEGRAM_CHAT_ID={GROUP}"
        ]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (403, "Forbidden: bot is not a member of the supergroup chat"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    ],
)
async def test_a_chat_that_is_closed_to_the_bot_is_named_with_the_fix(code: int, text: str) -> None:
    async with bot(chat_id=str(GROUP)) as rig:
        rig.double.refuse("sendMessage", code, text, times=2)
        with pytest.raises(DeliveryFailed, match=r"TELEGRAM_CHAT_ID=-1001234567890: correct the id, press Start"):
            await rig.channel.deliver(notice(1), How())
        rig.owe(1)
        assert await rig.arrive(chat_id=GROUP) == TWENTY[:1]
        assert len(rig.told) == 1


async def test_a_refused_token_is_named_with_the_fix() -> None:
    async with bot(token="7:wrong") as rig:
        with pytest.raises(DeliveryFailed, match="TELEGRAM_BOT_TOKEN") as caught:
            await rig.channel.deliver(notice(1), How())
    assert not caught.value.unknown


async def test_the_first_topic_of_a_group_is_the_group_and_no_chat_at_all_is_said() -> None:
    async with bot(chat_id=str(GROUP), topic_id="1") as rig:
        rig.owe(1)
        await rig.arrive(chat_id=GROUP)
        assert rig.double.messages(GROUP)[0].topic is None
    async with bot(chat_id="") as rig:
        with pytest.raises(DeliveryFailed, match="TELEGRAM_CHAT_ID is not set"):
            await rig.channel.deliver(notice(1), How())
        assert len(rig.told) == 1
