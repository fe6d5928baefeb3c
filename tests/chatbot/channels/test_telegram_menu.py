"""The menus of commands: each person's by their role, and changed while the bot runs."""

from __future__ import annotations

import pytest
from telegram_rig import GROUP, OPERATOR_ID, STRANGER_ID, VIEWER_ID, bot

from chatbot.commands.registry import COMMANDS
from chatbot.message import Role

pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")

ALL = list(COMMANDS)
OPERATORS = [name for name, each in COMMANDS.items() if each.role <= Role.OPERATOR]
VIEWERS = [name for name, each in COMMANDS.items() if each.role <= Role.VIEWER]


async def test_everybody_gets_the_menu_of_their_role_and_strangers_none() -> None:
    async with bot(chat_id=str(GROUP)) as rig:
        menus = rig.double.chats.menus
        await rig.double.wait_for(lambda: len(menus) == 7)
        assert menus["default"] == []
        assert menus["chat:1"] == menus[f"chat_member:{GROUP}:1"] == list(COMMANDS)
        assert "resume" not in menus["chat:2"]
        assert "kill" in menus["chat:2"]
        assert "kill" not in menus[f"chat_member:{GROUP}:3"]
        assert not any(str(STRANGER_ID) in scope for scope in menus)


async def test_a_menu_that_fails_breaks_nothing_and_comes_with_the_next_line() -> None:
    async with bot() as rig:
        rig.double.refuse("setMyCommands", 400, "Bad Request: chat not found", times=3)
        assert await rig.answer(3, "/status") == "Status"
        assert await rig.answer(3, "/version")
        await rig.double.wait_for(lambda: "chat:3" in rig.double.chats.menus)


async def test_whoever_is_granted_a_role_has_its_menu_at_once_and_whoever_is_revoked_none() -> None:
    async with bot(chat_id=str(GROUP)) as rig:
        menus = rig.double.chats.menus
        await rig.double.wait_for(lambda: len(menus) == 7)
        rig.chat.access.grant("telegram", "9", Role.OPERATOR)
        await rig.double.wait_for(lambda: f"chat_member:{GROUP}:9" in menus)
        assert menus["chat:9"] == menus[f"chat_member:{GROUP}:9"] == OPERATORS
        rig.chat.access.grant("telegram", "9", Role.VIEWER)
        await rig.double.wait_for(lambda: menus[f"chat_member:{GROUP}:9"] == VIEWERS)
        rig.chat.access.revoke("telegram", "9")
        await rig.double.wait_for(lambda: not menus[f"chat_member:{GROUP}:9"])
        assert menus["chat:9"] == []
        assert menus["chat:1"] == ALL
        calls = len(rig.double.calls)
        rig.chat.access.grant("discord", "9", Role.OWNER)
        await rig.settle()
        assert {name for name, _ in rig.double.calls[calls:]} <= {"getUpdates"}


async def test_the_last_of_quick_changes_stands() -> None:
    async with bot() as rig:
        await rig.ready()
        for role in (Role.OWNER, Role.VIEWER, Role.OPERATOR):
            rig.chat.access.grant("telegram", str(VIEWER_ID), role)
        rig.chat.access.revoke("telegram", str(OPERATOR_ID))
        menus = rig.double.chats.menus
        await rig.double.wait_for(lambda: menus[f"chat:{VIEWER_ID}"] == OPERATORS and not menus[f"chat:{OPERATOR_ID}"])
        await rig.settle()
        assert (menus[f"chat:{VIEWER_ID}"], menus[f"chat:{OPERATOR_ID}"]) == (OPERATORS, [])


async def test_in_another_group_a_person_gets_the_menu_with_their_first_line() -> None:
    async with bot() as rig:
        await rig.ready()
        rig.double.say(OPERATOR_ID, "/version", GROUP)
        rig.double.say(STRANGER_ID, "/version", GROUP)
        await rig.double.wait_for(lambda: f"chat_member:{GROUP}:{OPERATOR_ID}" in rig.double.chats.menus)
        assert rig.double.chats.menus[f"chat_member:{GROUP}:{OPERATOR_ID}"] == OPERATORS
        rig.chat.access.revoke("telegram", str(OPERATOR_ID))
        await rig.double.wait_for(lambda: not rig.double.chats.menus[f"chat_member:{GROUP}:{OPERATOR_ID}"])


async def test_nothing_is_sent_once_it_is_closed() -> None:
    async with bot() as rig:
        await rig.ready()
        await rig.channel.close()
        calls = len(rig.double.calls)
        rig.chat.access.grant("telegram", "9", Role.OWNER)
        await rig.settle()
        assert len(rig.double.calls) == calls
