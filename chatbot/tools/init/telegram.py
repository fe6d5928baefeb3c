"""The set-up's questions about Telegram: the token, then whose chat it is, read from a message that the person sends.

Nothing that waits for the bot is confirmed here, so that a /kill that was sent while it was down still comes to it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chatbot.channels.telegram_reading import ANONYMOUS_IDS
from chatbot.tools.chat_calls import WRONG_TOKEN, Declined, Telegram, Unanswered
from chatbot.tools.doctor_telegram import TOKEN
from chatbot.tools.init.asking import NONE, Asker, agreed, hint, until
from chatbot.tools.init.people import with_owner
from trading.clock import monotonic
from trading.domain.errors import ChatopsError, Misconfigured

Json = Mapping[str, Any]
POLL_SECONDS = 10.0  # that Telegram holds a question open
LOOK_SECONDS = 1.0  # between two looks while messages wait that are not the one
WAIT_SECONDS_MAX = 600.0  # for a person to send a message, until asked whether to go on waiting
BATCH_MAX = 100
SHOWN_LENGTH_MAX = 40  # characters of a message
CONFLICT = 409
NAMES = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "TELEGRAM_TOPIC_ID", "TELEGRAM_USERS")


@dataclass(frozen=True, slots=True)
class Found:
    """Who wrote where: what a message shows. No `user_id`: an anonymous admin, or a channel."""

    user_id: str
    who: str
    chat_id: str
    where: str
    topic_id: str
    text: str


def telegram(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    """The values for `.env`; empty ones take away what is there."""
    asker.say("\nTelegram: @BotFather there makes a bot (/newbot) and tells its token.")
    kept, base = current.get("TELEGRAM_BOT_TOKEN", ""), current.get("TELEGRAM_API_BASE", "")
    question = f"Telegram token {hint(kept, 'no Telegram')}"
    found = until(asker, question, lambda text: _bot(text or kept, base), secret=True)
    if found is None:
        return dict.fromkeys(NAMES, "") if kept else {}
    api, me = found
    asker.say(f"The token is @{me['username']}'s.")
    values = {"TELEGRAM_BOT_TOKEN": api.token}
    known = current.get("TELEGRAM_CHAT_ID", "")
    if known and api.token == kept and agreed(asker, f"Leave the notices in chat {known}, and the people as they are?"):
        return values
    _free(asker, api)
    return values | _place(wait_for_message(asker, api, str(me["username"])), current)


def _bot(token: str, base: str) -> tuple[Telegram, Json] | None:
    """The bot whose token it is; None without one. Raises ValueError."""
    if token in ("", NONE):
        return None
    if not TOKEN.fullmatch(token):
        raise ValueError("that is no token: it looks like 7000000001:AAE… and stands in @BotFather's answer")
    api = Telegram(token, base)
    try:
        return api, api.ask("getMe")
    except Declined as error:
        reason = "copy it again from @BotFather" if error.status in WRONG_TOKEN else "try again in a minute"
        raise ValueError(f"Telegram refuses this token ({error.text}): {reason}") from None
    except Unanswered as error:
        raise ValueError(f"Telegram: {error}: check the network, then paste the token again") from None


def _free(asker: Asker, api: Telegram) -> None:
    """See that nothing else takes the bot's messages away. Raises ChatopsError."""
    if not api.ask("getWebhookInfo").get("url"):
        return
    asker.say("Another program has set a webhook for this bot, which takes its messages away.")
    if not agreed(asker, "Take the webhook away?"):
        raise Misconfigured("a bot with a webhook cannot be read: make one of its own with @BotFather, run init again")
    api.ask("deleteWebhook", drop_pending_updates=False)


def wait_for_message(asker: Asker, api: Telegram, username: str) -> Found:
    """The message that the person at the keyboard says is theirs. Raises ChatopsError."""
    asker.say(f"Now open https://t.me/{username} and press Start, or send any message to @{username}.")
    asker.say(f"For a group: add the bot to it and send /start@{username} there (in the topic, if it has topics).")
    while True:
        for found in messages(asker, api):
            asker.say(f"“{' '.join(found.text.split())[:SHOWN_LENGTH_MAX]}” from {found.who}, {found.where}.")
            if not found.user_id:
                asker.say("Sent anonymously: turn Remain Anonymous off in your admin rights, then send it again.")
            elif agreed(asker, "Is that you, and shall notices go there?"):
                return found
        if not agreed(asker, "Nothing came for ten minutes. Go on waiting?"):
            raise Misconfigured("no message came: nothing was written, run init again")


def messages(asker: Asker, api: Telegram) -> Iterator[Found]:
    """Messages to the bot, each once, for as long as one waits for them. Raises ChatopsError."""
    seen: set[int] = set()
    offset: dict[str, int] = {}
    end = monotonic() + WAIT_SECONDS_MAX
    while monotonic() < end:
        batch = _updates(asker, api, offset)
        fresh = [each for each in batch if each["update_id"] not in seen]
        if len(batch) == BATCH_MAX and not fresh:
            asker.say("A hundred messages wait for this bot: the oldest are passed over.")
            offset = {"offset": batch[-1]["update_id"] + 1}
        elif batch and not fresh:
            time.sleep(LOOK_SECONDS)
        for each in fresh:
            seen.add(each["update_id"])
            message = each.get("message")
            if message and message.get("text"):
                yield found_in(message)


def _updates(asker: Asker, api: Telegram, offset: Mapping[str, int]) -> list[Json]:
    try:
        updates: list[Json] = api.ask("getUpdates", wait=POLL_SECONDS, timeout=int(POLL_SECONDS), **offset)
        return updates
    except Unanswered:
        time.sleep(LOOK_SECONDS)
    except Declined as error:
        if error.status != CONFLICT:
            raise
        asker.say("Another program reads this bot's messages: stop it (is the bot itself running?).")
        asker.line("Press Enter when it is stopped")
    return []


def found_in(message: Json) -> Found:
    """What a message shows of its sender and its place."""
    sender, chat = message.get("from") or {}, message["chat"]
    anonymous = not sender or sender["id"] in ANONYMOUS_IDS or message.get("sender_chat")
    name = " ".join(filter(None, (sender.get("first_name"), sender.get("last_name")))) or "somebody"
    nick = f" @{sender['username']}" if sender.get("username") else ""
    private = chat["type"] == "private"
    topic = message.get("message_thread_id", "") if message.get("is_topic_message") else ""
    where = "in your own chat with the bot" if private else f"in the {chat['type']} “{chat.get('title', chat['id'])}”"
    return Found(
        user_id="" if anonymous else str(sender["id"]),
        who=f"{name}{nick} ({sender.get('id', 'no id')})",
        chat_id=str(chat["id"]),
        where=where + (f", topic {topic}" if topic else ""),
        topic_id=str(topic),
        text=message["text"],
    )


def _place(found: Found, current: Mapping[str, str]) -> dict[str, str]:
    users = with_owner(current.get("TELEGRAM_USERS", ""), found.user_id)
    return {"TELEGRAM_CHAT_ID": found.chat_id, "TELEGRAM_TOPIC_ID": found.topic_id, "TELEGRAM_USERS": users}


def send_test(values: Mapping[str, str], text: str) -> str:
    """Write into the chat; where to look for it. Raises ChatopsError."""
    api = Telegram(values["TELEGRAM_BOT_TOKEN"], values.get("TELEGRAM_API_BASE", ""))
    topic = values.get("TELEGRAM_TOPIC_ID", "")
    where = {"message_thread_id": int(topic)} if topic else {}
    try:
        shown = api.ask("sendMessage", chat_id=int(values["TELEGRAM_CHAT_ID"]), text=text, **where)
    except ChatopsError as error:
        raise Misconfigured(f"Telegram did not take the test message: {error}") from None
    title = shown["chat"].get("title")
    return f"Telegram: look into “{title}”." if title else "Telegram: look into your own chat with the bot."
