"""The set-up's questions about Discord: token, invitation, server, channel, and whose account it is.

Everything is asked over plain HTTP: the sender of a message is told without any privileged intent, its text is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chatbot.tools.chat_calls import WRONG_TOKEN, Declined, Discord, Unanswered
from chatbot.tools.discord_rights import TEXT_KINDS, invite, missing
from chatbot.tools.doctor_discord import TOKEN
from chatbot.tools.init.asking import NONE, Asker, agreed, chosen, hint, until
from chatbot.tools.init.people import with_owner
from trading.clock import monotonic
from trading.domain.errors import ChatopsError, Misconfigured

Json = Mapping[str, Any]
LOOK_SECONDS = 1.0  # between two looks for what a person does
WAIT_SECONDS_MAX = 600.0  # for it, until asked whether to go on waiting
NAMES = ("DISCORD_BOT_TOKEN", "DISCORD_GUILD_ID", "DISCORD_CHANNEL_ID", "DISCORD_LOG_CHANNEL_ID", "DISCORD_USERS")
MESSAGES_MAX = 50  # of one look
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot whose token was taken; `id` is its account's."""

    api: Discord
    id: str
    name: str
    application: Json


def discord(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    """The values for `.env`; empty ones take away what is there."""
    asker.say("\nDiscord: discord.com/developers/applications, New Application; Bot, Reset Token tells the token.")
    kept, base = current.get("DISCORD_BOT_TOKEN", ""), current.get("DISCORD_API_BASE", "")
    question = f"Discord token {hint(kept, 'no Discord')}"
    bot = until(asker, question, lambda text: _bot(text or kept, base), secret=True)
    if bot is None:
        return dict.fromkeys(NAMES, "") if kept else {}
    asker.say(f"The token is {bot.name}'s.")
    if bot.application.get("bot_public"):
        asker.say("Anybody could invite this bot: at Bot, switch Public Bot off (at Installation, Install Link None).")
    values, known = {"DISCORD_BOT_TOKEN": bot.api.token}, current.get("DISCORD_CHANNEL_ID", "")
    same = known and bot.api.token == kept
    if same and agreed(asker, f"Leave the notices in channel {known}, and the people as they are?"):
        return values
    guild = _guild(asker, bot)
    channel = _channel(asker, bot, str(guild["id"]))
    owner = _owner(asker, bot, channel)
    users = with_owner(current.get("DISCORD_USERS", ""), owner)
    ids = {"DISCORD_GUILD_ID": str(guild["id"]), "DISCORD_CHANNEL_ID": str(channel["id"])}
    return values | ids | {"DISCORD_USERS": users}


def _bot(token: str, base: str) -> Bot | None:
    """The bot whose token it is; None without one. Raises ValueError."""
    if token in ("", NONE):
        return None
    if not TOKEN.fullmatch(token):
        raise ValueError("that is no token: it is three parts with dots between, from the page Bot, Reset Token")
    api = Discord(token, base)
    try:
        me = api.ask("/users/@me")
        return Bot(api, str(me["id"]), str(me["username"]), api.ask("/applications/@me"))
    except Declined as error:
        reason = "press Reset Token and copy the next one" if error.status in WRONG_TOKEN else "try again in a minute"
        raise ValueError(f"Discord refuses this token ({error.text}): {reason}") from None
    except Unanswered as error:
        raise ValueError(f"Discord: {error}: check the network, then paste the token again") from None


def _guild(asker: Asker, bot: Bot) -> Json:
    """The server to speak in, once the bot is in one."""

    def joined() -> Sequence[Json]:
        return list(bot.api.ask("/users/@me/guilds"))

    guilds = joined()
    if not guilds:
        asker.say(f"Open this address, choose your server and press Authorize:\n{invite(bot.application['id'])}")
        guilds = _waited(asker, joined, "The bot is in no server yet.")
    if len(guilds) == 1:
        asker.say(f"The bot is in the server “{guilds[0]['name']}”.")
        return guilds[0]
    return guilds[chosen(asker, "In which server?", [str(each["name"]) for each in guilds])]


def _channel(asker: Asker, bot: Bot, guild_id: str) -> Json:
    """A channel in which the bot may do what it needs; asked again after people have mended one."""
    while True:
        guild = bot.api.ask(f"/guilds/{guild_id}")
        me = bot.api.ask(f"/guilds/{guild_id}/members/{bot.id}")
        listed: list[Json] = [
            each for each in bot.api.ask(f"/guilds/{guild_id}/channels") if each["type"] in TEXT_KINDS
        ]
        listed.sort(key=lambda each: each.get("position") or 0)
        if not listed:
            asker.line("This server has no text channel: make one, then press Enter")
            continue
        lacking = [missing(guild, me, each) for each in listed]
        names = [
            f"#{each['name']}" + (" (not allowed yet)" if no else "") for each, no in zip(listed, lacking, strict=True)
        ]
        first = next((at for at, no in enumerate(lacking) if not no), 0)
        at = chosen(asker, "In which channel? Everybody who can read it reads the notices.", names, first)
        if not lacking[at]:
            return listed[at]
        lacks = ", ".join(lacking[at])
        asker.say(
            f"The bot lacks {lacks} there: in Edit Channel, Permissions, add the bot and allow it. Then choose again."
        )


def _owner(asker: Asker, bot: Bot, channel: Json) -> str:
    """The account id of the person at the keyboard, from a message that they send into the channel."""
    after = str(channel.get("last_message_id") or 0)
    asker.say(f"Now send any message into #{channel['name']}: it shows which account is yours.")
    refused: set[str] = set()

    def authors() -> list[Json]:
        asked = f"/channels/{channel['id']}/messages?after={after}&limit={MESSAGES_MAX}"
        people = {each["author"]["id"]: each["author"] for each in bot.api.ask(asked) if not each["author"].get("bot")}
        return [person for who, person in people.items() if who not in refused]

    while True:
        for person in _waited(asker, authors, "No message has come."):
            shown = f"{person.get('global_name') or person['username']} @{person['username']} ({person['id']})"
            if agreed(asker, f"A message from {shown}. Is that you?"):
                return str(person["id"])
            refused.add(person["id"])


def _waited(asker: Asker, look: Callable[[], Sequence[T]], nothing: str) -> Sequence[T]:
    """What `look` finds, as soon as that is something. Raises ChatopsError."""
    while True:
        end = monotonic() + WAIT_SECONDS_MAX
        while monotonic() < end:
            try:
                if found := look():
                    return found
            except Unanswered:
                pass  # the next look may be answered
            time.sleep(LOOK_SECONDS)
        if not agreed(asker, f"{nothing} Go on waiting?"):
            raise Misconfigured(f"{nothing} Nothing was written: run init again")


def send_test(values: Mapping[str, str], text: str) -> str:
    """Write into the channel; where to look for it. Raises ChatopsError."""
    api, channel = (
        Discord(values["DISCORD_BOT_TOKEN"], values.get("DISCORD_API_BASE", "")),
        values["DISCORD_CHANNEL_ID"],
    )
    try:
        api.ask(f"/channels/{channel}/messages", {"content": text})
        return f"Discord: look into #{api.ask(f'/channels/{channel}')['name']}."
    except ChatopsError as error:
        raise Misconfigured(f"Discord did not take the test message: {error}") from None
