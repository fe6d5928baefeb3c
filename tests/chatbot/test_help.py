"""/help: one message, in groups, of what one's role may use."""

from __future__ import annotations

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, chat

from chatbot.channels.telegram_markup import pages_of
from chatbot.commands.people import GROUPS
from chatbot.commands.registry import COMMANDS
from chatbot.message import Person, Role
from chatbot.render import columns, plain


@pytest.mark.parametrize(("person", "role"), [(OWNER, Role.OWNER), (OPERATOR, Role.OPERATOR), (VIEWER, Role.VIEWER)])
async def test_everything_that_a_role_may_use_stands_there_once_in_one_message(person: Person, role: Role) -> None:
    reply = await chat().answer("/help", person)
    names = [name.removeprefix("/") for name, _ in reply.fields if name.startswith("/")]
    assert sorted(names) == sorted(name for name, each in COMMANDS.items() if each.role <= role)
    assert len(pages_of(reply)) == 1
    assert all(columns(line) <= 40 for line in plain(reply).split("\n"))


async def test_commands_stand_under_what_they_are_for() -> None:
    rows = [name for name, _ in (await chat().answer("/help")).fields]
    places = [rows.index(group) for group in GROUPS]
    assert places == sorted(places)
    look, lower, higher, records = places
    assert look < rows.index("/status") < lower < rows.index("/kill") < higher < rows.index("/resume") < records
    assert records < rows.index("/audit")
    viewers = [name for name, _ in (await chat().answer("/help", VIEWER)).fields]
    assert [group for group in GROUPS if group in viewers] == [GROUPS[0]]


async def test_many_choices_are_told_apart_from_the_usage() -> None:
    text = plain(await chat().answer("/help limit"))
    assert "Use          /limit <name> <value>" in text
    assert "day_loss" in text
    assert "Use          /pnl [day|week|month|all]" in plain(await chat().answer("/help pnl"))
