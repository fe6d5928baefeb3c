"""The part of `doctor` about chats: each token, where notices go, and who may command."""

from __future__ import annotations

import re

import requests

from chatbot.config import Settings
from chatbot.tools.findings import Finding, fail, ok, warn
from chatbot.version import VERSION

CHAT_SECONDS_MAX = 5.0  # for a chat's server to answer
TELEGRAM, DISCORD = "https://api.telegram.org", "https://discord.com/api/v10"
OWN_NUMBER = {"telegram": "@userinfobot tells it", "discord": "Developer Mode, Copy User ID"}
TELEGRAM_TOKEN = re.compile(r"\d{5,}:[\w-]{20,}")
DISCORD_TOKEN = re.compile(r"[\w-]{8,}\.[\w-]{4,}\.[\w-]{8,}")


def chats(settings: Settings) -> list[Finding]:
    """Each chat that is set up: its token, where notices go, and who may command."""
    found = []
    if token := settings.telegram_bot_token.get_secret_value():
        address = f"{(settings.telegram_api_base or TELEGRAM).rstrip('/')}/bot{token}/getMe"
        found.append(_token("telegram", TELEGRAM_TOKEN, token, address, {}))
        found.append(_people("telegram", settings.telegram_users, settings.telegram_notice_chat))
    if token := settings.discord_bot_token.get_secret_value():
        address = f"{(settings.discord_api_base or DISCORD).rstrip('/')}/users/@me"
        headers = {"Authorization": f"Bot {token}", "User-Agent": f"DiscordBot (kalshi-chatops, {VERSION})"}
        found.append(_token("discord", DISCORD_TOKEN, token, address, headers))
        where = f"{settings.discord_channel_id} of guild {settings.discord_guild_id}"
        found.append(_people("discord", settings.discord_users, where))
    return found or [warn("chats", "the terminal only", "set TELEGRAM_BOT_TOKEN or DISCORD_BOT_TOKEN for your phone")]


def _token(name: str, form: re.Pattern[str], token: str, address: str, headers: dict[str, str]) -> Finding:
    """Whether the token looks like one and its server takes it; the address may hold it, and is never shown."""
    variable = f"{name.upper()}_BOT_TOKEN"
    again = f"copy {variable} again from " + ("@BotFather" if name == "telegram" else "the Developer Portal's Bot page")
    if not form.fullmatch(token):
        return fail(name, f"{variable} is not a token", again)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(address, headers=headers, timeout=CHAT_SECONDS_MAX, allow_redirects=False)
        if answer.status_code in (401, 403, 404):
            return fail(name, f"{variable} is refused (HTTP {answer.status_code})", again)
        if not answer.ok:
            return fail(name, f"its server answers HTTP {answer.status_code}", "try again in a minute")
        said = answer.json()
        return ok(name, f"logged in as {said.get('result', said)['username']}")
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"its server gives no answer ({type(error).__name__})"
        return fail(name, said, f"check the network, and {name.upper()}_API_BASE where it is set")


def _people(name: str, people: dict[str, str], where: str) -> Finding:
    """Whether anybody is listed, and somebody may do everything."""
    text = f"{len(people)} on the list, notices go to {where}"
    if "owner" in people.values():
        return ok(f"{name} people", text)
    fix = f"add yourself to {name.upper()}_USERS as <number>:owner ({OWN_NUMBER[name]})"
    return warn(f"{name} people", f"{text}; nobody is owner", fix)
