"""The audit has every change of what the bot may do, whoever made it, in the commit of the change itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import cast

from tests.trading.engine.rig import Rig, rig
from trading.domain.audit import verify_audit
from trading.domain.events import (
    CommandAnswered,
    HaltCleared,
    HaltRaised,
    LimitChanged,
    ModeChanged,
    ParameterChanged,
    StrategySwitched,
)
from trading.domain.order import Mode
from trading.domain.records import AuditEntry
from trading.domain.state import Reason


def entries(r: Rig) -> list[AuditEntry]:
    return cast(list[AuditEntry], list(r.store.rows.get("audit", {}).values()))


def test_halts_resumes_modes_and_limits_are_there_once_each_and_chained() -> None:
    r = rig()
    at = r.clock.now()
    changes = (
        HaltRaised(at, Reason.STALE_FEED, "engine", "no price for 90 s"),
        HaltRaised(at, Reason.STALE_FEED, "engine", "no price for 95 s"),
        HaltCleared(at, Reason.STALE_FEED, "engine"),
        HaltCleared(at, Reason.STALE_FEED, "engine"),
        ModeChanged(at, Mode.DRY_RUN, "the configuration"),
        ModeChanged(at, Mode.DRY_RUN, "the configuration"),
        LimitChanged(at, "order", Decimal("4.50"), "Ann (telegram:7)"),
        LimitChanged(at, "order", Decimal("4.50"), "Ann (telegram:7)"),
        StrategySwitched(at, "consensus", True, "Ann (telegram:7)"),
        StrategySwitched(at, "consensus", False, "Ann (telegram:7)"),
        StrategySwitched(at, "consensus", False, "Ann (telegram:7)"),
        StrategySwitched(at, "consensus", True, "Ann (telegram:7)"),
        ParameterChanged(at, "consensus", "stake_usd", Decimal("3"), "Ann (telegram:7)"),
        ParameterChanged(at, "consensus", "stake_usd", Decimal("3"), "Ann (telegram:7)"),
        CommandAnswered(at, "Ann (telegram:7)", "telegram", "/limit order 4.50", "order is $4.50 now"),
    )
    for change in changes:
        r.book.record(change)
    assert [(e.person, e.channel, e.command, e.result) for e in entries(r)] == [
        ("engine", "engine", "halt stale_feed", "no price for 90 s"),
        ("engine", "engine", "clear stale_feed", ""),
        ("the configuration", "engine", "mode dry_run", ""),
        ("Ann (telegram:7)", "engine", "limit order 4.50", ""),
        ("Ann (telegram:7)", "engine", "disable consensus", ""),
        ("Ann (telegram:7)", "engine", "enable consensus", ""),
        ("Ann (telegram:7)", "engine", "set consensus stake_usd 3", ""),
        ("Ann (telegram:7)", "telegram", "/limit order 4.50", "order is $4.50 now"),
    ]
    assert verify_audit(entries(r)) is None
    assert all(any(p.table == "control" for p in puts) for puts in r.store.commits[:3])


def test_several_changes_of_one_commit_follow_from_each_other() -> None:
    r = rig()
    at = r.clock.now()
    r.book.record(*(HaltRaised(at, reason, "engine") for reason in (Reason.MANUAL, Reason.PAUSED, Reason.HISTORY)))
    assert [e.seq for e in entries(r)] == [1, 2, 3]
    assert verify_audit(entries(r)) is None


async def test_what_is_not_archived_is_verified_from_where_the_archives_end() -> None:
    r = rig()
    for number in range(5):
        r.book.record(CommandAnswered(r.clock.now(), "Ann", "telegram", f"/trades {number}", ""))
    for archived in entries(r)[:2]:
        del r.store.rows["audit"][f"{archived.seq:012d}"]
    page = await r.desk.audit_page(2)
    assert ([e.seq for e in page.entries], page.total, page.broken) == ([5, 4], 5, "")
    r.store.rows["audit"][f"{4:012d}"] = replace(entries(r)[1], person="Bob")
    assert (await r.desk.audit_page(2)).broken == "entry 4 of the audit was changed after it was written"
    empty = await rig().desk.audit_page(5)
    assert (empty.entries, empty.total, empty.broken) == ((), 0, "")
