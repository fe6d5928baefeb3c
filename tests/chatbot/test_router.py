"""The one way in: the order of its checks, confirmations, the lane of /kill, and what happens when things break."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes_chat import OPERATOR, OWNER, STRANGER, VIEWER, Chat, chat, said
from fakes_pages import MANUAL, NOW, STALE_FEED
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.command import Command, Context, Preview, Risk, command, registry
from chatbot.commands.control import dryrun
from chatbot.commands.money import balance
from chatbot.message import Person, Reply, Role
from chatbot.render import plain
from chatbot.router import IN_FLIGHT_MAX
from trading.domain.errors import StoreFailed, Unavailable

TERMINAL = Person("terminal", "host")
OLD = NOW - timedelta(seconds=61)
ASK = ": ask who has it."


# --- the order of the checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/status", "/kill", "/confirm 1234", "hello", ""])
async def test_a_stranger_hears_nothing_and_does_nothing(text: str) -> None:
    c = chat()
    assert await c.say(text, STRANGER) is None
    assert await c.say(text, replace(STRANGER, name="Ann")) is None
    assert c.desk.done == []
    assert c.strangers == [STRANGER]  # told once, however often they write


async def test_strangers_are_told_of_again_after_an_hour() -> None:
    c = chat()
    for seconds in (0, 3599, 1):
        c.times.pass_(seconds)
        await c.say("/status", STRANGER)
    assert len(c.strangers) == 2


@pytest.mark.parametrize("changed", [{"edited": True}, {"forwarded": True}, {"anonymous": True}])
async def test_what_is_not_somebodys_word_of_this_moment_is_a_strangers(changed: dict[str, Any]) -> None:
    c = chat()
    assert await c.say("/kill", **changed) is None
    assert c.desk.done == []
    assert c.strangers == []


@pytest.mark.parametrize(
    ("text", "person", "changed", "title", "note"),
    [
        ("/statu", VIEWER, {}, "Unknown command: statu", "Did you mean /status?"),
        ("/statuss", VIEWER, {}, "Unknown command: statuss", "Did you mean /status?"),
        ("/kil", VIEWER, {}, "Unknown command: kil", "Did you mean /kill?"),
        ("wat ever", VIEWER, {}, "Unknown command: wat", "Send /help for what there is."),
        ("", VIEWER, {}, "Unknown command: nothing", "Send /help for what there is."),
        ("/kill", VIEWER, {}, "/kill: not done", f"/kill needs the operator role; yours is viewer{ASK}"),
        ("/resume x", OPERATOR, {}, "/resume: not done", f"/resume needs the owner role; yours is operator{ASK}"),
        ("/dryrun off", OPERATOR, {}, "/dryrun: not done", f"/dryrun off needs the owner role; yours is operator{ASK}"),
        ("/dryrun", VIEWER, {}, "/dryrun: not done", f"/dryrun needs the operator role; yours is viewer{ASK}"),
        (
            "/resume",
            OPERATOR,
            {"sent_at": OLD},
            "/resume: not done",
            f"/resume needs the owner role; yours is operator{ASK}",
        ),
        (
            "/resume x",
            OWNER,
            {"sent_at": OLD},
            "/resume: not done",
            "This was sent 61 s ago: send it again if you still want it.",
        ),
        ("/resume x", OWNER, {}, "/resume: not done", "/resume takes nothing after it: for example /resume."),
        ("/dryrun maybe", OPERATOR, {}, "/dryrun: not done", None),
    ],
)
async def test_the_checks_come_in_order(
    text: str, person: Person, changed: dict[str, Any], title: str, note: str | None
) -> None:
    c = chat()
    c.desk.halts = (MANUAL,)
    reply = await c.answer(text, person, **changed)
    assert reply.title == title
    assert note is None or reply.note == note
    assert c.desk.done == []
    assert c.desk.audits == []


async def test_a_hint_can_be_pressed() -> None:
    reply = await chat().answer("/statu")
    assert [(b.label, b.line) for b in reply.buttons] == [("/status", "/status")]


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("/kill", "kill by Bo (telegram:2)"),
        ("STOP", "kill by Bo (telegram:2)"),
        ("kill it NOW!!", "kill by Bo (telegram:2)"),
        ("/pause", "pause by Bo (telegram:2)"),
        ("/dryrun on", "dry run True by Bo (telegram:2)"),
    ],
)
async def test_what_lowers_risk_is_done_at_once_also_when_it_waited(text: str, done: str) -> None:
    c = chat()
    reply = await c.answer(text, OPERATOR, sent_at=NOW - timedelta(hours=3))
    assert c.desk.done == [done]
    assert reply.buttons == ()
    assert [entry[0] for entry in c.desk.audits] == ["Bo (telegram:2)"]


async def test_reading_is_not_audited() -> None:
    c = chat()
    await c.say("/status", VIEWER)
    assert c.desk.audits == []


# --- confirmations --------------------------------------------------------------------------------------------------


async def asked(c: Chat, text: str = "/resume", person: Person = OWNER, **changed: Any) -> tuple[str, str]:
    """The lines of the confirm and the cancel button."""
    confirm, cancel = (await c.answer(text, person, **changed)).buttons
    return confirm.line, cancel.line


def halted() -> Chat:
    c = chat()
    c.desk.halts = (MANUAL, STALE_FEED)
    return c


async def test_what_raises_risk_is_shown_then_confirmed_then_done() -> None:
    c = halted()
    confirm, _ = await asked(c)
    assert c.desk.done == []
    reply = await c.answer(confirm)
    assert reply.title == "Resumed: trading is HALTED"  # stale_feed stays
    assert c.desk.done == ["resume by Ann (telegram:1)"]
    assert c.desk.audits == [("Ann (telegram:1)", "telegram", "/resume", "Resumed: trading is HALTED")]


async def test_a_double_tap_acts_once() -> None:
    c = halted()
    confirm, _ = await asked(c)
    replies = await asyncio.gather(c.answer(confirm), c.answer(confirm))
    assert len(c.desk.done) == 1
    assert sorted(reply.title for reply in replies) == ["/confirm: not done", "Resumed: trading is HALTED"]


async def test_a_confirmation_dies_in_a_minute() -> None:
    c = halted()
    confirm, _ = await asked(c)
    c.times.pass_(60)
    assert "expired" in (await c.answer(confirm)).note
    assert c.desk.done == []


@pytest.mark.parametrize(
    ("person", "changed"), [(OPERATOR, {}), (OWNER, {"chat_id": "elsewhere"}), (Person("discord", "1"), {})]
)
async def test_a_confirmation_is_for_one_person_in_one_chat(person: Person, changed: dict[str, Any]) -> None:
    c = halted()
    confirm, _ = await asked(c)
    await c.say(confirm, person, **changed)
    assert c.desk.done == []
    await c.say(confirm)
    assert c.desk.done == ["resume by Ann (telegram:1)"]


async def test_a_change_of_what_was_shown_voids_the_confirmation() -> None:
    c = halted()
    confirm, _ = await asked(c)
    c.desk.halts = (*c.desk.halts, replace(MANUAL, detail="another"))
    reply = await c.answer(confirm)
    assert reply.note.startswith("What /resume would change is no longer what you saw")
    assert c.desk.done == []
    assert "used already" in (await c.answer(confirm)).note


async def test_a_kill_in_between_voids_what_was_sent_before_it() -> None:
    c = halted()
    confirm, _ = await asked(c)
    typed = c.times.at
    c.times.pass_(1)
    await c.say("/kill")
    assert "lowers risk was sent after it" in (await c.answer(confirm, sent_at=typed)).note
    assert "lowers risk was sent after it" in (await c.answer("/resume", sent_at=typed)).note
    c.times.pass_(1)
    assert (await c.answer("/resume")).buttons


async def test_cancelling_changes_nothing_and_uses_the_code_up() -> None:
    c = halted()
    confirm, cancel = await asked(c)
    assert (await c.answer(cancel)).note == "Nothing has changed."
    assert "used already" in (await c.answer(confirm)).note
    assert c.desk.done == []


async def test_a_lost_role_voids_what_waits() -> None:
    roles = {"telegram": {"1": Role.OWNER}}
    c = chat(roles=roles)
    c.desk.halts = (MANUAL,)
    confirm, _ = await asked(c)
    c.router._access._roles["telegram"]["1"] = Role.VIEWER
    assert "needs the owner role" in (await c.answer(confirm)).note
    assert c.desk.done == []


async def test_what_cannot_be_is_not_asked() -> None:
    c = chat()
    c.desk.refused = "DRY_RUN is true in the configuration."
    reply = await c.answer("/dryrun off")
    assert (reply.title, reply.buttons) == ("Dry run stays as it is", ())
    assert (await c.answer("/resume")).buttons == ()  # nothing stands in the way


async def test_the_confirmed_call_is_the_one_that_was_asked() -> None:
    c = chat()
    confirm, _ = await asked(c, "/dryrun OFF")
    await c.say(confirm)
    assert c.desk.done == ["dry run False by Ann (telegram:1) False/"]
    assert c.desk.audits[0][2] == "/dryrun off"


@pytest.mark.parametrize("word", ["yes", "Y", "/yes", "Yes."])
async def test_a_typed_yes_stands_for_the_button_where_there_is_none(word: str) -> None:
    c = halted()
    reply = await c.answer("resume", TERMINAL, can_press=False)
    assert "Type yes to confirm, no to cancel." in plain(reply)
    await c.say(word, TERMINAL, can_press=False)
    assert c.desk.done == ["resume by terminal:host"]
    assert (await c.answer("yes", TERMINAL, can_press=False)).title == "Nothing waits for a yes or no"


async def test_a_typed_no_drops_it() -> None:
    c = halted()
    await c.say("resume", TERMINAL, can_press=False)
    assert (await c.answer("no", TERMINAL, can_press=False)).title == "/resume: not done"
    assert c.desk.done == []


async def test_a_yes_among_people_means_nothing_where_there_are_buttons() -> None:
    c = halted()
    await c.say("/resume")
    assert (await c.answer("yes")).title == "Unknown command: yes"
    assert c.desk.done == []


async def test_a_second_yes_never_means_an_older_question() -> None:
    c = halted()
    await c.say("resume", TERMINAL, can_press=False)
    await c.say("dryrun off", TERMINAL, can_press=False)
    await c.say("yes", TERMINAL, can_press=False)
    await c.say("yes", TERMINAL, can_press=False)
    assert len(c.desk.done) == 1
    assert c.desk.done[0].startswith("dry run False")


# --- the lane of /kill, and hanging commands ------------------------------------------------------------------------


async def test_kill_waits_for_no_other_command() -> None:
    c = chat()
    c.desk.hanging = True
    hanging = [asyncio.create_task(c.say("/balance")) for _ in range(IN_FLIGHT_MAX)]
    await asyncio.sleep(0)
    refused = await c.answer("/balance")
    assert refused.note.startswith("8 of your commands are still running")
    assert (await c.answer("/kill")).title == "KILLED"
    c.desk.hang.set()
    assert all(reply and reply.title == "Balance" for reply in await asyncio.gather(*hanging))


async def test_kill_reaches_the_desk_before_anything_else_can_run() -> None:
    c = chat()
    answer = c.router.handle(said("/kill", OPERATOR))
    with pytest.raises(StopIteration):  # not one turn of the loop was needed
        answer.send(None)
    assert c.desk.done == ["kill by Bo (telegram:2)"]


def quick(made: Command) -> Command:
    return replace(made, timeout_seconds=0.01)


async def test_a_read_that_hangs_is_given_up() -> None:
    c = chat(registry([quick(balance)]))
    c.desk.hanging = True
    assert (await c.answer("/balance")).note == "No answer within 0 s: try again."


async def test_a_change_that_takes_long_goes_on_by_itself() -> None:
    c = chat(registry([quick(dryrun)]))
    c.desk.hanging = True
    assert (await c.answer("/dryrun on")).title == "/dryrun on: still at work"
    assert c.desk.audits == []
    c.desk.hang.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert c.desk.done == ["dry run True by Ann (telegram:1)"]
    assert c.desk.audits[0][3] == "Dry run is on"


# --- when things break ----------------------------------------------------------------------------------------------


def broken(error: Exception, risk: Risk = Risk.NONE) -> Chat:
    async def preview(ctx: Context) -> Preview:
        return Preview(Reply("?"), "same")

    async def boom(ctx: Context) -> Reply:
        """Break."""
        raise error

    return chat(registry([command(role=Role.VIEWER, risk=risk, preview=preview)(boom)]))


async def test_an_error_on_purpose_is_one_sentence() -> None:
    c = broken(Unavailable("the exchange did not answer within 5 s"))
    reply = await c.answer("/boom")
    assert (reply.title, reply.note) == ("/boom: not done", "The exchange did not answer within 5 s.")
    assert c.errors == []


async def test_any_other_error_is_told_without_its_text_and_reported() -> None:
    c = broken(KeyError("a secret"))
    reply = await c.answer("/boom")
    assert "secret" not in plain(reply)
    assert reply.title == "Something went wrong in /boom"
    assert reply.note.startswith("KeyError")
    assert [(name, type(error)) for name, error in c.errors] == [("boom", KeyError)]


async def test_a_change_that_failed_is_audited_as_such() -> None:
    c = broken(KeyError("x"), Risk.LOWERS)
    await c.say("/boom")
    assert c.desk.audits[0][2:] == ("/boom", "failed: KeyError")


async def test_kill_answers_even_when_nothing_can_be_written() -> None:
    c = chat()

    def fails(*_: object) -> None:
        raise StoreFailed("the disk is full")

    c.desk.audit = fails  # type: ignore[method-assign,assignment]
    c.router._told = replace(c.router._told, error=fails)
    reply = await c.answer("/kill")
    assert reply.title == "KILLED"
    assert reply.note.endswith("Not in the audit.")


@given(st.text(max_size=80), st.sampled_from([OWNER, OPERATOR, VIEWER, STRANGER, TERMINAL]), st.booleans())
@settings(max_examples=150)
def test_whatever_is_sent_nothing_is_raised_and_nothing_raises_risk(text: str, person: Person, press: bool) -> None:
    c = chat()
    c.desk.halts = (MANUAL,)
    asyncio.run(c.say(text, person, can_press=press))
    assert not any(done.startswith(("resume", "dry run False")) for done in c.desk.done)
    assert c.errors == []
