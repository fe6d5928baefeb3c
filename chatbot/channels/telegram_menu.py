"""The menu of commands that people see when they type a slash: each person the commands of their role, a stranger none.

It is a comfort: what fails here is logged and tried again when the person writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeChat, BotCommandScopeChatMember
from telegram.error import TelegramError

from chatbot.access import Access
from chatbot.channels.telegram_reading import NAME
from chatbot.channels.telegram_wire import GARBLED, without_token
from chatbot.command import Command
from chatbot.message import Role

DESCRIPTION_LENGTH_MAX = 256
COMMANDS_MAX = 100

log = logging.getLogger(__name__)


class Menu:
    """Sets menus: in everybody's own chat with the bot, and in the groups for their members who have a role. What was
    granted or revoked since changes them."""

    def __init__(self, bot: Bot, commands: Mapping[str, Command], access: Access) -> None:
        self._bot, self._commands, self._access = bot, commands, access
        self._token = bot.token
        self._set: dict[tuple[str, str], Role | None] = {}  # the role that a person's menu in a chat is of
        self._hidden = False
        self._one = asyncio.Lock()  # so that an older menu never comes after a younger one

    def missing(self, person: str, chat: str) -> bool:
        """Whether this person's menu in this chat is not that of their role."""
        roles = self._access.roles(NAME)
        return person in roles and ((person, chat) not in self._set or self._set[person, chat] is not roles[person])

    async def set_all(self, chat: str) -> None:
        """Set what is not set yet, and take away the menu that strangers would see."""
        async with self._one:
            self._hidden = self._hidden or await self._try(None, ())
        for person in self._access.roles(NAME):
            others = [where for who, where in self._set if who == person]
            for each in dict.fromkeys((person, chat, *others)):
                await self.set_for(person, each)

    async def set_for(self, person: str, chat: str) -> None:
        """Set one person's menu in one chat, where it is missing: their own chat with the bot, or a group."""
        own = chat == person
        if not _numeric(person) or not _numeric(chat) or not (own or chat.startswith("-")):
            return
        scope = BotCommandScopeChat(int(chat)) if own else BotCommandScopeChatMember(int(chat), int(person))
        async with self._one:
            if not self.missing(person, chat):
                return
            role = self._access.roles(NAME)[person]
            if await self._try(scope, self._listed(role)):
                self._set[person, chat] = role

    def _listed(self, role: Role | None) -> tuple[BotCommand, ...]:
        """The commands of a role; of none, none."""
        if role is None:
            return ()
        allowed = [each for each in self._commands.values() if each.role <= role]
        return tuple(BotCommand(each.name, each.short[:DESCRIPTION_LENGTH_MAX]) for each in allowed[:COMMANDS_MAX])

    async def _try(self, scope: BotCommandScope | None, listed: tuple[BotCommand, ...]) -> bool:
        """Whether Telegram took it. A person who never wrote to the bot has no chat with it, which is no error."""
        try:
            if listed:
                return await self._bot.set_my_commands(listed, scope=scope)
            return await self._bot.delete_my_commands(scope=scope)
        except (TelegramError, *GARBLED) as error:
            log.info("a Telegram menu was not set: %s", without_token(str(error), self._token))
            return False


def _numeric(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
