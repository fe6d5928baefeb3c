"""Where notices go on Telegram: threads by trade, groups that move, topics that close, chats that are shut."""

from __future__ import annotations

import pytest
from fakes_chat import notice
from telegram_rig import GROUP, bot

from chatbot.outbox import DeliveryFailed, How

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


@pytest.mark.parametrize(
    ("code", "text"), [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found")]
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
