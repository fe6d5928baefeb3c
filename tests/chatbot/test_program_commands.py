"""/settings, /logs, /export and /reload: what they show and ask, on a phone's width, to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, chat
from fakes_pages import MANUAL

from chatbot.message import Person
from chatbot.program import LogLine, ReloadPage
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.errors import Misconfigured


@pytest.mark.parametrize(
    ("line", "person", "needed"),
    [("/logs", VIEWER, "operator"), ("/export", VIEWER, "operator"), ("/reload", OPERATOR, "owner")],
)
async def test_each_has_its_role(line: str, person: Person, needed: str) -> None:
    assert f"needs the {needed} role" in (await chat().answer(line, person)).note


@pytest.mark.parametrize("line", ["/settings", "/settings all", "/logs", "/logs 50 warning", "/export", "/reload"])
async def test_answers_fit_a_phone_and_say_what_they_are_of(line: str) -> None:
    reply = await chat().answer(line)
    assert max(map(columns, plain(reply).splitlines())) <= WIDTH_MAX
    assert "as of 14:05:09" in reply.label


async def test_settings_shows_what_is_not_at_its_default_and_then_by_group() -> None:
    c = chat()
    reply = await c.answer("/settings", VIEWER)
    assert reply.fields == (
        ("MAX_ORDER_USD", "4.50 (chat)"),
        ("TOTP_SECRET", "set (.env)"),
        ("INSTANCE_NAME", "attic (environment)"),
    )
    assert reply.note == "1 other variable is at the default."
    assert [b.line for b in reply.choices][:2] == ["/settings exchange", "/settings safety"]
    assert [name for name, _ in (await c.answer("/settings Safety")).fields] == ["MAX_ORDER_USD", "TOTP_SECRET"]
    assert len((await c.answer("/settings all")).fields) == 4


async def test_logs_asks_for_so_many_lines_of_a_level() -> None:
    c = chat()
    assert (await c.answer("/logs")).fields == (
        ("14:05:01", "beat mode=real"),
        ("14:05:01", "WARNING no spot for 31 s"),
    )
    assert (await c.answer("/logs 5 error")).title == "Log: error and worse"
    assert c.program.done == ["log 10 info", "log 5 error"]
    assert "from 1 to 50" in (await c.answer("/logs 51")).note
    c.program.lines = [LogLine(None, "info", "no JSON")]
    assert (await c.answer("/logs")).fields == (("-", "no JSON"),)
    c.program.lines = []
    assert (await c.answer("/logs")).note == "There is no such line."


async def test_export_gives_a_file() -> None:
    c = chat()
    for line, name in (("/export", "trades-simulated-real.csv"), ("/export JSON", "trades-simulated-real.json")):
        file = (await c.answer(line, OPERATOR)).file
        assert file is not None
        assert file.name == name
    c.program.problem = Misconfigured("the file has 9 MB")
    assert (await c.answer("/export", OPERATOR)).note == "The file has 9 MB."


async def test_reload_says_what_would_change_and_asks() -> None:
    c = chat()
    reply = await c.answer("/reload")
    assert reply.fields == (("STAKE_USD", "5 -> 7.50"), ("TIMEZONE", "needs a restart"))
    assert c.program.done == []
    done = await c.answer(reply.buttons[0].line)
    assert done.title == "Reloaded: STAKE_USD"
    assert c.program.done == ["reload"]
    assert c.desk.audits == [(OWNER.by, "telegram", "/reload", "Reloaded: STAKE_USD")]


@pytest.mark.parametrize("what", ["the file", "a halt"])
async def test_a_change_in_between_voids_the_yes(what: str) -> None:
    c = chat()
    confirm = (await c.answer("/reload")).buttons[0].line
    if what == "the file":
        c.program.page = replace(c.program.page, fingerprint="read again")
    else:
        c.desk.halts = (MANUAL,)
    assert "no longer what you saw" in (await c.answer(confirm)).note
    assert c.program.done == []


@pytest.mark.parametrize(
    ("page", "note"),
    [
        (ReloadPage(), "The settings are as they were."),
        (ReloadPage(restart=("TIMEZONE",)), "Nothing that could be taken at once has changed."),
    ],
)
async def test_nothing_to_take_is_not_asked(page: ReloadPage, note: str) -> None:
    c = chat()
    c.program.page = page
    reply = await c.answer("/reload")
    assert (reply.title, reply.note, reply.buttons) == ("Nothing to reload", note, ())


async def test_an_error_in_the_settings_is_said_and_changes_nothing() -> None:
    c = chat()
    confirm = (await c.answer("/reload")).buttons[0].line
    c.program.problem = Misconfigured("MAX_ORDER_USD=abc is wrong: input should be a valid decimal")
    for line in ("/reload", confirm):
        assert "MAX_ORDER_USD=abc is wrong" in (await c.answer(line)).note
    assert c.program.done == []
