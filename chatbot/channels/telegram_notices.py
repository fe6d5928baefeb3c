"""Notices on their way into one chat: paced, each part once, failures in the outbox's words.

What names a message is its chat, its topic and its number: a group that becomes a supergroup, and another chat in the
settings, count anew, and Telegram takes no reply from another topic (https://core.telegram.org/bots/api#replyparameters).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError

from chatbot.channels.telegram_polling import REFUSED
from chatbot.channels.telegram_reading import Place
from chatbot.channels.telegram_sending import Letter, Pace, Sender, letter_of
from chatbot.channels.telegram_wire import Bounds, refuses_chat, seconds_of, unknown, without_token
from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.render import of_notice
from trading.domain.records import Notice

HALF_SENT_MAX = 10  # notices of which some parts are there already
GENERAL_TOPIC = "1"  # Telegram refuses the number of a group's first topic: it is the group itself
NO_CHAT = (
    "TELEGRAM_CHAT_ID is not set, so no notice can be delivered: set it to your own id, or to the id of a group that "
    "the bot is in."
)


class Notices:
    """Delivers to `chat`. `told` hears, once each, what only a person can mend."""

    def __init__(
        self, sender: Sender, chat: str, topic: str, told: Callable[[str], None], bounds: Bounds, token: str
    ) -> None:
        self.chat, self._topic = chat, None if topic in ("", GENERAL_TOPIC) else int(topic)
        self._sender, self._told, self._token = sender, told, token
        every = bounds.notice_group_seconds if chat.startswith("-") else bounds.notice_private_seconds
        self._pace = Pace(bounds.notices_at_once, every)
        self._half_sent: OrderedDict[str, Letter] = OrderedDict()
        self._closed = False

    async def deliver(self, notice: Notice, how: How) -> str:
        """One attempt at what of the notice is not known to be there. Raises DeliveryFailed."""
        if self._closed:
            raise DeliveryFailed("the Telegram channel is closed")
        if not self.chat:
            self._told(NO_CHAT)
            raise DeliveryFailed(NO_CHAT)
        name = f"{notice.key} {notice.title}"
        letter = self._letter(name, notice, how)
        try:
            await self._sender.post(letter, self._place(how), self._pace)
        except TelegramError as error:
            raise self._failed(error) from None
        finally:
            self._remember(name, letter)
        return f"{self._room}/{letter.first_id}"

    def close(self) -> None:
        self._closed = True

    def moved(self, old: str, new: int) -> bool:
        """Follow a group to its new id; whether it was ours. Messages have new numbers there."""
        if old != self.chat:
            return False
        self.chat = str(new)
        self._told(f"The Telegram group has a new id: set TELEGRAM_CHAT_ID={new}. Notices go there already.")
        return True

    def topic_gone(self, place: Place) -> None:
        if str(place.chat_id) == self.chat and place.topic_id == self._topic:
            self._told(
                f"The topic {self._topic} of the Telegram group is closed or gone, so notices go to the group itself: "
                "correct TELEGRAM_TOPIC_ID."
            )

    @property
    def _room(self) -> str:
        """Where messages can reply to each other."""
        return f"{self.chat}:{self._topic}" if self._topic else self.chat

    def _place(self, how: How) -> Place:
        chat = int(self.chat) if self.chat.removeprefix("-").isdecimal() else self.chat
        where, _, number = how.reply_to.rpartition("/")
        reply_to = int(number) if where == self._room and number.isdecimal() else None
        return Place(chat, self._topic, reply_to, how.silent)

    def _letter(self, name: str, notice: Notice, how: How) -> Letter:
        """What is left of a notice that is half there; else the whole."""
        letter = self._half_sent.pop(name, None)
        if letter is None:
            shown = of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)
            return letter_of(replace(shown, picture=how.picture))
        if how.repeat:
            letter.marked_repeat()
        return letter

    def _remember(self, name: str, letter: Letter) -> None:
        if letter.begun and letter.pages:
            self._half_sent[name] = letter
        while len(self._half_sent) > HALF_SENT_MAX:
            self._half_sent.popitem(last=False)

    def _failed(self, error: TelegramError) -> DeliveryFailed:
        """The failure as the outbox wants it. Raises BadRequest where this very notice is what Telegram will not have:
        the outbox then sends its bare title."""
        text = without_token(str(error), self._token)
        if isinstance(error, RetryAfter):
            return DeliveryFailed(text, retry_after=seconds_of(error))
        if isinstance(error, InvalidToken):
            return DeliveryFailed(REFUSED)
        if refuses_chat(error):
            self._told(_shut_out(self.chat))
            return DeliveryFailed(f"{text}: {_shut_out(self.chat)}")
        if isinstance(error, BadRequest):
            raise BadRequest(text)
        return DeliveryFailed(text, unknown=unknown(error))


def _shut_out(chat: str) -> str:
    return (
        f"Telegram does not let the bot write to TELEGRAM_CHAT_ID={chat}: correct the id, press Start in your own chat "
        "with the bot, or add the bot to the group and let it post there."
    )
