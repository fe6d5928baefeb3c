"""The lock: anybody who may kill closes it, nothing that raises risk passes it, and only the host opens it."""

from __future__ import annotations

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, Times, chat
from fakes_outbox import MemoryStore
from fakes_pages import MANUAL

from chatbot.access import HOST
from chatbot.locking import Lock, Locked
from chatbot.message import Person
from chatbot.render import plain
from trading.domain.errors import StoreFailed

HERE, TERMINAL = Person(HOST, "host"), Person("terminal", "host")


@pytest.mark.parametrize("person", [OWNER, TERMINAL, HERE])
@pytest.mark.parametrize("line", ["/resume", "/dryrun off"])
async def test_what_raises_risk_is_refused_whoever_asks(line: str, person: Person) -> None:
    c = chat()
    c.desk.halts = (MANUAL,)
    assert (await c.answer("/lock", OPERATOR)).title == "Locked"
    reply = await c.answer(line, person)
    assert reply.buttons == ()
    assert "locked since 14:05 UTC by Bo (telegram:2): kalshi-chatops unlock" in reply.note
    assert c.desk.done == []


@pytest.mark.parametrize("line", ["/kill", "/pause", "/dryrun on", "/lock"])
async def test_what_lowers_risk_still_works(line: str) -> None:
    c = chat()
    await c.answer("/lock", OPERATOR)
    assert not (await c.answer(line, OPERATOR)).failed


async def test_a_question_that_stands_open_cannot_be_confirmed_any_more() -> None:
    c = chat()
    c.desk.halts = (MANUAL,)
    confirm = (await c.answer("/resume")).buttons[0].line
    await c.answer("/lock", OPERATOR)
    assert "locked" in (await c.answer(confirm)).note
    assert c.desk.done == []


async def test_it_outlives_a_restart_is_shown_and_audited_and_the_host_opens_it() -> None:
    store = MemoryStore()
    c = chat(store=store)
    await c.answer("/lock", OPERATOR)
    again = chat(store=store)
    again.desk.halts = (MANUAL,)
    shown = dict((await again.answer("/status", VIEWER)).fields)
    assert shown["Locked"].endswith("14:05 by Bo (telegram:2)")
    assert (await again.answer("unlock", HERE)).title == "Unlocked"
    assert "Locked" not in plain(await again.answer("/status", VIEWER))
    assert (await again.answer("unlock", HERE)).title == "Nothing is locked"
    assert (await again.answer("/resume")).buttons
    assert Lock(store).since is None
    assert c.desk.audits == [("Bo (telegram:2)", "telegram", "/lock", "Locked")]
    assert [entry[2:] for entry in again.desk.audits] == [("/unlock", "Unlocked"), ("/unlock", "Nothing is locked")]


async def test_the_host_may_grant_while_it_is_closed() -> None:
    c = chat()
    await c.answer("/lock", OPERATOR)
    assert not (await c.answer("access grant telegram 77 viewer", HERE)).failed


@pytest.mark.parametrize("person", [VIEWER])
async def test_a_viewer_cannot_close_it(person: Person) -> None:
    c = chat()
    assert (await c.answer("/lock", person)).failed
    assert not (await c.answer("/dryrun off")).failed


def test_a_failing_store_does_not_hold_it_open_nor_lets_it_open() -> None:
    store = MemoryStore()
    lock = Lock(store, Times().now)
    store.broken = StoreFailed("disk full")
    with pytest.raises(StoreFailed):
        lock.close("bo")
    with pytest.raises(Locked):
        lock.check("/resume")
    with pytest.raises(StoreFailed):
        lock.open()
    assert lock.by == "bo"
