"""The chats of the double: what is shown in them, and what the Bot API's methods do there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from .telegram_facts import Facts, Teller
from .telegram_rules import Json, Refused, Upload, bad, caption_of, keys_of, text_of

BOT = {"id": 7000000001, "is_bot": True, "first_name": "Kalshi", "username": "kalshi_double_bot"}


@dataclass(slots=True)
class Message:
    """What people see of the bot's messages. `edits` counts how often it was changed; `at` is in loop time."""

    chat_id: int
    message_id: int
    text: str
    keys: list[Json]
    date: int
    at: float
    sent: Json
    photo: bytes = b""
    document: Upload | None = None
    edits: int = 0
    edited_at: int = 0

    @property
    def title(self) -> str:
        return self.text.split("\n")[0]

    @property
    def replies_to(self) -> int | None:
        reply: Json = self.sent.get("reply_parameters") or {}
        return reply.get("message_id")

    @property
    def silent(self) -> bool:
        return bool(self.sent.get("disable_notification"))

    @property
    def topic(self) -> int | None:
        return self.sent.get("message_thread_id")

    @property
    def lines(self) -> list[str]:
        """What its buttons send."""
        return [key["callback_data"] for key in self.keys]


def chat_json(chat_id: int) -> Json:
    kind = "private" if chat_id > 0 else "supergroup" if str(chat_id).startswith("-100") else "group"
    return {"id": chat_id, "type": kind, **({} if chat_id > 0 else {"title": "Traders"})}


def user_json(user_id: int, name: str = "") -> Json:
    return {"id": user_id, "is_bot": False, "first_name": name or f"User {user_id}"}


@dataclass
class Chats:
    """Everything shown. `topics_gone` take nothing more; `moved` are groups that have a new id."""

    now: Callable[[], datetime]
    at: Callable[[], float]
    shown: dict[int, dict[int, Message]] = field(default_factory=lambda: defaultdict(dict))
    askers: dict[tuple[int, int], Json] = field(default_factory=dict)
    presses_open: set[str] = field(default_factory=set)
    presses_answered: list[Json] = field(default_factory=list)
    menus: dict[str, list[str]] = field(default_factory=dict)
    topics_gone: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    ids: count[int] = field(default_factory=lambda: count(101))

    def wire(self, message: Message) -> Json:
        """A message as updates and answers show it."""
        made: Json = {"message_id": message.message_id, "date": message.date, "chat": chat_json(message.chat_id)}
        made |= {"from": BOT, "text": message.text}
        if message.edited_at:
            made["edit_date"] = message.edited_at
        if message.replies_to:
            asker = self.askers.get((message.chat_id, message.replies_to), BOT)
            to = {"message_id": message.replies_to, "date": message.date, "chat": chat_json(message.chat_id)}
            made["reply_to_message"] = to | {"from": asker}
        if message.topic is not None:
            made |= {"message_thread_id": message.topic, "is_topic_message": True}
        return made

    # --- the methods; each raises Refused ---

    def do(self, method: str, given: Json) -> object:
        known = {
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "editMessageMedia": self._edit_media,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup,
            "answerCallbackQuery": self._answer_press,
            "setMyCommands": self._set_menu,
            "deleteMyCommands": self._set_menu,
        }
        teller = Teller(self.facts, BOT, chat_json, self._chat_of, self.topics_gone, self.menus)
        known |= teller.methods()
        if method not in known:
            raise Refused(404, "Not Found")
        return known[method](given)

    def _send_message(self, given: Json) -> Json:
        return self._show(given, text_of(str(given.get("text", "")), given.get("parse_mode")))

    def _send_photo(self, given: Json) -> Json:
        return self._show(given, caption_of(str(given.get("caption", "")), given.get("parse_mode")), given["photo"])

    def _send_document(self, given: Json) -> Json:
        made = self._show(given, caption_of(str(given.get("caption", "")), given.get("parse_mode")))
        self.shown[made["chat"]["id"]][made["message_id"]].document = given["document"]
        return made

    def _show(self, given: Json, text: str, photo: bytes = b"") -> Json:
        chat_id = self._chat_of(given)
        if given.get("message_thread_id") in self.topics_gone:
            raise bad("message thread not found")
        reply = given.get("reply_parameters") or {}
        there = reply.get("message_id") in self.shown[chat_id] or (chat_id, reply.get("message_id")) in self.askers
        if reply and not there and not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        to = self.shown[chat_id].get(reply.get("message_id", 0))
        if to and to.topic != given.get("message_thread_id"):
            raise bad("message to be replied not found")  # a reply stays in its topic, whatever is allowed
        keys, date = keys_of(given.get("reply_markup")), int(self.now().timestamp())
        message = Message(chat_id, next(self.ids), text, keys, date, self.at(), given, photo)
        self.shown[chat_id][message.message_id] = message
        return self.wire(message)

    def _chat_of(self, given: Json) -> int:
        chat_id = given["chat_id"]
        if not isinstance(chat_id, int):
            raise bad("chat not found")
        if chat_id in self.moved:
            new = self.moved[chat_id]
            raise Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new)
        return chat_id

    def _message_of(self, given: Json) -> Message:
        message = self.shown[self._chat_of(given)].get(given["message_id"])
        if message is None:
            raise bad("message to edit not found")
        return message

    def _edit_text(self, given: Json) -> Json:
        message = self._message_of(given)
        if message.photo or message.document:
            raise bad("there is no text in the message to edit")
        return self._edit(message, text_of(str(given["text"]), given.get("parse_mode")), given)

    def _edit_media(self, given: Json) -> Json:
        message, media = self._message_of(given), given["media"]
        caption = caption_of(str(media.get("caption", "")), media.get("parse_mode"))
        photo, message.photo = message.photo, bytes(media["media"])
        return self._edit(message, caption, given, changed=photo != message.photo)

    def _edit_markup(self, given: Json) -> Json:
        message = self._message_of(given)
        return self._edit(message, message.text, given)

    def _edit(self, message: Message, text: str, given: Json, *, changed: bool = False) -> Json:
        keys = keys_of(given.get("reply_markup"))
        if not changed and (text, keys) == (message.text, message.keys):
            raise bad("message is not modified: specified new message content and reply markup are exactly the same")
        message.text, message.keys = text, keys
        message.edits, message.edited_at = message.edits + 1, int(self.now().timestamp())
        return self.wire(message)

    def _answer_press(self, given: Json) -> bool:
        if str(given["callback_query_id"]) not in self.presses_open:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.presses_answered.append(given)
        return True

    def _set_menu(self, given: Json) -> bool:
        scope = given.get("scope") or {"type": "default"}
        key = ":".join(str(scope[name]) for name in ("type", "chat_id", "user_id") if name in scope)
        self.menus[key] = [each["command"] for each in given.get("commands", [])]
        return True
