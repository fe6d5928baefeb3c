"""The channels that the settings name, beside the terminal: each SDK is imported only when its channel is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from chatbot.channels.stdin import StdinChannel
from chatbot.command import Command
from chatbot.commands.overview import glance
from chatbot.commands.registry import offered
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.logs import Redaction
from chatbot.outbox.channel import Channel
from chatbot.wiring.seams import ChannelMaker
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
    local = [_local(settings, front, glanced)] if glanced else []
    return (*local, *_telegram(settings, front, told), *_discord(settings, front, told))


def _commands(settings: Settings) -> Mapping[str, Command]:
    return offered(codes=bool(settings.totp_secret.get_secret_value()))


def _local(settings: Settings, front: Front, glanced: Callable[[], str]) -> Channel:
    folder = settings.data_folder
    if sys.stdin.isatty():
        from chatbot.channels.terminal import TerminalChannel  # here: it brings prompt_toolkit

        return TerminalChannel(front.handle, _commands(settings), glanced, complete=front.complete, folder=folder)
    return StdinChannel(front.handle, _commands(settings), folder=folder)


def _telegram(settings: Settings, front: Front, told: Callable[[str], None]) -> list[Channel]:
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return []
    from chatbot.channels.telegram import TelegramChannel

    channel = TelegramChannel(
        front.handle,
        _commands(settings),
        token=token,
        chat_id=settings.telegram_notice_chat,
        topic_id=settings.telegram_topic_id,
        api_base=settings.telegram_api_base,
        access=front.access,
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
        _commands(settings),
        token=token,
        guild_id=settings.discord_guild_id,
        channel_id=settings.discord_channel_id,
        log_channel_id=settings.discord_log_channel_id,
        clean=Redaction(settings.secrets()).clean,
        api_base=settings.discord_api_base,
        complete=front.complete,
        told=told,
    )
    return [channel]
