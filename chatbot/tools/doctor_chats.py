"""The part of `doctor` about chats: which are set up, who can read `.env`, and when and of what people are told."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from chatbot.config import Settings
from chatbot.tools.doctor_discord import discord
from chatbot.tools.doctor_telegram import telegram
from chatbot.tools.findings import Finding, ok, warn
from trading.clock import real_now

OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def chats(settings: Settings, *, running: bool = False) -> list[Finding]:
    """Each chat that is set up; `running`: our own bot is, and reads them."""
    found: list[Finding] = []
    if settings.telegram_bot_token.get_secret_value():
        found += telegram(settings, running=running)
    if settings.discord_bot_token.get_secret_value():
        found += discord(settings)
    none = warn("chats", "the terminal only", "run `kalshi-chatops init` to bring the bot to your phone")
    return [*(found or [none]), *told(settings)]


def told(settings: Settings) -> Iterator[Finding]:
    """When the daily report comes, and what NOTIFY changes."""
    at = next_report(settings, real_now())
    yield ok("report", f"daily at {settings.daily_digest_at} {settings.timezone}, next {at:%a %d %b %H:%M}")
    yield ok("notices", settings.notify or "all of them (NOTIFY is not set)")


def next_report(settings: Settings, now: datetime) -> datetime:
    """When the daily report comes next, in the settings' time zone."""
    local = now.astimezone(settings.zone)
    today = datetime.combine(local.date(), settings.digest_time, settings.zone)
    return (
        today if today > local else datetime.combine(local.date() + timedelta(1), settings.digest_time, settings.zone)
    )


def env_file(path: Path) -> Finding:
    """Whether nobody else on this machine can read the secrets."""
    if not path.is_file():
        return ok(".env", "none: everything as it is by default (`kalshi-chatops init` makes one)")
    loose = [each for each in (path, path.with_name(f"{path.name}.bak")) if each.is_file() and _loose(each)]
    if loose:
        names = " ".join(each.name for each in loose)
        return warn(".env", f"others on this machine can read {names}, and with it the tokens", f"chmod 600 {names}")
    return ok(".env", "readable by you alone")


def _loose(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS_MAY)
