"""The part of `doctor` about Discord: the token, the server, the channels and what the bot may do there, commands,
people, and how often somebody logs in with the token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.tools.chat_calls import WRONG_TOKEN, Declined, Discord, Unanswered
from chatbot.tools.discord_rights import TEXT_KINDS, invite, missing
from chatbot.tools.findings import Finding, fail, ok, warn

TOKEN = re.compile(r"[\w-]{8,}\.[\w-]{4,}\.[\w-]{8,}")
AGAIN = "copy DISCORD_BOT_TOKEN again from the Developer Portal's Bot page"
LOGINS_LEFT_MIN = 0.5  # of the day's, below which somebody logs in far too often
PEOPLE_MAX = 20  # that are looked up

Json = Mapping[str, Any]


def discord(settings: Settings) -> Iterator[Finding]:
    """Each check; only the first where the token is not taken, and the server alone where the bot is not in it."""
    token = settings.discord_bot_token.get_secret_value()
    if not TOKEN.fullmatch(token):
        yield fail("discord", "DISCORD_BOT_TOKEN is not a token", AGAIN)
        return
    api = Discord(token, settings.discord_api_base)
    try:
        me = api.ask("/users/@me")
        yield ok("discord", f"logged in as {me['username']}")
        yield from _checks(settings, api, str(me["id"]))
    except Declined as error:
        wrong = error.status in WRONG_TOKEN and not error.number
        text = f"DISCORD_BOT_TOKEN is refused (HTTP {error.status})" if wrong else f"its server answers: {error.text}"
        yield fail("discord", text, AGAIN if wrong else "try again in a minute")
    except (Unanswered, KeyError, TypeError) as error:
        said = str(error) if isinstance(error, Unanswered) else "its server's answer cannot be read"
        yield fail("discord", said, "check the network, and DISCORD_API_BASE where it is set")


def _checks(settings: Settings, api: Discord, me: str) -> Iterator[Finding]:
    application = api.ask("/applications/@me")
    address = invite(application["id"])
    try:
        guild = api.ask(f"/guilds/{settings.discord_guild_id}")
        member = api.ask(f"/guilds/{settings.discord_guild_id}/members/{me}")
    except Declined:
        fix = f"check DISCORD_GUILD_ID, or bring the bot in: open {address}"
        yield fail("discord server", f"the bot is not in {settings.discord_guild_id}", fix)
        return
    yield _server(application, guild)
    yield _channel("discord channel", "DISCORD_CHANNEL_ID", settings.discord_channel_id, api, guild, member)
    if log := settings.discord_log_channel_id:
        yield _channel("discord log", "DISCORD_LOG_CHANNEL_ID", log, api, guild, member)
    yield _commands(api, application["id"], guild, address)
    yield _people(settings, api, guild)
    yield _logins(api)


def _server(application: Json, guild: Json) -> Finding:
    text = f"“{guild['name']}”"
    if application.get("bot_public"):
        fix = "Developer Portal: at Installation, Install Link None; at Bot, switch Public Bot off"
        return warn("discord server", f"{text}; anybody can invite the bot elsewhere", fix)
    return ok("discord server", text)


def _channel(name: str, variable: str, channel_id: str, api: Discord, guild: Json, member: Json) -> Finding:
    """A channel: there, of the server, for text, and open to the bot."""
    try:
        channel = api.ask(f"/channels/{channel_id}")
    except Declined as error:
        hidden = "in its Permissions, add the bot and allow View Channel"
        fix = hidden if error.status == 403 else f"it was deleted: set {variable} (`kalshi-chatops init` lists them)"
        return fail(name, f"{channel_id}: {error.text}", fix)
    title = f"#{channel.get('name', channel_id)}"
    if str(channel.get("guild_id", guild["id"])) != str(guild["id"]) or channel["type"] not in TEXT_KINDS:
        return fail(name, f"{title} is no text channel of “{guild['name']}”", f"set {variable} to one that is")
    if lacks := missing(guild, member, channel):
        fix = f"in Edit Channel, Permissions of {title}, add the bot and allow it that"
        return fail(name, f"{title}: the bot lacks {', '.join(lacks)}", fix)
    return ok(name, f"{title}: the bot may write there")


def _commands(api: Discord, application_id: str, guild: Json, address: str) -> Finding:
    """Whether the slash commands are there."""
    try:
        there = {each["name"] for each in api.ask(f"/applications/{application_id}/guilds/{guild['id']}/commands")}
    except Declined:
        return fail("discord commands", "the bot may register none", f"bring it in again: open {address}")
    if not there:
        return ok("discord commands", "none yet (made at the bot's start)")
    absent = sorted(set(COMMANDS) - there)
    text = f"{len(there)} commands" + (f", not {absent[0]} (made at the bot's next start)" if absent else "")
    return ok("discord commands", text)


def _people(settings: Settings, api: Discord, guild: Json) -> Finding:
    """Whether somebody may do everything, and who they are on the server."""
    people, shown, gone = settings.discord_users, [], []
    roles = {f"&{each['id']}": f"role {each['name']}" for each in guild["roles"]}
    for who, role in list(people.items())[:PEOPLE_MAX]:
        name = roles.get(who, "") if who.startswith("&") else _name(api, guild, who)
        shown.append(f"{name or who} {role}")
        gone += [] if name else [who]
    text = f"{len(people)} on the list: {', '.join(shown) or 'nobody'}"
    if "owner" not in people.values():
        fix = "add yourself to DISCORD_USERS as <number>:owner: `kalshi-chatops init` finds the number"
        return warn("discord people", f"{text}; nobody is owner", fix)
    if gone:
        return warn("discord people", f"{text}; not all are on the server", f"check {', '.join(gone)} in DISCORD_USERS")
    return ok("discord people", text)


def _name(api: Discord, guild: Json, who: str) -> str:
    """A member's name; empty for who is none."""
    try:
        user = api.ask(f"/guilds/{guild['id']}/members/{who}")["user"]
    except Declined:
        return ""
    return f"{user.get('global_name') or user['username']} ({who})"


def _logins(api: Discord) -> Finding:
    """Discord does not say who else has logged in with a token, but it counts the logins of a day."""
    limit = api.ask("/gateway/bot")["session_start_limit"]
    text = f"{limit['remaining']} of {limit['total']} logins left today"
    if limit["remaining"] >= LOGINS_LEFT_MIN * limit["total"]:
        return ok("discord logins", text)
    fix = "does another program use this token, or does the bot start again and again? Stop it, or press Reset Token"
    return warn("discord logins", text, fix)
