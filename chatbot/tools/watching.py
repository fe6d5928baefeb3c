"""What watches a running bot: the watchdog with its ways out, made of the settings, and the tasks that feed it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping

import requests

from chatbot.config import Settings
from chatbot.life.control_lost import ControlLost
from chatbot.life.life import App
from chatbot.life.watchdog import Say, Watchdog
from chatbot.logs import LogFile
from chatbot.version import VERSION
from trading.domain.events import ErrorSeen

LOOP, BEAT = "the loop", "the beat"
LOOP_SECONDS_MAX = 5.0
BEAT_SECONDS_MIN = 60.0  # what the beat may always take
BEATS_MAX = 10  # intervals without a beat
PULSE_SECONDS = 0.5  # between two signs of life of the loop
CONTROL_SECONDS = 5.0  # between two looks at whether a phone can be reached
REQUEST_SECONDS_MAX = 10.0  # to connect, and again for an answer
STANDARD_ERROR = 2
TELEGRAM, DISCORD = "https://api.telegram.org", "https://discord.com/api/v10"

log = logging.getLogger("kalshi-chatops")


def watchdog(settings: Settings, speed: float) -> Watchdog:
    """The watchdog that these settings ask for; `speed` is the clock's."""
    beat = max(BEAT_SECONDS_MIN, BEATS_MAX * settings.poll_seconds / speed)
    return Watchdog({LOOP: LOOP_SECONDS_MAX, BEAT: beat}, ways(settings), ping(settings))


def ways(settings: Settings) -> list[Say]:
    """Everywhere an alarm goes: each chat by a request of its own, standard error, the log."""
    chats = [each for each in (_telegram(settings), _discord(settings)) if each]
    name = f"{settings.instance_name} " if settings.instance_name else ""
    return [*(_named(name, chat) for chat in chats), _to_standard_error, log.error]


def ping(settings: Settings) -> Callable[[], None] | None:
    """Tells the external monitor that all is well, where there is one."""
    address = settings.heartbeat_url.get_secret_value()
    if not address:
        return None

    def sent() -> None:
        _requested("the external monitor", "GET", address, past_proxies=False)

    return sent


async def beating(app: App, dog: Watchdog) -> None:
    """Signs of life, until cancelled: of the loop while this runs, of the beat for every one that ends."""
    beats = 0
    while True:
        dog.hear(LOOP)
        if app.cycle.pulse.beats != beats:
            beats = app.cycle.pulse.beats
            dog.hear(BEAT)
        await asyncio.sleep(PULSE_SECONDS)


async def minding_control(app: App) -> None:
    """Look after the phones, until cancelled. Raises StoreFailed."""
    control = ControlLost(app.book, app.places.clock, app.channels, app.settings.control_lost_minutes)
    while True:
        control.look()
        await asyncio.sleep(CONTROL_SECONDS)


async def minding_log(app: App, file: LogFile) -> None:
    """Tell people, once, when the log cannot be written. Raises StoreFailed."""
    while True:
        if file.problem:
            app.book.record(ErrorSeen(app.places.clock.now(), "log", file.problem))
            return
        await asyncio.sleep(CONTROL_SECONDS)


# --- the ways out ---------------------------------------------------------------------------------------------------


def _named(name: str, say: Say) -> Say:
    return lambda text: say(f"{name}{text}")


def _to_standard_error(text: str) -> None:
    """Past Python's own buffer, whose lock the loop may hold."""
    os.write(STANDARD_ERROR, f"kalshi-chatops: {text}\n".encode())


def _telegram(settings: Settings) -> Say | None:
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return None
    address = f"{settings.telegram_api_base or TELEGRAM}/bot{token}/sendMessage"
    topic = (
        {"message_thread_id": int(settings.telegram_topic_id)} if settings.telegram_topic_id not in ("", "1") else {}
    )
    own_server = bool(settings.telegram_api_base)

    def say(text: str) -> None:
        body = {"chat_id": settings.telegram_notice_chat, "text": text, **topic}
        _requested("Telegram", "POST", address, json=body, past_proxies=own_server)

    return say


def _discord(settings: Settings) -> Say | None:
    token = settings.discord_bot_token.get_secret_value()
    if not token:
        return None
    address = f"{settings.discord_api_base or DISCORD}/channels/{settings.discord_channel_id}/messages"
    headers = {"Authorization": f"Bot {token}", "User-Agent": f"DiscordBot (kalshi-chatops, {VERSION})"}

    def say(text: str) -> None:
        body = {"content": text, "allowed_mentions": {"parse": []}}
        _requested("Discord", "POST", address, headers=headers, json=body)

    return say


def _requested(
    whom: str,
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: object = None,
    past_proxies: bool = True,
) -> None:
    """One request, once. The address may hold a secret, so no error's text is shown."""
    try:
        with requests.Session() as session:
            session.trust_env = not past_proxies
            answer = session.request(
                method, address, headers=headers, json=json, timeout=REQUEST_SECONDS_MAX, allow_redirects=False
            )
    except requests.RequestException as error:
        log.warning("%s was not reached past the loop: %s", whom, type(error).__name__)
        return
    if not answer.ok:
        log.warning("%s answered %s to what was sent past the loop", whom, answer.status_code)
