"""The channels that the settings name, beside the terminal: each SDK is imported only when its channel is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from chatbot.channels.terminal import StdinChannel, TerminalChannel
from chatbot.commands.overview import glance
from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.outbox import Channel
from chatbot.people import roles
from chatbot.seams import ChannelMaker
from trading.engine.desk import Desk


def talking(*, terminal: bool) -> ChannelMaker:
    """A maker of all configured channels; `terminal`: also the chat on this machine."""

    def make(settings: Settings, front: Front, desk: Desk, told: Callable[[str], None]) -> Sequence[Channel]:
        return speaking(settings, front, told, (lambda: glance(desk.status())) if terminal else None)

    return make


def speaking(
    settings: Settings, front: Front, told: Callable[[str], None], glanced: Callable[[], str] | None
) -> Sequence[Channel]:
    """All configured channels; and the one on this machine where `glanced` says in one line how things are."""
    local = [_local(front, glanced)] if glanced else []
    return (*local, *_telegram(settings, front, told), *_discord(settings, front, told))


def _local(front: Front, glanced: Callable[[], str]) -> Channel:
    if sys.stdin.isatty():
        return TerminalChannel(front.handle, COMMANDS, glanced)
    return StdinChannel(front.handle, COMMANDS)


def _telegram(settings: Settings, front: Front, told: Callable[[str], None]) -> list[Channel]:
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return []
    from chatbot.channels.telegram import TelegramChannel

    channel = TelegramChannel(
        front.handle,
        COMMANDS,
        token=token,
        chat_id=settings.telegram_notice_chat,
        topic_id=settings.telegram_topic_id,
        api_base=settings.telegram_api_base,
        people=roles(settings.telegram_users),
        told=told,
    )
    return [channel]


def _discord(settings: Settings, front: Front, told: Callable[[str], None]) -> list[Channel]:
    token = settings.discord_bot_token.get_secret_value()
    if not token:
        return []
    from chatbot.channels.discord import DiscordChannel

    channel = DiscordChannel(
        front.handle,
        COMMANDS,
        token=token,
        guild_id=settings.discord_guild_id,
        channel_id=settings.discord_channel_id,
        api_base=settings.discord_api_base,
        told=told,
    )
    return [channel]
