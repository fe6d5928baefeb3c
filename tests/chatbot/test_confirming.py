"""What raises risk with a second factor: the code is asked for, bound to the question, and shown nowhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fakes_chat import OPERATOR, OWNER, ROLES, VIEWER, Chat, chat
from fakes_outbox import MemoryStore
from fakes_pages import MANUAL
from pyotp import TOTP

from chatbot.commands.registry import COMMANDS, offered
from chatbot.message import Person, Role
from chatbot.render import plain
from chatbot.second_factor import WRONG_MAX
from trading.domain.errors import StoreFailed

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of no bot
TERMINAL = Person("terminal", "host")
WITH_CODES = offered(codes=True)


def halted(store: MemoryStore | None = None, **changed: object) -> Chat:
    c = chat(WITH_CODES, secret=SECRET, store=store, **changed)  # type: ignore[arg-type]
    c.desk.halts = (MANUAL,)
    return c


def code(c: Chat, steps: int = 0) -> str:
    return TOTP(SECRET).at(c.times.at, counter_offset=steps)


def wrong(c: Chat) -> str:
    near = {code(c, n) for n in range(-2, 3)}
    return next(text for n in range(10) if (text := f"{n}00000") not in near)


async def test_the_question_asks_for_a_code_and_offers_no_confirm_button() -> None:
    c = halted()
    reply = await c.answer("/resume")
    assert [b.label for b in reply.buttons] == ["Cancel"]
    assert "send /confirm 123456 within 60 s" in plain(reply).replace("\n", " ")
    typed = await c.answer("resume", TERMINAL, can_press=False)
    assert "send yes 123456 within 60 s" in plain(typed).replace("\n", " ")


@pytest.mark.parametrize(
    "form", ["/confirm {0}", "yes {0}", "Yes, {0}.", "y {0}", "{0}", "/confirm {1} {2}", "{1} {2}"]
)
@pytest.mark.parametrize(("person", "press"), [(OWNER, True), (TERMINAL, False)])
async def test_a_right_code_confirms_in_each_form(form: str, person: Person, press: bool) -> None:
    c = halted()
    await c.answer("/resume", person, can_press=press)
    digits = code(c)
    reply = await c.answer(form.format(digits, digits[:3], digits[3:]), person, can_press=press)
    assert reply.title.startswith("Resumed")
    assert c.desk.done == [f"resume by {person.by}"]
    assert [line for _, _, line, _ in c.desk.audits] == ["/resume"]
    assert digits not in repr(c.desk.audits)


async def test_a_wrong_code_leaves_the_question_open_and_is_not_repeated() -> None:
    c = halted()
    await c.answer("/resume")
    bad = wrong(c)
    reply = await c.answer(f"/confirm {bad}")
    assert reply.failed
    assert bad not in plain(reply)
    assert c.desk.done == []
    assert (await c.answer(f"/confirm {code(c)}")).title.startswith("Resumed")


async def test_a_code_confirms_one_question_only() -> None:
    c = halted()
    await c.answer("/resume")
    digits = code(c)
    await c.answer(f"/confirm {digits}")
    c.desk.halts = (MANUAL,)
    await c.answer("/resume")
    assert "used already" in (await c.answer(f"/confirm {digits}")).note
    assert len(c.desk.done) == 1


async def test_two_people_cannot_use_one_code() -> None:
    other = Person("telegram", "9")
    c = halted(roles={"telegram": {"1": Role.OWNER, "9": Role.OWNER}})
    for person in (OWNER, other):
        await c.answer("/resume", person)
    digits = code(c)
    replies = await asyncio.gather(*(c.answer(f"/confirm {digits}", person) for person in (OWNER, other)))
    assert sorted(reply.failed for reply in replies) == [False, True]
    assert len(c.desk.done) == 1


@pytest.mark.parametrize("line", ["/confirm", "yes", "/confirm 12 34", "/confirm now please", "/confirm " + "9" * 16])
async def test_anything_else_confirms_nothing(line: str) -> None:
    c = halted()
    await c.answer("/resume")
    await c.answer(line)
    assert c.desk.done == []
    assert c.alarms == []


async def test_a_confirm_button_of_an_older_message_means_nothing() -> None:
    """One from before the second factor was set, or forged: its code is no one-time code."""
    c = halted()
    await c.answer("/resume")
    waiting = c.router._confirming._confirmations.code_for(OWNER, "chat")
    assert (await c.answer(f"/confirm {waiting}")).failed
    assert c.desk.done == []


async def test_a_code_with_no_question_open_is_nothing_and_not_used_up() -> None:
    c = halted()
    digits = code(c)
    assert (await c.answer(f"/confirm {digits}")).title == "Nothing waits for a yes or no"
    assert digits not in plain(await c.answer(digits))
    await c.answer("/resume")
    assert (await c.answer(f"/confirm {digits}")).title.startswith("Resumed")


@pytest.mark.parametrize("person", [OPERATOR, VIEWER])
async def test_who_was_asked_nothing_learns_nothing(person: Person) -> None:
    c = halted()
    await c.answer("/resume")
    digits = code(c)
    reply = await c.answer(f"/confirm {digits}", person)
    assert digits not in plain(reply)
    assert (await c.answer(f"/confirm {digits}")).title.startswith("Resumed")


async def test_the_question_dies_in_a_minute_and_with_what_was_shown() -> None:
    c = halted()
    await c.answer("/resume")
    c.times.pass_(60)
    assert "expired" in (await c.answer(f"/confirm {code(c)}")).note
    await c.answer("/resume")
    c.desk.halts = (MANUAL, replace(MANUAL, detail="another"))
    assert "no longer what you saw" in (await c.answer(f"/confirm {code(c)}")).note
    assert c.desk.done == []


async def test_elsewhere_or_late_it_is_nothing() -> None:
    c = halted()
    await c.answer("/resume")
    assert (await c.answer(f"/confirm {code(c)}", chat_id="elsewhere")).title == "Nothing waits for a yes or no"
    asked = c.times.at
    c.times.pass_(61)
    assert "this was sent 61 s ago" in (await c.answer(f"/confirm {code(c)}", sent_at=asked)).note.lower()
    assert c.desk.done == []


async def test_the_lock_of_the_codes_stops_everybody_and_says_until_when() -> None:
    store = MemoryStore()
    c = halted(store)
    await c.answer("/resume")
    for _ in range(WRONG_MAX):
        reply = await c.answer(f"/confirm {wrong(c)}")
    assert "before 14:15:09 UTC" in reply.note
    assert len(c.alarms) == 1
    for person, press in ((OWNER, True), (TERMINAL, False)):
        assert "before 14:15:09 UTC" in (await c.answer("/resume", person, can_press=press)).note
    again = halted(store)  # after a restart
    assert "before 14:15:09 UTC" in (await again.answer("/resume")).note
    assert (await again.answer("/kill")).title == "KILLED"  # what lowers risk is never held up
    again.times.pass_(600)
    await again.answer("/resume")
    assert (await again.answer(f"/confirm {code(again)}")).title.startswith("Resumed")


async def test_a_store_that_fails_confirms_nothing() -> None:
    store = MemoryStore()
    c = halted(store)
    await c.answer("/resume")
    store.broken = StoreFailed("the disk is full")
    assert (await c.answer(f"/confirm {code(c)}")).failed
    assert c.desk.done == []


async def test_cancelling_needs_no_code() -> None:
    c = halted()
    cancel = (await c.answer("/resume")).buttons[0].line
    assert (await c.answer(cancel)).note == "Nothing has changed."
    assert (await c.answer(f"/confirm {code(c)}")).title == "Nothing waits for a yes or no"
    await c.answer("resume", TERMINAL, can_press=False)
    assert (await c.answer("no", TERMINAL, can_press=False)).title == "/resume: not done"
    assert c.desk.done == []


async def test_the_host_and_what_lowers_risk_need_no_code() -> None:
    c = halted()
    host = Person("host", "host")
    assert not (await c.answer("/lock", OPERATOR)).failed
    assert (await c.answer("/unlock", host)).title == "Unlocked"
    assert (await c.answer("access grant telegram 77 viewer", host)).title == "telegram 77 is viewer now"
    assert not (await c.answer("/dryrun on", OPERATOR)).failed


async def test_the_command_is_there_only_with_a_second_factor() -> None:
    assert "confirm" in WITH_CODES
    assert "confirm" not in COMMANDS
    assert offered(codes=False) is COMMANDS
    c = halted()
    assert "/confirm" in plain(await c.answer("/help"))
    assert "123456" in plain(await c.answer("/help confirm"))


# --- buttons of old messages ------------------------------------------------------------------------------------------

RAISING = ["/resume", "/dryrun off", "/limit order 9", "/reload"]


@pytest.mark.parametrize("secret", ["", SECRET])
@pytest.mark.parametrize("channel", ["telegram", "discord", "terminal"])
@pytest.mark.parametrize("line", RAISING)
async def test_an_old_button_of_what_raises_risk_is_dead(line: str, channel: str, secret: str) -> None:
    """An old Confirm after a restart, and a line that was sent more than a minute ago."""
    person = Person(channel, "1", "Ann")
    roles = ROLES | {"discord": {"1": Role.OWNER}}
    before = chat(roles=roles)
    before.desk.halts = (MANUAL,)
    old = (await before.answer(line, person)).buttons[0].line
    after = chat(offered(codes=bool(secret)), roles=roles, secret=secret)
    after.desk.halts = (MANUAL,)
    assert (await after.answer(old, person)).title in ("/confirm: not done", "Nothing waits for a yes or no")
    sent = after.times.at
    after.times.pass_(61)
    assert "sent 61 s ago" in (await after.answer(line, person, sent_at=sent)).note
    assert "sent 61 s ago" in (await after.answer(old, person, sent_at=sent)).note
    assert (after.desk.done, after.program.done) == ([], [])


@pytest.mark.parametrize("channel", ["telegram", "discord", "terminal"])
async def test_an_old_button_of_what_lowers_risk_still_works(channel: str) -> None:
    person = Person(channel, "1", "Ann")
    c = chat(roles=ROLES | {"discord": {"1": Role.OWNER}})
    sent = c.times.at
    c.times.pass_(86_400)
    await c.answer("/flatten all", person, sent_at=sent)
    await c.answer("/pause", person, sent_at=sent)
    assert c.desk.done == ["flatten all", f"pause by {person.by}"]
