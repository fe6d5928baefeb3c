"""The part of `doctor` about Telegram: the token, who else reads with it, the chat of notices, people and menus."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.message import Role
from chatbot.tools.chat_calls import WRONG_TOKEN, Declined, Telegram, Unanswered
from chatbot.tools.findings import Finding, fail, ok, warn
from trading.clock import monotonic

TOKEN = re.compile(r"\d{5,}:[\w-]{20,}")
AGAIN = "copy TELEGRAM_BOT_TOKEN again from @BotFather"
INIT = "run `kalshi-chatops init` and send the bot a message there"
LISTEN_SECONDS = 2.0  # in which another reader shows itself: it is cut off, comes back, and cuts us off
LOOK_SECONDS = 0.2
CONFLICT, FORBIDDEN = 409, 403
PEOPLE_MAX = 20  # that are looked up


def telegram(settings: Settings, *, running: bool) -> Iterator[Finding]:
    """Each check; only the first where the token is not taken. `running`: our own bot reads with it at this moment."""
    token = settings.telegram_bot_token.get_secret_value()
    if not TOKEN.fullmatch(token):
        yield fail("telegram", "TELEGRAM_BOT_TOKEN is not a token", AGAIN)
        return
    api = Telegram(token, settings.telegram_api_base)
    try:
        me = api.ask("getMe")
        yield ok("telegram", f"logged in as {me['username']}")
        yield from _checks(settings, api, me, running)
    except Declined as error:
        wrong = error.status in WRONG_TOKEN
        text = f"TELEGRAM_BOT_TOKEN is refused (HTTP {error.status})" if wrong else f"its server answers: {error.text}"
        yield fail("telegram", text, AGAIN if wrong else "try again in a minute")
    except (Unanswered, KeyError, TypeError) as error:
        said = str(error) if isinstance(error, Unanswered) else "its server's answer cannot be read"
        yield fail("telegram", said, "check the network, and TELEGRAM_API_BASE where it is set")


def _checks(settings: Settings, api: Telegram, me: dict[str, Any], running: bool) -> Iterator[Finding]:
    yield _reader(api, running)
    yield from _chat(settings, api, me)
    yield _people(settings, api)
    yield _menu(settings, api)


def _reader(api: Telegram, running: bool) -> Finding:
    """Whether the bot's messages come to us alone."""
    if address := api.ask("getWebhookInfo").get("url"):
        fix = "stop the program that set it; the bot takes it away at its start"
        return warn("telegram reader", f"a webhook takes its messages to {address.split('/')[2]}", fix)
    if running:
        return ok("telegram reader", "the running bot")
    if _somebody_reads(api):
        fix = "stop it, or give this bot its own token; if nobody runs one, /revoke the token at @BotFather"
        return fail("telegram reader", "another program reads its messages with the same token", fix)
    return ok("telegram reader", "nobody else")


def _somebody_reads(api: Telegram) -> bool:
    """Read for a moment, without confirming anything, and see whether somebody cuts in."""
    end = monotonic() + LISTEN_SECONDS
    while (left := end - monotonic()) > 0:
        try:
            if api.ask("getUpdates", wait=left, timeout=max(1, round(left)), limit=1):
                time.sleep(LOOK_SECONDS)
        except Declined as error:
            if error.status == CONFLICT:
                return True
            raise
    return False


def _chat(settings: Settings, api: Telegram, me: dict[str, Any]) -> Iterator[Finding]:
    """The chat of notices: there, and open to the bot."""
    chat_id, name = settings.telegram_notice_chat, "telegram chat"
    try:
        chat = api.ask("getChat", chat_id=int(chat_id))
        group = chat["type"] != "private"
        if group and (shut := _shut(api.ask("getChatMember", chat_id=int(chat_id), user_id=me["id"]), chat)):
            yield fail(name, f"{_title(chat)}: {shut[0]}", shut[1])
            return
        topic = settings.telegram_topic_id
        where = {"message_thread_id": int(topic)} if topic else {}
        api.ask("sendChatAction", chat_id=int(chat_id), action="typing", **where)
    except Declined as error:
        yield _declined(name, chat_id, error)
        return
    yield ok(name, f"{_title(chat)}{f', topic {topic}' if topic else ''}: the bot may write there")
    if group:
        yield _privacy(me)
    elif chat_id not in settings.telegram_users:
        yield warn(
            "telegram notices", f"they go to {chat_id}, who is not in TELEGRAM_USERS", "is that meant so? " + INIT
        )


def _title(chat: dict[str, Any]) -> str:
    return f"“{chat.get('title') or chat.get('first_name') or chat['id']}”"


def _shut(member: dict[str, Any], chat: dict[str, Any]) -> tuple[str, str] | None:
    """What keeps the bot from writing in a group, and the fix."""
    status = member["status"]
    if status in ("left", "kicked"):
        return ("the bot is not in it", "add the bot to the group" + (" (it was banned)" if status == "kicked" else ""))
    allowed = member if status == "restricted" else chat.get("permissions") or {}
    if status in ("member", "restricted") and allowed.get("can_send_messages") is False:
        return ("members may not write there", "make the bot an admin, or let members write")
    return None


def _declined(name: str, chat_id: str, error: Declined) -> Finding:
    if error.moved_to:
        fix = f"set TELEGRAM_CHAT_ID={error.moved_to}"
        return fail(name, f"{chat_id} became a supergroup, which has another number", fix)
    if "thread" in error.text or "TOPIC" in error.text:
        return fail(name, "its topic is gone or closed", f"set TELEGRAM_TOPIC_ID anew, or take it out: {INIT}")
    if error.status == FORBIDDEN:
        fix = "press Start in its chat (Unblock), or add the bot to the group again"
        return fail(name, f"the bot may not write to {chat_id} ({error.text})", fix)
    return fail(name, f"{chat_id}: {error.text}", f"press Start in the chat with the bot, or {INIT}")


def _privacy(me: dict[str, Any]) -> Finding:
    """In a group the bot should hear what is meant for it, and no more."""
    if me.get("can_read_all_group_messages"):
        fix = "at @BotFather: /setprivacy, Enable; then take the bot out of the group and add it again"
        return warn("telegram privacy", "the bot is given all that is written in the group", fix)
    return ok("telegram privacy", "on: it is given commands only")


def _people(settings: Settings, api: Telegram) -> Finding:
    """Whether somebody may do everything, and who they are; a bot knows only who has written to it."""
    people, shown, unknown = settings.telegram_users, [], []
    for who, role in list(people.items())[:PEOPLE_MAX]:
        try:
            shown.append(f"{api.ask('getChat', chat_id=int(who)).get('first_name', who)} ({who}) {role}")
        except Declined:
            unknown.append(who)
            shown.append(f"{who} {role}")
    text = f"{len(people)} on the list: {', '.join(shown) or 'nobody'}"
    if "owner" not in people.values():
        return warn("telegram people", f"{text}; nobody is owner", f"{INIT}: it puts you on the list as owner")
    if unknown:
        fix = f"is {', '.join(unknown)} the right number? Then they press Start in the chat with the bot once"
        return warn("telegram people", f"{text}; not every one has written to the bot", fix)
    return ok("telegram people", text)


def _menu(settings: Settings, api: Telegram) -> Finding:
    """The commands that an owner sees after typing a slash."""
    owner = next((who for who, role in settings.telegram_users.items() if role == Role.OWNER.word), "")
    if not owner:
        return ok("telegram menu", "made when somebody is owner")
    scope = {"type": "chat", "chat_id": int(owner)}
    try:
        there = {each["command"] for each in api.ask("getMyCommands", scope=scope)}
    except Declined:
        there = set()
    if missing := sorted(set(COMMANDS) - there):
        known = f"{len(there)} of {len(COMMANDS)} commands" if there else "none yet"
        return ok("telegram menu", f"{known} (made at the bot's start)" if not there else f"{known}, not {missing[0]}")
    return ok("telegram menu", f"{len(there)} commands")
