"""The menu of commands that people see when they type a slash: each person the commands of their role, a stranger none.

It is a comfort: what fails here is logged and tried again when the person writes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeChat, BotCommandScopeChatMember
from telegram.error import TelegramError

from chatbot.channels.telegram_wire import GARBLED, without_token
from chatbot.command import Command
from chatbot.message import Role

DESCRIPTION_LENGTH_MAX = 256
COMMANDS_MAX = 100

log = logging.getLogger(__name__)


class Menu:
    """Sets menus: in everybody's own chat with the bot, and in the group for its members who have a role."""

    def __init__(self, bot: Bot, commands: Mapping[str, Command], people: Mapping[str, Role]) -> None:
        self._bot, self._commands, self._people = bot, commands, people
        self._token = bot.token
        self._set: set[tuple[str, str]] = set()
        self._hidden = False

    def missing(self, person: str, chat: str) -> bool:
        """Whether this person has no menu in this chat yet and is to have one."""
        return person in self._people and (person, chat) not in self._set

    async def set_all(self, chat: str) -> None:
        """Set what is not set yet, and take away the menu that strangers would see."""
        self._hidden = self._hidden or await self._try(None, ())
        for person in self._people:
            for each in (person, chat):
                if self.missing(person, each):
                    await self.set_for(person, each)

    async def set_for(self, person: str, chat: str) -> None:
        """Set one person's menu in one chat: their own chat with the bot, or a group."""
        own = chat == person
        if not _numeric(person) or not _numeric(chat) or not (own or chat.startswith("-")):
            return
        scope = BotCommandScopeChat(int(chat)) if own else BotCommandScopeChatMember(int(chat), int(person))
        if await self._try(scope, self._listed(self._people[person])):
            self._set.add((person, chat))

    def _listed(self, role: Role) -> tuple[BotCommand, ...]:
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
