"""Reads one update of the Bot API, as JSON, into what the router takes and where its answer goes.

Plain JSON and not the SDK's types: those raise over content newer than themselves, and one message that a stranger made
so would hide every /kill behind it. Only the few members read here matter; an update without them is nobody's.

A press has no date of its own. What lowers risk counts as sent when we received it. Anything else counts as sent when
the message under the button was written or last edited: a press is never older than that, so what waited while the
bot was down is stale, whatever it would raise (https://core.telegram.org/bots/api#callbackquery).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatbot.message import Incoming, Person

NAME = "telegram"
ANONYMOUS_IDS = frozenset({1087968824, 136817688, 777000})  # GroupAnonymousBot, Channel_Bot, Telegram itself
MESSAGE_KINDS = ("message", "edited_message", "channel_post", "edited_channel_post")
FORWARD_SIGNS = ("forward_origin", "forward_date", "is_automatic_forward", "via_bot")
NAME_LENGTH_MAX = 64  # characters of a person's name that are kept
DATE_MAX = 2**32  # seconds since 1970; a date beyond is none

Json = Mapping[str, Any]
_NOTHING: Json = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a chat, a topic in it, and the message that it replies to; `silent`: without a sound."""

    chat_id: int | str
    topic_id: int | None = None
    reply_to: int | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """One line heard: for the router, and where it came from. `press_id` and `under` belong to a button's press: its
    own id, the id of the message that it stands under, and whether that one was written for this person."""

    incoming: Incoming
    place: Place
    press_id: str = ""
    under: int | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """`username` is the bot's own, without @; `lowers` says whether a line can but lower risk; `now` is real time."""

    username: str
    lowers: Callable[[str], bool]
    now: Callable[[], datetime]

    def read(self, update: Json) -> Heard | None:
        """The line in an update; None where there is none for this bot."""
        if press := _part(update, "callback_query"):
            return self._press(press)
        for kind in MESSAGE_KINDS:
            if message := _part(update, kind):
                return self._message(message, kind)
        return None

    def _message(self, message: Json, kind: str) -> Heard | None:
        chat, text = _part(message, "chat"), _text(message, "text")
        private = chat.get("type") == "private"
        if not text or not (private or text.startswith("/")) or not self._for_us(text):
            return None
        incoming = Incoming(
            _person(message),
            _text(chat, "id"),
            text,
            _moment(message.get("date")),
            edited=kind.startswith("edited"),
            forwarded=any(message.get(sign) for sign in FORWARD_SIGNS),
            anonymous=kind.endswith("channel_post") or _anonymous(message),
        )
        return Heard(incoming, _place(message, None if private else _number(message, "message_id")))

    def _for_us(self, text: str) -> bool:
        """A command that names a bot is for that bot alone; one that names none is for all in the chat."""
        first = next(iter(text.split()), "")
        _, at, name = first.partition("@")
        return not (first.startswith("/") and at) or name.casefold() == self.username.casefold()

    def _press(self, press: Json) -> Heard:
        message, line = _part(press, "message"), _text(press, "data")
        written = _moment(message.get("edit_date") or message.get("date"))
        received = self.now().replace(microsecond=0)  # Telegram's own dates are whole seconds, rounded down
        incoming = Incoming(
            _person(press),
            _text(_part(message, "chat"), "id"),
            line,
            received if self.lowers(line) else written,
            anonymous=_anonymous(press),
        )
        under = _number(message, "message_id")
        private = _part(message, "chat").get("type") == "private"
        asked_by = _person(_part(message, "reply_to_message"))
        own = private or asked_by.id == incoming.person.id
        return Heard(incoming, _place(message, None if private else under), _text(press, "id"), under, own)


def moved_to(update: Json) -> tuple[str, int] | None:
    """The old and the new id of a group that became a supergroup, where the update says so."""
    message = _part(update, "message")
    old, new = _text(_part(message, "chat"), "id"), _number(message, "migrate_to_chat_id")
    return (old, new) if old and new else None


def marks_of(update: Json) -> list[str]:
    """What makes an update the same as one seen before: its number, and a press's own."""
    marks = {"update": _text(update, "update_id"), "press": _text(_part(update, "callback_query"), "id")}
    return [f"{what} {mark}" for what, mark in marks.items() if mark]


def _place(message: Json, reply_to: int | None) -> Place:
    topic = _number(message, "message_thread_id") if message.get("is_topic_message") else None
    return Place(_number(_part(message, "chat"), "id") or 0, topic, reply_to)


def _person(said: Json) -> Person:
    sender = _part(said, "from")
    name = " ".join(filter(None, (_text(sender, "first_name"), _text(sender, "last_name"))))
    return Person(NAME, _text(sender, "id"), name[:NAME_LENGTH_MAX])


def _anonymous(said: Json) -> bool:
    sender = _number(_part(said, "from"), "id")
    return not sender or sender in ANONYMOUS_IDS or bool(said.get("sender_chat"))


def _moment(date: object) -> datetime:
    """Whole seconds since 1970; a message that can no longer be read has the date 0."""
    return datetime.fromtimestamp(date if isinstance(date, int) and 0 <= date < DATE_MAX else 0, UTC)


def _part(whole: Json, name: str) -> Json:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else _NOTHING


def _text(whole: Json, name: str) -> str:
    """A text or a whole number as text; anything else is empty."""
    value = whole.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _number(whole: Json, name: str) -> int | None:
    value = whole.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
