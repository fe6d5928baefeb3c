"""SIGHUP: what is taken, what is told on the channels, and what stops it."""

from __future__ import annotations

from datetime import UTC

from fakes_program import FakeProgram

from chatbot.life.host_reload import HostReload
from chatbot.locking import Lock
from chatbot.notices.words import NoticeWriter, Where
from chatbot.program import ReloadPage
from tests.trading.engine.rig import Rig, rig
from trading.domain.errors import Misconfigured
from trading.domain.order import Mode
from trading.domain.records import AuditEntry, Notice, Severity


def told(r: Rig) -> list[Notice]:
    return [row for row in r.store.select("outbox") if isinstance(row, Notice)]


def audited(r: Rig) -> list[tuple[str, str, str]]:
    rows = (row for row in r.store.select("audit") if isinstance(row, AuditEntry))
    return [(row.person, row.command, row.result) for row in rows]


def a_bot() -> tuple[Rig, FakeProgram, Lock, HostReload]:
    r, program, lock = rig(notices=NoticeWriter(Where("", "simulated", UTC))), FakeProgram(), Lock()
    return r, program, lock, HostReload(program, lock, r.desk)


async def test_it_takes_what_can_be_taken_and_names_the_rest() -> None:
    r, program, _, host = a_bot()
    await host.read_again()
    assert program.done == ["reload"]
    [notice] = told(r)
    assert (notice.kind, notice.severity, notice.title) == ("settings", Severity.NOTICE, "Settings read again")
    assert notice.fields == (("Taken", "STAKE_USD"), ("Needs a restart", "TIMEZONE"))
    assert audited(r) == [("host", "SIGHUP", "taken: STAKE_USD")]
    assert r.book.state.mode is Mode.REAL


async def test_settings_that_are_as_they_were_are_said_too() -> None:
    r, program, _, host = a_bot()
    program.page = ReloadPage()
    await host.read_again()
    assert [(notice.title, notice.fields) for notice in told(r)] == [("Settings as they were", ())]


async def test_an_error_is_told_every_time_and_changes_nothing() -> None:
    r, program, _, host = a_bot()
    program.problem = Misconfigured("MAX_ORDER_USD=abc is wrong")
    await host.read_again()
    await host.read_again()
    assert [(n.severity, n.title, n.fields) for n in told(r)] == 2 * [
        (Severity.ALERT, "Settings not taken", (("Why", "MAX_ORDER_USD=abc is wrong"),))
    ]
    assert program.done == []


async def test_the_lock_holds_here_too() -> None:
    r, program, lock, host = a_bot()
    lock.close("Bo")
    await host.read_again()
    assert program.done == []
    [notice] = told(r)
    assert "kalshi-chatops unlock" in str(notice.fields)
